"""The commands: what they print, and that they end when told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.processes import wait_until
from tests.store.samples import sample
from zerodistance.log import open_log
from zerodistance.messages import TELEMETRY, encode_samples
from zerodistance.store.database import connect


@pytest.fixture
def environment(empty_database: str, sqlite_log_address: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ZD_DATABASE": empty_database,
        "ZD_LOG": sqlite_log_address,
        "ZD_DATA_DIR": str(tmp_path),
        "ZD_LOG_PARTITIONS": "2",
        "ZD_MQTT": "mqtt://127.0.0.1:1",
    }


def call(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zerodistance", *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_migrate_says_what_it_did(environment: dict[str, str]) -> None:
    first = call(environment, "migrate", "--json", "--plain")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert "applied 0001_core" in told["done"]
    assert told["partitions"] == 2
    assert TELEMETRY in told["topics"]
    second = call(environment, "migrate")
    assert second.returncode == 0, second.stderr
    assert "up to date" in second.stdout


def test_migrate_without_a_database(environment: dict[str, str]) -> None:
    done = call({**environment, "ZD_DATABASE": ""}, "migrate", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"] == "unavailable"


def test_store_works_without_a_broker_and_ends_on_sigterm(
    environment: dict[str, str], empty_database: str, sqlite_log_address: str
) -> None:
    assert call(environment, "migrate", "--plain").returncode == 0
    log = open_log(sqlite_log_address)
    producer = log.producer()
    producer.send(TELEMETRY, encode_samples([sample(m, seq=m + 1) for m in range(100)]), partition=0)
    producer.flush()
    log.close()
    process = subprocess.Popen([sys.executable, "-m", "zerodistance", "stream", "store"], env=environment)
    try:
        with connect(empty_database, autocommit=True) as conn:
            wait_until(
                lambda: conn.execute("SELECT sum(n) FROM telemetry_refrigerator_1h").fetchone() == (100,),
                timeout_s=40,
                what="rows and their rollup",
            )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
