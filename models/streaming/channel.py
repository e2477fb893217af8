"""One channel against its own past: what is strange about each row, from several sides.

Each layer is a statistic that is high where a row is strange; each is judged by the tail of its own past
(:mod:`models.streaming.tails`), so layers of any unit can be added up.
"""

from __future__ import annotations

import numpy as np

from models.streaming.seasons import expectation
from models.streaming.tails import surprise
from models.streaming.trailing import Floats, ewma, fill_forward, maximum_before, rolling_mean

POWER = 2.0
"""Surprises are added as squares: one layer that is sure counts more than three that are not."""
QUIET_ROWS = 300
"""Rows after a peak in which only a higher one is news."""
ECHO = 0.25
"""What is left of a score that is not news."""


def layers(time_s: Floats, value: Floats) -> dict[str, Floats]:
    """Return the statistics (N,) of one channel.

    Args:
        time_s: (N,) ascending.
        value: (N,), NaN where there is no reading.
    """
    there = np.isfinite(value)
    filled = fill_forward(value)
    rest = filled - expectation(time_s, filled)
    found = {
        # sudden: against the same time of earlier periods
        "season": np.abs(rest),
        # a jump that the season does not explain
        "jump": np.abs(np.diff(rest, prepend=rest[:1])),
        # slow: levels of the short and the long past apart (a CUSUM's question)
        "level": np.abs(rolling_mean(filled, 24) - rolling_mean(filled, 500)),
        "drift": np.abs(ewma(rest, 10.0) - ewma(rest, 100.0)),
        # restless, or stuck
        "spread": spread_change(filled),
    }
    return {name: np.where(there, one, np.nan) for name, one in found.items()}


def spread_change(value: Floats, short: int = 20, long: int = 300) -> Floats:
    """Return |log| of the mean movement over the last ``short`` rows against the last ``long``."""
    moved = np.abs(np.diff(value, prepend=value[:1]))
    usual = rolling_mean(moved, long)
    tiny = 0.02 * usual + 1e-12 * (1.0 + np.abs(value))
    return np.abs(np.log((np.maximum(rolling_mean(moved, short), 0.0) + tiny) / (usual + tiny)))


def fused(time_s: Floats, value: Floats, without: frozenset[str] = frozenset()) -> Floats:
    """Return the summed surprise (N,) of the layers, each squared; 0 where there is no reading."""
    total = np.zeros(len(value))
    for name, statistic in layers(time_s, value).items():
        if name not in without:
            total += surprise(statistic) ** POWER
    return total


def news(total: Floats, quiet_rows: int = QUIET_ROWS, echo: float = ECHO) -> Floats:
    """Return ``total`` with what was already told scaled down: a fault is news once."""
    return np.where(total > maximum_before(total, quiet_rows), total, echo * total)
