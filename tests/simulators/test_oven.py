"""Magnitudes of the oven's physics, against a healthy twin with the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulators.bench import Bench, Orders, bench
from tests.simulators.twins import run

OVEN = "oven"
PREHEAT = ((0.0, "preheat", {"set_point": 200.0}),)


@pytest.fixture(scope="module")
def well() -> Bench:
    return bench(OVEN, 4, PREHEAT)


def minutes(one: Bench) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the minutes of each device's first preheat."""
    told = {event.device: event.data["minutes"] for event in reversed(one.events("preheat_finished"))}
    return np.array([told[device] for device in range(6)])


def test_it_preheats_in_eight_to_fifteen_minutes_and_holds_the_band(well: Bench) -> None:
    assert ((minutes(well) > 8) & (minutes(well) < 15)).all()
    held = well.values["cavity_temperature"][60:180]  # minutes 30 to 90
    assert np.abs(held.mean(axis=0) - 200).max() < 5
    swing = held.max(axis=0) - held.min(axis=0)
    assert (swing > 5).all()
    assert (swing < 30).all()
    assert well.values["power"].max(axis=0).min() > 2000
    assert well.values["power"].max() < 3500
    assert ((well.last("hold_power") > 350) & (well.last("hold_power") < 1100)).all()
    rates = (200 - well.values["cavity_temperature"][0]) / minutes(well)
    assert well.last("preheat_rate") == pytest.approx(rates, rel=0.12)
    assert (well.last("running") == 0).all()  # forgotten, it switches itself off


def test_it_cools_down_over_an_hour_or_two(well: Bench) -> None:
    off = int(np.flatnonzero((well.values["running"] > 0).any(axis=1))[-1])
    hour = well.values["cavity_temperature"][off + 120]
    assert ((hour > 45) & (hour < 140)).all()


def test_an_open_element_takes_a_kilowatt_and_preheats_for_longer(well: Bench) -> None:
    ill = bench(OVEN, 4, PREHEAT, "element_open")
    missing = well.values["power"].max(axis=0) - ill.values["power"].max(axis=0)
    assert ((missing > 900) & (missing < 1500)).all()
    ratio = minutes(ill) / minutes(well)
    assert ratio.mean() == pytest.approx(1.7, abs=0.2)
    assert ill.last("hold_power") == pytest.approx(well.last("hold_power"), rel=0.08)


@pytest.mark.parametrize(("severity", "low", "high"), [(0.4, 1.1, 1.22), (1.0, 1.27, 1.42)])
def test_a_leaking_seal_takes_more_to_hold(well: Bench, severity: float, low: float, high: float) -> None:
    ill = bench(OVEN, 4, PREHEAT, "seal_leaks", severity)
    assert low < (ill.last("hold_power") / well.last("hold_power")).mean() < high
    assert ill.values["power"].max(axis=0) == pytest.approx(well.values["power"].max(axis=0), rel=0.02)


def test_a_drifting_sensor_shifts_energy_at_the_same_reading(well: Bench) -> None:
    ill = bench(OVEN, 4, PREHEAT, "sensor_drift")
    assert np.abs(ill.values["cavity_temperature"][60:180].mean(axis=0) - 200).max() < 5
    assert 1.1 < (ill.last("hold_power") / well.last("hold_power")).mean() < 1.35
    assert 0.7 < (ill.last("preheat_rate") / well.last("preheat_rate")).mean() < 0.95
    assert ill.values["power"].max(axis=0) == pytest.approx(well.values["power"].max(axis=0), rel=0.02)


def test_a_failed_sensor_reads_the_impossible_and_stops_the_oven() -> None:
    ill = bench(OVEN, 3, PREHEAT, "sensor_failed", cleared_h=1.5)
    severity_now = bench(OVEN, 0.1, (), "sensor_failed")
    assert ill.raised("F-1") == 6
    assert ill.values["cavity_temperature"][: 60 * 2].max() < 60
    assert len(ill.events("preheat_finished")) == 6  # the test bake after the repair
    book = severity_now.physics
    assert (book.obey(0, "preheat", {"set_point": 180.0}).outcome) == "done"


def test_commands(well: Bench) -> None:
    orders: Orders = (*PREHEAT, (0.5, "turn_off", {}))
    one = bench(OVEN, 1, orders, devices=1)
    assert [answer.outcome for answer in one.answers] == ["done", "done"]
    assert one.at("running", 29)[0] == 1
    assert one.last("running")[0] == 0
    assert one.last("power")[0] < 2
    assert one.physics.obey(0, "dance", {}).outcome == "refused"


def test_a_month_at_home() -> None:
    """A use against the EU label's 0.70–0.91 kWh (class A, 71 L): ours are hotter and longer."""
    home = run(OVEN, 21, climate="temperate")
    on = home.values["running"] > 0
    uses = (on[1:] & ~on[:-1]).sum()
    assert 15 <= uses <= 90
    kwh = (home.values["energy"][-1] - home.values["energy"][0]).sum() / uses
    assert 0.6 < kwh < 1.4
    assert set(np.unique(home.values["set_point"])) == {160.0, 180.0, 200.0, 220.0}
    assert home.values["door_open"].max() == 1
    # Held until the next use: at every moment there is something to judge.
    assert np.isfinite(home.values["hold_power"]).all()
