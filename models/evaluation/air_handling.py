"""Faults of air-handling units from what physics says of their readings, learned on fault-free days only.

Residuals after House, Vaezi-Nejad and Whitcomb, An expert rule set for fault detection in air-handling
units, ASHRAE Transactions 107, 2001: mixed air lies between outdoor and return air where the damper says, air
passes idle coils unchanged, open valves heat or cool, the supply reaches its set-point, heating and cooling
do not run together, outdoor air cools for nothing where it can. A residual is judged by how far its mean over
the last half hour lies outside of what fault-free operation has shown, in tolerances of the sensors; the
largest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.streaming.trailing import rolling_mean

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CHANNELS = (
    "supply",
    "heating_set_point",
    "cooling_set_point",
    "outdoor",
    "mixed",
    "return",
    "fan",
    "fan_speed",
    "outdoor_damper",
    "return_damper",
    "exhaust_damper",
    "cooling_valve",
    "heating_valve",
    "occupied",
)
"""Columns of the readings, temperatures in °F, signals 0 to 1."""
SETTLE = 60
"""Minutes after the start of occupied operation that are not judged."""
MINUTES = 30
"""Minutes over which residuals are averaged."""
OPEN = 0.05
SHUT = 0.02
TOLERANCE: dict[str, float] = {
    "mixing": 1.0,
    "mixed_between": 0.5,
    "idle_coils": 1.0,
    "heating_gain": 5.0,
    "cooling_gain": 5.0,
    "below_set_point": 0.5,
    "above_set_point": 0.5,
    "both_valves": 0.05,
    "economiser": 0.1,
    "dampers": 0.05,
    "saturated": 0.1,
}
"""What one unit of the statistic is: °F, °F at a fully open valve, or a share of the signal."""


def residuals(readings: Floats) -> dict[str, Floats]:
    """Return the residuals (N,) by name; NaN where one says nothing.

    Args:
        readings: (N, 14), see :data:`CHANNELS`; NaN where there is no reading.
    """
    x = dict(zip(CHANNELS, readings.T, strict=True))
    damper, cooling, heating = x["outdoor_damper"], x["cooling_valve"], x["heating_valve"]
    gain = x["supply"] - x["mixed"]
    warmest, coldest = np.fmax(x["outdoor"], x["return"]), np.fmin(x["outdoor"], x["return"])
    nothing = np.nan
    return {
        "mixing": x["mixed"] - (damper * x["outdoor"] + (1.0 - damper) * x["return"]),
        "mixed_between": np.maximum(x["mixed"] - warmest, 0.0) + np.minimum(x["mixed"] - coldest, 0.0),
        "idle_coils": np.where((cooling < SHUT) & (heating < SHUT), gain, nothing),
        "heating_gain": np.where(heating > OPEN, gain / np.maximum(heating, OPEN), nothing),
        "cooling_gain": np.where(cooling > OPEN, gain / np.maximum(cooling, OPEN), nothing),
        "below_set_point": np.minimum(x["supply"] - x["heating_set_point"], 0.0),
        "above_set_point": np.maximum(x["supply"] - x["cooling_set_point"], 0.0),
        "both_valves": np.minimum(np.maximum(cooling, 0.0), np.maximum(heating, 0.0)),
        "economiser": np.where((cooling > OPEN) & (x["outdoor"] < x["return"] - 4.0), damper, nothing),
        "dampers": damper + x["return_damper"],
        "saturated": np.maximum(cooling, heating),
    }


def judged(readings: Floats) -> Bools:
    """Return which minutes (N,) of one day are judged: occupied, fan running, settled."""
    running = (readings[:, CHANNELS.index("occupied")] == 1) & (readings[:, CHANNELS.index("fan")] > 0)
    row = np.arange(len(running))
    since = row - np.maximum.accumulate(np.where(running, -1, row))
    return np.asarray(running & (since > SETTLE))


@dataclass(frozen=True)
class Normal:
    """Lowest and highest half-hour mean of each residual in fault-free operation."""

    low: dict[str, float]
    high: dict[str, float]

    @classmethod
    def fit(cls, days: Sequence[Floats], rows: Sequence[NDArray[np.int64]] | None = None) -> Normal:
        """Learn from fault-free days, each (N, 14); ``rows`` names minutes of each, else all judged ones."""
        low, high = {}, {}
        use_of = rows if rows is not None else [np.flatnonzero(judged(day)) for day in days]
        means = [(_means(day), use) for day, use in zip(days, use_of, strict=True)]
        for name in TOLERANCE:
            known = np.concatenate([mean[name][use] for mean, use in means])
            known = known[np.isfinite(known)]
            # a mode that fault-free operation never showed has no bounds
            low[name] = float(known.min()) if len(known) else -np.inf
            high[name] = float(known.max()) if len(known) else np.inf
        return cls(low, high)

    def statistic(self, day: Floats, without: frozenset[str] = frozenset()) -> tuple[Floats, list[str]]:
        """Return the statistic (M,) of the judged minutes and which residual is the largest in each."""
        use = judged(day)
        means = _means(day)
        names = [name for name in TOLERANCE if name not in without]
        table = np.array(
            [
                np.fmax(means[name] - self.high[name], self.low[name] - means[name])[use] / TOLERANCE[name]
                for name in names
            ]
        )
        table = np.nan_to_num(table, nan=-np.inf)
        return table.max(axis=0), [names[place] for place in table.argmax(axis=0)]


def _means(day: Floats) -> dict[str, Floats]:
    found = {}
    for name, value in residuals(day).items():
        known = np.isfinite(value)
        share = rolling_mean(known.astype(np.float64), MINUTES)
        total = rolling_mean(np.where(known, value, 0.0), MINUTES)
        # half of the half hour must say something
        found[name] = np.where(share >= 0.5, total / np.maximum(share, 1e-9), np.nan)
    return found


def held_out(days: Sequence[Floats], without: frozenset[str] = frozenset()) -> Floats:
    """Return the statistic of fault-free minutes judged by other fault-free ones.

    Each day is judged by the others; a single day's halves judge each other.
    """
    if len(days) > 1:
        return np.concatenate(
            [
                Normal.fit([*days[:place], *days[place + 1 :]]).statistic(day, without)[0]
                for place, day in enumerate(days)
            ]
        )
    day = days[0]
    use = np.flatnonzero(judged(day))
    parts = []
    for half in np.array_split(use, 2):
        parts.append(
            Normal.fit([day], [np.setdiff1d(use, half)]).statistic(day, without)[0][np.isin(use, half)]
        )
    return np.concatenate(parts)
