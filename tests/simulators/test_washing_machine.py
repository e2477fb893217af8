"""Magnitudes of the washing machine's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.physics.washing_machine import vibration
from tests.simulators.bench import Bench, Orders, bench
from tests.simulators.twins import run

WASHER = "washing_machine"
COTTON = ((0.0, "start", {"programme": "cotton"}),)


@pytest.fixture(scope="module")
def well() -> Bench:
    return bench(WASHER, 4, COTTON)


def test_a_cotton_wash_is_one(well: Bench) -> None:
    assert all(answer.outcome == "done" for answer in well.answers)
    (first, *_), finished = well.events("programme_started"), well.events("programme_finished")
    assert first.data["programme"] == "cotton"
    assert first.data["temperature"] == 40.0
    assert first.data["spin"] in (1000.0, 1200.0, 1400.0)
    assert first.data["intensity"] == "normal"
    assert len(finished) == 6
    for one in finished:
        assert 75 < one.data["minutes"] < 150
        assert 25 < one.data["litres"] < 55
        assert 0.3 < one.data["energy"] < 0.95
        counted = float(well.last("water")[one.device] - well.values["water"][0, one.device])
        assert counted <= one.data["litres"] + 0.1 <= counted + 6  # the first half minute's filling
    assert not any(one.kind == "fault" for _, one in well.happenings)
    assert (well.last("running") == 0).all()
    assert (well.last("water_level") == 0).all()
    assert 2000 < well.values["power"].max() < 2700


def test_what_it_measures_lies_where_real_machines_do(well: Bench) -> None:
    assert ((well.last("drain_duration") > 30) & (well.last("drain_duration") < 60)).all()
    assert ((well.last("fill_flow") > 6) & (well.last("fill_flow") < 10)).all()
    assert (well.values["spin_speed"].max(axis=0) >= 980).all()
    assert well.values["spin_speed"].max() <= 1400
    assert ((well.last("vibration") > 1) & (well.last("vibration") < 12)).all()
    assert np.abs(well.values["water_temperature"].max(axis=0) - 40).max() < 1.0


def test_the_heater_warms_as_its_watts_say(well: Bench) -> None:
    """10 kg from 15 to 40 °C in 8.7 min with 2 kW: 2.87 K/min for water alone, less with laundry and tub."""
    heating = (well.values["power"] > 1500)[:, 0]
    began, ended = np.flatnonzero(heating)[[0, -1]]
    rise = well.values["water_temperature"][ended, 0] - well.values["water_temperature"][began, 0]
    minutes = (ended - began) * well.step_s / 60
    assert rise / minutes == pytest.approx(well.last("heat_rate")[0], rel=0.08)
    parameters = well.physics.parameters
    litres = float(well.values["water"][ended, 0] - well.values["water"][0, 0])
    # A load of 1 to 4 kg, 1.3 kJ/(kg K), and the tub; what it soaked is part of the litres.
    alone = parameters["heater"][0] * 60 / (4186 * litres)
    assert 0.6 * alone < well.last("heat_rate")[0] < alone
    assert pytest.approx(8.7, abs=0.05) == 10 * 4186 * 25 / 2000 / 60


def test_vibration_follows_mass_radius_and_speed_squared() -> None:
    one = vibration(np.array([0.2]), np.array([600.0]), np.array([1.0]))
    assert one == pytest.approx(0.2 * 0.24 * (2 * np.pi * 10) ** 2)
    assert vibration(np.array([0.4]), np.array([1200.0]), np.array([1.0])) == pytest.approx(8 * one)


@pytest.mark.parametrize(("severity", "factor"), [(0.27, 2.0), (0.95, 4.6)])
def test_a_blocked_drain_takes_two_to_five_times_as_long(well: Bench, severity: float, factor: float) -> None:
    ill = bench(WASHER, 4, COTTON, "drain_blocked", severity)
    assert ill.last("drain_duration") / well.last("drain_duration") == pytest.approx(factor, rel=0.05)
    assert ill.last("fill_flow") == pytest.approx(well.last("fill_flow"), rel=0.08)
    assert len(ill.events("programme_finished")) == 6
    assert ill.raised("OE") == 0


def test_a_drain_that_lets_nothing_out_stops_the_wash_and_a_repair_is_tested() -> None:
    ill = bench(WASHER, 8, COTTON, "drain_blocked", 1.0, cleared_h=6)
    assert ill.raised("OE") == 6
    assert len(ill.events("programme_aborted")) == 6
    assert (ill.at("drain_duration", 350) >= 300).all()
    assert (ill.at("water_level", 200) > 10).all()  # it stands in the drum
    assert (ill.last("drain_duration") < 60).all()  # the test programme after the repair
    codes = ill.events("OE")
    assert sum(not one.active for one in codes) == 6


def test_an_open_heater_leaves_the_wash_cold(well: Bench) -> None:
    ill = bench(WASHER, 4, COTTON, "heater_open")
    assert (ill.last("heat_rate") < 0.2).all()
    assert (well.last("heat_rate") > 1.5).all()
    assert ill.values["power"].max() < well.values["power"].max() - 1400
    assert ill.raised("HE") == 6
    assert len(ill.events("programme_finished")) == 6
    assert ill.last("drain_duration") == pytest.approx(well.last("drain_duration"), rel=0.05)


def test_a_worn_bearing_shows_in_the_bearing_alone(well: Bench) -> None:
    some, much = (bench(WASHER, 4, COTTON, "bearing_worn", severity) for severity in (0.17, 1.0))
    assert some.last("bearing_vibration") / well.last("bearing_vibration") == pytest.approx(1.5, abs=0.02)
    assert much.last("bearing_vibration") / well.last("bearing_vibration") == pytest.approx(4.0, abs=0.02)
    assert much.last("vibration") == pytest.approx(well.last("vibration"))


def test_a_bearing_wears_slowly_first() -> None:
    law = bench(WASHER, 0.1).physics.FAULTS["bearing_worn"]
    assert law.growth == "accelerating"
    assert 60 < law.hours / 24 < 365


def test_a_worn_suspension_shakes_the_housing_alone(well: Bench) -> None:
    ill = bench(WASHER, 4, COTTON, "imbalance", 0.5)
    assert ill.last("vibration") / well.last("vibration") == pytest.approx(1.9, abs=0.02)
    assert ill.last("bearing_vibration") == pytest.approx(well.last("bearing_vibration"))


def test_a_leaking_valve_fills_the_machine_at_rest() -> None:
    ill, healthy = bench(WASHER, 14, (), "inlet_valve_leak"), bench(WASHER, 14)
    assert (ill.at("running", 300) == 0).all()
    assert ill.at("water_level", 300) == pytest.approx(100, abs=1)  # 4 L an hour at 5 mm a litre
    assert healthy.at("water_level", 300).max() == 0
    assert ill.raised("FE") >= 5  # flood protection after 7.5 hours, where nobody has washed before


def test_pause_and_start() -> None:
    orders: Orders = (
        (0.0, "start", {"programme": "quick"}),
        (0.1, "start", {"programme": "wool"}),
        (0.2, "pause", {}),
        (0.3, "start", {"programme": "quick"}),
    )
    one = bench(WASHER, 2, orders, devices=1)
    assert [answer.outcome for answer in one.answers] == ["done", "refused", "done", "done"]
    assert one.at("running", 6)[0] == 1
    assert one.at("running", 15)[0] == 0
    assert one.at("running", 20)[0] == 1
    assert [event.data["programme"] for event in one.events("programme_finished")] == ["quick"]
    assert bench(WASHER, 0.1, ((0.0, "pause", {}),), devices=1).answers[0].outcome == "refused"


def test_two_weeks_at_home() -> None:
    """Energy and water of a wash against the EU label: 0.47–0.93 kWh, at most 48 L for 8 kg."""
    home = run(WASHER, 14, climate="temperate")
    washes = home.values["washes"][-1] - home.values["washes"][0]
    assert 14 <= washes.sum() <= 90  # six homes: some wash each day, some once a week
    kwh = (home.values["energy"][-1] - home.values["energy"][0]).sum() / washes.sum()
    litres = (home.values["water"][-1] - home.values["water"][0]).sum() / washes.sum()
    assert 0.45 < kwh < 0.95
    assert 25 < litres < 50
    assert len(np.unique(home.values["programme"])) == 5
    # Vibration differs from load to load: a single value says little.
    assert home.values["vibration"].std() / home.values["vibration"].mean() > 0.2
