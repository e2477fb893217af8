"""Scores and alarms for any series: one channel or many, with or without a stretch free of faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.streaming.channel import fused, news
from models.streaming.tails import level
from models.streaming.trailing import Floats, blocks
from models.streaming.trained import Trained

Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]

UNIT = 30.0
"""Fused surprise that scores one half without training rows."""
FIRST_ALARM_ROWS = 200
"""Rows of its own past without which a series cannot keep to a rate of false alarms."""
PAST_ROWS = 20_000


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


def score_series(
    time_s: Floats,
    values: Floats,
    *,
    train_rows: int = 0,
    rate: float = 0.005,
    progress: Progress = lambda done, total: None,
) -> Scores:
    """Score a whole series; no row's score depends on a later row.

    Without training rows a row is compared with the series' own past, and the score says what is new: an
    anomaly that goes on scores lower than its beginning. With training rows the fault-free stretch is the
    measure for all that follows, and an anomaly scores for as long as it lasts; training rows themselves are
    not judged.

    Args:
        time_s: (N,) ascending.
        values: (N, C), NaN where there is no reading.
        train_rows: rows at the start that are free of faults, 0 for none.
        rate: false alarms per row that are accepted.
        progress: called with (steps done, steps in all).
    """
    if train_rows:
        return _against_training(time_s, values, train_rows, rate, progress)
    return _against_past(time_s, values, rate, progress)


def _against_training(
    time_s: Floats, values: Floats, train_rows: int, rate: float, progress: Progress
) -> Scores:
    model = Trained.fit(time_s[:train_rows], values[:train_rows], rate, progress=progress)
    n = len(values)
    score, top = np.zeros(n), np.zeros(n, np.int64)
    alarm = np.zeros(n, np.bool_)
    if n > train_rows:
        judged = model.judge(time_s, values, train_rows)
        score[train_rows:] = judged.total / (judged.total + model.threshold)
        alarm[train_rows:] = judged.total >= model.threshold
        top[train_rows:] = judged.top
    return Scores(score, alarm, top)


def _against_past(time_s: Floats, values: Floats, rate: float, progress: Progress) -> Scores:
    n, channels = values.shape
    each = np.zeros((n, channels))
    for place in range(channels):
        progress(place, channels + 1)
        each[:, place] = fused(time_s, values[:, place])
    total = each.max(axis=1) + (each.sum(axis=1) - each.max(axis=1)) / max(channels, 1)
    told = news(total)
    alarm = total >= own_level(total, rate)
    progress(channels + 1, channels + 1)
    return Scores(told / (told + UNIT), alarm, each.argmax(axis=1).astype(np.int64))


def own_level(total: Floats, rate: float) -> Floats:
    """Return per row what the rows before it exceed at ``rate``; infinite while they are too few."""
    out = np.full(len(total), np.inf)
    for begin, end in blocks(len(total)):
        if begin >= FIRST_ALARM_ROWS:
            out[begin:end] = level(total[max(0, begin - PAST_ROWS) : begin], rate)
    return out
