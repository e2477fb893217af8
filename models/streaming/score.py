"""Scores and alarms for any series: one channel or many, with or without a stretch free of faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.streaming.channels import Channels
from models.streaming.news import News
from models.streaming.tails import level
from models.streaming.trailing import Floats, blocks
from models.streaming.trained import Trained

Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]

UNIT = 8.0
"""Fused surprise that scores one half without training rows."""
FIRST_ALARM_ROWS = 200
"""Rows of its own past without which a series cannot keep to a rate of false alarms."""
PAST_ROWS = 20_000
"""Rows of the past from which the level of an alarm is taken."""
_STEP_ROWS = 2_000


@dataclass(frozen=True)
class Scores:
    """One row per input row.

    Attributes:
        score: (N,) 0 to 1, higher is stranger.
        alarm: (N,) whether the row is strange at the rate of false alarms that was asked for.
        top: (N,) column that has most to do with it.
    """

    score: Floats
    alarm: NDArray[np.bool_]
    top: Ints


class Scorer:
    """Scores a series piece by piece, in memory that does not grow; no row's score depends on a later row.

    Without training rows a row is compared with the series' own past, and the score says what is new: an
    anomaly that goes on scores lower than its beginning, though higher than what is everyday. With training
    rows the fault-free stretch is the measure for all that follows, and an anomaly scores for as long as it
    lasts; training rows themselves are not judged.

    Args:
        train_rows: rows at the start that are free of faults, 0 for none.
        rate: false alarms per row that are accepted.
        progress: called with (steps done, steps in all) of the piece at hand.
    """

    def __init__(
        self, *, train_rows: int = 0, rate: float = 0.005, progress: Progress = lambda done, total: None
    ) -> None:
        self._train_rows = train_rows
        self._rate = rate
        self._progress = progress
        self._model: Trained | None = None
        self._time = np.zeros(0)
        self._values = np.zeros((0, 0))
        self._channels: Channels | None = None
        self._news = News(1)
        self._total = np.zeros(0)

    def feed(self, time_s: Floats, values: Floats) -> Scores:
        """Return the scores of the next rows.

        Args:
            time_s: (N,) ascending, not before what was fed already.
            values: (N, C), NaN where there is no reading; the first piece holds all training rows.

        Raises:
            ValueError: the first piece does not hold the training rows, or they are too few.
        """
        if not self._train_rows:
            return self._against_past(time_s, values)
        seen = len(self._time)
        if seen:
            time_s = np.concatenate([self._time, time_s])
            values = np.concatenate([self._values, values])
        scores, context = self._against_training(time_s, values, seen)
        keep = max(0, len(time_s) - context)
        self._time, self._values = time_s[keep:], values[keep:]
        return scores

    def _against_training(self, time_s: Floats, values: Floats, seen: int) -> tuple[Scores, int]:
        first = seen
        n = len(values) - seen
        score, top, alarm = np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.bool_)
        if self._model is None:
            train = self._train_rows
            if n < train:
                raise ValueError(f"there are {n} rows, fewer than the {train} training rows")
            self._model = Trained.fit(time_s[:train], values[:train], self._rate, progress=self._progress)
            first = train
        if first < len(values):
            judged = self._model.judge(time_s, values, first)
            part = slice(first - seen, None)
            score[part] = judged.total / (judged.total + self._model.threshold)
            alarm[part] = judged.total >= self._model.threshold
            top[part] = judged.top
        return Scores(score, alarm, top), self._model.context_rows(time_s)

    def _against_past(self, time_s: Floats, values: Floats) -> Scores:
        n, channels = values.shape
        if self._channels is None:
            self._channels = Channels(channels)
        each, excess = np.empty((2, n, channels))
        for begin in range(0, n, _STEP_ROWS):
            self._progress(begin, n)
            part = slice(begin, begin + _STEP_ROWS)
            each[part], excess[part] = self._channels.judge(time_s[part], values[part])
        self._progress(n, n)
        total = together(each)
        told = self._news.told(total[:, None], together(excess)[:, None])[:, 0]
        before = len(self._total)
        total = np.concatenate([self._total, total])
        alarm = (total >= own_level(total, self._rate))[before:]
        self._total = total[-PAST_ROWS:]
        return Scores(told / (told + UNIT), alarm, each.argmax(axis=1))


def score_series(
    time_s: Floats,
    values: Floats,
    *,
    train_rows: int = 0,
    rate: float = 0.005,
    progress: Progress = lambda done, total: None,
) -> Scores:
    """Score a whole series at once; arguments as those of :class:`Scorer` and :meth:`Scorer.feed`."""
    return Scorer(train_rows=train_rows, rate=rate, progress=progress).feed(time_s, values)


def together(each: Floats) -> Floats:
    """Return the surprise (N,) of rows of channels (N, C): the largest, and a share of the others."""
    strongest = each.max(axis=1)
    return np.asarray(strongest + (each.sum(axis=1) - strongest) / each.shape[1])


def own_level(total: Floats, rate: float) -> Floats:
    """Return per row what the rows before it exceed at ``rate``; infinite while they are too few."""
    out = np.full(len(total), np.inf)
    for begin, end in blocks(len(total)):
        if begin >= FIRST_ALARM_ROWS:
            # the first rows had little past to be judged by: their surprise is not of the same kind
            out[begin:end] = level(total[max(begin - PAST_ROWS, begin // 4) : begin], rate)
    return out
