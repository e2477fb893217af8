"""What a row was at the same time of earlier periods, and which period a series has.

A period predicts every row from the rows at the same phase before it (a median, so that one strange day does
not spoil the next).
"""

from __future__ import annotations

import numpy as np

from models.streaming.trailing import Floats

STEP_ROWS = 20
"""Rows from which the spacing is taken; before that nothing is known of a season."""
LEAST_PERIOD = 6
"""Rows; a shorter period is noise."""
STRONG = 0.3
"""Autocorrelation that a period must have."""
_LONGEST = 6_000


def same_phase(time_s: Floats, value: Floats, period_s: float, periods: int) -> Floats:
    """Return the median of ``value`` one to ``periods`` periods earlier; NaN where nothing was.

    Args:
        time_s: (N,) ascending.
        value: (N,), no NaN.
        period_s: in the unit of ``time_s``.
        periods: how many periods to look back over.
    """
    n = len(value)
    if n <= STEP_ROWS:
        return np.full(n, np.nan)
    step = _step(time_s)
    # the middle one of three neighbours: times that differ a little, a single spike
    smooth = value.copy()
    smooth[1:-1] = _middle(value[:-2], value[1:-1], value[2:])
    earlier = np.full((periods, n), np.nan)
    for back in range(1, periods + 1):
        wanted = time_s - back * period_s
        first = max(int(np.searchsorted(wanted, time_s[0] - 0.5 * step)), STEP_ROWS)
        if first >= n:
            break
        place = np.minimum(np.searchsorted(time_s, wanted[first:] - 0.5 * step), n - 1)
        row = np.arange(first, n)
        # the neighbour after it is part of the smooth value: it must be in the past, too
        near = (np.abs(time_s[place] - wanted[first:]) <= 1.5 * step) & (place + 1 < row)
        earlier[back - 1, first:] = np.where(near, smooth[place], np.nan)
    return _median_of(earlier)


def strongest_period(value: Floats) -> int:
    """Return the lag in rows of the highest peak of the autocorrelation, 0 if none is strong.

    At least three periods must lie in ``value`` (N,).
    """
    n = len(value)
    longest = min(n // 3, _LONGEST)
    if longest <= LEAST_PERIOD:
        return 0
    low, high = np.quantile(value, (0.02, 0.98))
    centred = np.clip(value, low, high)
    centred = centred - np.linspace(centred[: n // 2].mean(), centred[n // 2 :].mean(), n)
    power = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[: longest + 1]
    if correlation[0] <= 1e-12 * n:
        return 0
    correlation = correlation / correlation[0] * n / (n - np.arange(longest + 1))
    inner = correlation[1:-1]
    peaks = np.flatnonzero((inner >= correlation[:-2]) & (inner > correlation[2:])) + 1
    # a peak counts only after the correlation has once fallen well below it
    lowest = np.minimum.accumulate(correlation)
    peaks = peaks[(peaks >= LEAST_PERIOD) & (correlation[peaks] > STRONG)]
    peaks = peaks[correlation[peaks] - lowest[peaks] > STRONG]
    if not len(peaks):
        return 0
    best = float(correlation[peaks].max())
    return int(peaks[correlation[peaks] >= 0.95 * best][0])


def _median_of(columns: Floats) -> Floats:
    """Return the median down the columns (K, N), NaN left out."""
    ordered = np.sort(columns, axis=0)  # NaN last
    count = np.isfinite(columns).sum(axis=0)
    row = np.arange(columns.shape[1])
    low = ordered[np.maximum(count - 1, 0) // 2, row]
    high = ordered[np.minimum(count // 2, len(columns) - 1), row]
    return np.asarray(np.where(count > 0, 0.5 * (low + high), np.nan))


def _middle(a: Floats, b: Floats, c: Floats) -> Floats:
    return np.asarray(np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c)))


def _step(time_s: Floats) -> float:
    """Return the usual spacing, from the first rows only: a score must not depend on later ones."""
    gaps = np.diff(time_s[:STEP_ROWS])
    gaps = gaps[gaps > 0]
    return float(np.median(gaps)) if len(gaps) else 1.0
