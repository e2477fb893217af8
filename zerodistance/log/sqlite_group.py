"""Group membership in the embedded log: members with a heartbeat, and leases of partitions.

Every member computes the same shares (:mod:`zerodistance.log.assignment`) from the members that are alive.
It gives back what is not its own and takes what is its own and free; so a partition has one reader at any
moment, and nobody has to lead. Time is the host's clock: all members are on one host.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from zerodistance.errors import FencedError, ZeroDistanceError
from zerodistance.log.assignment import share_out
from zerodistance.log.interface import TopicPartition
from zerodistance.log.sqlite_file import connect, transaction

# A member that does not poll for so long has hung, heartbeat or not (Kafka's max.poll.interval.ms).
MAX_POLL_INTERVAL_S = 300.0

_log = structlog.get_logger(__name__)


class Standing(NamedTuple):
    """How a member stands after a look at its group.

    Attributes:
        held: partitions leased to it now.
        due: partitions that are its share; what it holds beyond is to be given back.
        free: partitions of its share that nobody holds.
    """

    held: set[TopicPartition]
    due: set[TopicPartition]
    free: set[TopicPartition]

    def settled(self) -> bool:
        """Tell whether there is nothing to give back and nothing to take."""
        return self.held <= self.due and not self.free


class Membership:
    """One member of one group.

    Args:
        connection: the consumer's own connection.
        path: the log's file.
        group: the group's name.
        places: the id in the file of each partition of the topics that it reads.
        lease_s: real seconds without a heartbeat after which its partitions go to others.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        group: str,
        places: dict[TopicPartition, int],
        lease_s: float,
    ) -> None:
        self._connection = connection
        self._path = path
        self._group = group
        self._places = places
        self._where = {place: where for where, place in places.items()}
        self._counts = Counter(where.topic for where in places)
        self._lease_s = lease_s
        self._last_look = 0.0
        self.generation = -1
        self.member = uuid.uuid4().hex
        self.last_poll = time.monotonic()

    def may_have_changed(self) -> bool:
        """Tell cheaply whether :meth:`look` is due: somebody came, went, gave back, or may have died."""
        if time.monotonic() - self._last_look > self._lease_s / 4:
            return True
        row = self._connection.execute(
            "SELECT generation FROM consumer_group WHERE name=?", (self._group,)
        ).fetchone()
        return row is None or row[0] != self.generation

    def look(self) -> Standing:
        """Drop dead members, join if this one is not (or no longer) in the group, and say how it stands."""
        with transaction(self._connection, self._path):
            return self._look()

    def move(self) -> Standing:
        """Give back what is not this member's share and take what is free of it."""
        with transaction(self._connection, self._path):
            standing = self._look()
            back = standing.held - standing.due
            self._connection.executemany(
                "DELETE FROM lease WHERE consumer_group=? AND partition=? AND member=?",
                [(self._group, self._places[where], self.member) for where in back],
            )
            self._connection.executemany(
                "INSERT INTO lease VALUES (?, ?, ?)",
                [(self._group, self._places[where], self.member) for where in standing.free],
            )
            if back:
                self._bump()  # the others can take them now
            return Standing((standing.held & standing.due) | standing.free, standing.due, set())

    def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Store offsets, if every partition is leased to this member at this moment.

        Raises:
            FencedError: one is not; none was stored.
        """
        with transaction(self._connection, self._path):
            held = self._held()
            if gone := sorted(offsets.keys() - held):
                raise FencedError(
                    f"{gone[0].topic}/{gone[0].partition} is no longer read by this member of {self._group}: "
                    "nothing was committed."
                )
            self._connection.executemany(
                'INSERT INTO committed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "offset"=excluded."offset"',
                [(self._group, self._places[where], offset) for where, offset in offsets.items()],
            )

    def committed(self) -> dict[TopicPartition, int]:
        """Return the group's stored offsets of the topics that this member reads."""
        rows = self._connection.execute(
            'SELECT partition, "offset" FROM committed WHERE consumer_group=?', (self._group,)
        )
        return {self._where[place]: offset for place, offset in rows if place in self._where}

    def leave(self) -> None:
        """Give everything back and leave the group."""
        with transaction(self._connection, self._path):
            self._remove([self.member])

    def beat(self, connection: sqlite3.Connection) -> None:
        """Prolong the lease, unless this member has stopped polling."""
        if time.monotonic() - self.last_poll < MAX_POLL_INTERVAL_S:
            connection.execute(
                "UPDATE member SET expires=? WHERE id=?", (time.time() + self._lease_s, self.member)
            )

    def _look(self) -> Standing:
        now = time.time()
        # A time far ahead means that the host's clock was set back: that lease would never end.
        dead = self._connection.execute(
            "SELECT id FROM member WHERE consumer_group=? AND (expires < ? OR expires > ?)",
            (self._group, now, now + 2 * self._lease_s + 60),
        ).fetchall()
        self._remove([member for (member,) in dead])
        joined = self._connection.execute("SELECT 1 FROM member WHERE id=?", (self.member,)).fetchone()
        if joined is None:
            self._connection.execute(
                "INSERT INTO member SELECT ?, ?, coalesce(max(joined), 0) + 1, ?, ? FROM member",
                (self.member, self._group, "\n".join(sorted(self._counts)), now + self._lease_s),
            )
            self._bump()
        members = [
            (member, frozenset(topics.split("\n")))
            for member, topics in self._connection.execute(
                "SELECT id, topics FROM member WHERE consumer_group=? ORDER BY joined", (self._group,)
            )
        ]
        due = share_out(members, self._counts)[self.member]
        leases = self._connection.execute(
            "SELECT partition FROM lease WHERE consumer_group=?", (self._group,)
        ).fetchall()
        taken = {self._where[place] for (place,) in leases if place in self._where}
        (self.generation,) = self._connection.execute(
            "SELECT generation FROM consumer_group WHERE name=?", (self._group,)
        ).fetchone()
        self._last_look = time.monotonic()
        return Standing(self._held(), due, due - taken)

    def _held(self) -> set[TopicPartition]:
        rows = self._connection.execute(
            "SELECT partition FROM lease WHERE consumer_group=? AND member=?", (self._group, self.member)
        )
        return {self._where[place] for (place,) in rows}

    def _remove(self, members: Sequence[str]) -> None:
        for member in members:
            self._connection.execute("DELETE FROM lease WHERE member=?", (member,))
            self._connection.execute("DELETE FROM member WHERE id=?", (member,))
        if members:
            self._bump()

    def _bump(self) -> None:
        (self.generation,) = self._connection.execute(
            "INSERT INTO consumer_group VALUES (?, 1) "
            "ON CONFLICT DO UPDATE SET generation=generation+1 RETURNING generation",
            (self._group,),
        ).fetchone()


class Heart:
    """Beats for all members of this process, four times in each lease."""

    def __init__(self, path: Path, lease_s: float, members: Callable[[], Sequence[Membership]]) -> None:
        self._path = path
        self._connection = connect(path)
        # A lost heartbeat after a power cut harms nobody: no fsync for it.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._pause_s = lease_s / 4
        self._members = members
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            members = self._members()
            if not members:
                continue
            try:
                with transaction(self._connection, self._path):
                    for member in members:
                        member.beat(self._connection)
            except ZeroDistanceError as error:
                _log.warning("log_heartbeat_failed", error=str(error))
        self._connection.close()
