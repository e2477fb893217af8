"""Findings and replies, off the log: what they decide and the offsets move in one transaction."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Sequence

import psycopg
import structlog
from prometheus_client import Counter

from zerodistance.errors import FencedError, InvalidMessageError, UnavailableError, ZeroDistanceError
from zerodistance.log import Consumer, Log, Record, TopicPartition
from zerodistance.store import counts, letters, offsets
from zerodistance.store.database import Connection, Pool, translated

# What is done with one record; the answer names what became of it, for the counters.
Take = Callable[[Connection, Record], str]

_POLL_S = 0.1
_MOST_RECORDS = 200  # in one transaction
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_taken = Counter("zd_work_records_total", "Records worked off, by what became of them", ["outcome"])
_log = structlog.get_logger(__name__)


class WorkConsumer:
    """Reads topics and hands each record to ``take``, inside the transaction that moves the offsets.

    A record that cannot be used becomes a dead letter; the others of its batch are kept. Trouble with log
    or database is waited out, and reading goes on from the stored offsets.

    Args:
        log: where the topics are.
        pool: the database of rows and offsets.
        name: of the group and of the stored offsets.
        topics: read together; order holds within a partition.
        take: what to do with a record.
    """

    def __init__(self, log: Log, pool: Pool, name: str, topics: Sequence[str], take: Take) -> None:
        self._log = log
        self._pool = pool
        self._name = name
        self._topics = list(topics)
        self._take = take
        self._stored: dict[TopicPartition, int] = {}
        self._changed = True  # the stored offsets must be read before records are used

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        pause_s = _FIRST_PAUSE_S
        consumer: Consumer | None = None
        while not stop.is_set():
            try:
                if consumer is None:
                    consumer = self._log.consumer(
                        self._name, self._topics, on_assigned=self._note, on_revoked=self._note
                    )
                    self._changed = True
                self.turn(consumer)
                pause_s = _FIRST_PAUSE_S
            except ZeroDistanceError as error:
                _log.warning("work.waits", error=str(error), retry_in_s=pause_s)
                self._changed = True
                if not isinstance(error, FencedError):
                    _close(consumer)  # join anew, with whatever log and database have become
                    consumer = None
                stop.wait(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        _close(consumer)

    def turn(self, consumer: Consumer) -> int:
        """Poll once and work off what came; return how many records that were.

        Raises:
            UnavailableError: log or database do not answer; nothing was taken.
            FencedError: somebody else has the partition now; nothing was taken.
        """
        if self._changed:
            consumer.poll(0.0, 1)  # lets a new assignment happen; what it returns is read again
            self._take_over(consumer)
        records = consumer.poll(_POLL_S, _MOST_RECORDS)
        if self._changed or not records:
            return 0  # what came belongs to another assignment: seek first
        tally: Tally[str] = Tally()
        after = dict(self._stored)
        with translated(), self._pool.connection() as conn:
            for record in records:
                tally[self._take_safely(conn, record)] += 1
                after[TopicPartition(record.topic, record.partition)] = record.offset + 1
            moves = {p: (self._stored[p], upto) for p, upto in after.items() if upto != self._stored[p]}
            offsets.advance(conn, self._name, moves)
            counts.add(conn, {(self._name, outcome): n for outcome, n in tally.items()})
        self._stored = after
        for outcome, n in tally.items():
            _taken.labels(outcome).inc(n)
        return len(records)

    def _take_safely(self, conn: Connection, record: Record) -> str:
        try:
            with conn.transaction():
                return self._take(conn, record)
        except (psycopg.OperationalError, UnavailableError):
            raise  # not the record's fault: try again
        except Exception as error:
            level = _log.warning if isinstance(error, InvalidMessageError) else _log.exception
            level(
                "work.refused",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                error=str(error),
            )
            letters.add(conn, [letters.of_record(record, f"{self._name}: {error!r}")])
            return "refused"

    def _note(self, _: Sequence[TopicPartition]) -> None:
        self._changed = True

    def _take_over(self, consumer: Consumer) -> None:
        partitions = sorted(consumer.assignment())
        with translated(), self._pool.connection() as conn:
            self._stored = offsets.load(conn, self._name, partitions)
        for partition, offset in self._stored.items():
            consumer.seek(partition, offset)
        self._changed = False


def _close(consumer: Consumer | None) -> None:
    if consumer is None:
        return
    try:
        consumer.close()
    except ZeroDistanceError as error:
        _log.warning("work.consumer_close_failed", error=str(error))
