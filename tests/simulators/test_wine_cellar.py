"""Magnitudes and time scales of the wine cabinet's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.simulators.twins import EACH, ONSET_DAYS, Run, Twins, run, twins

WINE = "wine_cellar"
AIR, COIL = "cabinet_temperature", "evaporator_temperature"
CASES = (
    ("door_ajar", 1.0),
    ("compressor_failed", 1.0),
    ("circulation_fan_stopped", 1.0),
    ("refrigerant_leak", 0.5),
    ("refrigerant_leak", 1.0),
    ("gasket_leak", 1.0),
    ("thermistor_open", 1.0),
)


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(WINE, 5, 5, CASES)


def running(one: Run, day: float, days: float = 1.0) -> NDArray[np.bool_]:
    return one.day("power", day, days) > 15


def watts(one: Run, day: float, days: float = 1.0) -> float:
    return float(one.day("power", day, days)[running(one, day, days)].mean())


def warmer(pair: Twins, fault: str, minutes: float) -> float:
    return float(
        (pair.ill(fault).since_onset(AIR, minutes) - pair.well(fault).since_onset(AIR, minutes)).mean()
    )


def test_a_healthy_cabinet_is_as_the_label_says() -> None:
    one = run(WINE, 5, ambient=25.0)
    assert np.all(np.abs(one.day(AIR, 1, 4).mean(axis=0) - one.values["set_point"][-1]) < 0.5)
    damp = one.day("humidity", 1, 4).mean(axis=0)
    assert np.all((damp > 50) & (damp < 75))
    year = (one.values["energy"][-1] - one.values["energy"][1440]) / 4 * 365
    # European labels of cabinets for 40–60 bottles (Regulation (EU) 2019/2016): 100–200 kWh a year.
    assert np.all((year > 80) & (year < 200))
    assert year.mean() > 100
    duty = running(one, 1, 4).mean(axis=0)
    assert np.all((duty > 0.12) & (duty < 0.45))


def test_an_open_door_warms_and_moistens_at_once(pair: Twins) -> None:
    ill, well = pair.ill("door_ajar"), pair.well("door_ajar")
    assert 3.0 < warmer(pair, "door_ajar", 60) < 8.0
    assert (ill.values["power"][ONSET_DAYS * 1440 + 20 : ONSET_DAYS * 1440 + 300] > 15).mean() > 0.95
    early = slice(ONSET_DAYS * 1440, ONSET_DAYS * 1440 + 240)
    assert ill.values["humidity"][early].mean() > well.values["humidity"][early].mean() + 3.0
    assert ill.raised("Refrigeration.Common.Event.Door.AlarmWineCompartment") == EACH


def test_a_failed_compressor_warms_over_hours(pair: Twins) -> None:
    ill = pair.ill("compressor_failed")
    assert not (ill.values["power"][ONSET_DAYS * 1440 + 1 :] > 15).any()
    assert warmer(pair, "compressor_failed", 60) < 3.0
    assert 2.0 < warmer(pair, "compressor_failed", 360) < 6.0
    assert ill.day(COIL, 4).mean() > pair.well("compressor_failed").day(COIL, 4).mean() + 5


def test_a_standing_fan_leaves_the_coil_cold_and_the_wine_warm(pair: Twins) -> None:
    ill, well = pair.ill("circulation_fan_stopped"), pair.well("circulation_fan_stopped")
    assert ill.day(COIL, 3, 2).mean() < well.day(COIL, 3, 2).mean() - 10
    assert ill.day(AIR, 4).mean() > well.day(AIR, 4).mean() + 1.0
    assert watts(ill, 3, 2) < 0.75 * watts(well, 3, 2)
    assert running(ill, 3, 2).mean() > 0.9


def test_a_leak_lowers_the_watts_and_warms_in_the_end(pair: Twins) -> None:
    half, half_well = pair.ill("refrigerant_leak", 0.5), pair.well("refrigerant_leak", 0.5)
    assert watts(half, 3, 2) < 0.92 * watts(half_well, 3, 2)
    assert running(half, 3, 2).mean() > 1.3 * running(half_well, 3, 2).mean()
    full, well = pair.ill("refrigerant_leak"), pair.well("refrigerant_leak")
    assert full.day(AIR, 4).mean() > well.day(AIR, 4).mean() + 2.0
    assert full.day(COIL, 4).mean() > well.day(COIL, 4).mean() + 3.0


def test_a_leaking_gasket_raises_duty_and_humidity(pair: Twins) -> None:
    ill, well = pair.ill("gasket_leak"), pair.well("gasket_leak")
    assert 1.3 < running(ill, 3, 2).mean() / running(well, 3, 2).mean() < 2.0
    assert ill.day("humidity", 3, 2).mean() > well.day("humidity", 3, 2).mean() + 5
    assert watts(ill, 3, 2) == pytest.approx(watts(well, 3, 2), rel=0.03)
    assert np.array_equal(ill.day("door_open", 3), well.day("door_open", 3))


def test_without_a_sensor_a_clock_runs_the_compressor(pair: Twins) -> None:
    ill, well = pair.ill("thermistor_open"), pair.well("thermistor_open")
    assert running(ill, 3).mean() == pytest.approx(0.5, abs=0.05)
    assert ill.day(AIR, 4).mean() < well.day(AIR, 4).mean() - 3
