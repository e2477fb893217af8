"""Magnitudes of the dishwasher's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import pytest

from tests.simulators.bench import Bench, bench
from tests.simulators.twins import run

DISHWASHER = "dishwasher"
ECO = ((0.0, "start", {"programme": "eco"}),)


@pytest.fixture(scope="module")
def well() -> Bench:
    return bench(DISHWASHER, 5, ECO)


def test_an_eco_wash_against_the_label(well: Bench) -> None:
    """0.54–1.04 kWh for 13 place settings; here the racks are half full."""
    finished = well.events("programme_finished")
    assert len(finished) == 6
    assert {one.data["programme"] for one in finished} == {"eco"}
    for one in finished:
        assert 120 < one.data["minutes"] < 240
        assert 9 < one.data["litres"] < 14
        assert 0.5 < one.data["energy"] < 1.04
    assert not any(one.kind == "fault" and "Empty" not in one.name for _, one in well.happenings)


def test_what_it_measures_lies_where_real_machines_do(well: Bench) -> None:
    assert ((well.last("drain_duration") > 30) & (well.last("drain_duration") < 90)).all()
    assert ((well.last("fill_flow") > 2) & (well.last("fill_flow") < 6)).all()
    assert ((well.last("heat_rate") > 2) & (well.last("heat_rate") < 4)).all()
    assert well.values["water_temperature"].max() == pytest.approx(50, abs=1)
    circulating = well.values["pump_power"][well.values["pump_power"] > 15]
    assert 40 < circulating.mean() < 70


@pytest.mark.parametrize(("severity", "factor"), [(0.27, 2.0), (0.95, 4.6)])
def test_a_blocked_drain_takes_two_to_five_times_as_long(well: Bench, severity: float, factor: float) -> None:
    ill = bench(DISHWASHER, 5, ECO, "drain_blocked", severity)
    assert ill.last("drain_duration") / well.last("drain_duration") == pytest.approx(factor, rel=0.05)
    assert ill.last("fill_flow") == pytest.approx(well.last("fill_flow"), rel=0.08)
    assert ill.raised("OE") == 0


def test_a_drain_that_lets_nothing_out_stops_it() -> None:
    ill = bench(DISHWASHER, 8, ECO, "drain_blocked", 1.0, cleared_h=6)
    assert ill.raised("OE") == 6
    assert len(ill.events("programme_aborted")) == 6
    assert (ill.last("drain_duration") < 90).all()  # tested after the repair


def test_a_blocked_inlet_fills_slowly_and_then_not_in_time(well: Bench) -> None:
    some = bench(DISHWASHER, 5, ECO, "inlet_blocked", 0.6)
    assert some.last("fill_flow") / well.last("fill_flow") == pytest.approx(0.46, abs=0.03)
    assert some.last("drain_duration") == pytest.approx(well.last("drain_duration"), rel=0.05)
    much = bench(DISHWASHER, 2, ECO, "inlet_blocked", 1.0)
    assert much.raised("IE") == 6
    assert len(much.events("programme_aborted")) == 6


def test_an_open_heater_washes_cold(well: Bench) -> None:
    ill = bench(DISHWASHER, 5, ECO, "heater_open")
    assert (ill.last("heat_rate") < 0.2).all()
    assert ill.values["power"].max() < well.values["power"].max() - 1500
    assert ill.raised("HE") == 6


def test_a_worn_pump_draws_more_and_nothing_else(well: Bench) -> None:
    ill = bench(DISHWASHER, 5, ECO, "circulation_pump_worn", 1.0)
    assert ill.values["pump_power"].max(axis=0) / well.values["pump_power"].max(axis=0) == pytest.approx(1.7)
    assert ill.last("drain_duration") == pytest.approx(well.last("drain_duration"), rel=0.05)
    assert ill.last("heat_rate") == pytest.approx(well.last("heat_rate"), rel=0.05)


def test_a_leak_lifts_the_float_switch_in_minutes_of_washing_or_hours_at_rest(well: Bench) -> None:
    washing = bench(DISHWASHER, 3, ECO, "leak")
    assert washing.raised("AE") == 6
    assert len(washing.events("programme_aborted")) == 6
    assert (washing.at("leak_sensor", 20) == 1).all()
    assert well.values["leak_sensor"].max() == 0
    resting = bench(DISHWASHER, 3, (), "leak", cleared_h=2.5)
    assert (resting.at("leak_sensor", 60) == 0).all()
    assert (resting.at("leak_sensor", 120) == 1).all()
    assert (resting.last("leak_sensor") == 0).all()
    again = bench(DISHWASHER, 3, ((2.0, "start", {"programme": "eco"}),), "leak")
    assert {answer.outcome for answer in again.answers} == {"refused"}


def test_two_weeks_at_home() -> None:
    home = run(DISHWASHER, 14, climate="temperate")
    numbers = home.values["programme"]
    starts = ((numbers[1:] > 0) & (numbers[:-1] == 0)).sum()
    assert 15 <= starts <= 84
    kwh = (home.values["energy"][-1] - home.values["energy"][0]).sum() / starts
    assert 0.6 < kwh < 1.04
    assert 9 < (home.values["water"][-1] - home.values["water"][0]).sum() / starts < 14
