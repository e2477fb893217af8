"""Many channels, each against its own past, row by row: everything is kept as arrays over the channels.

A layer is a statistic that is high where a row is strange; each is judged by the tail of its own past
(:mod:`models.streaming.running`), so that layers of any unit can be added up. All memory is of fixed size:
means that fade, and what is usual at each time of the day (five minutes) and of the week (half hours).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.streaming.running import LEAST_ROWS, RunningTails, Singles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAYERS = ("season", "jump", "drift", "level", "low", "still", "range")
DAY_S, WEEK_S = 86_400.0, 604_800.0
DAY_BINS, WEEK_BINS = 288, 336
DAYS, WEEKS = 7, 4
"""Days and weeks over which what is usual is averaged."""
LOCAL_ROWS = 25
"""Rows of the level that stands in where there is no season."""
ERROR_ROWS = 200
"""Rows over which the errors of the level and of the season are compared."""
STEP_ROWS = 20
"""Rows from which the spacing is taken; before that nothing is known of a season."""
FINEST_S, COARSEST_S = 60.0, DAY_S / 4
"""Spacings with a time of day: a finer series holds no two days, a coarser one no hours."""
RANGE_SHARE = 0.05
"""Share of all that was seen by which a value must lie outside of it to be one never seen.

Of Numenta's detectors, which call such a value an anomaly (github.com/numenta/NAB, ``numenta_detector.py``).
"""
RANGE_SURPRISE = np.float32(4.0)
"""What a value never seen counts: one in ten thousand."""

EVERYDAY = np.float32(1.0)
"""Surprise of a layer that one row in ten has: what exceeds it adds up while an anomaly lasts."""
_ALL = np.float32(0.1)
"""Share of the whole surprise that counts as excess all the same, so that no row is like another."""

_LEVEL_CLIP, _SEASON_CLIP = 3.0, 10.0
"""Mean errors by which one strange value may move the level, and what is usual (Huber)."""
_BLOCK = 64
_MOST = 1e18
"""Distance from the first reading beyond which all are alike: ratios must stay numbers."""
_TINY = np.float32(1e-12)
# fading means: of the value, of the residual, of the movement
_VALUE_ROWS = (5, 24, 500)
_REST_ROWS = (10, 100)
_MOVE_ROWS = (30, 500)


class Channels:
    """State of ``count`` channels that are read together, and the surprise of their next rows.

    >>> rows = np.zeros((300, 2)); rows[280, 1] = 9.0
    >>> found = Channels(2).surprise(np.arange(300) * 60.0, rows)
    >>> bool(found[:280].max() < found[280, 1]), bool(found[280, 0] < 1.0)
    (True, True)

    Args:
        count: channels.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.rows = 0
        self._tails = RunningTails.begin((len(LAYERS) - 1, count))
        self._started = np.zeros(count, np.bool_)
        # all is kept relative to the first reading: single precision is enough then
        self._first = np.zeros(count)
        self._last, self._level, self._rest, self._spread = np.zeros((4, count), np.float32)
        self._low, self._high = np.zeros((2, count), np.float32)
        self._errors = np.zeros((3, count), np.float32)
        self._values = np.zeros((len(_VALUE_ROWS), count), np.float32)
        self._rests = np.zeros((len(_REST_ROWS), count), np.float32)
        self._moves = np.zeros((len(_MOVE_ROWS), count), np.float32)
        self._day = np.full((DAY_BINS, count), np.nan, np.float32)
        self._week = np.full((WEEK_BINS, count), np.nan, np.float32)
        self._times: list[Floats] = []
        self._origin = np.zeros(count)
        self._step = np.zeros(count)
        self._dated = np.zeros(count, np.bool_)
        self._lane = np.arange(count)

    @property
    def bytes_per_channel(self) -> int:
        """Bytes of state for each channel."""
        kept = [*vars(self).values(), *vars(self._tails).values()]
        return sum(one.nbytes for one in kept if isinstance(one, np.ndarray)) // max(self.count, 1)

    def expected(self, time_s: Floats) -> Floats:
        """Return what each channel (C,) is expected to show at a time (1,) or (C,), from the rows so far."""
        times = np.broadcast_to(time_s, self.count)[None, :]
        calendar = _Calendar.of(times, self._origin, self._step, self._dated)
        found = self._level
        if calendar.speaks:
            known = self._dated & (self._errors[2] <= self._errors[0])
            found = np.where(known, self._usual(calendar, 0)[1], found)
        return found.astype(np.float64) + self._first

    def surprise(self, time_s: Floats, values: Floats) -> Floats:
        """Return the summed surprise (N, C) of the layers for the next rows; 0 where there is no reading.

        Args:
            time_s: (N,) or (N, C) ascending, in seconds since 1970 where the time of day is to speak.
            values: (N, C), NaN where there is no reading.
        """
        return self.judge(time_s, values)[0]

    def judge(self, time_s: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Return :meth:`surprise` and what exceeds the everyday, layer by layer; both (N, C)."""
        surprise, excess = np.empty((2, *values.shape))
        for row, each in enumerate(self._walk(time_s, values)):
            surprise[row] = each.sum(axis=0)
            excess[row] = excess_of(each)
        return surprise, excess

    def layers(self, time_s: Floats, values: Floats) -> Singles:
        """Return the surprise (N, L, C) of each of :data:`LAYERS`; else as :meth:`surprise`."""
        return np.stack(list(self._walk(time_s, values)))

    def _walk(self, time_s: Floats, values: Floats) -> Iterator[Singles]:
        n = len(values)
        times = np.broadcast_to(time_s[:, None] if time_s.ndim == 1 else time_s, values.shape)
        begin = 0
        while begin < n:
            end = min(n, begin + _BLOCK)
            if self.rows <= STEP_ROWS:
                end = begin + 1
                self._space(times[begin])
            calendar = _Calendar.of(times[begin:end], self._origin, self._step, self._dated)
            for row in range(end - begin):
                yield self._row(values[begin + row], calendar, row)
            begin = end

    def _space(self, time_s: Floats) -> None:
        """Take the usual spacing from the first rows only: a score must not depend on later ones."""
        self._times.append(time_s.copy())
        if len(self._times) == STEP_ROWS + 1:
            gaps = np.diff(self._times, axis=0)
            self._origin = self._times[0]
            self._step = np.maximum(np.median(gaps, axis=0), 0.0)
            self._dated = (self._step >= FINEST_S) & (self._step <= COARSEST_S)
            self._times = []

    def _row(self, value: Floats, calendar: _Calendar, row: int) -> Singles:
        there = np.isfinite(value)
        if not self._started.all():  # what a channel shows first is its zero
            new = there & ~self._started
            self._first[new] = value[new]
            self._started |= new
        x = np.clip(value - self._first, -_MOST, _MOST).astype(np.float32)
        complete = bool(there.all())
        if not complete:
            x = np.where(there, x, self._last)
        expected, outside = self._expect(x, calendar, row)
        rest = x - expected
        moved = np.abs(x - self._last)
        for table, rows, now in (
            (self._rests, _REST_ROWS, rest),
            (self._values, _VALUE_ROWS, x),
            (self._moves, _MOVE_ROWS, moved),
        ):
            for mean, memory in zip(table, rows, strict=True):
                mean += self._gain(memory) * (now - mean)
        brief, middle, long = self._values
        statistics = (
            # sudden: outside of what is usual at the time, and a change that the season does not explain
            np.abs(outside),
            np.abs(rest - self._rest),
            # slow: short and long past apart (a CUSUM's question), of the residual and of the value
            np.abs(self._rests[0] - self._rests[1]),
            np.abs(middle - long),
            # lower, or more still, than ever: what stops says nothing in the layers above
            -brief,
            -np.log(self._moves[0] + np.float32(1e-3) * self._moves[1] + _TINY),
        )
        found = np.zeros((len(LAYERS), self.count), np.float32)
        found[:-1] = self._tails.surprise(np.stack(statistics), None if complete else there)
        if self.rows >= LEAST_ROWS:
            beyond = np.maximum(x - self._high, self._low - x)
            never = beyond > np.float32(RANGE_SHARE) * (self._high - self._low) + _TINY
            found[-1] = RANGE_SURPRISE * never
        np.maximum(self._high, x, out=self._high)
        np.minimum(self._low, x, out=self._low)
        self._rest, self._last = rest, x
        self.rows += 1
        return found

    def _expect(self, x: Singles, calendar: _Calendar, row: int) -> tuple[Singles, Singles]:
        """Return what was expected and how far ``x`` lies outside of what is usual about this time; learn."""
        level = self._level
        away = x - level
        gain = self._gain(ERROR_ROWS)
        if not calendar.speaks:
            expected, outside = level, away
            self._errors[0] += gain * (np.abs(away) - self._errors[0])
        else:
            lane, at, week_at = self._lane, calendar.day[row], calendar.week[row]
            by_day, by_week, unseen, unseen_week = self._usual(calendar, row)
            rest_day, rest_week = x - by_day, x - by_week
            known = self._dated & (self._errors[2] <= self._errors[0])
            expected = np.where(known, by_week, level)
            before = self._day[calendar.before[row], lane]
            after = self._day[calendar.after[row], lane]
            # fmax and fmin pass over what was not seen
            high = np.fmax(np.fmax(by_day, by_week), np.fmax(before, after))
            low = np.fmin(np.fmin(by_day, by_week), np.fmin(before, after))
            band = np.maximum(x - high, np.float32(0.0)) + np.minimum(x - low, np.float32(0.0))
            outside = np.where(self._dated, band, away)
            for error, rest in zip(self._errors, (away, rest_day, rest_week), strict=True):
                error += gain * (np.abs(rest) - error)
            limit_day = np.float32(_SEASON_CLIP) * self._errors[1]
            limit_week = np.float32(_SEASON_CLIP) * self._errors[2]
            step = np.clip(rest_day, -limit_day, limit_day) * calendar.day_gain[row]
            self._day[at, lane] = np.where(unseen, x, by_day + step)
            step = np.clip(rest_week, -limit_week, limit_week) * calendar.week_gain[row]
            self._week[week_at, lane] = np.where(unseen_week, x, by_week + step)
        self._spread += gain * (np.abs(away) - self._spread)
        limit = np.float32(_LEVEL_CLIP) * self._spread
        self._level = level + self._gain(LOCAL_ROWS) * np.clip(away, -limit, limit)
        return expected, outside

    def _usual(
        self, calendar: _Calendar, row: int
    ) -> tuple[Singles, Singles, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return what is usual by the day and by the week, and where these have not been seen."""
        day = self._day[calendar.day[row], self._lane]
        week = self._week[calendar.week[row], self._lane]
        unseen, unseen_week = np.isnan(day), np.isnan(week)
        by_day = np.where(unseen, self._level, day)
        return by_day, np.where(unseen_week, by_day, week), unseen, unseen_week

    def _gain(self, rows: int) -> np.float32:
        """Return the weight of the newest row in a mean of ``rows`` rows' memory, or of all there are."""
        return np.float32(max(1.0 / rows, 1.0 / (self.rows + 1)))


def excess_of(layers: NDArray[np.floating[Any]]) -> Floats:
    """Return what of the layers' surprise (…, L, C) exceeds the everyday, summed over the layers (…, C)."""
    over = np.maximum(layers - EVERYDAY, 0.0)
    return np.asarray(over.sum(axis=-2) + _ALL * layers.sum(axis=-2), np.float64)


@dataclass(frozen=True)
class _Calendar:
    """Where rows (N, C) lie in the day and in the week, and how much they weigh there."""

    speaks: bool
    day: Ints
    before: Ints
    after: Ints
    week: Ints
    day_gain: Singles
    week_gain: Singles

    @classmethod
    def of(cls, times: Floats, origin: Floats, step: Floats, dated: NDArray[np.bool_]) -> _Calendar:
        if not dated.any():
            none = np.zeros((0, 0), np.int64)
            return cls(False, none, none, none, none, none.astype(np.float32), none.astype(np.float32))
        of_week = times - WEEK_S * np.floor(times / WEEK_S)
        week = (of_week * (WEEK_BINS / WEEK_S)).astype(np.int64)
        of_day = of_week - DAY_S * np.floor(of_week / DAY_S)
        day = (of_day * (DAY_BINS / DAY_S)).astype(np.int64)
        beside = np.clip(np.round(step * (DAY_BINS / DAY_S)), 1, DAY_BINS // 4).astype(np.int64)
        before, after = day - beside, day + beside
        before += DAY_BINS * (before < 0)
        after -= DAY_BINS * (after >= DAY_BINS)
        age = (times - origin) / DAY_S
        # several rows of one bin count together as one
        of_bin = np.minimum(step * (DAY_BINS / DAY_S), 1.0) * dated
        of_half_hour = np.minimum(step * (WEEK_BINS / WEEK_S), 1.0) * dated
        day_gain = of_bin / np.minimum(1.0 + np.floor(age), DAYS)
        week_gain = of_half_hour / np.minimum(1.0 + np.floor(age / 7.0), WEEKS)
        return cls(True, day, before, after, week, day_gain.astype(np.float32), week_gain.astype(np.float32))
