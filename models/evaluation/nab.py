"""The scoring rule of the Numenta Anomaly Benchmark, exact and for all thresholds at once.

Lavin and Ahmad, Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark, ICMLA
2015. A detection inside a labelled window earns the more the earlier it comes, only the first one counts;
outside it costs, the less the closer it follows a window; a window without one costs. The rows of the
probation at a series' start are not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Window = tuple[int, int]
"""First and last row of a labelled window, both inside."""

PROBATION_SHARE = 0.15
PROBATION_ROWS = 750


@dataclass(frozen=True)
class Profile:
    """What an application pays: for a hit, a false alarm, a missed window."""

    hit: float
    false_alarm: float
    miss: float


PROFILES: dict[str, Profile] = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_fp": Profile(1.0, 0.22, 1.0),
    "reward_low_fn": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True)
class Steps:
    """How a series' score changes as the threshold is lowered past each value.

    Attributes:
        at: (K,) anomaly scores, any order: rows at or above the threshold are detections.
        hits: (K,) what reaching it adds to the rewards of the windows.
        false_alarms: (K,) what it adds to the (negative) worth of false alarms.
        found: (K,) windows found for the first time.
        windows: number of windows.
    """

    at: Floats
    hits: Floats
    false_alarms: Floats
    found: Floats
    windows: int


def sigmoid(y: Floats) -> Floats:
    """Return S(y) = 2 / (1 + e^{5y}) − 1: near 1 well before y = 0, −1 well after."""
    return np.asarray(2.0 / (1.0 + np.exp(5.0 * y)) - 1.0)


def probation(rows: int) -> int:
    """Return the number of rows at the start that are not judged.

    >>> probation(4032), probation(15902)
    (604, 750)
    """
    return min(int(PROBATION_SHARE * rows), PROBATION_ROWS)


def worth(rows: int, windows: Sequence[Window]) -> tuple[Floats, NDArray[np.int64]]:
    """Return what a detection in each row is worth before weights, and its window (−1: outside).

    A hit is worth S(−(right − i + 1)/width)/S(−1), a false alarm S((i − right)/(width − 1)) after the last
    window before it, −1 past three widths or before any window.
    """
    value = np.full(rows, -1.0)
    inside = np.full(rows, -1, np.int64)
    row = np.arange(rows)
    for number, (left, right) in enumerate(windows):
        width = right - left + 1
        past = (row - right) / max(width - 1, 1)
        after = row > right
        value[after] = np.where(past[after] > 3.0, -1.0, sigmoid(past[after]))
        within = (row >= left) & (row <= right)
        value[within] = sigmoid(-(right - row[within] + 1) / width) / sigmoid(np.array(-1.0))
        inside[within] = number
    return value, inside


def steps(score: Floats, windows: Sequence[Window]) -> Steps:
    """Return how the score of one series depends on the threshold.

    Args:
        score: (N,) anomaly scores; NaN is never a detection.
        windows: sorted, not overlapping.
    """
    value, inside = worth(len(score), windows)
    judged = np.arange(len(score)) >= probation(len(score))
    judged &= np.isfinite(score)
    outside = np.flatnonzero(judged & (inside < 0))
    at, hits = [score[outside]], [np.zeros(len(outside))]
    false_alarms, found = [value[outside]], [np.zeros(len(outside))]
    for number in range(len(windows)):
        rows = np.flatnonzero(judged & (inside == number))
        if not len(rows):
            continue
        # only rows above all before them can be the first at some threshold
        highest = np.maximum.accumulate(score[rows])
        records = rows[np.concatenate([[True], highest[1:] > highest[:-1]])]
        later = np.concatenate([value[records][1:], [0.0]])
        at.append(score[records])
        hits.append(value[records] - later)
        false_alarms.append(np.zeros(len(records)))
        # the highest record is the one that finds the window
        found.append(np.concatenate([np.zeros(len(records) - 1), [1.0]]))
    return Steps(
        np.concatenate(at),
        np.concatenate(hits),
        np.concatenate(false_alarms),
        np.concatenate(found),
        len(windows),
    )


def raw_at(one: Steps, threshold: float, profile: Profile) -> float:
    """Return one series' sum of rewards and costs at a threshold."""
    over = one.at >= threshold
    missed = one.windows - float(one.found[over].sum())
    paid = profile.hit * float(one.hits[over].sum()) + profile.false_alarm * float(
        one.false_alarms[over].sum()
    )
    return paid - profile.miss * missed


def score_at(series: Sequence[Steps], threshold: float, profile: Profile) -> float:
    """Return the benchmark's score, 0 for no detection at all and 100 for every window's first row."""
    total = sum(raw_at(one, threshold, profile) for one in series)
    return normalised(total, sum(one.windows for one in series), profile)


def best_threshold(series: Sequence[Steps], profile: Profile) -> tuple[float, float]:
    """Return the one threshold for all series that scores best, and that score.

    It lies midway between the lowest score that it passes and the next one: at the very edge, other series
    would be judged by chance.
    """
    at = np.concatenate([one.at for one in series])
    gain = np.concatenate(
        [
            profile.hit * one.hits + profile.false_alarm * one.false_alarms + profile.miss * one.found
            for one in series
        ]
    )
    windows = sum(one.windows for one in series)
    order = np.argsort(-at, kind="stable")
    at, total = at[order], np.cumsum(gain[order])
    last = np.flatnonzero(np.append(at[1:] != at[:-1], True))  # rows of equal score are detected together
    best = int(last[np.argmax(total[last])])
    if total[best] <= 0.0:
        return float(np.nextafter(at[0], np.inf)), 0.0
    lower = float(at[best + 1]) if best + 1 < len(at) else float(at[best])
    return 0.5 * (float(at[best]) + lower), normalised(
        float(total[best]) - profile.miss * windows, windows, profile
    )


def normalised(total: float, windows: int, profile: Profile) -> float:
    """Return a sum of rewards and costs on the scale from no detection (0) to a perfect one (100)."""
    null, perfect = -profile.miss * windows, profile.hit * windows
    return 100.0 * (total - null) / (perfect - null)
