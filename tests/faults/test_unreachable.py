"""Servers that stop answering for a minute: connections stay open and nothing comes back.

That is worse than a server that is gone, which says so. Memory stays below a ceiling all the while, and the
load goes on: what cannot go further waits where there is room for it (devices, Mosquitto's queue, Kafka).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.world import OURS, world

pytestmark = [pytest.mark.kafka, pytest.mark.soak]
OUTAGE_S = 60.0


@pytest.mark.parametrize("server", ["mosquitto", "kafka", "postgres"])
def test_a_minute_without_an_answer(tmp_path: Path, mosquitto: Any, server: str) -> None:
    fleet = Fleet(devices=80, messages=1_300)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait(*OURS)
        # a window as large as the run: the devices do not hold back, whatever happens
        with Publisher(
            "127.0.0.1", mosquitto.port, fleet, rate=1_500, window=fleet.messages, again_s=20
        ) as publisher:
            assert publisher.messages >= 100_000
            place.wait(lambda: publisher.settled() >= 5_000, "the first receipts", 60, publisher)
            place.freeze(server)
            until = time.monotonic() + OUTAGE_S
            while time.monotonic() < until:
                place.assert_memory()
                place.shape.supervisor.check()
                time.sleep(0.5)
            place.thaw(server)
            place.wait(publisher.is_done, "every device to be told", 240, publisher)
            print(publisher.describe())
        place.wait_for_log_to_be_read(120)
        place.assert_all_is_stored_once()
        place.assert_memory()
        print(f"peak memory, MB: {place.peak_mb}")
        place.shape.supervisor.check()
        assert place.shape.stop() == []
