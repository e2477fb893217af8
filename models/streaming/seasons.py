"""What a row is expected to be from the same time of earlier periods, and which period that is.

Periods are the week, the day and the strongest one of the series' own autocorrelation. Each predicts every
row from the rows at the same phase before it (a median, so that one strange day does not spoil the next).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.streaming.trailing import Floats, blocks, median_before

DAY_S = 86_400.0
LOCAL_ROWS = 25
"""Rows of the level that stands in where there is no season."""
PERIODS_BACK = {"day": 7, "week": 4, "own": 7}
STEP_ROWS = 20
"""Rows from which the spacing is taken; before that nothing is known of a season."""
LEAST_PERIOD = 6
"""Rows; a shorter period is noise."""
STRONG = 0.3
"""Autocorrelation that a period must have."""
_LONGEST = 6_000
_KEPT = 1.0 - 1.0 / 60.0
"""Share of past errors that is remembered from block to block."""


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


def own_periods(value: Floats, begin_at: int = 200) -> NDArray[np.int64]:
    """Return for each row the strongest period in rows as far as known before it, 0 for none."""
    n = len(value)
    out = np.zeros(n, np.int64)
    begin = begin_at
    while begin < n:
        end = min(n, begin + max(begin // 2, begin_at))
        out[begin:end] = strongest_period(value[max(0, begin - 4 * _LONGEST) : begin])
        begin = end
    return out


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


def expectation(time_s: Floats, value: Floats) -> Floats:
    """Return what each row of ``value`` (N,) was expected to be, from rows before it only.

    Where the calendar can speak it does, the week before the day: that people live by it is known beforehand.
    Elsewhere the series' own period or its level, whichever has been nearer so far.
    """
    n = len(value)
    local = median_before(value, LOCAL_ROWS)
    candidates = [local]
    periods = own_periods(value)
    for period in np.unique(periods[periods > 0]):
        by_row = same_phase(np.arange(n, dtype=np.float64), value, float(period), PERIODS_BACK["own"])
        candidates.append(np.where(periods == period, by_row, np.nan))
    expected = choose(value, np.array(candidates)) if len(candidates) > 1 else local
    step = _step(time_s)
    if not 60.0 <= step <= DAY_S / 4:  # finer series hold no two days, coarser ones no time of day
        return expected
    for name, period_s in (("day", DAY_S), ("week", 7 * DAY_S)):
        earlier = same_phase(time_s, value, period_s, PERIODS_BACK[name])
        expected = np.where(np.isfinite(earlier), earlier, expected)
    return expected


def choose(value: Floats, candidates: Floats) -> Floats:
    """Return per row the candidate whose errors in the past blocks were smallest.

    Each is compared with the first one over the rows in which it said something.

    Args:
        value: (N,).
        candidates: (K, N), NaN where a candidate says nothing; the first always says something.
    """
    out: Floats = candidates[0].copy()
    known = np.isfinite(candidates)
    error = np.where(known, np.abs(candidates - value), 0.0)
    yard = np.where(known, error[0], 0.0)
    own, first, count = np.zeros((3, len(candidates)))
    seen = 0
    for begin, end in blocks(len(value)):
        part = slice(seen, begin)
        own = _KEPT * own + error[:, part].sum(axis=1)
        first = _KEPT * first + yard[:, part].sum(axis=1)
        count += known[:, part].sum(axis=1)
        seen = begin
        ratio = np.where(count >= LOCAL_ROWS, own / np.maximum(first, 1e-300), np.inf)
        ratio[0] = 1.0
        for best in np.argsort(-ratio, kind="stable"):  # the best one last: it has the last word
            if ratio[best] <= 1.0:
                out[begin:end] = np.where(known[best, begin:end], candidates[best, begin:end], out[begin:end])
    return out


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
