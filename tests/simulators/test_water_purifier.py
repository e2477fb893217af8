"""Magnitudes and time scales of the purifier's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.faults import FaultBook, Severities
from simulators.households import Homes
from simulators.physics.water_purifier import WaterPurifier
from simulators.randomness import keyed
from simulators.water_supply import SUPPLIES, mains_temperature, supply_of
from tests.simulators.twins import EACH, ONSET_DAYS, Run, Twins, run, twins

PURIFIER = "water_purifier"
CASES = (
    ("sediment_filter_clogged", 1.0),
    ("membrane_worn", 0.3),
    ("membrane_worn", 1.0),
    ("pump_weak", 1.0),
    ("leak", 1.0),
)


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(PURIFIER, 7, 7, CASES)


def pump_watts(one: Run) -> float:
    power = one.day("power", 5, 2)
    return float(power[power > 10].mean())


def litres(one: Run) -> float:
    return float((one.values["water"][-1] - one.values["water"][5 * 1440]).mean())


def row(turbidity: float = 0.5, wants: float = 0.0) -> dict[str, np.ndarray]:
    figures = {"wants": wants, "tds": 300.0, "turbidity": turbidity, "pressure": 250.0, "seen": 0.5}
    return {name: np.full(2, value) for name, value in figures.items()}


def test_a_healthy_purifier_is_as_the_books_say() -> None:
    one = run(PURIFIER, 9)
    day = (one.values["water"][-1] - one.values["water"][1440]) / 8
    assert np.all((day > 4) & (day < 80))
    assert 10 < day.mean() < 45
    full = one.day("full_flow", 1, 8)
    assert full.min() > 0.9
    assert full.max() < 2.0
    rejection = 1.0 - one.day("tds_out", 1, 8) / one.day("tds_in", 1, 8)
    assert np.all((rejection.mean(axis=0) > 0.90) & (rejection.mean(axis=0) < 0.97))
    year = (one.values["energy"][-1] - one.values["energy"][1440]) / 8 * 365
    assert np.all((year > 10) & (year < 40))
    assert (one.day("flow", 1, 8) > 0).mean() < 0.06


def test_the_water_is_as_the_region_has_it() -> None:
    def tds(region: str) -> float:
        return float(Homes(50, 3, "temperate", 0.0, region).span(20_545 * 86_400, 60.0).tds.mean())

    assert tds("limestone") > 1.8 * tds("river") > 1.8 * 1.8 * tds("reservoir")
    assert supply_of("a place that nobody knows") in SUPPLIES.values()
    year = np.arange(365.0)
    cold = mains_temperature(11.0, 9.5, 200, year)
    assert 9 < cold.mean() < 16
    assert 6 < np.ptp(cold) < 16
    assert 205 < year[cold.argmax()] < 260  # weeks after the air


def test_a_clogged_filter_takes_the_flow_and_nothing_else(pair: Twins) -> None:
    ill, well = pair.ill("sediment_filter_clogged"), pair.well("sediment_filter_clogged")
    ratio = [
        float(np.median(ill.since_onset("full_flow", m) / well.since_onset("full_flow", m)))
        for m in (360, 1440, 4320)
    ]
    assert 0.6 < ratio[0] <= 1.0  # litres × turbidity must come through first
    assert ratio[0] > ratio[1] > ratio[2]
    assert 0.15 < ratio[2] < 0.4
    assert pump_watts(ill) < pump_watts(well) - 8
    assert abs(ill.day("tds_out", 5, 2).mean() - well.day("tds_out", 5, 2).mean()) < 3
    assert np.array_equal(ill.day("inlet_pressure", 5), well.day("inlet_pressure", 5))
    assert litres(ill) == pytest.approx(litres(well), rel=0.1)  # people wait for their water
    used = ill.values["water"][-1] - ill.values["water"][ONSET_DAYS * 1440] > 40  # one home is on a trip
    assert ill.raised("FILTER") == used.sum() >= EACH - 1


def test_dirtier_water_clogs_sooner_and_no_use_not_at_all() -> None:
    def flow_after(turbidity: float, wants: float) -> float:
        purifier = WaterPurifier.create(2, keyed(5, "dirt"), 0.0)
        book = FaultBook(WaterPurifier.FAULTS, 2)
        for device in range(2):
            book.plan(device, "d", "sediment_filter_clogged", 0, growth="step")
        for minute in range(600):
            inputs = row(turbidity, wants if minute % 10 == 0 else 0.0)
            purifier.step(inputs, book.at(minute * 60_000_000), 60.0)
        purifier.step(row(turbidity, 3.0), book.at(36_000_000_000), 60.0)
        return float(purifier.read()["full_flow"].mean())

    assert flow_after(0.5, 0.0) > 1.2
    assert flow_after(1.5, 0.3) < 0.75 * flow_after(0.3, 0.3)


def test_a_new_filter_brings_the_flow_back() -> None:
    purifier = WaterPurifier.create(2, keyed(5, "new filter"), 0.0)
    book = FaultBook(WaterPurifier.FAULTS, 2)
    book.plan(0, "d", "sediment_filter_clogged", 0, growth="step")
    told = []
    for minute in range(2000):
        purifier.step(row(1.0, 0.5 if minute % 5 == 0 else 0.0), book.at(minute * 60_000_000), 60.0)
        told += [one.name for one in purifier.take_happenings() if one.device == 0]
    assert purifier.read()["full_flow"][0] < 0.5
    book.clear(0, None, 2000 * 60_000_000)
    for minute in range(2000, 2020):
        purifier.step(row(1.0, 1.2), book.at(minute * 60_000_000), 60.0)
        told += [one.name for one in purifier.take_happenings() if one.device == 0]
    assert purifier.read()["full_flow"][0] > 1.2
    assert purifier.read()["filter_litres"][0] < 40
    assert told == ["FILTER", "FILTER", "filter_replaced"] or told == ["FILTER", "filter_replaced", "FILTER"]


def test_a_worn_membrane_lets_solids_pass_at_the_same_flow(pair: Twins) -> None:
    full, well = pair.ill("membrane_worn"), pair.well("membrane_worn")
    part, part_well = pair.ill("membrane_worn", 0.3), pair.well("membrane_worn", 0.3)
    assert 3.0 < full.day("tds_out", 5, 2).mean() / well.day("tds_out", 5, 2).mean() < 5.0
    assert 1.5 < part.day("tds_out", 5, 2).mean() / part_well.day("tds_out", 5, 2).mean() < 2.5
    assert np.array_equal(full.day("full_flow", 5), well.day("full_flow", 5))
    assert WaterPurifier.FAULTS["membrane_worn"].hours >= 24 * 60  # months


def test_a_weak_pump_gives_less_for_more(pair: Twins) -> None:
    ill, well = pair.ill("pump_weak"), pair.well("pump_weak")
    assert 0.5 < ill.day("full_flow", 5, 2).mean() / well.day("full_flow", 5, 2).mean() < 0.8
    assert 1.2 < pump_watts(ill) / pump_watts(well) < 1.4


def test_a_leak_flows_without_a_pause(pair: Twins) -> None:
    ill, well = pair.ill("leak"), pair.well("leak")
    assert ill.day("flow", 3, 4).min() == pytest.approx(0.25)
    assert well.day("flow", 3, 4).min() == 0.0
    assert litres(ill) - litres(well) == pytest.approx(2 * 1440 * 0.25, rel=0.05)
    assert ill.raised("LEAK") == EACH
    assert well.raised("LEAK") == 0


def test_closing_the_inlet_stops_a_leak_until_somebody_repairs_it() -> None:
    purifier = WaterPurifier.create(2, keyed(5, "valve"), 0.0)
    book = FaultBook(WaterPurifier.FAULTS, 2)
    book.plan(0, "d", "leak", 0, growth="step")
    purifier.step(row(), book.at(0), 60.0)
    assert purifier.read()["flow"].tolist() == [0.25, 0.0]
    assert purifier.obey(0, "close_inlet", {}).outcome == "done"
    assert purifier.obey(0, "flush", {}).outcome == "failed"
    purifier.step(row(wants=1.0), book.at(60_000_000), 60.0)
    assert purifier.read()["flow"][0] == 0.0
    assert purifier.read()["flow"][1] > 1.0
    book.clear(0, None, 120_000_000)
    purifier.step(row(), book.at(120_000_000), 60.0)
    purifier.step(row(wants=1.0), book.at(180_000_000), 60.0)
    assert purifier.read()["flow"][0] > 1.0
    assert purifier.obey(1, "close_inlet", {}).outcome == "done"
    assert purifier.obey(1, "open_inlet", {}).outcome == "done"
    purifier.step(row(wants=1.0), book.at(240_000_000), 60.0)
    assert purifier.read()["flow"][1] > 1.0


def test_flushing_runs_the_pump_and_freshens_the_water() -> None:
    purifier = WaterPurifier.create(2, keyed(5, "flush"), 0.0)
    for _ in range(8 * 60):
        purifier.step(row(), Severities(2), 60.0)
    assert purifier.obey(0, "flush", {}).outcome == "done"
    purifier.step(row(), Severities(2), 60.0)
    assert purifier.read()["power"][0] > 30 > 10 > purifier.read()["power"][1]
    assert purifier.read()["flow"].tolist() == [0.0, 0.0]
    for _ in range(2):
        purifier.step(row(), Severities(2), 60.0)
    purifier.step(row(wants=0.9), Severities(2), 60.0)
    flushed, stale = purifier.read()["tds_out"]
    assert flushed < 0.9 * stale
