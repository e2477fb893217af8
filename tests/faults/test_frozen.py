"""A store that freezes in the middle of a transaction must not hold up the others for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.world import world


@pytest.mark.kafka
@pytest.mark.soak
def test_locks_of_a_frozen_store_are_taken_from_it(tmp_path: Path, mosquitto: Any) -> None:
    fleet = Fleet(devices=20, messages=200)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait("ingest", "store")
        with Publisher("127.0.0.1", mosquitto.port, fleet, rate=500, again_s=20) as publisher:
            place.wait(lambda: publisher.settled() > 100, "the first receipts", 60, publisher)
            with psycopg.connect(place.shape.database) as connection:
                connection.execute("LOCK TABLE telemetry_refrigerator IN ACCESS EXCLUSIVE MODE")
                place.wait(
                    lambda: place.count(
                        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation ="
                        " 'telemetry_refrigerator'::regclass"
                    ),
                    "the store to wait inside its transaction",
                    30,
                )
                place.freeze("store")
            # It holds the offsets' rows now, and nobody can wake it.
            place.start_and_wait("store-2")
            place.wait(publisher.is_done, "every device to be told", 120, publisher)
            place.thaw("store")
        place.wait_for_log_to_be_read()
        place.assert_all_is_stored_once()
        place.shape.supervisor.check()
        assert place.shape.stop() == []
