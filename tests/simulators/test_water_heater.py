"""Magnitudes and time scales of the storage heater's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import Severities
from simulators.households import Homes
from simulators.physics.water_heater import WaterHeater, risen
from simulators.randomness import keyed
from tests.simulators.twins import EACH, ONSET_DAYS, Run, Twins, run, twins

HEATER = "water_heater"
TOP, BOTTOM = "tank_temperature_upper", "tank_temperature_lower"
CASES = (
    ("element_lower_open", 1.0),
    ("element_upper_open", 1.0),
    ("thermostat_stuck", 1.0),
    ("leak", 1.0),
    ("element_scaled", 0.9),
    ("element_scaled", 1.0),
    ("anode_worn", 1.0),
)
ONSET = ONSET_DAYS * 1440


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(HEATER, 6, 6, CASES)


def watts(one: Run) -> float:
    power = one.day("power", 3, 3)
    return float(power[power > 500].mean())


def kwh(one: Run) -> float:
    return float((one.values["energy"][-1] - one.values["energy"][ONSET]).mean())


def litres(one: Run) -> float:
    return float((one.values["water"][-1] - one.values["water"][ONSET]).mean())


def alone(hours: float, wanted: float = 0.0, *, on: bool = True) -> tuple[WaterHeater, float]:
    """Run three heaters at 20 °C with 15 °C cold water; return them and the kWh that each used."""
    heater = WaterHeater.create(3, keyed(5, "alone"), 0.0)
    heater.state["on"][:] = on
    before = heater.state["energy"].copy()
    row = {
        "wanted": np.full(3, wanted),
        "cold": np.full(3, 15.0),
        "ambient": np.full(3, 20.0),
        "volts": np.ones(3),
        "timer": np.ones(3),
        "hardness": np.full(3, 150.0),
    }
    for _ in range(round(hours * 60)):
        heater.step(row, Severities(3), 60.0)
    return heater, float((heater.state["energy"] - before).mean())


def test_a_family_uses_what_families_use() -> None:
    one = run(HEATER, 9, climate="temperate")
    day = (one.values["energy"][-1] - one.values["energy"][1440]) / 8
    # Tapping profile M of Regulation (EU) No 814/2013: 5.845 kWh of hot water a day; and the standing loss.
    assert np.all((day > 3.0) & (day < 10.0))
    assert 4.0 < day.mean() < 9.0
    assert 40 < litres(one) / 7 < 160
    assert one.values["power"].max() < 5100  # never both elements at once
    assert one.day(TOP, 1, 8).min() > 45
    assert one.day(TOP, 1, 8).max() < 70
    showers = one.values["flow"] > 2.0
    by_hour = showers.reshape(9, 24, 60, EACH).sum(axis=(0, 2, 3))
    assert by_hour.max() > 4 * np.median(by_hour)  # mornings and evenings


def test_an_idle_tank_loses_one_to_two_kwh_a_day() -> None:
    _, used = alone(10 * 24)
    assert 1.0 < used / 10 < 2.0


def test_heat_is_conserved() -> None:
    heater, used = alone(48, 0.4)
    drawn = heater.state["water"]
    after = np.mean([heater.state[f"layer_{n}"] for n in range(1, 7)], axis=0)
    assert np.all(after < heater.state["set_point"] + 2)
    hot = used - 2 * 1.45 * 36 * 24 / 1000  # without the standing loss
    # 0.4 L/min of mixed water at 40 °C, from 15 °C: 1152 L in two days.
    assert hot == pytest.approx(1152 * 25 * 4.186 / 3600, rel=0.1)
    assert np.all(np.isfinite(drawn))


def test_a_lower_element_that_is_open_leaves_some_hot_water(pair: Twins) -> None:
    ill, well = pair.ill("element_lower_open"), pair.well("element_lower_open")
    assert abs(ill.day(TOP, 3, 3).mean() - well.day(TOP, 3, 3).mean()) < 4
    assert ill.day(BOTTOM, 3, 3).mean() < well.day(BOTTOM, 3, 3).mean() - 12
    assert kwh(ill) < kwh(well)


def test_an_upper_element_that_is_open_leaves_none(pair: Twins) -> None:
    ill, well = pair.ill("element_upper_open"), pair.well("element_upper_open")
    assert not (ill.day("power", 3, 3) > 500).any()  # a day after the onset at the latest, the control waits
    assert np.all((well.day("power", 3, 3) > 500).any(axis=0))
    assert ill.day(TOP, 5, 1).mean() < well.day(TOP, 5, 1).mean() - 20


def test_a_welded_contact_heats_to_the_cut_out(pair: Twins) -> None:
    ill, well = pair.ill("thermostat_stuck"), pair.well("thermostat_stuck")
    hottest = ill.day(TOP, 3, 3).max(axis=0)
    assert np.all((hottest > 75) & (hottest < 82.5))
    assert (ill.since_onset(TOP, 360) - well.since_onset(TOP, 360)).mean() > 8  # hours
    assert ill.raised("OVERHEAT") == EACH
    assert well.raised("OVERHEAT") == 0


def test_a_leak_flows_at_night(pair: Twins) -> None:
    ill, well = pair.ill("leak"), pair.well("leak")
    assert ill.day("flow", 3, 3).min() == pytest.approx(0.35)
    assert well.day("flow", 3, 3).min() == 0.0
    assert litres(ill) - litres(well) == pytest.approx(4 * 1440 * 0.35, rel=0.05)
    assert kwh(ill) > 2 * kwh(well)
    assert ill.raised("LEAK") == EACH
    assert well.raised("LEAK") == 0


def test_scale_costs_no_energy_lowers_the_watts_and_opens_the_element_at_last(pair: Twins) -> None:
    ill, well = pair.ill("element_scaled", 0.9), pair.well("element_scaled", 0.9)
    assert 0.93 < watts(ill) / watts(well) < 0.97
    assert kwh(ill) == pytest.approx(kwh(well), rel=0.05)  # electric efficiency stays
    assert ill.day(BOTTOM, 3, 3).mean() == pytest.approx(well.day(BOTTOM, 3, 3).mean(), abs=1.0)
    broken, sound = pair.ill("element_scaled"), pair.well("element_scaled")
    assert broken.day(BOTTOM, 3, 3).mean() < sound.day(BOTTOM, 3, 3).mean() - 8  # as if open


def test_a_worn_anode_shows_in_no_channel(pair: Twins) -> None:
    ill, well = pair.ill("anode_worn"), pair.well("anode_worn")
    for channel, values in ill.values.items():
        assert np.array_equal(values, well.values[channel]), channel


def test_an_anode_wears_with_hardness_and_age() -> None:
    def left(hardness: float) -> float:
        heater = WaterHeater.create(2, keyed(5, "anode"), 0.0)
        heater.state["anode"][:] = 1.0
        row = {name: np.full(2, 20.0) for name in ("wanted", "cold", "ambient")}
        row |= {
            "wanted": np.zeros(2),
            "volts": np.ones(2),
            "timer": np.ones(2),
            "hardness": np.full(2, hardness),
        }
        for _ in range(30 * 12):
            heater.step(row, Severities(2), 7200.0)
        return float(heater.state["anode"].mean())

    assert left(150.0) == pytest.approx(1.0 - 30 / 365.25 / 4, abs=1e-4)  # four years' life
    assert left(380.0) < left(150.0) < left(40.0) < 1.0


def test_turning_off_cools_the_tank_and_a_set_point_is_followed() -> None:
    heater, used = alone(72, 0.05, on=False)
    assert used < 0.2
    assert heater.read()[TOP].max() < 50
    assert heater.obey(0, "turn_on", {}).outcome == "done"
    assert heater.obey(0, "set_temperature", {"set_point": 45.0}).outcome == "done"
    assert heater.obey(1, "sing", {}).outcome == "refused"
    row = {name: np.full(3, 20.0) for name in ("cold", "ambient")}
    row |= {"wanted": np.zeros(3), "volts": np.ones(3), "timer": np.ones(3), "hardness": np.full(3, 100.0)}
    for _ in range(240):
        heater.step(row, Severities(3), 60.0)
    assert heater.read()[TOP][0] == pytest.approx(45, abs=3)
    assert heater.read()["running"].tolist() == [True, False, False]


def test_trips_leave_the_tank_unused() -> None:
    homes = Homes(60, 3, "temperate")
    away, used = [], []
    for day in range(20_545, 20_560):
        span = homes.span(day * 86_400 + 7 * 3600, 60.0)
        away.append(span.away.mean(axis=0))
        used.append(span.hot_water.sum(axis=0))
    gone = np.stack(away) > 0.99
    assert 0 < gone.mean() < 0.2
    assert np.stack(used)[gone].max() == 0.0
    assert np.stack(used)[~gone].max() > 20.0


@given(st.lists(st.floats(0, 95), min_size=6, max_size=6))
def test_warm_water_rises_and_keeps_its_heat(layers: list[float]) -> None:
    tank = np.array(layers)[:, None]
    after = risen(tank)
    assert np.all(np.diff(after[:, 0]) >= -1e-9)
    assert after.sum() == pytest.approx(tank.sum(), abs=1e-6)
    assert risen(after) == pytest.approx(after)
