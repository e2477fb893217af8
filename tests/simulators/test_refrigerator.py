"""Magnitudes and time scales of the refrigerator's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.simulators.twins import ONSET_DAYS, Run, Twins, run, run_lengths_min, twins

FRIDGE = "refrigerator"
CASES = (
    ("door_ajar", 1.0),
    ("compressor_failed", 1.0),
    ("defrost_heater_open", 1.0),
    ("condenser_fan_stopped", 1.0),
    ("refrigerant_leak", 0.5),
    ("refrigerant_leak", 1.0),
    ("gasket_leak", 1.0),
    ("thermistor_open", 1.0),
    ("bad_air", 1.0),
)


@pytest.fixture(scope="module")
def pair() -> Twins:
    return twins(FRIDGE, 13, 5, CASES)


@pytest.fixture(scope="module")
def at_25() -> Run:
    return run(FRIDGE, 4, ambient=25.0)


def running(one: Run, day: float, days: float = 1.0) -> NDArray[np.bool_]:
    watts = one.day("power", day, days)
    return (watts > 30) & (watts < 200)  # above: the defrost heater


def watts_running(one: Run, day: float, days: float = 1.0) -> float:
    return float(one.day("power", day, days)[running(one, day, days)].mean())


def test_a_healthy_refrigerator_is_as_the_books_say(at_25: Run) -> None:
    one = at_25
    cold, frozen = one.day("fresh_food_temperature", 1, 3), one.day("freezer_temperature", 1, 3)
    assert np.all((cold.mean(axis=0) > 2.5) & (cold.mean(axis=0) < 5.5))
    assert np.all(np.abs(frozen.mean(axis=0) + 18.0) < 1.0)
    on = running(one, 1, 3)
    assert np.all((on.mean(axis=0) > 0.2) & (on.mean(axis=0) < 0.4))
    assert -30 < one.day("evaporator_temperature", 1, 3)[on].mean() < -20
    assert 15 <= np.median(run_lengths_min(on)) <= 30
    kwh = (one.values["energy"][-1] - one.values["energy"][1440]) / 3
    assert np.all((kwh > 0.6) & (kwh < 1.4))  # 220 to 510 kWh a year
    assert np.all(np.diff(one.values["energy"], axis=0) > 0)


def test_defrosts_end_warm_after_a_quarter_of_an_hour(at_25: Run) -> None:
    one = at_25
    heating = one.day("power", 1, 3) > 200
    lengths = run_lengths_min(heating)
    assert 10 <= np.median(lengths) <= 22
    assert 0.3 * 3 * 6 < len(lengths) < 1.5 * 3 * 6
    peaks = [
        column[on].max()
        for column, on in zip(one.day("evaporator_temperature", 1, 3).T, heating.T, strict=True)
    ]
    assert max(peaks) == pytest.approx(7.0, abs=2.0)


def test_a_warmer_kitchen_costs_energy() -> None:
    def energy(ambient: float) -> float:
        values = run(FRIDGE, 3, ambient=ambient).values["energy"]
        return float((values[-1] - values[1440]).mean())

    assert 1.15 < energy(33.0) / energy(20.0) < 1.56


def test_an_open_door_warms_at_once_and_the_compressor_runs_flat_out(pair: Twins) -> None:
    ill, well = pair.ill("door_ajar"), pair.well("door_ajar")
    before = ill.since_onset("fresh_food_temperature", 0)
    rise = ill.since_onset("fresh_food_temperature", 60) - before
    assert 5.0 < rise.mean() < 8.0  # in the first hour
    assert (
        ill.since_onset("fresh_food_temperature", 60).mean()
        > well.since_onset("fresh_food_temperature", 60).mean() + 4
    )
    assert ill.since_onset("humidity", 60).mean() > well.since_onset("humidity", 60).mean() + 15
    on = ill.values["power"][ONSET_DAYS * 1440 + 15 : ONSET_DAYS * 1440 + 135] > 30
    assert on.mean() > 0.97
    assert np.all(ill.since_onset("door_open", 30) == 1)
    assert ill.raised("Refrigeration.FridgeFreezer.Event.DoorAlarmRefrigerator") == 6


def test_a_failed_compressor_draws_nothing_and_both_compartments_warm(pair: Twins) -> None:
    ill, well = pair.ill("compressor_failed"), pair.well("compressor_failed")
    window = slice(ONSET_DAYS * 1440 + 1, ONSET_DAYS * 1440 + 720)
    watts = ill.values["power"][window]
    assert np.median(watts) < 10
    assert not ((watts > 30) & (watts < 200)).any()
    fresh = ill.since_onset("fresh_food_temperature", 480) - well.since_onset("fresh_food_temperature", 480)
    frozen = ill.since_onset("freezer_temperature", 480) - well.since_onset("freezer_temperature", 480)
    assert 3.0 < fresh.mean() < 10.0
    assert 4.0 < frozen.mean() < 12.0
    early = ill.since_onset("fresh_food_temperature", 60) - well.since_onset("fresh_food_temperature", 60)
    assert early.mean() < 3.0  # hours, where an open door takes minutes
    assert ill.day("door_open", 3).mean() < 0.05


def test_an_open_defrost_heater_ices_up_over_days(pair: Twins) -> None:
    ill, well = pair.ill("defrost_heater_open"), pair.well("defrost_heater_open")
    assert not (ill.values["power"][(ONSET_DAYS + 1) * 1440 :] > 200).any()  # no heater, no plateau
    assert ill.day("evaporator_temperature", 4, 9).max() < 0
    late = ill.day("fresh_food_temperature", 12).mean() - ill.day("fresh_food_temperature", 10).mean()
    assert 0.3 < late / 2 < 1.5  # K a day
    assert running(ill, 12).mean() > 0.85
    assert running(ill, 6).mean() > 1.3 * running(well, 4).mean()
    assert ill.day("evaporator_temperature", 6).mean() < well.day("evaporator_temperature", 4).mean() - 4
    assert watts_running(ill, 6) < watts_running(well, 4)
    assert ill.raised("Er dH") == 6


def test_a_stopped_condenser_fan_costs_power_and_running_time(pair: Twins) -> None:
    ill, well = pair.ill("condenser_fan_stopped"), pair.well("condenser_fan_stopped")
    assert 1.10 < watts_running(ill, 2.2, 1.5) / watts_running(well, 2.2, 1.5) < 1.25
    assert 1.30 < running(ill, 2.2, 1.5).mean() / running(well, 2.2, 1.5).mean() < 1.60
    assert (
        abs(ill.day("fresh_food_temperature", 3).mean() - well.day("fresh_food_temperature", 3).mean()) < 0.4
    )


def test_a_leak_lowers_the_watts_raises_the_duty_and_warms_the_freezer_first(pair: Twins) -> None:
    half, half_well = pair.ill("refrigerant_leak", 0.5), pair.well("refrigerant_leak", 0.5)
    full, well = pair.ill("refrigerant_leak"), pair.well("refrigerant_leak")
    assert watts_running(half, 3) < 0.95 * watts_running(half_well, 3)
    assert running(half, 3).mean() > 1.2 * running(half_well, 3).mean()
    assert running(full, 4).mean() > 0.95
    frozen = full.day("freezer_temperature", 4).mean() - well.day("freezer_temperature", 4).mean()
    fresh = full.day("fresh_food_temperature", 4).mean() - well.day("fresh_food_temperature", 4).mean()
    assert frozen > 3.0
    assert fresh < 1.0


def test_a_leaking_gasket_shows_at_night_with_the_door_shut(pair: Twins) -> None:
    ill, well = pair.ill("gasket_leak"), pair.well("gasket_leak")

    def night(one: Run) -> float:  # 01:00 to 05:00 local, 18:00 to 22:00 UTC of the day before
        return float(running(one, 3.75, 4 / 24).mean())

    assert night(ill) > 1.3 * night(well)
    assert ill.day("humidity", 4).mean() > well.day("humidity", 4).mean() + 10
    assert watts_running(ill, 4) == pytest.approx(watts_running(well, 4), rel=0.03)
    assert np.array_equal(ill.day("door_open", 4), well.day("door_open", 4))


def test_a_broken_thermistor_runs_the_compressor_on(pair: Twins) -> None:
    ill, well = pair.ill("thermistor_open"), pair.well("thermistor_open")
    assert running(ill, 3).mean() > 0.9
    assert ill.day("freezer_temperature", 3).mean() < well.day("freezer_temperature", 3).mean() - 5
    assert ill.raised("Er FS") == 6


def test_a_drifting_thermostat_reports_its_set_point_while_the_duty_shifts() -> None:
    both = twins(FRIDGE, 7, 7, (("thermostat_drift", 1.0),))
    ill, well = both.ill("thermostat_drift"), both.well("thermostat_drift")

    def shift(channel: str) -> float:
        return float(ill.day(channel, 3, 4).mean() - well.day(channel, 3, 4).mean())

    assert shift("fresh_food_temperature") == pytest.approx(0.0, abs=0.4)
    assert 1.05 < running(ill, 3, 4).mean() / running(well, 3, 4).mean() < 1.25
    assert watts_running(ill, 3, 4) == pytest.approx(watts_running(well, 3, 4), rel=0.04)
    assert 2.0 < shift("power") < 10.0
    # No gauge shows that the food is 7 K colder than told; the freezer behind the same fan gives it away.
    assert -3.0 < shift("freezer_temperature") < -1.0


def test_bad_air_builds_up_in_hours(pair: Twins) -> None:
    ill, well = pair.ill("bad_air"), pair.well("bad_air")
    assert ill.since_onset("air_quality", 30).mean() < 100
    assert 150 < ill.since_onset("air_quality", 12 * 60).mean() < 350
    assert well.day("air_quality", 2, 2).max() < 80
