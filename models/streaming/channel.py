"""One channel against its own past: what is strange about each row, from several sides.

Each layer is a statistic that is high where a row is strange; each is judged by the tail of its own past
(:mod:`models.streaming.tails`), so that layers of any unit can be added up.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import IsolationForest

from models.streaming.seasons import expectation
from models.streaming.tails import surprise
from models.streaming.trailing import Floats, ewma, fill_forward, maximum_before, rolling_mean

LAYERS = ("season", "jump", "drift", "level", "low", "still", "forest")
TAILS = ((0.90, 5_000), (0.97, 20_000))
QUIET_ROWS = 300
"""Rows after a peak in which only a higher one is news."""
ECHO = 0.25
"""What is left of a score that is not news."""

_FOREST_FROM = 200
_FOREST_ROWS = 8_000
_TREES = 50
_SAMPLE = 256


def layers(time_s: Floats, value: Floats, without: frozenset[str] = frozenset()) -> dict[str, Floats]:
    """Return the statistics (N,) of one channel by name.

    Args:
        time_s: (N,) ascending.
        value: (N,), NaN where there is no reading.
        without: layers left out, for an ablation.
    """
    there = np.isfinite(value)
    filled = fill_forward(value)
    expected = expectation(time_s, filled)
    rest = filled - expected
    moved = np.abs(np.diff(filled, prepend=filled[:1]))
    found = {
        # sudden: against the same time of earlier periods, and a change that the season does not explain
        "season": np.abs(rest),
        "jump": np.abs(np.diff(rest, prepend=rest[:1])),
        # slow: short and long past apart (a CUSUM's question), of the residual and of the value
        "drift": np.abs(ewma(rest, 10.0) - ewma(rest, 100.0)),
        "level": np.abs(rolling_mean(filled, 24) - rolling_mean(filled, 500)),
        # lower, or more still, than ever: what stops says nothing in the layers above
        "low": -rolling_mean(filled, 5),
        "still": -np.log(rolling_mean(moved, 30) + 1e-3 * rolling_mean(moved, 500) + 1e-12),
    }
    if "forest" not in without:
        found["forest"] = forest(
            np.stack(
                [
                    filled,
                    rest,
                    np.diff(filled, prepend=filled[:1]),
                    rolling_mean(filled, 5),
                    rolling_mean(filled, 24),
                    np.log(rolling_mean(moved, 10) + 0.01 * rolling_mean(moved, 500) + 1e-9),
                ],
                axis=1,
            )
        )
    return {name: np.where(there, one, np.nan) for name, one in found.items() if name not in without}


def forest(features: Floats) -> Floats:
    """Return how quickly an isolation forest sets each row apart (N,), NaN for the first rows.

    The forest is grown anew whenever the past has become half as long again, from the past only.
    """
    n = len(features)
    out = np.full(n, np.nan)
    begin = _FOREST_FROM
    while begin < n:
        end = min(n, int(1.5 * begin) + 50)
        past = features[max(0, begin - _FOREST_ROWS) : begin]
        centre, scale = np.median(past, axis=0), past.std(axis=0) + 1e-9
        trees = IsolationForest(n_estimators=_TREES, max_samples=_SAMPLE, random_state=0)
        if len(past) < _SAMPLE:
            trees.set_params(max_samples=len(past))
        # distances beyond 100 deviations are all the same to a tree, and not to float32
        trees.fit(np.clip((past - centre) / scale, -100.0, 100.0))
        out[begin:end] = -trees.score_samples(np.clip((features[begin:end] - centre) / scale, -100.0, 100.0))
        begin = end
    return out


def fused(time_s: Floats, value: Floats, without: frozenset[str] = frozenset()) -> Floats:
    """Return the summed surprise (N,) of the layers; 0 where there is no reading."""
    total = np.zeros(len(value))
    for statistic in layers(time_s, value, without).values():
        total += surprise(statistic, TAILS)
    return total


def news(total: Floats, quiet_rows: int = QUIET_ROWS, echo: float = ECHO) -> Floats:
    """Return ``total`` with what was already told scaled down: a fault is news once."""
    return np.where(total > maximum_before(total, quiet_rows), total, echo * total)
