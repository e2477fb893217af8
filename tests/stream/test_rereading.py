"""A handler whose state lags behind the stored offsets: the log is read again, and nothing else changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import cast

import pytest

from stream.loop import CheckpointLoop
from tests.fixtures.processes import wait_until
from zerodistance.log import Consumer, Log, Record, TopicPartition, open_log
from zerodistance.store import offsets
from zerodistance.store.database import Connection, Pool

_TOPIC, _OTHER = "numbers", "words"


class Crash(BaseException):
    """The process is killed here: nothing catches it."""


class LaggingHandler:
    """Writes (number, running sum); the sum itself is saved once in five records only."""

    def __init__(self, commits: int = 10**9) -> None:
        self.left = commits
        self.sums: dict[int, int] = {}
        self.at: dict[int, int] = {}
        self.saved: dict[int, int] = {}
        self.waiting: list[tuple[int, int]] = []
        self.read: list[tuple[str, int]] = []

    def assigned(
        self, conn: Connection, stored: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, int]:
        self.waiting = []
        self.at = {}
        self.told = {where.partition: upto for where, upto in stored.items() if where.topic == _TOPIC}
        rows = conn.execute("SELECT partition, total, upto FROM lagging").fetchall()
        self.saved = {p: min(upto, self.told[p]) for p, _, upto in rows if p in self.told}
        self.sums = {p: total for p, total, _ in rows}
        return {TopicPartition(_TOPIC, p): self.saved.get(p, 0) for p in self.told}

    def process(self, records: list[Record]) -> None:
        for record in records:
            self.read.append((record.topic, record.offset))
            if record.topic == _OTHER:
                continue
            where = record.partition
            self.sums[where] = self.sums.get(where, 0) + int(record.value)
            self.at[where] = record.offset + 1
            if record.offset >= self.told[where]:
                self.waiting.append((int(record.value), self.sums[where]))

    def checkpoint(self, conn: Connection) -> None:
        for row in self.waiting:
            conn.execute("INSERT INTO written VALUES (%s, %s)", row)
        for where, at in self.at.items():
            if at >= self.saved.get(where, 0) + 5:
                conn.execute(
                    "INSERT INTO lagging VALUES (%s, %s, %s) ON CONFLICT (partition) DO UPDATE"
                    " SET total = excluded.total, upto = excluded.upto",
                    (where, self.sums[where], at),
                )
                self.saved[where] = at
        self.waiting = []

    def committed(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Crash


@pytest.fixture
def numbers(pool: Pool, sqlite_log: Log) -> Log:
    """A log with two topics, and the tables that the handler writes to. They refuse 13."""
    with pool.connection() as conn:
        conn.execute("CREATE TABLE written (number int PRIMARY KEY CHECK (number <> 13), running bigint)")
        conn.execute("CREATE TABLE lagging (partition int PRIMARY KEY, total bigint, upto bigint)")
    sqlite_log.create_topics([_TOPIC, _OTHER], 2)
    return sqlite_log


def _put(log: Log, values: range, topic: str = _TOPIC) -> None:
    producer = log.producer()
    for value in values:
        producer.send(topic, str(value).encode(), partition=value % 2)
    producer.flush()
    producer.close()


@contextmanager
def _running(log: Log, pool: Pool, handler: LaggingHandler) -> Iterator[threading.Thread]:
    stop = threading.Event()
    loop = CheckpointLoop(log, pool, "lagging", [_TOPIC, _OTHER], handler, max_records=3, stop=stop)

    def work() -> None:
        try:
            loop.run()
        except Crash:
            return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()


def _written(pool: Pool) -> dict[int, int]:
    with pool.connection() as conn:
        return dict(conn.execute("SELECT number, running FROM written").fetchall())


def _expected(values: range) -> dict[int, int]:
    sums: dict[int, int] = {}
    for odd in (0, 1):
        some = [value for value in values if value % 2 == odd and value != 13]
        sums |= dict(zip(some, accumulate(some), strict=True))
    return sums


def test_killed_again_and_again_every_sum_is_right(numbers: Log, pool: Pool, tmp_path: Path) -> None:
    """13 becomes a dead letter, and is passed over again whenever it is read again."""
    address = f"sqlite:///{tmp_path / 'killed.sqlite'}?silence_s=1"  # who was killed is soon replaced
    log = open_log(address)
    log.create_topics([_TOPIC, _OTHER], 2)
    values = range(60)
    _put(log, values)
    for commits in (1, 5, 9):
        dying = open_log(address)
        with _running(dying, pool, LaggingHandler(commits)) as thread:
            thread.join(timeout=30)
        dying.close()
    with _running(log, pool, LaggingHandler()):
        wait_until(lambda: len(_written(pool)) == 59, what="all numbers")
    log.close()
    assert _written(pool) == _expected(values)
    with pool.connection() as conn:
        letters = conn.execute("SELECT convert_from(raw, 'UTF8') FROM dead_letter").fetchall()
    assert letters == [("13",)]


def test_what_is_new_waits_for_what_is_read_again(numbers: Log, pool: Pool) -> None:
    _put(numbers, range(20, 40))
    with _running(numbers, pool, LaggingHandler()):
        wait_until(lambda: len(_written(pool)) == 20, what="all numbers")
    with pool.connection() as conn:
        conn.execute("UPDATE lagging SET total = 0, upto = 0")  # as if nothing had been saved
    _put(numbers, range(2), _OTHER)
    second = LaggingHandler()
    with _running(numbers, pool, second):
        wait_until(lambda: len(second.read) == 22, what="all to be read")
    assert [topic for topic, _ in second.read] == [_TOPIC] * 20 + [_OTHER] * 2
    assert _written(pool) == _expected(range(20, 40))


def test_a_new_log_under_old_offsets_is_read_from_its_beginning(
    numbers: Log, pool: Pool, tmp_path: Path
) -> None:
    _put(numbers, range(20, 40))
    with _running(numbers, pool, LaggingHandler()):
        wait_until(lambda: len(_written(pool)) == 20, what="all numbers")
    other = open_log(f"sqlite:///{tmp_path / 'new.sqlite'}")
    other.create_topics([_TOPIC, _OTHER], 2)
    _put(other, range(100, 104))
    with _running(other, pool, LaggingHandler()):
        wait_until(lambda: {100, 101, 102, 103} <= _written(pool).keys(), what="the new numbers")
    other.close()


class PausingConsumer:
    """Its assignment is what a test says; it remembers what is paused over rebalances, like the real ones."""

    def __init__(self) -> None:
        self.given: set[TopicPartition] = set()
        self.paused: set[TopicPartition] = set()

    def assignment(self) -> set[TopicPartition]:
        return self.given

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        self.paused |= set(partitions) & self.given

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        self.paused -= set(partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Nothing is read here."""


def test_what_rests_is_woken_though_it_is_lost_and_comes_back_meanwhile(numbers: Log, pool: Pool) -> None:
    read, rests = TopicPartition(_TOPIC, 0), TopicPartition(_OTHER, 0)
    with pool.connection() as conn:
        offsets.advance(conn, "lagging", {read: (0, 7)})
    loop = CheckpointLoop(numbers, pool, "lagging", [_TOPIC], LaggingHandler(), stop=threading.Event())
    consumer = PausingConsumer()
    consumer.given = {read, rests}
    loop._take_over(cast(Consumer, consumer))
    assert consumer.paused == {rests}, "until the other has been read again"
    consumer.given = set()  # in the middle of a rebalance
    loop._take_over(cast(Consumer, consumer))
    with pool.connection() as conn:
        conn.execute("INSERT INTO lagging VALUES (0, 0, 7)")
    consumer.given = {read, rests}
    loop._take_over(cast(Consumer, consumer))
    assert not consumer.paused
