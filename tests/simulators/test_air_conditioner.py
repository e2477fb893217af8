"""Magnitudes of the air conditioner's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.simulators.twins import Run, Twins, run, run_lengths_min, twins

AIRCON = "air_conditioner"
CASES = (
    ("filter_clogged", 1.0),
    ("refrigerant_leak", 0.8),
    ("condenser_fouled", 1.0),
    ("indoor_fan_stopped", 1.0),
    ("short_cycling", 1.0),
    ("cooling_lost", 1.0),
    ("bad_air", 1.0),
)


def on(one: Run) -> NDArray[np.bool_]:
    return one.day("running", 3, 2) > 0


def compressing(one: Run) -> NDArray[np.bool_]:
    return one.day("power", 3, 2) > 150


def duty(one: Run) -> float:
    return float(compressing(one)[on(one)].mean())


def watts(one: Run) -> float:
    return float(one.day("power", 3, 2)[compressing(one)].mean())


def above_set_point(one: Run) -> float:
    return float((one.day("room_temperature", 3, 2) - one.day("set_point", 3, 2))[on(one)].mean())


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(AIRCON, 5, 5, CASES)


def test_a_healthy_air_conditioner_holds_the_room(pair: Twins) -> None:
    well = pair.well_run
    assert abs(above_set_point(well)) < 0.5
    assert 0.15 < duty(well) < 0.6
    lengths = run_lengths_min(compressing(well))
    assert 4 <= np.median(lengths) <= 15
    pauses = run_lengths_min(~compressing(well) & on(well))
    assert np.median(lengths) + np.median(pauses) == pytest.approx(17, abs=6)  # minutes a cycle
    assert run_lengths_min(~compressing(well)).min() >= 3  # restart delay
    steady = well.day("room_temperature", 3, 2) - well.day("supply_temperature", 3, 2)
    late = compressing(well)[4:] & compressing(well)[:-4] & compressing(well)[2:-2] & compressing(well)[3:-1]
    assert 8.5 < np.median(steady[4:][late]) < 12.5
    assert 600 < watts(well) < 1300


def test_it_heats_where_it_is_cold() -> None:
    one = run(AIRCON, 5, climate="temperate")
    heating = compressing(one)
    assert heating.any()
    assert (one.day("supply_temperature", 3, 2) - one.day("room_temperature", 3, 2))[heating].mean() > 5
    assert abs(above_set_point(one)) < 1.0


def test_a_clogged_filter_lowers_watts_and_supply_air_and_raises_duty(pair: Twins) -> None:
    ill, well = pair.ill("filter_clogged"), pair.well("filter_clogged")
    assert watts(ill) < 0.95 * watts(well)
    assert duty(ill) > 1.25 * duty(well)
    assert (
        ill.day("supply_temperature", 3, 2)[on(ill)].mean()
        < well.day("supply_temperature", 3, 2)[on(well)].mean() - 1.5
    )


def test_a_leak_lowers_watts_warms_the_supply_air_and_raises_duty(pair: Twins) -> None:
    ill, well = pair.ill("refrigerant_leak", 0.8), pair.well("refrigerant_leak", 0.8)
    assert watts(ill) < 0.92 * watts(well)
    assert duty(ill) > 1.4 * duty(well)
    warmer = ill.day("supply_temperature", 3, 2)[compressing(ill)].mean()
    assert warmer > well.day("supply_temperature", 3, 2)[compressing(well)].mean() + 0.5


def test_a_fouled_condenser_raises_watts(pair: Twins) -> None:
    ill, well = pair.ill("condenser_fouled"), pair.well("condenser_fouled")
    assert 1.12 < watts(ill) / watts(well) < 1.35
    assert duty(ill) > 0.95 * duty(well)


def test_a_standing_fan_leaves_the_coil_cold_and_the_room_warm(pair: Twins) -> None:
    ill, well = pair.ill("indoor_fan_stopped"), pair.well("indoor_fan_stopped")
    assert above_set_point(ill) > 2.0
    assert ill.day("supply_temperature", 3, 2)[on(ill)].mean() < 5.0
    assert watts(ill) < 0.8 * watts(well)
    assert ill.raised("CH10") == 6


def test_short_cycles_stay_under_ten_minutes(pair: Twins) -> None:
    ill, well = pair.ill("short_cycling"), pair.well("short_cycling")
    cycle = np.median(run_lengths_min(compressing(ill))) + np.median(
        run_lengths_min(~compressing(ill) & on(ill))
    )
    assert cycle < 10
    assert run_lengths_min(compressing(ill)).max() <= 5
    assert watts(ill) == pytest.approx(watts(well), rel=0.05)


def test_lost_cooling_lets_the_room_warm_over_hours(pair: Twins) -> None:
    ill = pair.ill("cooling_lost")
    assert not compressing(ill).any()
    assert above_set_point(ill) > 3.0
    spread = np.abs(ill.day("supply_temperature", 3, 2) - ill.day("room_temperature", 3, 2))
    assert spread.mean() < 0.5


def test_bad_air_is_dust_and_nothing_else(pair: Twins) -> None:
    ill, well = pair.ill("bad_air"), pair.well("bad_air")
    assert ill.since_onset("pm25", 60).mean() > 75
    assert well.day("pm25", 2, 3).mean() < 35
    assert np.array_equal(ill.day("room_temperature", 3), well.day("room_temperature", 3))
