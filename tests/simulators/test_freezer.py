"""Magnitudes and time scales of the freezer's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.simulators.twins import EACH, ONSET_DAYS, Run, Twins, run, run_lengths_min, twins

FREEZER = "freezer"
AIR, COIL = "freezer_temperature", "evaporator_temperature"
CASES = (
    ("door_ajar", 1.0),
    ("compressor_failed", 1.0),
    ("condenser_fan_stopped", 1.0),
    ("refrigerant_leak", 0.5),
    ("refrigerant_leak", 1.0),
    ("gasket_leak", 1.0),
    ("thermistor_open", 1.0),
)


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(FREEZER, 6, 5, CASES)


def running(one: Run, day: float, days: float = 1.0) -> NDArray[np.bool_]:
    return one.day("power", day, days) > 30


def watts(one: Run, day: float, days: float = 1.0) -> float:
    return float(one.day("power", day, days)[running(one, day, days)].mean())


def test_a_healthy_freezer_is_as_the_label_says() -> None:
    one = run(FREEZER, 5, ambient=25.0)
    assert np.all(np.abs(one.day(AIR, 1, 4).mean(axis=0) - one.values["set_point"][-1]) < 0.6)
    assert one.day(AIR, 1, 4).max() < -12
    duty = running(one, 1, 4).mean(axis=0)
    assert np.all((duty > 0.25) & (duty < 0.45))
    assert -30 < one.day(COIL, 1, 4)[running(one, 1, 4)].mean() < -23
    assert 15 <= np.median(run_lengths_min(running(one, 1, 4))) <= 60
    year = (one.values["energy"][-1] - one.values["energy"][1440]) / 4 * 365
    # European labels of 180–250 L (Regulation (EU) 2019/2016): 180–300 kWh a year.
    assert np.all((year > 170) & (year < 300))
    assert np.all(np.diff(one.values["energy"], axis=0) > 0)


def test_a_warmer_cellar_costs_energy() -> None:
    def energy(ambient: float) -> float:
        values = run(FREEZER, 3, ambient=ambient).values["energy"]
        return float((values[-1] - values[1440]).mean())

    assert 1.15 < energy(32.0) / energy(16.0) < 2.2


def test_an_open_lid_warms_within_minutes_and_the_compressor_runs_flat_out(pair: Twins) -> None:
    ill, well = pair.ill("door_ajar"), pair.well("door_ajar")
    warmer = ill.since_onset(AIR, 120).mean() - well.since_onset(AIR, 120).mean()
    assert 6.0 < warmer < 15.0
    assert (ill.since_onset(AIR, 20) - ill.since_onset(AIR, 0)).mean() > 2.0
    assert (ill.values["power"][ONSET_DAYS * 1440 + 20 : ONSET_DAYS * 1440 + 200] > 30).mean() > 0.97
    assert np.all(ill.since_onset("door_open", 30) == 1)
    assert ill.raised("Refrigeration.FridgeFreezer.Event.DoorAlarmFreezer") == EACH


def test_a_failed_compressor_takes_half_a_day_to_the_alarm(pair: Twins) -> None:
    ill = pair.ill("compressor_failed")
    assert not (ill.values["power"][ONSET_DAYS * 1440 + 1 :] > 30).any()
    frozen = ill.values[AIR][ONSET_DAYS * 1440 :] > -9.0
    hours = np.argmax(frozen, axis=0) / 60.0
    # Rise times of −18 to −9 °C on labels of well-filled freezers: some 8 to 25 h.
    assert np.all((hours > 6) & (hours < 30))
    assert 1.0 < (ill.since_onset(AIR, 60) - ill.since_onset(AIR, 0)).mean() < 5.0
    # The food stays near its melting point for a long time.
    assert -6.0 < ill.day(AIR, 4, 1).mean() < 3.0
    assert ill.day("door_open", 3).mean() < 0.02


def test_a_stopped_condenser_fan_costs_power_and_running_time(pair: Twins) -> None:
    ill, well = pair.ill("condenser_fan_stopped"), pair.well("condenser_fan_stopped")
    assert 1.10 < watts(ill, 2.2, 2.5) / watts(well, 2.2, 2.5) < 1.25
    assert 1.30 < running(ill, 2.2, 2.5).mean() / running(well, 2.2, 2.5).mean() < 1.70
    assert abs(ill.day(AIR, 3, 2).mean() - well.day(AIR, 3, 2).mean()) < 0.4


def test_a_leak_lowers_the_watts_raises_the_duty_and_warms_in_the_end(pair: Twins) -> None:
    half, half_well = pair.ill("refrigerant_leak", 0.5), pair.well("refrigerant_leak", 0.5)
    assert watts(half, 3, 2) < 0.92 * watts(half_well, 3, 2)
    assert running(half, 3, 2).mean() > 1.25 * running(half_well, 3, 2).mean()
    assert abs(half.day(AIR, 3, 2).mean() - half_well.day(AIR, 3, 2).mean()) < 0.5
    full, well = pair.ill("refrigerant_leak"), pair.well("refrigerant_leak")
    assert running(full, 4).mean() > 0.97
    assert full.day(AIR, 4).mean() > well.day(AIR, 4).mean() + 4.0


def test_a_leaking_gasket_shows_with_the_lid_shut_and_grows_frost(pair: Twins) -> None:
    ill, well = pair.ill("gasket_leak"), pair.well("gasket_leak")
    assert 1.3 < running(ill, 3, 2).mean() / running(well, 3, 2).mean() < 1.9
    assert ill.day(COIL, 3, 2).mean() < well.day(COIL, 3, 2).mean() - 1.0
    assert watts(ill, 3, 2) == pytest.approx(watts(well, 3, 2), rel=0.04)
    assert np.array_equal(ill.day("door_open", 3), well.day("door_open", 3))
    later = twins(FREEZER, 12, 6, (("gasket_leak", 1.0),))
    icy = later.ill("gasket_leak")
    assert icy.day(COIL, 11).mean() < icy.day(COIL, 3).mean() - 0.3  # frost insulates, day by day


def test_a_broken_thermistor_runs_the_compressor_on(pair: Twins) -> None:
    ill, well = pair.ill("thermistor_open"), pair.well("thermistor_open")
    assert running(ill, 3).mean() > 0.99
    assert ill.day(AIR, 4).mean() < well.day(AIR, 4).mean() - 8
