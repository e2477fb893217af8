"""Synthetic series for the models' tests: small, seeded, and unlike the simulator on purpose.

A refrigerator here is a periodic machine with noise, nothing more: what the tests claim must not hang on the
simulator's physics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.engine import Engine, Outcome

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
START_US = 1_780_272_000_000_000  # 2026-06-01


@dataclass
class Series:
    """Samples of one device: times and channel → readings (NaN: none), channel → impossible."""

    time_us: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    bad: dict[str, NDArray[np.bool_]]

    def part(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Series:
        """Some of the samples."""
        return Series(
            self.time_us[which],
            {name: column[which] for name, column in self.values.items()},
            {name: column[which] for name, column in self.bad.items()},
        )


def refrigerator(days: float, seed: int = 0, *, period_s: int = 60) -> Series:
    """A healthy refrigerator: cycles of 45 minutes, a warm afternoon, a few door openings."""
    rng = np.random.default_rng(seed)
    size = int(days * 86400 / period_s)
    minute = np.arange(size) * period_s / 60
    ambient = 22 + 2 * np.sin(2 * np.pi * (minute / 1440 - 0.3)) + rng.normal(0, 0.1, size)
    cycle = 45 + rng.integers(-4, 5)
    share = 0.3 + 0.02 * (ambient - 22)
    phase = (minute / cycle + rng.random()) % 1
    on = phase < share
    door = rng.random(size) < 0.01 * (np.sin(2 * np.pi * minute / 1440) < 0.2)
    fresh = 4 + 0.7 * np.cos(2 * np.pi * phase) + rng.normal(0, 0.1, size)
    values = {
        "fresh_food_temperature": fresh,
        "freezer_temperature": -18 + 0.8 * np.cos(2 * np.pi * phase) + rng.normal(0, 0.1, size),
        "evaporator_temperature": np.where(on, -26, -18) + rng.normal(0, 0.5, size),
        "ambient_temperature": ambient,
        "humidity": 55 + 10 * door + rng.normal(0, 1.0, size),
        "power": np.where(on, 110 + 1.5 * (ambient - 22), 4) + rng.normal(0, 1, size),
        "door_open": door.astype(float),
        "air_quality": 30 + rng.normal(0, 2, size),
        "set_point": np.full(size, 4.0),
    }
    bad = {name: np.zeros(size, np.bool_) for name in values}
    return Series(START_US + (minute * MINUTE_US).astype(np.int64), values, bad)


def leave_door_open(series: Series, since_us: int, until_us: int) -> None:
    """The door stays open: warm, humid, and the switch says so."""
    here = (series.time_us >= since_us) & (series.time_us < until_us)
    hours = (series.time_us[here] - since_us) / 3.6e9
    series.values["door_open"][here] = 1.0
    series.values["fresh_food_temperature"][here] += 6 * np.minimum(hours, 1.5)
    series.values["humidity"][here] += 25 * np.minimum(4 * hours, 1.0)


def stop_compressor(series: Series, since_us: int) -> None:
    """The compressor never starts again."""
    here = series.time_us >= since_us
    hours = (series.time_us[here] - since_us) / 3.6e9
    series.values["power"][here] = 4.0
    series.values["fresh_food_temperature"][here] = 4 + np.minimum(1.5 * hours, 15)
    series.values["freezer_temperature"][here] = -18 + np.minimum(2.5 * hours, 30)
    series.values["evaporator_temperature"][here] = -18 + np.minimum(5 * hours, 30)


def feed(engine: Engine, device: str, series: Series, *, batch: int = 5000) -> list[Outcome]:
    """Give a series to an engine in batches; returns what each step concluded."""
    row = engine.row_of(device)
    outcomes = []
    for start in range(0, len(series.time_us), batch):
        part = series.part(slice(start, start + batch))
        size = len(part.time_us)
        values = np.full((size, len(engine.plan.channels)), np.nan, np.float32)
        bad = np.zeros(values.shape, np.bool_)
        for column, name in enumerate(engine.plan.channels):
            if name in part.values:
                values[:, column] = np.where(part.bad[name], np.nan, part.values[name])
                bad[:, column] = part.bad[name]
        outcomes.append(engine.step(np.full(size, row), part.time_us, values, bad))
    return outcomes


def told(outcomes: list[Outcome]) -> list[tuple[object, ...]]:
    """What was concluded, comparable: everything that goes onto the log."""
    return [
        (c.state, c.revision, c.cause, c.probability, c.onset_us, c.time_us, c.summary["en"], c.evidence)
        for outcome in outcomes
        for c in outcome.changes
    ]
