"""Windows that look back, against the plain way to say the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.streaming.seasons import same_phase, strongest_period
from models.streaming.tails import by_tail, level
from models.streaming.trailing import blocks, ewma, fill_forward, rolling_mean

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60).map(np.array)


@given(numbers, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_a_rolling_mean_says_what_its_name_says(value: np.ndarray, rows: int) -> None:
    mean = rolling_mean(value, rows)
    for at in range(len(value)):
        assert np.isclose(mean[at], value[max(0, at - rows + 1) : at + 1].mean(), rtol=1e-9, atol=1e-6)


@given(numbers, st.floats(1.5, 50.0))
@settings(max_examples=60, deadline=None)
def test_ewma_is_the_weighted_mean_of_what_was(value: np.ndarray, rows: float) -> None:
    keep = 1.0 - 1.0 / rows
    total = weight = 0.0
    for at, got in enumerate(ewma(value, rows)):
        total, weight = keep * total + value[at], keep * weight + 1.0
        assert np.isclose(got, total / weight, rtol=1e-6, atol=1e-6)


def test_gaps_are_filled_from_the_past_only() -> None:
    assert fill_forward(np.array([np.nan, 1.0, np.nan, 3.0])).tolist() == [0.0, 1.0, 1.0, 3.0]


@given(st.integers(0, 3000))
def test_blocks_cover_all_rows_but_the_first(rows: int) -> None:
    seen = [row for begin, end in blocks(rows) for row in range(begin, end)]
    assert seen == list(range(min(16, rows), rows))


def test_surprise_grows_with_strangeness_and_never_passes_its_limit() -> None:
    past = np.random.default_rng(0).normal(size=2000)
    got = by_tail(np.array([0.0, 2.0, 4.0, 8.0, 1e9, np.nan]), past, 0.97)
    assert (np.diff(got[:4]) > 0).all()
    assert got[4] == 8.0
    assert got[5] == 0.0


def test_the_level_of_a_small_past_is_taken_from_its_tail() -> None:
    past = np.random.default_rng(2).exponential(size=400)
    assert 0.7 * np.log(1000) < level(past, 0.001) < 1.4 * np.log(1000)


def test_a_period_is_found_and_a_walk_has_none() -> None:
    row = np.arange(1200)
    noise = np.random.default_rng(3).normal(size=1200)
    assert strongest_period(np.sin(2 * np.pi * row / 48) + 0.3 * noise) == 48
    assert strongest_period(noise) == 0
    assert strongest_period(np.full(1200, 5.0)) == 0


def test_the_same_phase_looks_back_over_a_gap_in_the_times() -> None:
    hours = np.concatenate([np.arange(0, 100), np.arange(130, 300)]) * 3600.0
    value = (hours / 3600.0) % 24
    expected = same_phase(hours, value, 86_400.0, 7)
    known = np.isfinite(expected)
    inner = known & (value > 1) & (value < 22)
    assert inner.sum() > 150
    assert np.allclose(expected[inner], value[inner])
