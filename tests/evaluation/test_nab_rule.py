"""NAB's scoring rule on cases worked out by hand, and against the plain way to say the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.nab import PROFILES, best_threshold, probation, score_at, steps

STANDARD = PROFILES["standard"]


def sigmoid(y: float) -> float:
    return 2 / (1 + math.exp(5 * y)) - 1


def detections(rows: int, *at: int) -> np.ndarray:
    score = np.zeros(rows)
    score[list(at)] = 1.0
    return score


def plainly(score: np.ndarray, windows: list[tuple[int, int]], threshold: float, profile: str) -> float:
    """Score one series row by row, as the rule reads."""
    weights = PROFILES[profile]
    total, done = 0.0, set()
    for row in range(probation(len(score)), len(score)):
        if score[row] < threshold:
            continue
        inside = [w for w in windows if w[0] <= row <= w[1]]
        if inside:
            left, right = inside[0]
            if inside[0] not in done:
                done.add(inside[0])
                total += weights.hit * sigmoid(-(right - row + 1) / (right - left + 1)) / sigmoid(-1)
            continue
        past = [w for w in windows if w[1] < row]
        worth = -1.0
        if past:
            left, right = past[-1]
            y = (row - right) / (right - left)
            worth = sigmoid(y) if y <= 3 else -1.0
        total += weights.false_alarm * worth
    total -= weights.miss * (len(windows) - len(done))
    null, perfect = -weights.miss * len(windows), weights.hit * len(windows)
    return 100 * (total - null) / (perfect - null)


def test_nothing_found_is_0_and_every_first_row_is_100() -> None:
    windows = [(300, 339), (600, 679)]
    found = [steps(detections(1000, 300, 600), windows)]
    for profile in PROFILES.values():
        assert score_at(found, 2.0, profile) == 0.0
        assert score_at(found, 1.0, profile) == pytest.approx(100.0)


def test_a_later_hit_earns_less_and_a_second_one_nothing() -> None:
    windows = [(300, 339)]
    first = score_at([steps(detections(1000, 310), windows)], 1.0, STANDARD)
    assert first == pytest.approx(50 * (1 + sigmoid(-30 / 40) / sigmoid(-1)))
    assert score_at([steps(detections(1000, 310, 320), windows)], 1.0, STANDARD) == pytest.approx(first)


def test_false_alarms_cost_less_just_after_a_window() -> None:
    windows = [(300, 339)]
    near, far, before = (
        score_at([steps(detections(1000, 300, row), windows)], 1.0, STANDARD) for row in (345, 900, 200)
    )
    assert near > far == before == pytest.approx(100 - 50 * 0.11)


def test_the_probation_is_not_judged() -> None:
    assert score_at([steps(detections(1000, 149, 300), [(300, 339)])], 1.0, STANDARD) == pytest.approx(100.0)
    assert probation(20_000) == 750


def test_a_series_without_windows_can_only_cost() -> None:
    found = [steps(detections(1000, 300), [(300, 339)]), steps(detections(1000, 500, 600), [])]
    assert score_at(found, 1.0, STANDARD) == pytest.approx(100 - 50 * 0.22)


@given(st.integers(0, 10_000), st.sampled_from(sorted(PROFILES)))
@settings(max_examples=40, deadline=None)
def test_all_thresholds_at_once_are_what_each_says(seed: int, profile: str) -> None:
    random = np.random.default_rng(seed)
    rows = int(random.integers(120, 260))
    score = np.round(random.random(rows) ** 4, 2)
    windows = [(40, 59), (80, 99)][: int(random.integers(1, 3))]
    found = [steps(score, windows)]
    every = {float(t): plainly(score, windows, t, profile) for t in np.unique(score)}
    for threshold, want in every.items():
        assert score_at(found, threshold, PROFILES[profile]) == pytest.approx(want)
    threshold, best = best_threshold(found, PROFILES[profile])
    assert best == pytest.approx(max(0.0, *every.values()))
    assert score_at(found, threshold, PROFILES[profile]) == pytest.approx(best)
