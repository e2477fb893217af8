"""How surprising a number is, by the tail of those seen before it: no unit, no scale, no distribution.

Below its high quantile a statistic is judged by rank. Above it, by the mean of an exponential and a Pareto
tail fitted to the excesses (Pickands, Annals of Statistics 3, 1975: the tails of light and of heavy
distributions), which is what lets ten thousand rows speak about one in a million.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 8.0
"""No statistic is more surprising than one in 10⁸: the tails say nothing beyond."""


def by_tail(statistic: Floats, past: Floats, quantile: float) -> Floats:
    """Return −log10 of the tail probability of ``statistic`` (M,) after ``past`` (K,), at most ``MOST``."""
    beyond = max(3, int((1.0 - quantile) * len(past)))
    place = len(past) - beyond
    ordered = np.partition(past, (place, len(past) // 2))
    edge, middle = float(ordered[place]), float(ordered[len(past) // 2])
    top = ordered[place:]
    width = edge - middle
    tiny = 1e-12 + 1e-9 * abs(edge)
    exponential = max(float((top - edge).mean()), 0.05 * width, tiny)
    # logarithms of the distance from the middle; a quiet past makes the Pareto tail no thinner than 5 %
    unit = max(width, tiny)
    pareto = max(float(np.log1p((top - edge) / unit).mean()), 0.05)
    at_edge = -np.log10(beyond / len(past))
    excess = np.maximum(statistic - edge, 0.0)
    above = 0.5 * (excess / exponential + np.log1p(excess / unit) / pareto) / np.log(10.0)
    below = np.clip((statistic - middle) / unit, 0.0, 1.0)
    return np.asarray(np.minimum(np.nan_to_num(at_edge * below + above, nan=0.0), MOST))


def level(past: Floats, rate: float, quantile: float = 0.9) -> float:
    """Return what is exceeded at ``rate`` after ``past`` (K,): its quantile, or its exponential tail's.

    The tail takes over where fewer than ten rows of the past lie above the quantile.
    """
    if not len(past):
        return np.inf
    if rate * len(past) >= 10:
        return float(np.quantile(past, 1.0 - rate))
    beyond = max(3, int((1.0 - quantile) * len(past)))
    if beyond >= len(past):
        return float(past.max())
    ordered = np.partition(past, len(past) - beyond)
    edge = float(ordered[len(past) - beyond])
    mean_excess = float((ordered[len(past) - beyond :] - edge).mean())
    return edge + mean_excess * max(float(np.log(beyond / len(past) / rate)), 0.0)
