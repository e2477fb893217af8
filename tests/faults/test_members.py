"""Consumers that come and go, one that is frozen and wakes up, and records that nobody can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from tests.faults.fleet import Fleet
from tests.faults.publisher import Publisher
from tests.faults.world import World, world
from zerodistance.clock import to_us
from zerodistance.log import open_log
from zerodistance.messages import DEAD_LETTER, EVENTS, TELEMETRY, Sample, encode_samples, partition_of

pytestmark = pytest.mark.kafka
_OFFSETS = (
    "SELECT partition, next_offset FROM log_offset WHERE (consumer, topic) = ('store', 'zd.telemetry')"
    " ORDER BY partition"
)
# Said by a consumer whose write was rolled back because another one had moved its offsets.
FENCED = "stream.fenced"


def test_a_rebalance_under_load_a_zombie_and_poison_lose_nothing(tmp_path: Path, mosquitto: Any) -> None:
    """The store is frozen past its session and another joins; it wakes and must not write; one leaves."""
    fleet = Fleet(devices=60, messages=300, gateways=1)
    with world(tmp_path, fleet, mosquitto) as place:
        place.start_and_wait("ingest", "store")
        # a window as large as the run: all the while there is something new in each partition
        with Publisher(
            "127.0.0.1", mosquitto.port, fleet, rate=1_500, window=fleet.messages, again_s=20
        ) as publisher:
            _reach(place, publisher, 0.05)
            _make_a_zombie(place)
            # the other one has its partitions, and it is about to write what it had read before
            place.thaw("store")
            place.wait(lambda: FENCED in place.said("store"), "the zombie to be fenced", 30, publisher)
            poisoned = _poison(place)
            _reach(place, publisher, 0.6)  # both of them at work
            place.signal("store-2", 15)
            place.wait(publisher.is_done, "every device to be told", 90, publisher)
            print(publisher.describe())
        place.wait_for_log_to_be_read()
        place.assert_all_is_stored_once()
        letters = place.query(
            "SELECT reason, count(*), count(DISTINCT source) FROM dead_letter"
            " WHERE reason IN ('unreadable_record', 'not_storable') GROUP BY 1 ORDER BY 1"
        )
        assert letters == [("not_storable", 1, 1), ("unreadable_record", poisoned, poisoned)]


def _make_a_zombie(place: World) -> None:
    """Freeze the store before the first write of a checkpoint, until another one has gone past it."""
    with psycopg.connect(place.shape.database) as connection:
        connection.execute("LOCK TABLE log_offset IN EXCLUSIVE MODE")
        place.wait(
            lambda: place.count(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'log_offset'::regclass"
            ),
            "the store to begin a checkpoint",
            15,
        )
        place.freeze("store")
        before = place.query(_OFFSETS)
    place.start("store-2")
    place.wait(
        lambda: all(now > then for now, then in zip(place.query(_OFFSETS), before, strict=True)),
        "the second store to take over and write",
        25,  # half a minute after, the database ends the frozen one's transaction by itself
    )


def _reach(place: World, publisher: Publisher, part: float) -> None:
    place.wait(
        lambda: publisher.settled() >= publisher.messages * part, f"{part:.0%} of the run", 60, publisher
    )


def _poison(place: World) -> int:
    """Put records on the log that no consumer can take; return how many are unreadable."""
    with psycopg.connect(place.shape.database) as connection:
        # what only the database knows: no parser can foresee it
        connection.execute(
            "ALTER TABLE telemetry_refrigerator ADD CONSTRAINT never_66 CHECK (freezer_temperature <> -66)"
        )
        connection.execute("INSERT INTO device (id, tenant_id, type) VALUES ('odd', 1, 'refrigerator')")
    log = open_log(place.shape.environment["ZD_LOG"])
    producer = log.producer()
    try:
        partitions = log.partitions(TELEMETRY)
        where = partition_of("odd", partitions)
        rubbish = (b"", b"\x01rubbish", b"\x02rubbish", b"\x09from the future", bytes(range(256)), b"{}")
        for topic in (TELEMETRY, EVENTS, DEAD_LETTER):
            for number, record in enumerate(rubbish):
                producer.send(topic, record, key=b"odd", partition=number % partitions)
        now_us = to_us(place.shape.clock.now())
        samples = [
            Sample(
                1,
                "odd",
                "refrigerator",
                now_us - n * 60_000_000,
                now_us,
                1,
                n,
                None,
                {"power": float(n)},
                {},
                {},
            )
            for n in range(1, 8)
        ]
        samples[3] = msgspec.structs.replace(samples[3], values={"freezer_temperature": -66.0})
        producer.send(TELEMETRY, encode_samples(samples), partition=where)
        producer.flush()
    finally:
        log.close()
    place.wait(
        lambda: place.query("SELECT through FROM receipt WHERE device_id = 'odd'") == [(7,)],
        "the refused sample to be settled with its neighbours",
        60,
    )
    assert place.count("SELECT count(*) FROM telemetry_refrigerator WHERE device_id = 'odd'") == 6
    # the fleet's own sums come next
    for table in ("telemetry_refrigerator", "receipt"):
        place.query(f"DELETE FROM {table} WHERE device_id = 'odd' RETURNING 1")
    return 3 * len(rubbish)
