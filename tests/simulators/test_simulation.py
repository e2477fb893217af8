from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from simulators.commanding import CommandDesk
from simulators.delivery import Delivery
from simulators.fleet import FleetPlan, load_fleet
from simulators.outward import as_ingested, readings
from simulators.physics import physics_of, simulated_types
from simulators.sensors import drifted_years
from simulators.simulation import Batch, FleetSimulation
from simulators.state import load_state, save_state
from simulators.truth import TruthFile
from zerodistance.catalogue import Catalogue
from zerodistance.cli.simulate import app
from zerodistance.clock import to_us
from zerodistance.errors import NotFoundError, SettingsError
from zerodistance.messages import Quality

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
FLEET = """
seed = 11
climate = "tropical"
step_s = 30
[[group]]
type = "refrigerator"
count = 3
prefix = "f-"
[[group]]
type = "air_conditioner"
count = 2
prefix = "a-"
"""


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


def test_the_same_seed_gives_the_same_bytes_whatever_the_portions(
    plan: FleetPlan, catalogue: Catalogue
) -> None:
    whole, _ = FleetSimulation(plan, catalogue, START).advance(at(hours=3))
    stepwise = FleetSimulation(plan, catalogue, START)
    parts: list[Batch] = []
    for minutes in (0.4, 7, 7.1, 29.9, 30, 61, 150.6, 180):
        parts += stepwise.advance(at(minutes=minutes))[0]
    assert as_bytes(whole, catalogue) == as_bytes(parts, catalogue)
    other = FleetSimulation(load_fleet(FLEET.replace("11", "12"), catalogue), catalogue, START)
    assert as_bytes(other.advance(at(hours=3))[0], catalogue) != as_bytes(whole, catalogue)


def test_every_channel_is_sampled_each_period_and_quantised(plan: FleetPlan, catalogue: Catalogue) -> None:
    batches, _ = FleetSimulation(plan, catalogue, START).advance(at(hours=4))
    times: dict[str, list[int]] = {}
    for batch in batches:
        appliance = catalogue[batch.type]
        assert set(batch.values) == set(appliance.channels)
        for one in readings(batch, appliance):
            times.setdefault(one.device, []).append(one.time_us)
            for name, value in one.values.items():
                low, high = appliance.channels[name].valid
                assert low <= value <= high, name
                step = appliance.channels[name].resolution
                if step:
                    assert abs(value / step - round(value / step)) < 1e-6, name
    assert set(times) == {"f-01", "f-02", "f-03", "a-01", "a-02"}
    for stamps in times.values():
        assert len(stamps) >= 235  # four hours of minutes, hardly any lost
        assert np.median(np.diff(stamps)) == pytest.approx(60e6, abs=50_000)
    offsets = {stamps[0] % 1_000_000 for stamps in times.values()}
    assert len(offsets) > 1  # clocks differ


def test_lost_and_missing_readings_come_as_often_as_asked(catalogue: Catalogue) -> None:
    text = FLEET.replace("step_s = 30", "step_s = 60\nlost = 0.1\nmissing = 0.05")
    batches, _ = FleetSimulation(load_fleet(text, catalogue), catalogue, START).advance(at(hours=12))
    lost = np.concatenate([batch.lost.ravel() for batch in batches])
    missing = np.concatenate([np.isnan(v).ravel() for batch in batches for v in batch.values.values()])
    assert lost.mean() == pytest.approx(0.1, abs=0.02)
    assert missing.mean() == pytest.approx(0.05, abs=0.005)


def test_a_broken_sensor_is_impossible_and_marked_as_ingest_would(
    plan: FleetPlan, catalogue: Catalogue
) -> None:
    fleet = FleetSimulation(plan, catalogue, START)
    fleet.start_fault("f-02", "thermistor_open")
    batches, _ = fleet.advance(at(minutes=5))
    seen = {
        one.device: as_ingested(one, catalogue["refrigerator"], 1, 1, 1)
        for batch in batches
        if batch.type == "refrigerator"
        for one in readings(batch, catalogue["refrigerator"])
    }
    assert seen["f-02"].values["fresh_food_temperature"] is None
    assert seen["f-02"].quality == {"fresh_food_temperature": Quality.BELOW_VALID}
    assert seen["f-01"].quality == {}


