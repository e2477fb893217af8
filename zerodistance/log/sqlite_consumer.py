"""Reads the embedded log: polls the file for records of the partitions that are leased to this member."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from zerodistance.errors import LogError, ZeroDistanceError
from zerodistance.log.interface import Assigned, Record, Revoked, TopicPartition
from zerodistance.log.sqlite_file import OFFSET_BITS, translate
from zerodistance.log.sqlite_group import Membership

# Between two looks at the file: short at first, longer while nothing comes. A look costs some 10 µs.
_FIRST_PAUSE_S = 0.002
_LAST_PAUSE_S = 0.025


class SqliteConsumer:
    """One member of a group, with a connection of its own; for one thread at a time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        places: dict[TopicPartition, int],
        membership: Membership,
        *,
        on_assigned: Assigned | None,
        on_revoked: Revoked | None,
        on_close: Callable[[SqliteConsumer], None],
    ) -> None:
        self._connection = connection
        self._path = path
        self._places = places
        self._topics = sorted({where.topic for where in places})
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._on_close = on_close
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._announced: set[TopicPartition] = set()
        self._pending = False  # an assignment that on_assigned has not taken yet
        self._seen_version = -1
        self._turn = 0
        self._closed = False
        self.membership = membership

    def poll(self, timeout_s: float = 1.0, max_records: int = 500) -> list[Record]:
        """Return the next records; see :class:`zerodistance.log.Consumer`."""
        self._check_open()
        self.membership.last_poll = time.monotonic()
        deadline = time.monotonic() + timeout_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                if self.membership.may_have_changed():
                    self._rearrange()
                self._announce()
                records = self._read(max_records)
            except sqlite3.Error as error:
                raise translate(error, self._path) from error
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LAST_PAUSE_S)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from ``offset``; see :class:`zerodistance.log.Consumer`."""
        if partition not in self._positions:
            raise LogError(f"{partition.topic}/{partition.partition} is not assigned to this consumer.")
        self._positions[partition] = offset
        self._seen_version = -1

    def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Remember offsets in the log; see :class:`zerodistance.log.Consumer`."""
        self._check_open()
        self.membership.commit(offsets)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop returning records of these partitions."""
        self._paused.update(partitions)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Return their records again."""
        self._paused.difference_update(partitions)
        self._seen_version = -1

    def assignment(self) -> set[TopicPartition]:
        """Return the partitions that are this member's now."""
        return set(self._positions)

    def lag(self) -> dict[TopicPartition, int]:
        """Return how many records lie ahead of the position, for each assigned partition."""
        self._check_open()
        try:
            spans = {where: (first, end) for where, first, end in self._spans()}
        except sqlite3.Error as error:
            raise translate(error, self._path) from error
        return {
            where: max(0, spans[where][1] - max(at, spans[where][0])) for where, at in self._positions.items()
        }

    def close(self) -> None:
        """Leave the group; the partitions go to the others at once."""
        if self._closed:
            return
        self._closed = True
        self._on_close(self)
        with contextlib.suppress(ZeroDistanceError):  # on a full disk the lease ends by itself
            self.membership.leave()
        self._connection.close()
        self._positions = {}

    def _rearrange(self) -> None:
        standing = self.membership.look()
        if standing.settled() and standing.held == self._positions.keys():
            return
        # As with Kafka's range assignor: everything is given up, then everything is assigned anew.
        announced, self._announced = self._announced, set()
        self._pending = True
        if announced and self._on_revoked is not None:
            self._on_revoked(sorted(announced))
        # What was lost in between begins where the one who had it has stopped.
        self._positions = {where: at for where, at in self._positions.items() if where in standing.held}
        held = self.membership.move().held
        committed = self.membership.committed() if held - self._positions.keys() else {}
        self._positions = {
            where: self._positions.get(where, committed.get(where, 0)) for where in sorted(held)
        }
        self._paused &= held
        self._seen_version = -1

    def _announce(self) -> None:
        if not self._pending:
            return
        if self._on_assigned is not None:
            self._on_assigned(sorted(self._positions))  # raises: asked again at the next poll
        self._announced = set(self._positions)
        self._pending = False

    def _read(self, max_records: int) -> list[Record]:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._seen_version:
            return []  # nobody has written since the last look found nothing
        ends = self._waiting()
        waiting = list(ends)
        # Another partition goes first each time: a busy one cannot starve the rest.
        self._turn += 1
        start = self._turn % len(waiting) if waiting else 0
        records: list[Record] = []
        for where in waiting[start:] + waiting[:start]:
            base = self._places[where] << OFFSET_BITS
            rows = self._connection.execute(
                "SELECT place, key, value, time_us FROM record "
                "WHERE place>=? AND place<? ORDER BY place LIMIT ?",
                (base + self._positions[where], base + ends[where], max_records - len(records)),
            ).fetchall()
            if rows:
                records += [
                    Record(where.topic, where.partition, place - base, key, value, time_us)
                    for place, key, value, time_us in rows
                ]
                self._positions[where] = rows[-1][0] - base + 1
            if len(records) >= max_records:
                break
        if not records:
            self._seen_version = version
        return records

    def _waiting(self) -> dict[TopicPartition, int]:
        """Return the end of each partition that is not paused and has records ahead."""
        waiting = {}
        for where, first, end in self._spans():
            position = self._positions.get(where)
            if position is None or where in self._paused:
                continue
            # Deleted by retention, or the file was replaced: as Kafka does, begin with what there is.
            if position < first or position > end:
                position = self._positions[where] = first
            if position < end:
                waiting[where] = end
        return waiting

    def _spans(self) -> list[tuple[TopicPartition, int, int]]:
        return [
            (TopicPartition(topic, number), first, end)
            for topic in self._topics
            for number, first, end in self._connection.execute(
                "SELECT number, first, next FROM partition JOIN topic ON topic.id=topic WHERE name=?",
                (topic,),
            )
        ]

    def _check_open(self) -> None:
        if self._closed:
            raise LogError("This consumer is closed.")
