"""The checkpoint loop: nothing lost and nothing doubled, whatever fails in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest

from stream.loop import CheckpointLoop
from tests.fixtures.processes import wait_until
from zerodistance.log import Log, Record, TopicPartition, open_log
from zerodistance.store import offsets
from zerodistance.store.database import Connection, Pool

_TOPIC = "numbers"
_P0 = TopicPartition(_TOPIC, 0)


class Crash(BaseException):
    """The process is killed here: nothing catches it."""


class SumHandler:
    """Writes each record's number as a row; keeps a running sum in memory and beside the offsets."""

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.sum = 0
        self.commits = 0
        self.before_checkpoint: Callable[[list[int]], None] = lambda _: None
        self.after_write: Callable[[], None] = lambda: None

    def assigned(self, conn: Connection, partitions: Sequence[TopicPartition]) -> None:
        self.waiting = []
        row = conn.execute("SELECT coalesce(sum(number), 0)::bigint FROM written").fetchone()
        assert row is not None
        self.sum = row[0]

    def process(self, records: list[Record]) -> None:
        self.waiting += [int(record.value) for record in records]
        self.sum += sum(int(record.value) for record in records)

    def checkpoint(self, conn: Connection) -> None:
        self.before_checkpoint(self.waiting)
        for number in self.waiting:
            conn.execute("INSERT INTO written (number, running) VALUES (%s, %s)", (number, self.sum))
        self.after_write()
        self.waiting = []

    def committed(self) -> None:
        self.commits += 1


@pytest.fixture
def numbers(pool: Pool, sqlite_log: Log) -> Log:
    """A log with a topic, and the table that the handler writes to. It refuses 13."""
    with pool.connection() as conn:
        conn.execute("CREATE TABLE written (number int PRIMARY KEY CHECK (number <> 13), running bigint)")
    sqlite_log.create_topics([_TOPIC], 2)
    return sqlite_log


def put(log: Log, numbers: Sequence[int], text: str = "{}") -> None:
    producer = log.producer()
    for number in numbers:
        producer.send(_TOPIC, text.format(number).encode(), partition=number % 2)
    producer.flush()
    producer.close()


@contextmanager
def running(
    log: Log,
    pool: Pool,
    handler: SumHandler,
    interval_s: float = 0.0,
    max_records: int = 2000,
    max_bytes: int = 4 * 2**20,
) -> Iterator[threading.Thread]:
    stop = threading.Event()
    loop = CheckpointLoop(
        log,
        pool,
        "sums",
        [_TOPIC],
        handler,
        interval_s=interval_s,
        max_records=max_records,
        max_bytes=max_bytes,
        stop=stop,
    )

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


def written(pool: Pool) -> list[int]:
    with pool.connection() as conn:
        return [row[0] for row in conn.execute("SELECT number FROM written ORDER BY 1")]


def test_rows_and_offsets_agree(numbers: Log, pool: Pool) -> None:
    put(numbers, range(100, 200))
    handler = SumHandler()
    with running(numbers, pool, handler):
        wait_until(lambda: len(written(pool)) == 100)
    assert written(pool) == list(range(100, 200))
    assert handler.sum == sum(range(100, 200))
    assert handler.commits >= 1
    with pool.connection() as conn:
        found = offsets.load(conn, "sums", [_P0, TopicPartition(_TOPIC, 1)])
    assert set(found.values()) == {50}


def test_last_checkpoint_at_the_end(numbers: Log, pool: Pool) -> None:
    handler = SumHandler()
    put(numbers, [2, 4, 6])
    with running(numbers, pool, handler, interval_s=3600):
        wait_until(lambda: len(handler.waiting) == 3)
        assert written(pool) == []
    assert written(pool) == [2, 4, 6]


def test_full_buffer_does_not_wait_for_the_interval(numbers: Log, pool: Pool) -> None:
    put(numbers, range(100, 600))
    with running(numbers, pool, SumHandler(), interval_s=3600, max_records=100):
        wait_until(lambda: len(written(pool)) >= 400)


def test_crash_between_write_and_commit(numbers: Log, pool: Pool, sqlite_log_address: str) -> None:
    """The rows of the transaction go with it; the next process starts where the last commit stood."""
    put(numbers, [100, 102])
    first = SumHandler()

    def crash() -> None:
        if first.commits:
            raise Crash

    first.after_write = crash
    dying = open_log(sqlite_log_address)
    with running(dying, pool, first) as thread:
        wait_until(lambda: first.commits == 1)
        put(numbers, [104, 106])
        thread.join(timeout=10)
        assert not thread.is_alive(), "it crashed"
        assert written(pool) == [100, 102]
        dying.close()
        second = SumHandler()
        with running(numbers, pool, second):
            wait_until(lambda: len(written(pool)) == 4)
    assert written(pool) == [100, 102, 104, 106]
    assert second.sum == 412, "the state was loaded as of the commit, then went on"


