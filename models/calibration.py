"""From scores to a budget of false alarms: tails, ranks, and whether scores still mean what they meant.

Sources: peaks over threshold and the generalised Pareto distribution (Pickands 1975) by probability-weighted
moments (Hosking and Wallis 1987); conformal p-values by ranks (Vovk, Gammerman, Shafer 2005); the population
stability index, a symmetric divergence of two histograms, as it is used to watch scorecards.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BUDGET = 0.05
"""False alarms per device and year that the thresholds are set for, by default."""
SLOW_SHARE = 0.4
"""Share of the budget that what creeps may cost; the rest is for what is sudden."""
BY_FACTOR = 0.1
"""The bounds of a threshold move by this share for each factor of e in the budget."""
TAIL_SHARE = 0.03
"""Share of the days whose scores make the tail."""
LEAST_TAIL = 30
"""Scores that a tail needs before anything is read off it."""
EPISODE_DAYS = 10.0
"""Slow scores stay over for about so long: that many days are one false alarm."""
CEILING = 7.0
"""A fleet's tail never raises the threshold above this: its own faults are in the tail too."""


def stretch(budget: float) -> float:
    """Return by what the bounds of thresholds are multiplied for another budget than the default one.

    Scores have tails that are about exponential: a share of the level for each factor of e.

    >>> stretch(BUDGET), stretch(BUDGET / 2) > 1 > stretch(2 * BUDGET)
    (1.0, True)
    """
    return max(0.5, 1.0 + BY_FACTOR * math.log(BUDGET / budget))


def fit_tail(excess: Floats) -> tuple[float, float]:
    """Return (shape, scale) of a generalised Pareto distribution of the excesses.

    Args:
        excess: (N,) amounts above the tail's beginning, N ≥ 2.

    >>> excess = -np.log(1 - (np.arange(1000) + 0.5) / 1000)  # exponential: shape 0, scale 1
    >>> shape, scale = fit_tail(excess)
    >>> abs(shape) < 0.02, abs(scale - 1) < 0.02
    (True, True)
    """
    ordered = np.sort(excess)
    size = len(ordered)
    mean = float(ordered.mean())
    weights = (size - np.arange(1, size + 1)) / (size - 1.0)
    first = float((weights * ordered).mean())
    gap = mean - 2.0 * first
    if gap <= 1e-12 * max(mean, 1e-12):
        return 0.0, max(mean, 1e-12)
    return 2.0 - mean / gap, 2.0 * mean * first / gap


def tail_level(begin: float, share: float, shape: float, scale: float, wanted: float) -> float:
    """Return the level that a share ``wanted`` exceeds, of which ``share`` lies above ``begin``.

    >>> round(tail_level(2.0, 0.1, 0.0, 1.0, 0.001), 3)  # 2 + ln(100)
    6.605
    """
    ratio = share / max(wanted, 1e-300)
    if ratio <= 1.0:
        return begin
    if abs(shape) < 1e-6:
        return begin + scale * float(np.log(ratio))
    return begin + scale / shape * (float(ratio**shape) - 1.0)


def threshold_from_tally(
    counts: NDArray[np.int64], width: float, budget: float, ceiling: float | None = None
) -> float:
    """Return the score that healthy devices reach at most ``budget`` times per device and year.

    Args:
        counts: (B,) days of the whole fleet whose score lay in each bin; the last bin holds all above.
        width: of a bin.
        budget: false alarms per device and year.
        ceiling: what the threshold is never above; None: :data:`CEILING`.

    Returns:
        the threshold, 0 where too little is known.
    """
    total = int(counts.sum())
    above = np.cumsum(counts[::-1])[::-1]
    bins = np.flatnonzero(above >= max(LEAST_TAIL, TAIL_SHARE * total))
    if not len(bins) or total == 0 or bins[-1] == 0:
        return 0.0
    begin = int(bins[-1])
    # each score stands somewhere in its bin: spread evenly
    middle = (np.arange(len(counts)) + 0.5) * width
    excess = np.repeat(middle[begin:] - begin * width, counts[begin:])
    shape, scale = fit_tail(excess)
    shape = float(np.clip(shape, -0.2, 0.25))
    wanted = budget * EPISODE_DAYS / 365.25
    return min(
        tail_level(begin * width, above[begin] / total, shape, scale, wanted),
        CEILING if ceiling is None else ceiling,
    )


def conformal(score: Floats, healthy: Floats) -> Floats:
    """Return for each score the share of healthy scores at least as high, itself counted (a p-value).

    >>> conformal(np.array([0.5, 9.0]), np.arange(9.0))
    array([0.9, 0.1])
    """
    ordered = np.sort(healthy)
    higher = len(ordered) - np.searchsorted(ordered, score, side="left")
    return np.asarray((higher + 1.0) / (len(ordered) + 1.0))


def stability(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """Return the population stability index of two histograms: below 0.1 alike, above 0.25 not.

    >>> stability(np.array([50, 50]), np.array([500, 500]))
    0.0
    >>> stability(np.array([90, 10]), np.array([50, 50])) > 0.25
    True
    """
    p = (before + 0.5) / (before.sum() + 0.5 * len(before))
    q = (now + 0.5) / (now.sum() + 0.5 * len(now))
    if before.sum() * now.sum() == 0:
        return 0.0
    p, q = np.where(before + now > 0, p, 1.0), np.where(before + now > 0, q, 1.0)
    return round(float(((q - p) * np.log(q / p)).sum()), 6) + 0.0
