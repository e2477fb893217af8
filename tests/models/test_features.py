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


def _feature(kind: str, channel: str = "level", **more: object) -> Feature:
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


def test_a_ratio_is_of_two_means_and_has_no_value_without_the_other_channel() -> None:
    appliance = _type(f=_feature("ratio", over="total"))
    level = [6.0, 2.0] * 30
    assert _compute(appliance, level, [80.0] * 60)[-1, 0] == pytest.approx(0.05)
    assert np.isnan(_compute(appliance, level, [float("nan")] * 60)[-1, 0])
    assert np.isnan(_compute(appliance, level, [0.0] * 60)[-1, 0])


def test_one_channel_is_averaged_while_another_is_on() -> None:
    """Supply air while the compressor works: the other minutes do not count."""
    working = _feature("level_on", "level", above_of="total", above=150.0)
    level = [30.0 if minute % 20 < 10 else 12.0 for minute in range(60)]
    total = [0.0 if minute % 20 < 10 else 900.0 for minute in range(60)]
    values = _compute(_type(f=working), level, total)
    assert values[-1, 0] == pytest.approx(12.0)


def test_panes_in_which_another_channel_moves_do_not_count() -> None:
    """Power of the lower element: 4,000 W while the top stays, 5,000 W of the upper one that warms it."""
    power = [4000.0] * 30 + [5000.0] * 30
    top = [60.0] * 30 + [55.0 + 1.5 * minute for minute in range(30)]
    lower = _feature("level_on", "level", above=500.0, steady={"total": 0.8})
    both = _compute(_type(f=_feature("level_on", "level", above=500.0)), power)
    values = _compute(_type(f=lower), power, top)
    assert both[-1, 0] == pytest.approx(4500.0)
    assert values[-1, 0] == pytest.approx(4000.0)


def test_a_mean_says_nothing_of_a_window_in_which_another_channel_moved() -> None:
    """The freezer in the hours in which nobody opens the door."""
    shut = _feature("mean", steady={"total": 0.0})
    values = _compute(_type(f=shut), [-18.0] * 180, [0.0] * 60 + [1.0] + [0.0] * 119)[:, 0]
    assert values[11] == pytest.approx(-18.0)
    assert np.isnan(values[12:24]).all()
    assert values[24] == pytest.approx(-18.0)


def test_what_is_held_after_a_spin_is_brought_to_one_speed() -> None:
    """4 mm/s at 1,000 rpm are 5.76 at 1,200; nothing is said before the spin is over, or of a slow one."""
    at_speed = _feature("mean", per="total", per_least=900.0, per_at=1200.0, per_power=2.0)
    level = [9.0] * 40 + [4.0] * 80
    spin = [0.0] * 30 + [1000.0] * 10 + [0.0] * 80
    values = _compute(_type(f=at_speed), level, spin)[:, 0]
    assert np.isnan(values[:8]).all()
    assert values[8:18] == pytest.approx(4.0 * 1.44)
    assert np.isnan(values[-1])
    slow = _compute(_type(f=at_speed), level, [0.8 * rpm for rpm in spin])[:, 0]
    assert np.isnan(slow).all()
    unknown = _compute(_type(f=at_speed), level, [np.nan] * len(level))[:, 0]
    assert unknown[-1] == pytest.approx(4.0)


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
