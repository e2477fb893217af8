"""Freezer, wine cellar, water heater and purifier as a fleet: bytes, commands, live faults, truth, state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simulators.commanding import CommandDesk
from simulators.fleet import FleetPlan, load_fleet
from simulators.outward import readings
from simulators.physics import physics_of
from simulators.simulation import Batch, FleetSimulation
from simulators.state import load_state, save_state
from simulators.truth import TruthFile
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
TYPES = ("freezer", "wine_cellar", "water_heater", "water_purifier")
GROUPS = "".join(f'[[group]]\ntype = "{one}"\ncount = 3\nprefix = "{one}-"\n' for one in TYPES)
FLEET = f'seed = 11\nclimate = "temperate"\nregion = "limestone"\nstep_s = 60\n{GROUPS}'


@pytest.fixture
def plan(catalogue: Catalogue) -> FleetPlan:
    return load_fleet(FLEET, catalogue)


def at(**parts: float) -> int:
    return to_us(START + timedelta(**parts))


def as_bytes(batches: list[Batch], catalogue: Catalogue) -> bytes:
    lines = sorted(
        (one.time_us, one.device, list(one.values.items()))
        for batch in batches
        for one in readings(batch, catalogue[batch.type])
    )
    return json.dumps(lines).encode()


def truth(fleet: FleetSimulation, device: str, channel: str) -> float:
    population = next(one for one in fleet.populations if device in one.index)
    return float(population.physics.read()[channel][population.index[device]])


@pytest.mark.parametrize("appliance", TYPES)
def test_every_fault_of_the_catalogue_can_be_simulated(appliance: str, catalogue: Catalogue) -> None:
    physics = physics_of(appliance)
    assert set(physics.FAULTS) == set(catalogue[appliance].faults)
    assert set(physics.NOISE) <= set(catalogue[appliance].channels)


def test_the_same_seed_gives_the_same_bytes_whatever_the_portions(
    plan: FleetPlan, catalogue: Catalogue
) -> None:
    def events(reported: list[object]) -> str:
        return repr(sorted(map(repr, reported)))

    whole, told = FleetSimulation(plan, catalogue, START).advance(at(hours=9))
    stepwise = FleetSimulation(plan, catalogue, START)
    parts: list[Batch] = []
    said: list[object] = []
    for minutes in (0.4, 7, 29.9, 30, 61, 150.6, 400, 540):
        more, also = stepwise.advance(at(minutes=minutes))
        parts += more
        said += also
    assert as_bytes(whole, catalogue) == as_bytes(parts, catalogue)
    assert events(list(told)) == events(said)
    assert {one.happening.name for one in told} >= {"hot_water_used", "door_opened"}
    other = FleetSimulation(load_fleet(FLEET.replace("11", "12"), catalogue), catalogue, START)
    assert as_bytes(other.advance(at(hours=9))[0], catalogue) != as_bytes(whole, catalogue)


def test_readings_are_whole_and_in_their_ranges(plan: FleetPlan, catalogue: Catalogue) -> None:
    batches, _ = FleetSimulation(plan, catalogue, START).advance(at(hours=30))
    for batch in batches:
        appliance = catalogue[batch.type]
        assert set(batch.values) == set(appliance.channels)
        for name, values in batch.values.items():
            channel = appliance.channels[name]
            known = values[np.isfinite(values)]
            assert np.all((known >= channel.valid[0]) & (known <= channel.valid[1])), name
            if channel.normal is not None:
                assert np.mean((known >= channel.normal[0]) & (known <= channel.normal[1])) > 0.99, name


def test_commands_act(plan: FleetPlan, catalogue: Catalogue) -> None:
    fleet = FleetSimulation(plan, catalogue, START)
    desk = CommandDesk(fleet, catalogue)

    def tell(device: str, name: str, **arguments: object) -> str:
        command = {
            "id": f"{device}-{name}-{arguments}",
            "name": name,
            "arguments": arguments,
            "expires": "2030-01-01T00:00:00Z",
        }
        answer = desk.handle(device, json.dumps(command).encode(), START)
        assert answer is not None
        return answer[1].outcome

    fleet.advance(at(hours=1))
    hot = truth(fleet, "water_heater-01", "tank_temperature_upper")
    assert tell("water_heater-01", "turn_off") == "done"
    assert tell("freezer-01", "set_temperature", set_point=-24) == "done"
    assert tell("wine_cellar-01", "set_temperature", set_point=17) == "done"
    assert tell("wine_cellar-01", "set_temperature", set_point=3) == "refused"
    assert tell("water_purifier-01", "close_inlet") == "done"
    litres = truth(fleet, "water_purifier-01", "water")
    fleet.advance(at(hours=60))
    assert truth(fleet, "water_heater-01", "power") < 5
    assert truth(fleet, "water_heater-01", "tank_temperature_upper") < hot - 8  # it really cools
    assert truth(fleet, "freezer-01", "freezer_temperature") < -21
    assert truth(fleet, "wine_cellar-01", "cabinet_temperature") == pytest.approx(17, abs=1.8)
    assert truth(fleet, "water_purifier-01", "water") == litres
    assert tell("water_heater-01", "turn_on") == "done"
    assert tell("water_purifier-01", "open_inlet") == "done"
    assert tell("water_purifier-01", "flush") == "done"
    fleet.advance(at(hours=60, minutes=1))
    assert truth(fleet, "water_purifier-01", "power") > 30
    fleet.advance(at(hours=64))
    assert truth(fleet, "water_heater-01", "tank_temperature_upper") > hot - 6


def test_live_faults_begin_end_and_are_in_the_truth(
    plan: FleetPlan, catalogue: Catalogue, tmp_path: Path
) -> None:
    fleet = FleetSimulation(plan, catalogue, START)
    path = tmp_path / "truth.jsonl"
    file = TruthFile(path, catalogue)
    file.begin(fleet)
    fleet.advance(at(hours=5))
    fleet.start_fault("water_heater-02", "leak")
    fleet.start_fault("freezer-02", "door_ajar")
    fleet.start_fault("water_purifier-03", "membrane_worn")
    file.note(fleet)
    _, told = fleet.advance(at(hours=8))
    codes = {(one.device, one.happening.name) for one in told if one.happening.kind == "fault"}
    assert ("freezer-02", "Refrigeration.FridgeFreezer.Event.DoorAlarmFreezer") in codes
    assert truth(fleet, "freezer-02", "door_open") == 1
    fleet.clear_fault("freezer-02", None)
    file.note(fleet)
    file.close()
    fleet.advance(at(hours=8, minutes=2))
    assert fleet.active_faults() == {"water_heater-02": ["leak"], "water_purifier-03": ["membrane_worn"]}
    lines = {one["id"]: one for one in map(json.loads, path.read_text().splitlines()[1:])}
    by_fault = {one["fault"]: one for one in lines.values()}
    assert by_fault["membrane_worn"]["part"] == "membrane"
    assert by_fault["membrane_worn"]["functional_failure"] is not None
    assert by_fault["door_ajar"]["cleared"] is not None
    assert [point[1] for point in by_fault["leak"]["course"]][:2] == [0.0, 0.1]


def test_a_saved_fleet_goes_on_as_if_nothing_had_happened(
    plan: FleetPlan, catalogue: Catalogue, tmp_path: Path
) -> None:
    whole = FleetSimulation(plan, catalogue, START)
    whole.start_fault("water_purifier-01", "sediment_filter_clogged", hours=10.0)
    whole.advance(at(hours=5.3))
    path = tmp_path / "fleet.state"
    save_state(path, whole, 2, {})
    resumed = FleetSimulation(plan, catalogue, START + timedelta(days=3))
    assert load_state(path, resumed) is not None
    assert as_bytes(resumed.advance(at(hours=9))[0], catalogue) == as_bytes(
        whole.advance(at(hours=9))[0], catalogue
    )


def test_the_home_of_the_fleet_file_has_these_types(catalogue: Catalogue) -> None:
    home = load_fleet(Path(__file__).parents[2] / "simulators" / "fleets" / "home.toml", catalogue)
    assert home.homes == 1
    assert {group.type for group in home.group} >= {*TYPES, "refrigerator", "air_conditioner"}
