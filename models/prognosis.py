"""When the function will be lost: trends of slow faults, and survival of parts that show nothing.

A trend is the median slope between all pairs of days (Theil 1950, Sen 1968), with the interval that
Kendall's rank statistic gives; one wild day does not bend it. It begins where the series begins to rise.
Slow faults accelerate as often as not, so the pace of the second half of the trail is looked at as well and
the faster one counts: better early than late.

Parts that wear without a sign (an anode) are judged by age and use: a Weibull law whose shape says that they
wear out and whose median is the catalogue's life (Abernethy, The New Weibull Handbook: shapes of 2 to 4 for
wear and corrosion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_DAYS = 6
HORIZON_DAYS = 365.0
Z = 1.28
"""Quantile of the interval: 80 %."""
WEAR_SHAPE = 3.0


@dataclass(frozen=True)
class Outlook:
    """When a function is expected to be lost.

    Attributes:
        days: from now, the most likely.
        low: earliest of the 80 % interval.
        high: latest; at most :data:`HORIZON_DAYS`.
    """

    days: float
    low: float
    high: float


def slope(day: Floats, value: Floats) -> tuple[float, float, float]:
    """Return the median slope per day and its 80 % interval.

    >>> slope(np.arange(5.0), np.array([0.0, 1.0, 2.0, 90.0, 4.0]))[0]
    1.0
    """
    first, second = np.triu_indices(len(day), 1)
    slopes = np.sort((value[second] - value[first]) / (day[second] - day[first]))
    n = len(day)
    # variance of Kendall's statistic without ties
    spread = Z * np.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    low = int(np.clip(np.floor((len(slopes) - spread) / 2), 0, len(slopes) - 1))
    high = int(np.clip(np.ceil((len(slopes) + spread) / 2), 0, len(slopes) - 1))
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def bend(day: Floats, value: Floats) -> int:
    """Return the row from which a series rises: where a flat line and a slope fit it best (least squares).

    >>> bend(np.arange(20.0), np.maximum(np.arange(20.0) - 8.0, 0.0))
    8
    """
    best, place = np.inf, 0
    for start in range(max(len(day) - LEAST_DAYS, 0) + 1):
        rise = np.maximum(day - day[start], 0.0)
        flat = value[: start + 1].mean()
        over = value - flat
        pace = float(rise @ over) / max(float(rise @ rise), 1e-12)
        rest = float(((over - pace * rise) ** 2).sum())
        if rest < best - 1e-12:
            best, place = rest, start
    return place


def foresee(trail: Floats, limits: Floats) -> Outlook | None:
    """Follow the features of a fault to the residuals at which its function is lost.

    Args:
        trail: (T, F) residuals of the last days, newest last, NaN where unknown.
        limits: (F,) residual at which the function is lost, NaN where none.

    Returns:
        the earliest outlook of the features that approach their limit for certain; None where none does.
    """
    best: Outlook | None = None
    for f in np.flatnonzero(np.isfinite(limits)):
        one = _approach(trail[:, f] * np.sign(limits[f]), abs(float(limits[f])))
        if one is not None and (best is None or one.days < best.days):
            best = one
    return best


def _approach(value: Floats, limit: float) -> Outlook | None:
    day = np.flatnonzero(np.isfinite(value)).astype(np.float64)
    if len(day) < LEAST_DAYS:
        return None
    value = value[day.astype(np.int64)]
    since = bend(day, value)
    day, value = day[since:], value[since:]
    half = max(LEAST_DAYS, len(day) // 2)
    middle, low, high = slope(day, value)
    late = slope(day[-half:], value[-half:])
    if late[1] > 0 and late[0] > middle:
        middle, high = late[0], max(high, late[2])
        low = max(low, 0.0)
    if low <= 0 or middle <= 0:
        return None
    now = float(np.median(value[-3:]))
    left = max(limit - now, 0.0)
    days = left / middle
    if days > HORIZON_DAYS:
        return None
    return Outlook(days, left / max(high, middle), min(left / low, HORIZON_DAYS))


def survival(age_years: Floats, life_years: float, use: Floats | float = 1.0) -> Floats:
    """Return the probability that a part still works at an age; half of them do at their life.

    Args:
        age_years: since it was fitted.
        life_years: the catalogue's expected life, taken as the median.
        use: wear per year in comparison with the usual (a harder water, more litres): ages the part faster.

    >>> survival(np.array([0.0, 4.0]), 4.0).tolist()
    [1.0, 0.5]
    """
    aged = np.maximum(np.asarray(age_years) * use / life_years, 0.0)
    return np.asarray(np.exp(-np.log(2.0) * aged**WEAR_SHAPE))


def fails_within(years: float, age_years: Floats, life_years: float, use: Floats | float = 1.0) -> Floats:
    """Return the probability that a part that works now fails within so many years.

    >>> float(fails_within(1.0, np.array(3.0), 4.0).round(2))
    0.33
    """
    now, later = (survival(age_years + more, life_years, use) for more in (0.0, years))
    return np.asarray(1.0 - later / np.maximum(now, 1e-12))


def life_left(chance: float, age_years: float, life_years: float, use: float = 1.0) -> float:
    """Return the years until a part that works now has failed with probability ``chance``.

    >>> round(life_left(0.5, 0.0, 4.0), 3)
    4.0
    """
    now = -np.log(2.0) * (age_years * use / life_years) ** WEAR_SHAPE
    total = -(now + np.log(1.0 - chance)) / np.log(2.0)
    return float(total ** (1.0 / WEAR_SHAPE) * life_years / use - age_years)