def test_commands_act(plan: FleetPlan, catalogue: Catalogue) -> None:
    fleet = FleetSimulation(plan, catalogue, START)
    desk = CommandDesk(fleet, catalogue)
    number = 0

    def tell(
        device: str, name: str, expires: str = "2030-01-01T00:00:00Z", **arguments: object
    ) -> tuple[str, str]:
        nonlocal number
        number += 1
        command = {"id": f"c{number}", "name": name, "arguments": arguments, "expires": expires}
        answer = desk.handle(device, json.dumps(command).encode(), START)
        assert answer is not None
        assert answer[0] == f"c{number}"
        assert desk.handle(device, json.dumps(command).encode(), START) == answer  # told twice, done once
        return answer[1].outcome, answer[1].reason

    def truth(device: str, channel: str) -> float:
        population = next(one for one in fleet.populations if device in one.index)
        return float(population.physics.read()[channel][population.index[device]])

    fleet.advance(at(hours=1))
    assert tell("f-01", "set_temperature", set_point=7.0) == ("done", "")
    fleet.advance(at(hours=8))
    assert truth("f-01", "set_point") == 7.0
    assert truth("f-01", "fresh_food_temperature") > 5.2
    fleet.start_fault("f-02", "bad_air")
    fleet.advance(at(hours=14))
    before = truth("f-02", "air_quality")
    assert before > 120
    assert tell("f-02", "sterilise") == ("done", "")
    fleet.advance(at(hours=17))
    assert truth("f-02", "air_quality") < 60
    assert fleet.active_faults() == {}
    assert tell("a-01", "turn_on") == ("done", "")
    fleet.advance(at(hours=17, minutes=2))
    assert truth("a-01", "running") == 1
    assert tell("a-01", "turn_off") == ("done", "")
    fleet.advance(at(hours=17, minutes=4))
    assert (truth("a-01", "running"), truth("a-01", "power") < 10) == (0, True)
    fleet.start_fault("a-02", "bad_air")
    fleet.advance(at(hours=20))
    dusty = truth("a-02", "pm25")
    assert tell("a-02", "purify") == ("done", "")
    fleet.advance(at(hours=22))
    assert truth("a-02", "pm25") < 0.3 * dusty

    assert tell("f-01", "set_temperature", set_point=40.0)[0] == "refused"
    assert tell("f-01", "set_temperature", set_point="warm")[0] == "refused"
    assert tell("f-01", "set_temperature")[0] == "refused"
    assert tell("f-01", "sterilise", strongly=True)[0] == "refused"
    assert tell("f-01", "explode")[0] == "refused"
    assert tell("f-01", "sterilise", expires="2026-01-01T00:00:00Z") == ("refused", "the command has expired")
    assert tell("f-01", "sterilise", expires="soon")[0] == "refused"
    assert desk.handle("f-01", b"rubbish", START) is None


def test_a_spent_filter_is_not_cured_by_sterilising(plan: FleetPlan, catalogue: Catalogue) -> None:
    fleet = FleetSimulation(plan, catalogue, START)
    fleet.start_fault("f-01", "bad_air", persistent=True)
    fleet.advance(at(hours=10))
    fleet.command("f-01", "sterilise", {})
    fleet.advance(at(hours=13))
    assert fleet.active_faults() == {"f-01": ["bad_air"]}
    assert fleet.populations[0].physics.read()["air_quality"][0] > 120


def test_a_saved_fleet_goes_on_as_if_nothing_had_happened(
    plan: FleetPlan, catalogue: Catalogue, tmp_path: Path
) -> None:
    whole = FleetSimulation(plan, catalogue, START)
    whole.start_fault("f-01", "refrigerant_leak", hours=10.0)
    whole.advance(at(hours=5.3))
    delivery = Delivery(4)
    delivery.take(1000, b'{"power":1.5}')
    path = tmp_path / "fleet.state"
    save_state(path, whole, 4, {"f-01": delivery})
    resumed = FleetSimulation(plan, catalogue, START + timedelta(days=3))
    saved = load_state(path, resumed)
    assert saved is not None
    assert (saved.boot, list(saved.owed)) == (4, ["f-01"])
    again = Delivery(5)
    again.owe(saved.owed["f-01"])
    assert again.due(0.0) == [b'{"ts":1000,"boot":4,"seq":1,"values":{"power":1.5},"oldest":1}']
    assert as_bytes(resumed.advance(at(hours=9))[0], catalogue) == as_bytes(
        whole.advance(at(hours=9))[0], catalogue
    )
    assert resumed.active_faults() == {"f-01": ["refrigerant_leak"]}
    assert load_state(tmp_path / "none", resumed) is None
    with pytest.raises(SettingsError, match="was saved for"):
        load_state(path, FleetSimulation(load_fleet(FLEET.replace("11", "12"), catalogue), catalogue, START))
    bigger = FleetSimulation(load_fleet(FLEET.replace("count = 3", "count = 4"), catalogue), catalogue, START)
    with pytest.raises(SettingsError, match="another fleet"):
        load_state(path, bigger)
    path.write_bytes(b"PK rubbish")
    with pytest.raises(SettingsError, match="damaged"):
        load_state(path, resumed)


