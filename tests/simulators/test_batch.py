"""Series straight to files: the same as live, the same bytes again, stopped and resumed, with the truth."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import simulators
from simulators import batch
from simulators.batch import BatchJob, write_batch
from simulators.delivery import Delivery
from simulators.fleet import load_fleet
from simulators.physics import physics_of, simulated_types
from simulators.publisher import Publisher
from simulators.simulation import WARM_UP, FleetSimulation
from zerodistance.broker import parse_address
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ScaledClock, to_us
from zerodistance.errors import SettingsError

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOME = Path(simulators.__file__).parent / "fleets" / "home.toml"
FLEET = """
name = "trial"
seed = 5
climate = "tropical"
step_s = 60
missing = 0.01
[[group]]
type = "refrigerator"
count = 3
prefix = "f-"
[[group]]
type = "air_conditioner"
count = 2
prefix = "a-"
[[fault]]
device = "f-02"
fault = "gasket_leak"
at_hours = 1
hours = 48
"""


def write(
    catalogue: Catalogue, target: Path, text: str = FLEET, days: float = 0.25, **law: Any
) -> dict[str, Any]:
    plan = load_fleet(text, catalogue)
    stop = law.get("stop", threading.Event())
    return write_batch(
        BatchJob(target, START, days), plan, catalogue, stop, law.get("told", lambda _share, _samples: None)
    )


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_also_when_stopped_between(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_PORTION_ROWS", 400)  # a portion is one hour
    figures = write(catalogue, tmp_path / "once")
    assert figures["complete"]
    assert figures["samples_per_s"] > 0
    assert not figures["resumed"]
    stop = threading.Event()

    def enough(share: float, _samples: int) -> None:
        if share > 0.5:
            stop.set()

    stopped = write(catalogue, tmp_path / "twice", stop=stop, told=enough)
    assert not stopped["complete"]
    assert stopped["reached"] == "2026-03-01T12:00:00Z"
    assert not (tmp_path / "twice").exists()
    with pytest.raises(SettingsError, match="parts of another run"):
        write(catalogue, tmp_path / "twice", days=0.5)
    rest = write(catalogue, tmp_path / "twice")
    assert rest["complete"]
    assert rest["resumed"]
    assert 0 < rest["samples"] < figures["samples"] == rest["series_samples"]
    assert bytes_of(tmp_path / "once") == bytes_of(tmp_path / "twice")
    assert set(bytes_of(tmp_path / "once")) == {
        "refrigerator.parquet",
        "air_conditioner.parquet",
        "truth.jsonl",
    }
    assert not (tmp_path / "twice.parts").exists()
    write(catalogue, tmp_path / "other", FLEET.replace("seed = 5", "seed = 6"))
    assert bytes_of(tmp_path / "once") != bytes_of(tmp_path / "other")
    with pytest.raises(SettingsError, match="there already"):
        write(catalogue, tmp_path / "once")


def test_csv_and_parquet_hold_the_same(tmp_path: Path, catalogue: Catalogue) -> None:
    figures = write(catalogue, tmp_path / "x.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "x-air_conditioner.csv",
        "x-refrigerator.csv",
        "x.truth.jsonl",
    ]
    write(catalogue, tmp_path / "y.parquet")
    for kind in ("refrigerator", "air_conditioner"):
        table = pq.read_table(tmp_path / f"y-{kind}.parquet").to_pylist()
        with (tmp_path / f"x-{kind}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["time", "device_id", *catalogue[kind].channels]
        assert len(rows) == len(table)
        for one, other in zip(rows, table, strict=True):
            assert datetime.fromisoformat(one["time"]) == other["time"]
            assert one["device_id"] == other["device_id"]
            for name in catalogue[kind].channels:
                assert (float(one[name]) if one[name] else None) == other[name]
        assert any(row["power"] is None for row in table)
    assert figures["series_samples"] == sum(
        len(pq.read_table(tmp_path / f"y-{kind}.parquet")) for kind in ("refrigerator", "air_conditioner")
    )


@pytest.mark.mosquitto
def test_the_values_are_those_of_the_live_fleet(tmp_path: Path, mosquitto: Any, catalogue: Catalogue) -> None:
    write(catalogue, tmp_path / "x")
    written = {
        (row.pop("device_id"), round(row.pop("time").timestamp() * 1000)): row
        for kind in ("refrigerator", "air_conditioner")
        for row in pq.read_table(tmp_path / "x" / f"{kind}.parquet").to_pylist()
    }
    fleet = FleetSimulation(load_fleet(FLEET, catalogue), catalogue, START - WARM_UP, live=START)
    fleet.advance(to_us(START), silent=True)
    deliveries = {device: Delivery(1) for device in fleet.devices}
    clock = ScaledClock(START, 3600.0, datetime.now(UTC))
    publisher = Publisher(fleet, parse_address(mosquitto.url), catalogue, clock, deliveries)
    stop = threading.Event()
    publisher.run(stop, 0.1, lambda: stop.set() if publisher.figures.samples > 500 else None)
    publisher.close()
    sent = 0
    for device, delivery in deliveries.items():
        for owed in delivery.save():
            sample = json.loads(owed.body + "}")
            values = {
                name: value for name, value in written[device, sample["ts"]].items() if value is not None
            }
            assert sample["values"] == values
            sent += 1
    assert sent > 500


def test_every_fault_of_every_type_is_planned_in_a_file_and_found_in_the_truth(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    home = load_fleet(HOME, catalogue)
    assert sorted(group.type for group in home.group) == simulated_types() == sorted(catalogue)
    planned = [(group.ids()[0], fault) for group in home.group for fault in catalogue[group.type].faults]
    for group in home.group:
        assert set(physics_of(group.type).FAULTS) >= set(catalogue[group.type].faults), group.type
    text = HOME.read_text(encoding="utf-8") + "".join(
        f'[[fault]]\ndevice = "{device}"\nfault = "{fault}"\nat_hours = {0.25 + number % 4 / 4}\n'
        for number, (device, fault) in enumerate(planned)
    )
    figures = write(catalogue, tmp_path / "home", text, days=1.5 / 24)
    assert set(figures["files"]) == set(catalogue)
    lines = [json.loads(line) for line in (tmp_path / "home" / "truth.jsonl").read_text().splitlines()]
    assert lines[0]["record"] == "run"
    assert lines[0]["until"] == "2026-03-01T10:30:00Z"
    found = {(line["device"], line["fault"]): line for line in lines[1:]}
    assert sorted(found) == sorted(planned)
    for (device, fault), line in found.items():
        known = catalogue[line["type"]].faults[fault]
        assert line["part"] == known.part, (device, fault)
        assert line["onset"] == line["course"][0][0]
        assert line["course"][-1][1] == 1.0
        assert (line["functional_failure"] is None) == (line["functional_at"] > 1)


def test_what_cannot_be_done_is_said(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="end it in"):
        write(catalogue, tmp_path / "x.xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SettingsError, match=r"zerodistance\[parquet\]"):
        write(catalogue, tmp_path / "x.parquet")
    assert write(catalogue, tmp_path / "x.csv", days=0.1)["complete"]
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write(catalogue, tmp_path / "file" / "x.csv", days=0.1)


def test_the_command_needs_no_platform(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.toml"
    fleet.write_text(FLEET.split('[[group]]\ntype = "air')[0])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "zerodistance", "simulate", "--fleet", str(fleet), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    target = tmp_path / "one.csv"
    done = run("--batch", str(target), "--days", "0.5", "--start", "2026-03-01T09:00:00", "--json")
    figures = json.loads(done.stdout)
    assert figures["files"] == {"refrigerator": str(target)}
    assert figures["start"] == "2026-03-01T09:00:00Z"
    assert target.read_text().count("\n") == figures["series_samples"] + 1
    assert run("--batch", str(target), "--days", "0.5").returncode != 0
    assert "--days" in run("--batch", str(tmp_path / "two.csv")).stderr
    assert "--batch" in run("--days", "3").stderr
