"""Scores of whole series: strictly causal, true to their rate, and of use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.synthetic import FAULTS, kinds, with_fault
from models.streaming.score import Scorer, score_series

RATE = 0.005


def series(rows: int, channels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    time_s = np.cumsum(random.choice((300.0, 300.0, 900.0), size=rows))
    causes = np.stack([np.sin(time_s / 86_400 * 2 * np.pi), random.normal(size=rows)], axis=1)
    values = causes @ random.normal(size=(2, channels)) + 0.2 * random.normal(size=(rows, channels))
    values[random.random((rows, channels)) < 0.02] = np.nan
    return time_s, values


@given(
    st.integers(0, 10_000),
    st.integers(300, 640),
    st.sampled_from((0, 150)),
    st.sampled_from(("other values", "no readings", "constant", "cut off", "huge")),
)
@settings(max_examples=8, deadline=None)
def test_no_score_depends_on_a_later_row(seed: int, cut: int, train_rows: int, change: str) -> None:
    time_s, values = series(650, 2, seed)
    before = score_series(time_s, values, train_rows=train_rows, rate=RATE)
    future = values.copy()
    match change:
        case "other values":
            future[cut:] = np.random.default_rng(seed + 1).normal(50.0, 30.0, future[cut:].shape)
        case "no readings":
            future[cut:] = np.nan
        case "constant":
            future[cut:] = 7.0
        case "huge":
            future[cut:] *= 1e30
        case "cut off":
            future, time_s = future[:cut], time_s[:cut]
    after = score_series(time_s, future, train_rows=train_rows, rate=RATE)
    np.testing.assert_allclose(before.score[:cut], after.score[:cut], rtol=0, atol=1e-9)
    assert (before.alarm[:cut] == after.alarm[:cut]).all()
    assert (before.top[:cut] == after.top[:cut]).all()


def test_scores_lie_between_0_and_1_whatever_comes() -> None:
    time_s, values = series(700, 4, 1)
    values[:, 0] = 3.0
    values[:, 1] = np.nan
    values[400:, 2] = 1e90
    values[500:, 3] = 0.0
    for train_rows in (0, 200):
        scores = score_series(time_s, values, train_rows=train_rows, rate=RATE)
        assert np.isfinite(scores.score).all()
        assert (scores.score >= 0).all()
        assert (scores.score <= 1).all()


def test_a_constant_that_moves_is_an_alarm_that_names_it() -> None:
    time_s, values = series(700, 3, 2)
    values[:, 1] = 20.0
    values[600:, 1] = 21.0
    scores = score_series(time_s, values, train_rows=400, rate=RATE)
    assert scores.alarm[600:].all()
    assert (scores.top[600:] == 1).all()


def test_false_alarms_keep_to_the_rate_and_faults_are_found() -> None:
    rows, train, begin, end = 1200, 400, 800, 1000
    false, found = [], {fault: [] for fault in FAULTS}
    for seed in range(2):
        for kind, values in kinds(rows, 6, seed):
            if kind not in ("white noise", "AR(1) 0.7", "seasonal"):
                continue
            false.append(
                score_series(np.arange(rows) * 1.0, values, train_rows=train, rate=RATE).alarm[train:].mean()
            )
            for fault in FAULTS if seed == 0 else ():
                faulty = with_fault(values, fault, begin, end, seed)
                scores = score_series(np.arange(rows) * 1.0, faulty, train_rows=train, rate=RATE)
                found[fault].append(scores.alarm[begin:end].mean())
    assert np.mean(false) <= 2 * RATE
    shares = {fault: np.mean(share) for fault, share in found.items()}
    assert shares["shift"] > 0.8
    assert shares["noise"] > 0.5
    assert shares["stuck"] > 0.7
    assert shares["drift"] > 0.5


def test_against_its_own_past_a_jump_is_news_and_its_going_on_is_not() -> None:
    random = np.random.default_rng(5)
    value = random.normal(size=3000)
    value[2000:] += 8.0
    scores = score_series(np.arange(3000) * 60.0, value[:, None], rate=RATE)
    assert scores.score[2000:2030].max() == scores.score[500:].max()
    assert scores.alarm[2000:2030].any()
    assert scores.alarm[500:2000].mean() <= 2 * RATE


@pytest.mark.parametrize("train_rows", [0, 300])
def test_pieces_give_the_scores_of_the_whole(train_rows: int) -> None:
    time_s, values = series(1000, 2, 6)
    whole = score_series(time_s, values, train_rows=train_rows, rate=RATE)
    scorer = Scorer(train_rows=train_rows, rate=RATE)
    parts = [scorer.feed(time_s[a:b], values[a:b]) for a, b in ((0, 600), (600, 601), (601, 1000))]
    np.testing.assert_allclose(np.concatenate([part.score for part in parts]), whole.score, atol=1e-6)
    assert (np.concatenate([part.alarm for part in parts]) == whole.alarm).mean() > 0.998


def test_too_few_training_rows_are_refused() -> None:
    time_s, values = series(100, 2, 7)
    with pytest.raises(ValueError, match="fewer than"):
        score_series(time_s, values, train_rows=200)
    with pytest.raises(ValueError, match="too few"):
        score_series(time_s, values, train_rows=20)