def test_faults_of_the_fleet_file_and_their_truth(catalogue: Catalogue, tmp_path: Path) -> None:
    text = FLEET + (
        '[[fault]]\ndevice = "f-01"\nfault = "defrost_heater_open"\nat_hours = 2\nclear_after_hours = 30\n'
        '[[fault]]\ndevice = "a-02"\nfault = "filter_clogged"\nat_hours = -48\nhours = 100\n'
    )
    plan = load_fleet(text, catalogue)
    fleet = FleetSimulation(plan, catalogue, START - timedelta(hours=50), live=START)
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path, catalogue)
    truth.begin(fleet)
    fleet.advance(at(hours=-49))
    assert fleet.active_faults() == {}
    fleet.advance(at(hours=3))
    assert fleet.active_faults() == {"f-01": ["defrost_heater_open"], "a-02": ["filter_clogged"]}
    fleet.start_fault("f-02", "door_ajar", 0.6)
    assert fleet.start_fault("f-02", "door_ajar", 0.6) is fleet.start_fault("f-02", "door_ajar")
    truth.note(fleet)
    fleet.advance(at(hours=4))
    fleet.clear_fault("f-02", None)
    truth.note(fleet)
    truth.note(fleet)
    truth.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["record"] == "run"
    assert lines[0]["seed"] == 11
    faults = {line["id"]: line for line in lines[1:]}
    assert len(lines) == 1 + 4  # a repeated note writes nothing
    clogged = next(line for line in faults.values() if line["fault"] == "filter_clogged")
    assert clogged["part"] == "air_filter"
    assert clogged["onset"] == "2026-02-27T08:00:00Z"
    assert clogged["functional_failure"] == "2026-03-02T21:00:00Z"  # 85 % of 100 hours
    assert [point[1] for point in clogged["course"]] == [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
    door = next(line for line in faults.values() if line["fault"] == "door_ajar")
    assert door["cleared"] == "2026-03-01T12:00:00Z"
    assert door["severity"] == 0.6
    heater = next(line for line in faults.values() if line["fault"] == "defrost_heater_open")
    assert heater["cleared"] == "2026-03-02T16:00:00Z"


def test_every_fault_of_the_catalogue_can_be_simulated(catalogue: Catalogue) -> None:
    for name in simulated_types():
        assert set(catalogue[name].faults) <= set(physics_of(name).FAULTS)


def test_doors_and_codes_are_reported_in_their_step(plan: FleetPlan, catalogue: Catalogue) -> None:
    fleet = FleetSimulation(plan, catalogue, START)
    fleet.start_fault("f-03", "door_ajar")
    _, reports = fleet.advance(at(hours=3))
    opened = [one for one in reports if one.happening.name == "door_opened"]
    closed = [one for one in reports if one.happening.name == "door_closed"]
    assert 5 <= len(opened) == len(closed)  # three refrigerators, a morning
    assert all(0 < one.happening.data["seconds"] < 60 for one in closed)
    alarm = next(one for one in reports if "DoorAlarm" in one.happening.name)
    assert alarm.device == "f-03"
    assert 4 <= (alarm.time_us - to_us(START)) / 60e6 <= 7
    quiet = FleetSimulation(load_fleet("fault_codes = false\n" + FLEET, catalogue), catalogue, START)
    quiet.start_fault("f-03", "door_ajar")
    assert all(one.happening.kind == "event" for one in quiet.advance(at(hours=1))[1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("count = 3", "count = 0"), "no appliance"),
        (("tropical", "lunar"), "climate 'lunar'"),
        (("step_s = 30", "step_s = 7"), "step_s 7"),
        (("refrigerator", "toaster"), "no physics for 'toaster'"),
        (('prefix = "a-"', 'prefix = "f-"'), "twice"),
        (('prefix = "a-"', 'prefix = "ä/"'), "cannot be a device id"),
        (("seed = 11", "seed = 'x'"), "not a fleet file"),
        (("seed = 11", "sede = 11"), "not a fleet file"),
        (("seed = 11", "seed = 11\ntime_zone = 'Mars'"), "time_zone"),
        (("seed = 11", "seed = 11\nhistory_period_s = 50"), "history_period_s"),
        (("count = 3", "count = 3\nperiod_s = 45"), "period_s 45"),
        (("step_s = 30", "step_s = 120\nhistory_period_s = 300"), "multiple of step_s, which is 120"),
    ],
)
def test_a_wrong_fleet_file_says_what_is_wrong(
    change: tuple[str, str], says: str, catalogue: Catalogue
) -> None:
    with pytest.raises(SettingsError, match=says):
        load_fleet(FLEET.replace(*change), catalogue)


