"""What only Kafka has: brokers that do not answer, and prefixes on a shared cluster."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from unittest import mock

import pytest
import structlog.testing

from tests.fixtures.processes import free_port, wait_until
from tests.log.conftest import SILENCE_S
from tests.log.reading import read, read_until
from zerodistance.errors import LogError, UnavailableError
from zerodistance.log import Log, kafka_errors, open_log
from zerodistance.log import kafka as kafka_module

pytestmark = pytest.mark.kafka


def test_no_broker_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_module, "_BOOTSTRAP_MS", 300)
    begun = time.monotonic()
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        open_log(f"kafka://127.0.0.1:{free_port()}")
    assert time.monotonic() - begun < 5


def test_prefixes_keep_installations_apart(kafka_address: str) -> None:
    one, two = (
        open_log(kafka_address, silence_s=SILENCE_S),
        open_log(kafka_address + "-b", silence_s=SILENCE_S),
    )
    one.create_topics(["t"], 2)
    with pytest.raises(LogError, match="no topic"):
        two.partitions("t")
    two.create_topics(["t"], 3)
    for log, value in ((one, b"1"), (two, b"2")):
        producer = log.producer()
        producer.send("t", value, key=b"d")
        producer.flush()
    for log, value in ((one, b"1"), (two, b"2")):
        records = read(log.consumer("g", ["t"]), 1)
        assert [(r.topic, r.value) for r in records] == [("t", value)]
    one.close()
    two.close()


def test_a_broker_that_is_away_does_not_flood_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(kafka_errors, "time", SimpleNamespace(monotonic=lambda: now[0]))
    handler = kafka_errors.QuietHandler()
    with structlog.testing.capture_logs() as lines:
        for name in ("kafka.net", "kafka.net", "kafka.cluster", "kafka.net"):
            handler.handle(logging.LogRecord(name, logging.ERROR, "", 0, "refused %s", ("x",), None))
        now[0] += 11
        handler.handle(logging.LogRecord("kafka.net", logging.ERROR, "", 0, "again", None, None))
    assert [(line["by"], line["said"], line["kept_back"]) for line in lines] == [
        ("kafka.net", "refused x", 0),
        ("kafka.cluster", "refused x", 0),
        ("kafka.net", "again", 2),
    ]


@pytest.mark.soak
def test_sixty_thousand_records_come_back_once_and_in_order(kafka_address: str) -> None:
    """Many batches over many partitions; how fast it goes is printed (a speed is a benchmark's to judge)."""
    log = open_log(kafka_address)
    log.create_topics(["t"], 24)
    producer = log.producer()
    total, appliances = 60_000, 100
    consumer = log.consumer("g", ["t"])
    stored: list[int] = []
    begun = time.perf_counter()
    for number in range(total):
        producer.send("t", b"%6d" % number * 50, key=b"d%d" % (number % appliances), on_stored=stored.append)
        if number % 20_000 == 0:
            producer.flush()
    producer.flush()
    written = time.perf_counter()
    assert len(stored) == total
    records = read(consumer, total, timeout_s=120)
    print(
        f"written {total / (written - begun):,.0f}/s, read {total / (time.perf_counter() - written):,.0f}/s"
    )
    numbers = [int(record.value[:6]) for record in records]
    assert sorted(numbers) == list(range(total))
    for appliance in range(appliances):
        own = [number for number in numbers if number % appliances == appliance]
        assert own == sorted(own)
    log.close()


def test_what_was_resumed_between_two_assignments_goes_on(kafka_log: Log) -> None:
    """A pause that ends while the members of the group change must not outlive it."""
    kafka_log.create_topics(["t"], 4)
    consumer = kafka_log.consumer("g", ["t"])
    read_until(consumer, lambda _: consumer.assignment())
    held = consumer.assignment()
    consumer.pause(held)
    with mock.patch.object(consumer, "assignment", return_value=set()):  # as seen in the middle of a change
        consumer.resume(held)
    other = kafka_log.consumer("g", ["t"])
    read_until(consumer, lambda _: other.poll(0.05) == [] and other.assignment())
    other.close()
    read_until(consumer, lambda _: consumer.assignment() == held)
    producer = kafka_log.producer()
    for partition in range(4):
        producer.send("t", b"x", partition=partition)
    producer.flush()
    assert {record.partition for record in read(consumer, 4)} == {0, 1, 2, 3}


def test_a_silent_broker_costs_no_processor_time(kafka_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a heartbeat is overdue kafka-python's own waiting is a busy loop that takes memory, too."""
    kafka_log.create_topics(["t"], 2)
    consumer = kafka_log.consumer("g", ["t"])
    wait_until(lambda: consumer.poll(0.1) == [] and consumer.assignment(), what="the assignment")
    monkeypatch.setattr(consumer._consumer._coordinator, "time_to_next_poll", lambda: 0)  # type: ignore[attr-defined]
    spent, begun = time.process_time(), time.monotonic()
    while time.monotonic() - begun < 2:
        assert consumer.poll(0.5) == []
    assert time.process_time() - spent < 0.8
    consumer.close()
