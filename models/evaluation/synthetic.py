"""Series of many kinds with faults put into them: do alarms keep to their rate, and find anything?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Random = np.random.Generator
Fault = Callable[[Floats, int, int, int, Random], None]


def kinds(rows: int, channels: int, seed: int) -> Iterator[tuple[str, Floats]]:
    """Yield (name, values (rows, channels)) of fault-free series; half as many causes move the channels."""
    random = np.random.default_rng(seed)
    causes = max(1, channels // 2)
    weights = random.normal(size=(causes, channels))
    row = np.arange(rows)

    def joined(draw: Callable[[], Floats]) -> Floats:
        moving = np.stack([draw() for _ in range(causes)], axis=1)
        return np.asarray(moving / moving.std(axis=0) @ weights + 0.3 * random.normal(size=(rows, channels)))

    def apart(draw: Callable[[], Floats]) -> Floats:
        return np.stack([draw() for _ in range(channels)], axis=1)

    def season() -> Floats:
        period, phase = random.choice((24, 60, 144)), random.uniform(0.0, 6.0)
        return np.asarray(2.0 * np.sin(2 * np.pi * row / period + phase) + 0.3 * _ar(rows, 0.5, random))

    yield "white noise", joined(lambda: random.normal(size=rows))
    yield "AR(1) 0.7", joined(lambda: _ar(rows, 0.7, random))
    yield "AR(1) 0.95", joined(lambda: _ar(rows, 0.95, random))
    yield "seasonal", joined(season)
    yield "heavy tails", joined(lambda: random.standard_t(3, size=rows))
    yield "counters", apart(lambda: random.poisson(3, size=rows).astype(np.float64))
    yield (
        "bursts",
        apart(
            lambda: (
                10 * random.exponential(size=rows) * (random.random(rows) < 0.05)
                + 0.2 * random.normal(size=rows)
            )
        ),
    )
    yield "coarse steps", np.round(joined(lambda: _ar(rows, 0.9, random)), 1)
    yield "random walk", apart(lambda: np.cumsum(random.normal(size=rows)))


def _ar(rows: int, keep: float, random: Random) -> Floats:
    """Return an autoregressive series of order one."""
    noise = random.normal(size=rows)
    out = np.empty(rows)
    state = random.normal() / np.sqrt(1.0 - keep**2)
    for place in range(rows):
        state = keep * state + noise[place]
        out[place] = state
    return out


def _shift(x: Floats, j: int, begin: int, end: int, random: Random) -> None:
    x[begin:end, j] += 3.0 * x[:begin, j].std()


def _drift(x: Floats, j: int, begin: int, end: int, random: Random) -> None:
    x[begin:end, j] += np.linspace(0.0, 6.0, end - begin) * x[:begin, j].std()


def _spikes(x: Floats, j: int, begin: int, end: int, random: Random) -> None:
    x[begin:end:20, j] += 8.0 * x[:begin, j].std()


def _noise(x: Floats, j: int, begin: int, end: int, random: Random) -> None:
    x[begin:end, j] += 2.5 * x[:begin, j].std() * random.normal(size=end - begin)


def _stuck(x: Floats, j: int, begin: int, end: int, random: Random) -> None:
    x[begin:end, j] = x[begin, j]


def _break(x: Floats, j: int, begin: int, end: int, random: Random) -> None:
    x[begin:end, j] = x[: end - begin, j]


FAULTS: dict[str, Fault] = {
    "shift": _shift,
    "drift": _drift,
    "spikes": _spikes,
    "noise": _noise,
    "stuck": _stuck,
    "correlation break": _break,
}
"""Changes of one channel in rows begin to end; sizes in its standard deviations before."""


def with_fault(values: Floats, fault: str, begin: int, end: int, seed: int) -> Floats:
    """Return ``values`` (N, C) with ``fault`` in one channel from ``begin`` to ``end``."""
    random = np.random.default_rng(seed)
    changed = values.copy()
    FAULTS[fault](changed, int(random.integers(values.shape[1])), begin, end, random)
    return changed
