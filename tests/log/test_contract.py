"""What every log promises, on both implementations, within one process."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence

import pytest

from tests.fixtures.processes import wait_until
from tests.log.conftest import SILENCE_S
from tests.log.reading import read, read_until
from zerodistance.errors import BackpressureError, FencedError, LogError
from zerodistance.log import Consumer, Log, Record, TopicPartition
from zerodistance.messages import partition_of

PARTITIONS = 6


def fill(log: Log, count: int, *, topic: str = "t", devices: int = 10) -> None:
    """Write ``count`` records over some devices; each value is "device number"."""
    log.create_topics([topic], PARTITIONS)
    producer = log.producer()
    for number in range(count):
        device = f"d{number % devices}"
        producer.send(topic, f"{device} {number}".encode(), key=device.encode())
    producer.flush()
    producer.close()


def ends(records: list[Record]) -> dict[TopicPartition, int]:
    """Return the offset after the last record of each partition."""
    return {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}


def test_records_of_a_key_keep_their_order_and_their_partition(log: Log) -> None:
    fill(log, 500)
    by_device: dict[str, list[int]] = defaultdict(list)
    for record in read(log.consumer("g", ["t"]), 500):
        assert record.key is not None
        device, number = record.value.decode().split()
        assert record.key.decode() == device
        assert record.partition == partition_of(device, PARTITIONS)
        by_device[device].append(int(number))
    assert sum(map(len, by_device.values())) == 500
    assert all(numbers == sorted(numbers) for numbers in by_device.values())


def test_offsets_count_from_zero_without_gaps_and_senders_learn_them(log: Log) -> None:
    log.create_topics(["t"], PARTITIONS)
    producer = log.producer()
    told: dict[bytes, int] = {}
    before_us = time.time_ns() // 1000
    for number in range(200):
        value = b"%d" % number
        producer.send(
            "t",
            value,
            key=b"d%d" % (number % 7),
            on_stored=lambda offset, value=value: told.__setitem__(value, offset),
        )
    producer.flush()
    records = read(log.consumer("g", ["t"]), 200)
    assert {r.value: r.offset for r in records} == told
    offsets: dict[int, list[int]] = defaultdict(list)
    for record in records:
        offsets[record.partition].append(record.offset)
        assert before_us - 1000 <= record.time_us <= time.time_ns() // 1000
    assert all(found == list(range(len(found))) for found in offsets.values())
    assert {where.partition: end for where, end in log.end_offsets("t").items() if end} == {
        partition: len(found) for partition, found in offsets.items()
    }


def test_a_record_without_key_goes_to_the_partition_it_names(log: Log) -> None:
    log.create_topics(["t"], PARTITIONS)
    producer = log.producer()
    producer.send("t", b"x", partition=4)
    with pytest.raises(LogError, match="key or a partition"):
        producer.send("t", b"x")
    with pytest.raises(LogError, match="0 to 5"):
        producer.send("t", b"x", partition=6)
    producer.flush()
    (record,) = read(log.consumer("g", ["t"]), 1)
    assert (record.topic, record.partition, record.offset, record.key) == ("t", 4, 0, None)


def test_a_group_goes_on_where_it_committed(log: Log) -> None:
    fill(log, 300)
    first = log.consumer("g", ["t"])
    begun = first.poll(10, 40) or read(first, 1)
    first.commit(ends(begun))
    first.close()
    rest = read(log.consumer("g", ["t"]), 300 - len(begun))
    assert {r.value for r in begun} | {r.value for r in rest} == {
        r.value for r in read(log.consumer("h", ["t"]), 300)
    }
    assert not {r.value for r in begun} & {r.value for r in rest}


def test_what_was_not_committed_comes_again(log: Log) -> None:
    fill(log, 100)
    first = log.consumer("g", ["t"])
    read(first, 100)
    first.close()
    assert len(read(log.consumer("g", ["t"]), 100)) == 100


def test_a_consumer_resumes_at_offsets_stored_elsewhere(log: Log) -> None:
    fill(log, 300)
    stored = {where: end // 2 for where, end in log.end_offsets("t").items()}

    def assigned(partitions: Sequence[TopicPartition]) -> None:
        for where in partitions:
            consumer.seek(where, stored[where])

    consumer = log.consumer("g", ["t"], on_assigned=assigned)
    records = read(consumer, 300 - sum(stored.values()))
    assert all(r.offset >= stored[TopicPartition(r.topic, r.partition)] for r in records)
    assert len(records) == 300 - sum(stored.values())
    consumer.seek(TopicPartition("t", records[-1].partition), records[-1].offset)
    assert read(consumer, 1) == [records[-1]]


def test_two_topics_of_a_consumer_are_shared_by_partition_number(log: Log) -> None:
    log.create_topics(["t", "u"], PARTITIONS)
    one, two = log.consumer("g", ["t", "u"]), log.consumer("g", ["t", "u"])
    with _polling(one), _polling(two):
        wait_until(lambda: len(one.assignment()) == len(two.assignment()) == PARTITIONS, what="an even share")
        for consumer in (one, two):
            numbers = {
                topic: {w.partition for w in consumer.assignment() if w.topic == topic} for topic in "tu"
            }
            assert numbers["t"] == numbers["u"]
        assert not one.assignment() & two.assignment()


def test_two_consumers_share_and_the_one_that_stays_takes_all(log: Log) -> None:
    fill(log, 100)
    one = log.consumer("g", ["t"])
    begun = read(one, 100)
    one.commit(ends(begun))
    two = log.consumer("g", ["t"])
    with _polling(two) as seen_by_two:
        with _polling(one):
            wait_until(lambda: len(one.assignment()) == len(two.assignment()) == 3, what="an even share")
        one.close()
        # At once: far sooner than a silent member would be missed.
        wait_until(lambda: len(two.assignment()) == PARTITIONS, what="the rest to take over")
        fill(log, 60)
        wait_until(lambda: len(seen_by_two) >= 60, what="the new records")
        assert len(seen_by_two) == 60


def test_partitions_are_given_up_before_others_get_them(log: Log) -> None:
    """``on_revoked`` may still commit: the next reader begins exactly there."""
    fill(log, 200)
    done: list[Record] = []

    def revoked(partitions: Sequence[TopicPartition]) -> None:
        gone.append(set(partitions))
        one.commit({where: end for where, end in ends(done).items() if where in partitions})

    gone: list[set[TopicPartition]] = []
    one = log.consumer("g", ["t"], on_revoked=revoked)
    done += read(one, 200)
    two = log.consumer("g", ["t"])
    with _polling(two) as seen_by_two:
        deadline = time.monotonic() + 20
        while len(two.assignment()) != 3 or len(one.assignment()) != 3:
            assert time.monotonic() < deadline
            done += one.poll(0.05)
        assert set(log.end_offsets("t")) in gone
        assert len(done) == 200
        assert seen_by_two == []


def test_nothing_is_read_before_the_assignment_is_taken(log: Log) -> None:
    fill(log, 50)
    asked: list[Sequence[TopicPartition]] = []

    def assigned(partitions: Sequence[TopicPartition]) -> None:
        asked.append(partitions)
        if len(asked) < 3:
            raise RuntimeError("the database does not answer")

    consumer = log.consumer("g", ["t"], on_assigned=assigned)
    failures, records = 0, []
    deadline = time.monotonic() + 20
    while len(records) < 50 and time.monotonic() < deadline:
        try:
            records += consumer.poll(0.5)
        except RuntimeError:
            failures += 1
            assert records == []
    assert (failures, len(asked), len(records)) == (2, 3, 50)
    assert asked[2] == sorted(log.end_offsets("t"))


def test_paused_partitions_keep_still_and_then_go_on(log: Log) -> None:
    fill(log, 120)
    consumer = log.consumer("g", ["t"])
    read_until(consumer, lambda _: consumer.assignment())
    still = {where for where in consumer.assignment() if where.partition < 3}
    for where in consumer.assignment():
        consumer.seek(where, 0)
    consumer.pause(still)
    loud = sum(end for where, end in log.end_offsets("t").items() if where not in still)
    records = read(consumer, loud)
    assert consumer.poll(0.3) == []
    assert all(r.partition >= 3 for r in records)
    assert consumer.assignment() >= still
    consumer.resume(still)
    assert len(read(consumer, 120 - loud)) == 120 - loud


def test_what_was_fetched_before_a_pause_comes_after_it(log: Log) -> None:
    """Half of what one fetch brought is handed out, then the partition rests while others are read."""
    log.create_topics(["t"], 2)
    producer = log.producer()
    for number in range(10):
        producer.send("t", b"%d" % number, partition=0)
    producer.flush()
    consumer = log.consumer("g", ["t"])
    found = read_until(consumer, lambda records: records, most=1)
    consumer.pause([TopicPartition("t", 0)])
    for _ in range(3):
        producer.send("t", b"other", partition=1)
        producer.flush()
        read(consumer, 1)
    consumer.resume([TopicPartition("t", 0)])
    found += read(consumer, 10 - len(found))
    assert [record.value for record in found] == [b"%d" % number for number in range(10)]


def test_lag_is_what_lies_ahead(log: Log) -> None:
    fill(log, 90)
    consumer = log.consumer("g", ["t"])
    records = read(consumer, 90)
    assert consumer.lag() == {TopicPartition("t", number): 0 for number in range(PARTITIONS)}
    fill(log, 30)
    assert sum(consumer.lag().values()) == 30
    where = TopicPartition("t", records[0].partition)
    consumer.seek(where, 0)
    assert consumer.lag()[where] == log.end_offsets("t")[where]


def test_a_full_buffer_refuses_and_loses_nothing(address: str) -> None:
    log = _small(address)
    log.create_topics(["t"], PARTITIONS)
    producer = log.producer()
    stored: list[int] = []
    accepted = 0
    for turn in range(3):
        with pytest.raises(BackpressureError) as refusal:  # noqa: PT012 - which send it is depends on timing
            for number in range(100_000):
                producer.send("t", b"%d" % number, key=b"d", on_stored=stored.append)
                accepted += 1
        assert refusal.value.retry_after_s > 0
        assert accepted >= 10 * (turn + 1)
        assert accepted - len(stored) <= 11  # ten in the buffer; one may be told of at this moment
        producer.flush()
    assert sorted(stored) == list(range(accepted))
    assert len(read(log.consumer("g", ["t"]), accepted)) == accepted
    log.close()


def test_a_record_that_is_too_large_is_refused_at_once(log: Log) -> None:
    log.create_topics(["t"], 1)
    producer = log.producer()
    with pytest.raises(LogError, match="too large"):
        producer.send("t", bytes(1_000_001), key=b"d")
    producer.send("t", bytes(1_000_000), partition=0)
    producer.flush()
    (record,) = read(log.consumer("g", ["t"]), 1)
    assert len(record.value) == 1_000_000


def test_topics_are_made_once_and_never_change(log: Log) -> None:
    log.create_topics(["t"], PARTITIONS)
    log.create_topics(["t", "u"], PARTITIONS)
    assert log.partitions("t") == log.partitions("u") == PARTITIONS
    with pytest.raises(LogError, match="ZD_LOG_PARTITIONS=6"):
        log.create_topics(["t"], PARTITIONS + 1)
    with pytest.raises(LogError, match="ZD_LOG_PARTITIONS=6"):
        log.create_topics(["v", "u"], PARTITIONS + 1)
    with pytest.raises(LogError, match="no topic"):
        log.partitions("v")
    with pytest.raises(LogError, match="at least one"):
        log.create_topics(["w"], 0)


def test_an_unknown_topic_is_said_to_be_so(log: Log) -> None:
    producer = log.producer()
    for call in (
        lambda: log.partitions("nothing"),
        lambda: log.end_offsets("nothing"),
        lambda: log.consumer("g", ["nothing"]),
        lambda: producer.send("nothing", b"", key=b"d"),
    ):
        with pytest.raises(LogError, match="migrate"):
            call()


def test_only_what_is_assigned_can_be_committed_or_sought(log: Log) -> None:
    fill(log, 10)
    consumer = log.consumer("g", ["t"])
    with pytest.raises(LogError, match="not assigned"):
        consumer.seek(TopicPartition("t", 0), 0)
    with pytest.raises(FencedError):
        consumer.commit({TopicPartition("t", 0): 1})
    read(consumer, 10)
    consumer.commit({})


def test_a_closed_consumer_or_producer_says_so(log: Log) -> None:
    fill(log, 1)
    consumer, producer = log.consumer("g", ["t"]), log.producer()
    consumer.close()
    consumer.close()
    producer.close()
    producer.close()
    with pytest.raises(LogError, match="closed"):
        consumer.poll(0)
    with pytest.raises(LogError, match="closed"):
        producer.send("t", b"", key=b"d")


def test_a_callback_that_raises_harms_nobody(log: Log) -> None:
    log.create_topics(["t"], 1)
    producer = log.producer()
    stored: list[int] = []

    def broken(offset: int) -> None:
        raise RuntimeError("a mistake of the caller")

    producer.send("t", b"1", partition=0, on_stored=broken)
    producer.send("t", b"2", partition=0, on_stored=stored.append)
    producer.flush()
    assert stored == [1]


class _polling:  # noqa: N801 - reads as a verb
    """Poll a consumer in a thread for the length of a block; gives the list that its records go to."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._records: list[Record] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> list[Record]:
        self._thread.start()
        return self._records

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._records += self._consumer.poll(0.05)


def _small(address: str) -> Log:
    """Open a log whose producers hold at most ten records."""
    scheme, _, rest = address.partition("://")
    if scheme == "sqlite":
        from zerodistance.log.sqlite import SqliteLog

        return SqliteLog(rest, lease_s=SILENCE_S, max_records=10)
    from zerodistance.log.kafka import KafkaLog
    from zerodistance.log.opening import parse_kafka

    brokers, prefix = parse_kafka(address, rest)
    return KafkaLog(brokers, prefix=prefix, session_s=SILENCE_S, max_records=10)
