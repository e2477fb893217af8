"""Wear of turbofan engines (NASA C-MAPSS FD001): how early is failure called?

Saxena, Goebel, Simon and Eklund, Damage propagation modeling for aircraft engine run-to-failure simulation,
PHM 2008. Each engine is its own baseline, as an appliance is: its first cycles say what is normal for it.
The sensors' common direction away from there (linear discriminant), smoothed by EWMAs of several lengths, is
wear; a ridge regression turns wear and its pace into cycles to failure. Both are learned from other engines
only, and so is the number of predicted cycles at which the alarm is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from models.streaming.trailing import Floats, ewma

Ints = NDArray[np.int64]

BASELINE = 30
"""Cycles that say what is normal for an engine."""
MEMORIES = (8.0, 20.0, 50.0)
"""Cycles over which the EWMAs of wear look back."""
FAR = 130.0
"""Cycles to failure beyond which an engine is just healthy."""
TOO_EARLY = 125
"""An alarm with more cycles left is a false one."""
MARGIN = 10
"""Cycles by which the engines learned from must stay below ``TOO_EARLY``."""
STRENGTH = 3.0
"""Ridge penalty on standardised inputs."""


@dataclass(frozen=True)
class Leads:
    """Cycles between alarm and failure.

    Attributes:
        lead: (E,) −1 for engines without an alarm.
        called_at: (E,) cycle of the alarm, −1 for none.
        predicted: cycles to failure as predicted, an array (cycles,) for each engine.
    """

    lead: Ints
    called_at: Ints
    predicted: list[Floats]


def informative(engines: Sequence[Floats]) -> NDArray[np.bool_]:
    """Return which sensors (S,) move at all."""
    joined = np.concatenate(list(engines))
    return np.asarray(joined.std(axis=0) > 1e-6 * np.maximum(np.abs(joined.mean(axis=0)), 1.0))


def judge(
    engines: Sequence[Floats],
    *,
    folds: int = 10,
    seed: int = 0,
    without: frozenset[str] = frozenset(),
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Leads:
    """Return the leads of all engines, each judged by what others taught.

    Args:
        engines: sensors (cycles, S) of each, to its failure.
        folds: parts into which the engines are cut.
        seed: of the cutting.
        without: ``prognosis`` alarms on wear alone, ``memory`` looks at the shortest EWMA only.
        step: called with (folds done, folds in all).
    """
    use = informative(engines)
    engines = [engine[:, use] for engine in engines]
    fold = np.random.default_rng(seed).permutation(len(engines)) % folds
    lead = np.full(len(engines), -1)
    called = np.full(len(engines), -1)
    predicted: list[Floats] = [np.zeros(0)] * len(engines)
    for part in range(folds):
        step(part, folds)
        teachers = np.flatnonzero(fold != part)
        inner = np.random.default_rng(seed + 1).permutation(len(teachers)) % 4
        unseen: dict[int, Floats] = {}
        for block in range(4):
            model = _learn([engines[i] for i in teachers[inner != block]], without)
            for i in teachers[inner == block]:
                unseen[int(i)] = model(engines[i])
        threshold = _threshold(list(unseen.values()))
        model = _learn([engines[i] for i in teachers], without)
        for i in np.flatnonzero(fold == part):
            predicted[i] = model(engines[i])
            called[i] = _alarm(predicted[i], threshold)
            lead[i] = len(engines[i]) - 1 - called[i] if called[i] >= 0 else -1
    step(folds, folds)
    return Leads(lead, called, predicted)


def _learn(engines: Sequence[Floats], without: frozenset[str]) -> Callable[[Floats], Floats]:
    """Return a function from an engine's sensors to predicted cycles to failure, causal in the cycles."""
    direction = _direction(engines)
    if "prognosis" in without:
        return lambda engine: -_wear(engine, direction, MEMORIES[0])
    inputs = [_inputs(engine, direction, without)[BASELINE:] for engine in engines]
    left = [np.minimum(len(engine) - 1.0 - np.arange(len(engine)), FAR)[BASELINE:] for engine in engines]
    joined = np.concatenate(inputs)
    centre, scale = joined.mean(axis=0), joined.std(axis=0) + 1e-9
    ridge = Ridge(alpha=STRENGTH).fit((joined - centre) / scale, np.concatenate(left))
    return lambda engine: np.asarray(
        ridge.predict((_inputs(engine, direction, without) - centre) / scale), np.float64
    )


def _direction(engines: Sequence[Floats]) -> Floats:
    """Return the direction (S,) of wear, one unit of it being one standard deviation of a healthy engine."""
    moved = np.array([engine[-10:].mean(axis=0) - engine[:BASELINE].mean(axis=0) for engine in engines])
    noise = np.concatenate([engine[:BASELINE] - engine[:BASELINE].mean(axis=0) for engine in engines])
    covariance = np.cov(noise.T) * BASELINE / (BASELINE - 1)
    covariance += 1e-3 * np.diag(np.diag(covariance))
    direction = np.linalg.solve(covariance, moved.mean(axis=0))
    return np.asarray(direction / np.sqrt(direction @ covariance @ direction))


def _wear(engine: Floats, direction: Floats, memory: float) -> Floats:
    return ewma((engine - engine[:BASELINE].mean(axis=0)) @ direction, memory)


def _inputs(engine: Floats, direction: Floats, without: frozenset[str]) -> Floats:
    away = engine - engine[:BASELINE].mean(axis=0)
    short, middle, long = (_wear(engine, direction, memory) for memory in MEMORIES)
    if "memory" in without:
        middle = long = short
    grown = np.maximum(short, 0.0)
    columns = [ewma(column, MEMORIES[0]) for column in away.T]
    columns += [middle, long, short - middle, short - long, np.sqrt(grown), np.log1p(grown)]
    columns += [short**2, short**3 / 100.0, (middle - long) ** 2, (short - middle) * short]
    return np.stack(columns, axis=1)


def _threshold(unseen: Sequence[Floats]) -> float:
    """Return the highest prediction at which no engine is called too early, with a margin."""
    # the lowest prediction made before the last cycles in which an alarm is right
    early = [series[BASELINE : max(BASELINE, len(series) - 1 - (TOO_EARLY - MARGIN))] for series in unseen]
    return min((float(series.min()) for series in early if len(series)), default=np.inf)


def _alarm(predicted: Floats, threshold: float) -> int:
    below = np.flatnonzero(predicted[BASELINE:] < threshold)
    return BASELINE + int(below[0]) if len(below) else -1
