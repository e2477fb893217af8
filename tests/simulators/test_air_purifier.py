"""Magnitudes of the air purifier's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import pytest

from tests.simulators.bench import Orders, bench
from tests.simulators.twins import Run, Twins, twins

PURIFIER = "air_purifier"
CASES = (
    ("filter_clogged", 1.0),
    ("filter_clogged", 0.5),
    ("fan_worn", 1.0),
    ("sensor_drift", 1.0),
)


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(PURIFIER, 9, 9, CASES, "temperate")


def night(one: Run, channel: str) -> float:
    """Return the mean of a channel from two to four, over the last four nights."""
    return float(
        sum(one.values[channel][day * 1440 - 300 : day * 1440 - 180].mean() for day in (6, 7, 8, 9)) / 4
    )


def test_a_healthy_purifier_clears_the_room(pair: Twins) -> None:
    well = pair.well_run
    decay = well.values["decay_rate"][-1]
    expected = 300 / 60 + 0.75
    assert decay.mean() == pytest.approx(expected, rel=0.2)
    assert decay.min() > 2.5
    assert well.values["pm25"].max() > 100
    assert night(well, "pm25") < 15
    full = well.values["fan_speed"] > 1000
    assert 0.003 < full.mean() < 0.1
    assert 35 < well.values["power"][full].mean() < 55
    assert night(well, "fan_speed") < 550
    day = (well.values["energy"][-1] - well.values["energy"][0]) / 9
    # At full speed for 16 h it would take 0.72 kWh; its automatic mode rests most of the day.
    assert ((day > 0.05) & (day < 0.72)).all()
    assert well.values["carbon_dioxide"].min() >= 420
    assert 700 < well.values["carbon_dioxide"].mean() < 1500
    assert 20 < well.values["humidity"].mean() < 70
    assert not well.codes


@pytest.mark.parametrize(("severity", "low", "high"), [(0.5, 0.1, 0.3), (1.0, 0.25, 0.45)])
def test_a_clogged_filter_clears_more_slowly_with_less_power(
    pair: Twins, severity: float, low: float, high: float
) -> None:
    ill, well = pair.ill("filter_clogged", severity), pair.well("filter_clogged", severity)
    fall = 1 - ill.values["decay_rate"][-1].mean() / well.values["decay_rate"][-1].mean()
    assert low < fall < high
    full_ill, full = (one.day("fan_speed", 3, 6) > 1000 for one in (ill, well))
    watts_ill, watts = ill.day("power", 3, 6)[full_ill].mean(), well.day("power", 3, 6)[full].mean()
    assert 0.75 < watts_ill / watts < 0.95
    assert ill.values["fan_speed"].max() == well.values["fan_speed"].max()
    assert ill.raised("FILTER") == (6 if severity == 1.0 else 0)


def test_a_filter_clogs_over_six_to_twelve_months() -> None:
    law = bench(PURIFIER, 0.1).physics.FAULTS["filter_clogged"]
    # 45 % less clean air at the end is 39 % less decay: a fifth of it and two fifths within a year or so.
    assert law.growth == "linear"
    assert 180 <= law.hours / 24 <= 400


def test_a_worn_fan_is_slow_and_hungry(pair: Twins) -> None:
    ill, well = pair.ill("fan_worn"), pair.well("fan_worn")
    fastest = well.day("fan_speed", 3, 6).max(axis=0)
    assert ill.day("fan_speed", 3, 6).max(axis=0) == pytest.approx(0.65 * fastest, rel=0.01)
    quiet = ill.values["power"][-180:].mean() / well.values["power"][-180:].mean()
    assert quiet > 1.1
    assert ill.values["decay_rate"][-1].mean() < 0.85 * well.values["decay_rate"][-1].mean()
    assert ill.raised("FAN") == 6


def test_a_dirty_lens_never_comes_down(pair: Twins) -> None:
    ill, well = pair.ill("sensor_drift"), pair.well("sensor_drift")
    assert night(ill, "pm25") - night(well, "pm25") == pytest.approx(45, abs=3)
    ratio = ill.values["decay_rate"][-1].mean() / well.values["decay_rate"][-1].mean()
    assert ratio == pytest.approx(1.0, abs=0.15)


def test_a_new_filter_is_told_and_shown() -> None:
    one = bench(PURIFIER, 30, (), "filter_clogged", 1.0, cleared_h=3)
    assert len(one.events("filter_replaced")) == 6
    assert (one.at("filter_hours", 170) > 40).all()
    assert (one.last("filter_hours") < 28).all()
    assert {code.active for code in one.events("FILTER")} == {True, False}
    assert (one.at("fan_speed", 185) > 1000).all()  # it shows what it can do


def test_commands() -> None:
    orders: Orders = ((0.5, "purify", {}), (2.0, "turn_off", {}), (3.0, "turn_on", {}))
    one = bench(PURIFIER, 4, orders, devices=1)
    assert [answer.outcome for answer in one.answers] == ["done"] * 3
    assert one.at("fan_speed", 40)[0] > 1000
    assert one.at("fan_speed", 100)[0] < 600
    assert one.at("running", 150)[0] == 0
    assert one.at("power", 150)[0] < 2
    assert one.last("running")[0] == 1
    modes = [event.data["mode"] for event in one.events("mode_changed")]
    assert modes[:3] == ["turbo", "quiet", "off"]
    assert one.physics.obey(0, "dance", {}).outcome == "refused"
