"""Devices that do not number their samples: what a killed broker costs them, and no more than that."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.world import world

# Mosquitto saves this often in the tests (tests/fixtures/mosquitto.py), and looks at the clock once a second.
AUTOSAVE_S, GRANULARITY_S = 1.0, 1.2


@pytest.mark.kafka
@pytest.mark.soak
def test_a_killed_broker_forgets_what_came_since_it_last_saved_and_no_more(
    tmp_path: Path, mosquitto: Any
) -> None:
    """The worst case: ingest is away, so that everything lies in the broker alone."""
    fleet = Fleet(devices=0, messages=300, silent=20)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait("ingest", "store")
        with Publisher("127.0.0.1", mosquitto.port, fleet, rate=500) as publisher:
            place.wait(lambda: len(publisher.acknowledged) > 500, "the first messages", 30, publisher)
            place.kill("ingest")
            stopped = len(publisher.acknowledged)
            place.wait(
                lambda: len(publisher.acknowledged) > stopped + 2_500,
                "messages to wait in the broker",
                60,
                publisher,
            )
            killed_at = time.monotonic()
            place.kill("mosquitto")
            place.restart("mosquitto")
            place.restart("ingest")
            place.wait(publisher.is_done, "all to be sent", 60, publisher)
        place.wait_for_log_to_be_read()

        def left() -> int:
            return place.count("SELECT count(*) FROM telemetry_refrigerator")

        stood = -1
        while left() != stood:  # the broker has no more to deliver
            stood = left()
            time.sleep(2.0)
            place.wait_for_log_to_be_read()
        lost = place.lost_silently()
        ages = sorted(killed_at - publisher.acknowledged[message] for message in lost)
        rate = 2_500 / max(1e-9, killed_at - _when(publisher, stopped))
        print(
            f"{len(lost)} of {publisher.messages} lost at {rate:.0f} messages/s;"
            f" the oldest was acknowledged {ages[-1] if ages else 0.0:.2f} s before the kill"
        )
        assert all(age <= AUTOSAVE_S + GRANULARITY_S for age in ages)
        assert (
            place.count(
                "SELECT count(*) FROM (SELECT DISTINCT device_id, time FROM telemetry_refrigerator) AS t"
            )
            == left()
        )


def _when(publisher: Publisher, number: int) -> float:
    return sorted(publisher.acknowledged.values())[number]
