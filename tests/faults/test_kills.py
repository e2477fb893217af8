"""SIGKILL to every process and every server at random moments of one run of 100,000 messages."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.world import OURS, SERVERS, World, seeded, world

# Mosquitto saves this often in these tests; deploy/mosquitto.conf says how often in production.
AUTOSAVE_S = 1.0


@pytest.mark.kafka
def test_six_kills_in_100000_messages_lose_nothing_and_double_nothing(tmp_path: Path, mosquitto: Any) -> None:
    fleet = Fleet(devices=90, messages=1_044, silent=4, gateways=2)
    with world(tmp_path, fleet, mosquitto) as place:
        _run_with_kills(place, victims=[*OURS, *SERVERS], rate=10_000)


@pytest.mark.kafka
@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_twelve_kills_in_200000_messages(tmp_path: Path, mosquitto: Any, seed: int) -> None:
    fleet = Fleet(devices=90, messages=2_088, silent=4, gateways=2)
    with world(tmp_path, fleet, mosquitto) as place:
        _run_with_kills(place, victims=[*OURS, *SERVERS] * 2, rate=10_000, seed=seed)


def _run_with_kills(place: World, victims: list[str], rate: float, seed: int | None = None) -> None:
    """Kill each victim once, at random parts of the run, while the fleet publishes; then check everything."""
    rng = seeded(seed)
    order = rng.sample(victims, len(victims))
    # spread over the first three quarters, so that nothing is over before the last one dies
    moments = sorted(rng.uniform(0.02, 0.75) for _ in order)
    broker_died: list[float] = []
    place.start_and_wait(*OURS)
    with Publisher("127.0.0.1", place.mosquitto.port, place.fleet, rate=rate) as publisher:
        assert publisher.messages >= 100_000
        for victim, moment in zip(order, moments, strict=True):
            goal = moment * publisher.messages
            place.wait(
                lambda: publisher.settled() >= goal,  # noqa: B023 - used in this turn only
                f"{moment:.0%} of the messages before {victim} dies",
                120,
                publisher,
            )
            down_s = rng.uniform(0.0, 1.0)
            place.kill(victim)
            if victim == "mosquitto":
                broker_died.append(time.monotonic())
            print(f"{victim} killed with {publisher.settled()} messages settled, away for {down_s:.1f} s")
            time.sleep(down_s)
            place.restart(victim)
        place.wait(publisher.is_done, "every device to be told", 240, publisher)
        print(publisher.describe())
        place.wait_for_log_to_be_read()
        place.assert_all_is_stored_once()
        place.assert_memory()
        place.assert_sums_meet()
        print(f"peak memory, MB: {place.peak_mb}")
        _assert_bounded(place.lost_silently(), publisher, broker_died)
    place.shape.supervisor.check()
    assert place.shape.stop() == [], "every process ends by itself when it is asked to"


def _assert_bounded(lost: list[tuple[str, int]], publisher: Publisher, broker_died: list[float]) -> None:
    """What devices that do not count may lose: what the broker had acknowledged since it last saved."""
    print(f"devices that do not count lost {len(lost)} of {len(publisher.acknowledged)} messages")
    for message in lost:  # a busy machine reads an acknowledgement some moments after the broker died
        ages = [died - publisher.acknowledged[message] for died in broker_died]
        assert any(-1.0 <= age <= AUTOSAVE_S + 1.2 for age in ages), (message, ages)
