"""SIGTERM in the middle of a run: what was taken is finished, and nothing has to be sent or read again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.world import OURS, World, world

# What a stop may take: the longest step of each process, and the start of nothing new.
STOP_S = 8.0


@pytest.mark.kafka
def test_each_process_drains_when_it_is_asked_to_end(tmp_path: Path, mosquitto: Any) -> None:
    fleet = Fleet(devices=40, messages=150)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait(*OURS)
        # a device that waits half a minute sends nothing again here: what comes twice was redelivered
        with Publisher("127.0.0.1", mosquitto.port, fleet, rate=2_000, again_s=30) as publisher:
            for number, name in enumerate(OURS, start=1):
                goal = number * publisher.messages // 5
                place.wait(lambda: publisher.settled() >= goal, f"{name}'s turn", 60, publisher)  # noqa: B023
                took = _stop(place, name)
                print(f"{name} ended after {took:.1f} s")
                place.start(name)
            place.wait(publisher.is_done, "every device to be told", 60, publisher)
            assert publisher.repeated == 0
        place.wait_for_log_to_be_read()
        place.assert_all_is_stored_once()
        place.assert_sums_meet()
        counted = dict(place.query("SELECT outcome, count FROM stage_count WHERE stage = 'store'"))
        assert counted.get("duplicate", 0) == 0, counted
        assert counted.get("letters_duplicate", 0) == 0, counted
        assert place.shape.stop() == []
        # stopped in order, ingest has written down all that it has seen ("ignored": our own receipts)
        seen = dict(place.query("SELECT outcome, count FROM stage_count WHERE stage = 'ingest'"))
        assert seen["messages"] - seen["ignored"] == publisher.messages


def _stop(place: World, name: str) -> float:
    """Ask a process to end, and return how long it took; it ends with 0."""
    began = time.monotonic()
    child = place.shape.supervisor._children[name]
    child.terminate()
    assert child.wait(STOP_S) == 0, place.shape.supervisor.last_words(name)
    return time.monotonic() - began
