"""Windows in event time: what comes out does not depend on how samples came in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine import Engine
from models.features import PANE_US, Table, compute_features, counter_steps, make_panes
from models.plan import make_plan
from tests.models.series import MINUTE_US, START_US, feed, refrigerator
from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.model import ApplianceType, Channel, Feature


def _type(**features: Feature) -> ApplianceType:
    title = {"en": "x"}
    return ApplianceType(
        type="tester",
        title=title,
        ecosystem="food",
        version=1,
        period_s=60,
        channels={
            "level": Channel(title=title, valid=(-1000, 1000)),
            "total": Channel(title=title, valid=(0, 1e6), kind="counter"),
        },
        features=features,
    )


def _feature(kind: str, channel: str = "level", **more: float) -> Feature:
    return Feature(title={"en": kind}, kind=kind, channel=channel, **more)  # type: ignore[arg-type]


def _compute(appliance: ApplianceType, level: list[float], total: list[float] | None = None) -> np.ndarray:
    plan = make_plan(appliance)
    size = len(level)
    device = np.zeros(size, np.int64)
    time_us = START_US + np.arange(size) * MINUTE_US
    values = np.full((size, len(plan.channels)), np.nan, np.float32)
    for column, name in enumerate(plan.channels):
        values[:, column] = level if name == "level" else total
    rows = (device, time_us, values, np.zeros(values.shape, np.bool_))
    panes, _ = make_panes(
        plan,
        rows,
        np.full(size, PANE_US),
        np.full((size, len(plan.grown)), np.nan),
        np.full((size, len(plan.thresholds)), np.nan),
        np.concatenate([[-1], time_us[:-1]]),
    )
    table = Table(panes, np.ones(len(panes.device), np.bool_), np.full(len(panes.device), PANE_US))
    return compute_features(plan, table)[0]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("mean", 29.5),
        ("minimum", 0.0),
        ("maximum", 59.0),
        ("spread", float(np.std(np.arange(60)))),
        ("slope", 60.0),
        ("duty", 20 / 60),
        ("level_on", 49.5),
        ("idle", 0.0),
    ],
)
def test_each_kind_of_feature_over_an_hour_of_a_rising_line(kind: str, expected: float) -> None:
    """level rises by 1 a minute for an hour; nothing needs it within minutes, so the long window counts."""
    above = {"above": 39.0} if kind in ("duty", "level_on", "idle") else {}
    values = _compute(_type(f=_feature(kind, **above)), list(np.arange(60.0)))
    # the end of the last pane lies a minute after its last reading
    assert values[-1, 0] == pytest.approx(expected, rel=1e-5, abs=1.0 if kind == "idle" else 1e-5)


def test_growth_of_a_counter_survives_its_restart() -> None:
    total = [10.0, 11.0, 12.0, 13.0, 14.0, 0.5, 1.5, 2.5, 3.5, 4.5] * 1 + [5.5] * 50
    values = _compute(_type(f=_feature("delta", "total")), [0.0] * 60, total)
    assert values[-1, 0] == pytest.approx(4 + 0.5 + 5)


def test_a_small_fall_of_a_counter_is_a_correction() -> None:
    steps = counter_steps(np.zeros(3, np.int64), np.array([1000.0, 999.0, 1001.0]), np.full(3, np.nan))
    assert steps.tolist() == [0.0, 0.0, 2.0]


def test_fewer_than_half_of_the_window_says_nothing() -> None:
    values = _compute(_type(f=_feature("mean")), [1.0] * 25)
    assert np.isnan(values[-1, 0])


@settings(max_examples=15, deadline=None)
@given(order=st.randoms(use_true_random=False), batch=st.integers(1, 400))
def test_order_within_the_grace_repeats_and_batches_change_nothing(
    catalogue_refrigerator: Engine | None, order: object, batch: int
) -> None:
    """Samples shuffled by up to two minutes, some sent twice, cut into any batches: the same windows."""
    series = refrigerator(0.2, seed=3)
    plain, shuffled = _engine(), _engine()
    feed(plain, "a", series)
    rng = np.random.default_rng(order.randint(0, 2**31))  # type: ignore[attr-defined]
    twice = np.sort(np.concatenate([np.arange(len(series.time_us)), rng.integers(0, 280, 20)]))
    arrival = np.argsort(series.time_us[twice] + rng.uniform(0, 1.9 * MINUTE_US, len(twice)), kind="stable")
    feed(shuffled, "a", series.part(twice[arrival]), batch=batch)
    late, repeated = shuffled.counts()
    assert late + repeated == 20
    one, other = plain._state, shuffled._state
    assert np.array_equal(one.ring_us[0], other.ring_us[0])
    assert np.array_equal(one.ring_stats[0], other.ring_stats[0])
    assert np.array_equal(one.level[0], other.level[0], equal_nan=True)


@pytest.fixture(scope="module")
def catalogue_refrigerator(catalogue: Catalogue) -> None:
    _CATALOGUE.update(catalogue)


_CATALOGUE: dict[str, ApplianceType] = {}


def _engine() -> Engine:
    return Engine(_CATALOGUE["refrigerator"])


def test_what_comes_after_its_window_closed_is_counted_as_late(catalogue: Catalogue) -> None:
    engine = Engine(catalogue["refrigerator"])
    series = refrigerator(0.1)
    feed(engine, "a", series)
    before = engine._state.ring_stats[0].copy()
    feed(engine, "a", series.part(slice(0, 7)))
    assert engine.counts()[0] == 7
    assert np.array_equal(before, engine._state.ring_stats[0])


def test_hourly_samples_get_windows_of_several_samples(catalogue: Catalogue) -> None:
    engine = Engine(catalogue["refrigerator"])
    feed(engine, "a", refrigerator(3, period_s=3600), batch=7)
    assert engine._state.pane_us[0] == 60 * MINUTE_US
    feed(engine, "b", refrigerator(1, period_s=60))
    assert engine._state.pane_us[1] == 5 * MINUTE_US
