"""Forwarding: acknowledged in order and only when stored, bounded, and patient with a log that is away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.forward import Delivery, Forwarder
from tests.fixtures.processes import wait_until
from tests.ingest.helpers import NOW_MS, parse, sample
from zerodistance.errors import BackpressureError, LogError, UnavailableError
from zerodistance.messages import DEAD_LETTER, EVENTS, TELEMETRY, Sample, decode_samples, partition_of

Stored = Callable[[int], None]
Failed = Callable[[Exception], None]


class HeldProducer:
    """Takes records and confirms them when told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int | None, Stored, Failed]] = []
        self.refuse: Exception | None = None
        self.closed = False

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        key: bytes | None = None,
        partition: int | None = None,
        on_stored: Stored | None = None,
        on_error: Failed | None = None,
    ) -> None:
        if self.refuse is not None:
            raise self.refuse
        assert on_stored is not None
        assert on_error is not None
        self.sent.append((topic, value, partition, on_stored, on_error))

    def confirm(self, index: int) -> None:
        self.sent[index][3](index)

    def fail(self, index: int) -> None:
        self.sent[index][4](UnavailableError("The broker is away."))

    def samples(self) -> list[Sample]:
        return [one for topic, value, *_ in self.sent if topic == TELEMETRY for one in decode_samples(value)]

    def flush(self, timeout_s: float = 30.0) -> None:
        return

    def close(self) -> None:
        self.closed = True


def take(forwarder: Forwarder, number: int, *, size: int = 100, device: str = "fridge") -> None:
    parsed = parse(sample(seq=number), f"zd/v1/{device}/telemetry")
    forwarder.take(Delivery(1, number, 1), size, parsed.samples, parsed.events, parsed.letters)


def mids(forwarder: Forwarder) -> list[int]:
    return [delivery.mid for delivery in forwarder.collect()]


@pytest.fixture
def producer() -> HeldProducer:
    return HeldProducer()


def test_acknowledged_only_when_stored_and_in_order(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 64)
    devices = ("fridge", "ac", "child")
    assert len({partition_of(device, 64) for device in devices}) == 3
    for number, device in enumerate(devices):
        take(forwarder, number, device=device)
    forwarder.flush()
    assert mids(forwarder) == []
    producer.confirm(2)
    producer.confirm(1)
    assert mids(forwarder) == []
    producer.confirm(0)
    assert mids(forwarder) == [0, 1, 2]
    assert forwarder.idle


def test_a_message_waits_for_every_record_that_carries_a_part_of_it(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 64)
    parsed = parse([sample(seq=1), sample(seq=2, ts=0), sample(seq=3, ts="x")])
    forwarder.take(Delivery(1, 5, 1), 500, parsed.samples, parsed.events, parsed.letters)
    forwarder.flush()
    assert sorted(topic for topic, *_ in producer.sent) == [DEAD_LETTER, DEAD_LETTER, TELEMETRY]
    for index in (0, 2):
        producer.confirm(index)
        assert mids(forwarder) == []
    producer.confirm(1)
    assert mids(forwarder) == [5]


def test_messages_that_amount_to_nothing_are_acknowledged_in_their_turn(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8)
    take(forwarder, 1)
    forwarder.take(Delivery(1, 2, 1), 10)
    assert mids(forwarder) == []
    forwarder.flush()
    producer.confirm(0)
    assert mids(forwarder) == [1, 2]


def test_a_busy_log_gets_larger_records(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8, linger_s=3_600, rest_s=0)
    take(forwarder, 1)
    forwarder.flush()
    for number in range(2, 50):
        take(forwarder, number)
        forwarder.flush()
    assert len(producer.sent) == 1  # under way: the others wait for company
    producer.confirm(0)
    assert mids(forwarder) == [1]
    forwarder.flush()
    assert [len(decode_samples(value)) for _, value, *_ in producer.sent] == [1, 48]


def test_a_batch_does_not_wait_longer_than_allowed(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8, linger_s=0.01)
    take(forwarder, 1)
    forwarder.flush()
    take(forwarder, 2)

    def sent() -> bool:
        forwarder.flush()
        return len(producer.sent) == 2

    wait_until(sent, timeout_s=5)


def test_records_stay_small_enough_for_the_log(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 1, linger_s=3_600)
    producer.refuse = BackpressureError("full", retry_after_s=0.0)
    for number in range(20):
        take(forwarder, number, size=100_000)
    producer.refuse = None
    forwarder.flush(force=True)
    assert len(producer.sent) == 10
    assert [one.seq for one in producer.samples()] == list(range(20))


def test_what_waits_is_bounded_by_number_and_by_bytes(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8, max_messages=3, max_bytes=10**6)
    take(forwarder, 1)
    take(forwarder, 2)
    assert not forwarder.full
    take(forwarder, 3)
    assert forwarder.full
    forwarder.flush(force=True)
    producer.confirm(0)
    forwarder.collect()
    assert not forwarder.full
    take(forwarder, 4, size=10**6)
    assert forwarder.full


def test_a_full_log_is_tried_again_in_order(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8)
    producer.refuse = BackpressureError("full", retry_after_s=0.01)
    for number in range(3):
        take(forwarder, number)
        forwarder.flush(force=True)
    assert producer.sent == []
    producer.refuse = None

    def sent() -> bool:
        forwarder.flush()
        return len(producer.sent) == 3

    wait_until(sent, timeout_s=5)
    assert [one.seq for one in producer.samples()] == [0, 1, 2]


def test_what_the_log_gave_up_on_is_sent_again(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8)
    take(forwarder, 1)
    forwarder.flush()
    producer.fail(0)
    assert mids(forwarder) == []

    def sent_again() -> bool:
        forwarder.flush()
        return len(producer.sent) == 2

    wait_until(sent_again, timeout_s=5)
    producer.confirm(1)
    assert mids(forwarder) == [1]
    assert [one.seq for one in producer.samples()] == [1, 1]


def test_a_producer_beyond_help_is_replaced() -> None:
    producers: list[HeldProducer] = []

    def make() -> HeldProducer:
        producers.append(HeldProducer())
        if len(producers) == 1:
            producers[0].refuse = LogError("This producer is fenced.")
        return producers[-1]

    forwarder = Forwarder(make, 8)
    take(forwarder, 1)

    def sent() -> bool:
        forwarder._not_before = 0.0  # the test need not sit out the pauses
        forwarder.flush()
        return len(producers) == 2 and len(producers[1].sent) == 1

    wait_until(sent, timeout_s=5)
    assert producers[0].closed


def test_events_go_to_their_topic(producer: HeldProducer) -> None:
    forwarder = Forwarder(lambda: producer, 8)
    parsed = parse({"ts": NOW_MS, "event": "door_opened"}, "zd/v1/fridge/event")
    forwarder.take(Delivery(1, 1, 1), 50, parsed.samples, parsed.events, parsed.letters)
    forwarder.flush()
    assert [topic for topic, *_ in producer.sent] == [EVENTS]