def test_a_coarser_history_is_asked_for_on_the_command_line(tmp_path: Path) -> None:
    """What fits is taken; what does not is refused in a sentence that names both numbers."""
    fleet = tmp_path / "fleet.toml"
    fleet.write_text(FLEET, encoding="utf-8")
    asked = ["--fleet", str(fleet), "--batch", str(tmp_path / "x.csv"), "--days", "0.01"]
    refused = CliRunner().invoke(app, [*asked, "--history-period", "100"])
    assert "history_period_s 100 must be a multiple of step_s, which is 30" in str(refused.exception)
    taken = CliRunner().invoke(app, [*asked, "--history-period", "300"])
    assert taken.exit_code == 0, taken.output


def test_wrong_faults_say_what_is_wrong(plan: FleetPlan, catalogue: Catalogue, tmp_path: Path) -> None:
    for fault, says in (
        ('device = "x"\nfault = "door_ajar"', "no group has"),
        ('device = "a-01"\nfault = "door_ajar"', "cannot have"),
        ('device = "f-01"\nfault = "door_ajar"\nseverity = 2.0', "severity"),
    ):
        with pytest.raises(SettingsError, match=says):
            load_fleet(f"{FLEET}[[fault]]\n{fault}\nat_hours = 1\n", catalogue)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_fleet(tmp_path / "none.toml", catalogue)
    with pytest.raises(NotFoundError):
        FleetSimulation(plan, catalogue, START).start_fault("nobody", "door_ajar")


def test_a_big_fleet_is_far_faster_than_real_time() -> None:
    from simulators.benchmark import measure

    figures = measure(2000, 10.0, 0.5, 1)
    assert figures["samples"] == pytest.approx(2000 * 180, rel=0.01)
    assert figures["times_real_time"] > 100  # and 10,000 on a free core: about 1,300


def test_physics_that_nobody_has_seen_differ_by_up_to_the_share_from_the_same_appliances(
    catalogue: Catalogue,
) -> None:
    def parameters(text: str) -> dict[str, NDArray[np.float64]]:
        plan = load_fleet(
            f'seed = 8\n{text}\n[[group]]\ntype = "air_conditioner"\ncount = 300\nprefix = "a-"', catalogue
        )
        return FleetSimulation(plan, catalogue, START).populations[0].physics.parameters

    known, unseen = parameters(""), parameters("perturb = 0.2")
    assert (parameters("perturb = 0.2")["power"] == unseen["power"]).all()
    for name in ("capacity", "power", "loss", "ventilation"):
        factor = unseen[name] / known[name]
        assert 0.8 <= factor.min() < 0.83
        assert 1.17 < factor.max() <= 1.2
    assert (unseen["starts_at"] == known["starts_at"]).all()  # a choice of people, no physics
    with pytest.raises(SettingsError, match=r"perturb 0\.9"):
        parameters("perturb = 0.9")


@given(st.floats(1.2e9, 2.2e9))
def test_no_day_brings_years_of_drift_at_once(time_s: float) -> None:
    today, tomorrow = drifted_years(time_s), drifted_years(time_s + 86_400)
    assert 0.0 <= today <= 3.0
    assert abs(tomorrow - today) <= 1 / 365.25 + 1e-9