def test_database_trouble_is_waited_out(numbers: Log, pool: Pool) -> None:
    failures = [3]
    handler = SumHandler()

    def fail(_: list[int]) -> None:
        if failures[0]:
            failures[0] -= 1
            raise psycopg.OperationalError("the server closed the connection")

    handler.before_checkpoint = fail
    put(numbers, range(200, 220))
    with running(numbers, pool, handler):
        wait_until(lambda: len(written(pool)) == 20)
    assert handler.sum == sum(range(200, 220)), "what was rolled back was forgotten before it was read again"


def test_zombie_is_fenced(numbers: Log, pool: Pool) -> None:
    """Somebody moved the offset while this consumer was away: its rows roll back, it goes on from there."""
    handler = SumHandler()
    moved = threading.Event()

    def meddle(waiting: list[int]) -> None:
        if not moved.is_set():
            moved.set()
            raise psycopg.OperationalError("a pause of the whole process")

    handler.before_checkpoint = meddle
    put(numbers, [300, 302, 304])
    original = offsets.load

    with pool.connection() as conn:
        offsets.advance(conn, "sums", {_P0: (0, 1)})  # another member stored 300
        conn.execute("INSERT INTO written VALUES (300, 300)")
    stale = {"once": True}

    def load(
        conn: Connection, consumer: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        found = original(conn, consumer, partitions)
        if stale["once"] and found.get(_P0):
            stale["once"] = False
            found[_P0] = 0  # what the zombie still believes
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offsets, "load", load)
        with running(numbers, pool, handler):
            wait_until(lambda: len(written(pool)) == 3)
    assert not stale["once"]
    assert written(pool) == [300, 302, 304]


def test_refused_record_becomes_a_dead_letter_and_the_rest_goes_on(numbers: Log, pool: Pool) -> None:
    put(numbers, [*range(1, 40)])  # 13 is refused by the table
    handler = SumHandler()
    with running(numbers, pool, handler):
        wait_until(lambda: len(written(pool)) == 38)
        put(numbers, [41, 42])
        wait_until(lambda: len(written(pool)) == 40)
    assert 13 not in written(pool)
    assert handler.sum == sum(written(pool)), "the refused one left nothing in memory"
    with pool.connection() as conn:
        rows = conn.execute("SELECT raw, source, detail FROM dead_letter").fetchall()
    assert len(rows) == 1
    assert bytes(rows[0][0]) == b"13"
    assert rows[0][1] == "log numbers/1/6"
    assert "check constraint" in rows[0][2]


def test_record_that_breaks_the_handler_is_kept_aside(numbers: Log, pool: Pool) -> None:
    put(numbers, [2, 4])
    put(numbers, [6], text="not a number {}")
    put(numbers, [8])
    with running(numbers, pool, SumHandler()):
        wait_until(lambda: written(pool) == [2, 4, 8])
    with pool.connection() as conn:
        assert conn.execute("SELECT convert_from(raw, 'UTF8') FROM dead_letter").fetchall() == [
            ("not a number 6",)
        ]


def test_two_members_share_and_take_over(numbers: Log, pool: Pool, sqlite_log_address: str) -> None:
    put(numbers, range(100, 160))
    other_log = open_log(sqlite_log_address)
    with running(numbers, pool, SumHandler(), max_records=5):
        with running(other_log, pool, SumHandler(), max_records=5):
            put(numbers, range(200, 300))
            wait_until(lambda: len(written(pool)) == 160)
        put(numbers, range(300, 340))
        wait_until(lambda: len(written(pool)) == 200, timeout_s=30)
    other_log.close()
    assert written(pool) == [*range(100, 160), *range(200, 340)]


def test_large_records_are_spread_over_checkpoints(numbers: Log, pool: Pool) -> None:
    """What an outage has piled up must not be in memory all at once."""
    sizes: list[int] = []
    handler = SumHandler()
    handler.before_checkpoint = lambda waiting: sizes.append(len(waiting))
    put(numbers, [n for n in range(24) if n != 13], "{}" + " " * 900_000)
    with running(numbers, pool, handler):
        wait_until(lambda: len(written(pool)) == 23, what="all to be written")
    assert max(sizes) <= 4


def test_a_consumer_that_keeps_no_records_says_how_many_bytes_one_checkpoint_may_cover(
    numbers: Log, pool: Pool
) -> None:
    handler = SumHandler()
    put(numbers, [n for n in range(24) if n != 13], "{}" + " " * 900_000)
    with running(numbers, pool, handler, interval_s=3600, max_bytes=2**30):
        wait_until(lambda: len(handler.waiting) == 23, what="all to wait for one checkpoint")
        assert written(pool) == []
    assert len(written(pool)) == 23
