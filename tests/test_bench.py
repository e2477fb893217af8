"""The benchmarks: what they count is right, what they report has the shape that programs read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import free_port, wait_until
from zerodistance.cli.bench import fleet
from zerodistance.cli.bench.load import instants
from zerodistance.cli.bench.report import Report, as_json

KEYS = {
    "messages_per_second",
    "data_points_per_second",
    "published",
    "stored",
    "lost",
    "duplicated",
    "cpu_seconds_per_million_points",
}


def bench(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a benchmark as its user does."""
    return subprocess.run(
        [sys.executable, "-m", "zerodistance", "bench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_expected_sums_are_what_the_payloads_say() -> None:
    devices, messages = 7, 500
    ends = [json.loads(b'{"energy":0,' + end[:-1]) for end in fleet.tails()]
    energy = sum(number // devices * fleet.ENERGY_STEP for number in range(messages))
    freezer = sum(
        ends[fleet.phase_of(number % devices, number // devices)]["freezer_temperature"]
        for number in range(messages)
    )
    assert fleet.expected_sums(devices, messages) == (energy, freezer)
    assert all(np.float32(value) == value for end in ends for value in end.values())


def test_a_message_was_published_with_its_batch() -> None:
    marks = [(3, 1_000), (4, 2_000), (9, 3_000)]
    assert instants(marks, np.array([0, 2, 3, 4, 8])).tolist() == [1_000, 1_000, 2_000, 3_000, 3_000]


def test_several_runs_are_the_middle_one_and_the_range() -> None:
    runs = [Report(benchmark="x", data_points_per_second=rate, lost=0) for rate in (30.0, 10.0, 20.0)]
    document = as_json(runs)
    assert document["data_points_per_second"] == 20.0
    assert document["spread"]["data_points_per_second"] == {"median": 20.0, "low": 10.0, "high": 30.0}
    assert len(document["runs"]) == 3


def test_ingest_reports_each_step(tmp_path: Path) -> None:
    done = bench("ingest", "--messages", "1000", "--devices", "10", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report.keys() >= KEYS
    assert (report["published"], report["stored"], report["lost"]) == (1000, 1000, 0)
    assert all(cost > 0 for cost in report["details"]["cpu_us_per_message"].values())


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    where = f"mqtt://127.0.0.1:{free_port()}"
    done = bench(
        *("end-to-end", "--mqtt", where, "--kafka", f"127.0.0.1:{free_port()}"),
        *("--database", "postgresql://nobody@127.0.0.1:1/none", "--json"),
        folder=tmp_path,
    )
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"] == "unavailable"


@pytest.mark.soak
@pytest.mark.kafka
def test_end_to_end_loses_nothing_and_ends_what_it_started(
    mosquitto: Mosquitto, kafka: str, tmp_path: Path
) -> None:
    options = ("--seconds", "5", "--rate", "500", "--devices", "50", "--no-references", "--json")
    done = bench("end-to-end", *options, "--mqtt", mosquitto.url, "--kafka", kafka, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report.keys() >= {*KEYS, "committed_p50_ms", "committed_p99_ms", "finding_p99_ms", "peak_rss_mb"}
    assert report["published"] == report["stored"] > 2_000
    assert (report["lost"], report["duplicated"]) == (0, 0)
    assert report["details"]["checksums_agree"] is True
    assert report["details"]["sums_that_do_not_meet"] == []
    assert report["reconciled"] is True


@pytest.mark.soak
@pytest.mark.kafka
def test_ctrl_c_ends_it_in_order(mosquitto: Mosquitto, kafka: str, tmp_path: Path) -> None:
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "zerodistance", "bench", "end-to-end", "--seconds", "600", "--json"),
            *("--no-references", "--mqtt", mosquitto.url, "--kafka", kafka),
            *("--rate", "100", "--devices", "10", "--logs", str(tmp_path / "logs")),
        ],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    wait_until(lambda: list(tmp_path.glob("zd-bench-*/plan.json")), timeout_s=90, what="the load to start")
    running.send_signal(signal.SIGINT)
    running.wait(60)
    assert running.returncode == 130
    wait_until(lambda: not list(tmp_path.glob("zd-bench-*")), what="its folder to go")
