"""Disks that fill up: of the embedded log, of the database, of Kafka.

A full disk is made without the right to mount one: no file of the server may grow beyond a limit
(RLIMIT_FSIZE of setrlimit(2), set on the running processes and lifted again). The write fails with EFBIG
where a full disk says ENOSPC; both are errors of write(2) that the servers handle in the same places.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.servers import limit_files
from tests.faults.world import OURS, World, world

pytestmark = [pytest.mark.kafka, pytest.mark.soak]
FULL_S = 15.0


def test_the_embedded_logs_disk(tmp_path: Path, mosquitto: Any) -> None:
    """Ingest cannot write to the SQLite log; it acknowledges nothing, and goes on when there is room."""
    fleet = Fleet(devices=40, messages=600)
    path = tmp_path / "log.sqlite"
    with world(tmp_path, fleet, mosquitto, log=f"sqlite:///{path}?silence_s=3") as place:
        place.start_and_wait(*OURS)
        with Publisher("127.0.0.1", mosquitto.port, fleet, rate=1_000, again_s=20) as publisher:
            place.wait(lambda: publisher.settled() > 2_000, "the first receipts", 90, publisher)
            pid = place.shape.supervisor.pid("ingest")
            limit_files([pid], max(path.stat().st_size, path.with_name(path.name + "-wal").stat().st_size))
            _stay_full(place)
            assert "full" in place.said("ingest") or "disk" in place.said("ingest")
            limit_files([pid], resource.RLIM_INFINITY)
            _ends_well(place, publisher)


def test_the_databases_disk(tmp_path: Path, mosquitto: Any) -> None:
    """PostgreSQL cannot write its log any more and ends (PANIC); with room it recovers and all goes on."""
    fleet = Fleet(devices=60, messages=800)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait(*OURS)
        with Publisher(
            "127.0.0.1", mosquitto.port, fleet, rate=2_000, window=fleet.messages, again_s=20
        ) as publisher:
            place.wait(lambda: publisher.settled() > 5_000, "the first receipts", 90, publisher)
            place.postgres.limit_files(4096)
            place.wait(lambda: not place.postgres.answers(), "PostgreSQL to give up", 60, publisher)
            _stay_full(place)
            place.postgres.kill()
            place.postgres.start()
            _ends_well(place, publisher)


def test_kafkas_disk(tmp_path: Path, mosquitto: Any) -> None:
    """Kafka takes its folder off line and ends; it comes back with room, and nothing that it took is gone."""
    fleet = Fleet(devices=60, messages=800)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait(*OURS)
        with Publisher(
            "127.0.0.1", mosquitto.port, fleet, rate=2_000, window=fleet.messages, again_s=20
        ) as publisher:
            place.wait(lambda: publisher.settled() > 5_000, "the first receipts", 90, publisher)
            place.kafka.limit_files(4096)
            place.wait(place.kafka.is_down, "Kafka to give up its folder", 60, publisher)
            _stay_full(place)
            place.kafka.start()
            _ends_well(place, publisher)


def _stay_full(place: World) -> None:
    until = time.monotonic() + FULL_S
    while time.monotonic() < until:
        place.assert_memory()
        place.shape.supervisor.check()
        time.sleep(0.5)


def _ends_well(place: World, publisher: Publisher) -> None:
    place.wait(publisher.is_done, "every device to be told", 180, publisher)
    print(publisher.describe())
    place.wait_for_log_to_be_read()
    place.assert_all_is_stored_once()
    place.shape.supervisor.check()
    assert place.shape.stop() == []
