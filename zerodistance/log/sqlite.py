"""The embedded log: topics, partitions and offsets in one SQLite file, for a single host without Kafka.

Safe for many processes on one host; the file must lie on a local disk. It makes no claim on load. How
partitions are leased: docs/decisions/0003-leases-in-the-embedded-log.md.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from zerodistance.errors import LogError
from zerodistance.log.interface import Assigned, Revoked, TopicPartition
from zerodistance.log.sqlite_consumer import SqliteConsumer
from zerodistance.log.sqlite_file import connect, places, prepare, transaction, translate
from zerodistance.log.sqlite_group import Heart, Membership
from zerodistance.log.sqlite_producer import SqliteProducer, delete_old
from zerodistance.log.window import MAX_BYTES, MAX_RECORDS

# Kafka's own default (log.retention.hours): long enough for every consumer to come back from a holiday.
RETENTION_S = 7 * 24 * 3600.0

_T = TypeVar("_T")


class SqliteLog:
    """A log in one file; see :class:`zerodistance.log.Log`.

    Args:
        path: the file; it and its folder are made where missing.
        lease_s: real seconds without a sign of life after which a member's partitions go to others.
        retention_s: real seconds that records are kept at least; None keeps them for good.
        max_records: bound of a producer's queue, in records.
        max_bytes: bound of a producer's queue, in bytes.

    Raises:
        UnavailableError: the disk is full, or file or folder cannot be written.
        LogError: the file is damaged or belongs to another program.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        lease_s: float = 10.0,
        retention_s: float | None = RETENTION_S,
        max_records: int = MAX_RECORDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._path = Path(path)
        self._lease_s = lease_s
        self._retention_s = retention_s
        self._max_records = max_records
        self._max_bytes = max_bytes
        prepare(self._path)
        self._lock = threading.RLock()
        self._connection = connect(self._path)
        self._producers: list[SqliteProducer] = []
        self._consumers: list[SqliteConsumer] = []
        self._heart: Heart | None = None

    def create_topics(self, topics: Iterable[str], partitions: int) -> None:
        """Make the topics that do not exist yet; see :class:`zerodistance.log.Log`."""
        if partitions < 1:
            raise LogError(f"A topic has at least one partition, not {partitions}.")
        with self._writing() as connection:
            for topic in topics:
                row = connection.execute("SELECT partitions FROM topic WHERE name=?", (topic,)).fetchone()
                if row is None:
                    (topic_id,) = connection.execute(
                        "INSERT INTO topic (name, partitions) VALUES (?, ?) RETURNING id", (topic, partitions)
                    ).fetchone()
                    connection.executemany(
                        "INSERT INTO partition (topic, number) VALUES (?, ?)",
                        [(topic_id, partition) for partition in range(partitions)],
                    )
                elif row[0] != partitions:
                    raise LogError(
                        f"The topic {topic} has {row[0]} partitions, not {partitions}. That cannot change, "
                        f"for devices would move: set ZD_LOG_PARTITIONS={row[0]}."
                    )

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has; see :class:`zerodistance.log.Log`."""
        return len(self._places(topic))

    def end_offsets(self, topic: str) -> dict[TopicPartition, int]:
        """Return the offset that each partition's next record will get."""
        known = self._places(topic)
        return self._reading(
            lambda connection: {
                where: connection.execute("SELECT next FROM partition WHERE id=?", (place,)).fetchone()[0]
                for where, place in known.items()
            }
        )

    def delete_before(self, moment_s: float) -> int:
        """Delete records stored before a real time (seconds since 1970), oldest first; return how many."""
        total = 0
        with self._lock:
            while deleted := delete_old(self._connection, self._path, moment_s):
                total += deleted
        return total

    def producer(self) -> SqliteProducer:
        """Return a new producer with a writer thread of its own."""
        producer = SqliteProducer(
            self._path,
            self._places,
            retention_s=self._retention_s,
            max_records=self._max_records,
            max_bytes=self._max_bytes,
        )
        self._producers.append(producer)
        return producer

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        on_assigned: Assigned | None = None,
        on_revoked: Revoked | None = None,
    ) -> SqliteConsumer:
        """Return a new member of ``group``; it joins at its first poll."""
        known = {where: place for topic in topics for where, place in self._places(topic).items()}
        connection = connect(self._path)
        consumer = SqliteConsumer(
            connection,
            self._path,
            known,
            Membership(connection, self._path, group, known, self._lease_s),
            on_assigned=on_assigned,
            on_revoked=on_revoked,
            on_close=self._forget,
        )
        with self._lock:
            self._consumers.append(consumer)
            if self._heart is None:
                self._heart = Heart(self._path, self._lease_s, self._members)
                self._heart.start()
        return consumer

    def close(self) -> None:
        """Close every producer, consumer and connection of this log."""
        for consumer in list(self._consumers):
            consumer.close()
        if self._heart is not None:
            self._heart.stop()
            self._heart = None
        try:
            while self._producers:
                self._producers.pop().close()
        finally:
            self._connection.close()

    def _places(self, topic: str) -> dict[TopicPartition, int]:
        known = self._reading(lambda connection: places(connection, [topic]))
        if not known:
            raise LogError(f"The log has no topic {topic}: `zerodistance migrate` makes the topics.")
        return known

    def _reading(self, read: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                return read(self._connection)
            except sqlite3.Error as error:
                raise translate(error, self._path) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._connection, self._path):
            yield self._connection

    def _members(self) -> list[Membership]:
        with self._lock:
            return [consumer.membership for consumer in self._consumers]

    def _forget(self, consumer: SqliteConsumer) -> None:
        with self._lock:
            if consumer in self._consumers:
                self._consumers.remove(consumer)
