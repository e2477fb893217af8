"""Writes to the embedded log: one writer thread that commits what came in during a few milliseconds."""

from __future__ import annotations

import collections
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import structlog

from zerodistance.errors import LogError, UnavailableError, ZeroDistanceError
from zerodistance.log.interface import TopicPartition
from zerodistance.log.sqlite_file import OFFSET_BITS, connect, transaction
from zerodistance.log.window import MAX_BYTES, MAX_RECORDS, Window
from zerodistance.messages import partition_of

# A commit costs one fsync (1–5 ms on an ordinary disk); waiting this long lets records share it.
LINGER_S = 0.003
BATCH_RECORDS = 2_000
# Retention deletes in slices, so that a write never waits long behind it.
RETENTION_EVERY_S = 30.0
RETENTION_SLICE = 2_000

_log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    topic: str
    partition: int
    key: bytes | None
    value: bytes
    size: int
    on_stored: Callable[[int], None] | None
    on_error: Callable[[Exception], None] | None


class SqliteProducer:
    """The embedded log's producer; :meth:`send` only puts the record in the writer's queue.

    Args:
        path: the log's file.
        partitions: tells the ids of a topic's partitions; raises LogError for an unknown topic.
        retention_s: records older than this many real seconds are deleted; None keeps everything.
        max_records: bound of the queue, in records.
        max_bytes: bound of the queue, in bytes.
    """

    def __init__(
        self,
        path: Path,
        partitions: Callable[[str], dict[TopicPartition, int]],
        *,
        retention_s: float | None,
        max_records: int = MAX_RECORDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._path = path
        self._partitions = partitions
        self._retention_s = retention_s
        self._window = Window(max_records, max_bytes)
        self._connection = connect(path)
        self._places: dict[TopicPartition, int] = {}
        self._counts: dict[str, int] = {}
        self._queue: collections.deque[_Waiting] = collections.deque()
        self._changed = threading.Condition()
        self._sent = 0
        self._done = 0
        self._hurry = 0  # callers of flush that wait: no lingering
        self._closing = False
        self._next_retention = time.monotonic() + RETENTION_EVERY_S
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        key: bytes | None = None,
        partition: int | None = None,
        on_stored: Callable[[int], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Queue one record; see :class:`zerodistance.log.Producer`."""
        count = self._counts.get(topic)
        if count is None:
            count = self._learn(topic)
        if partition is None:
            if key is None:
                raise LogError("A record needs a key or a partition.")
            partition = partition_of(key, count)
        elif not 0 <= partition < count:
            raise LogError(f"{topic} has the partitions 0 to {count - 1}, not {partition}.")
        size = len(value) + len(key or b"")
        self._window.take(size)
        waiting = _Waiting(topic, partition, key, value, size, on_stored, on_error)
        with self._changed:
            if self._closing:
                self._window.give(size)
                raise LogError("This producer is closed.")
            self._queue.append(waiting)
            self._sent += 1
            if len(self._queue) in (1, BATCH_RECORDS):
                self._changed.notify_all()

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until everything handed over is stored; see :class:`zerodistance.log.Producer`."""
        with self._changed:
            mine = self._sent
            self._hurry += 1
            self._changed.notify_all()
            try:
                if not self._changed.wait_for(lambda: self._done >= mine, timeout_s):
                    raise UnavailableError(
                        f"{mine - self._done:,} records are not stored after {timeout_s:g} s: the disk with "
                        f"{self._path} does not keep up."
                    )
            finally:
                self._hurry -= 1
        self._window.raise_failure()

    def close(self) -> None:
        """Write what waits, then end the writer thread."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._connection.close()
        self._window.raise_failure()

    def _learn(self, topic: str) -> int:
        found = self._partitions(topic)
        self._places.update(found)
        self._counts[topic] = len(found)
        return len(found)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                self._changed.wait_for(
                    lambda: self._hurry or self._closing or len(self._queue) >= BATCH_RECORDS, LINGER_S
                )
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_RECORDS))]
            self._settle(batch)
            with self._changed:
                self._done += len(batch)
                self._changed.notify_all()
            if self._retention_s is not None and time.monotonic() >= self._next_retention:
                self._next_retention = time.monotonic() + RETENTION_EVERY_S
                with contextlib.suppress(ZeroDistanceError):  # a full disk is told to the senders
                    delete_old(self._connection, self._path, time.time() - self._retention_s)

    def _settle(self, batch: list[_Waiting]) -> None:
        try:
            offsets = self._write(batch)
        except Exception as error:
            _log.warning("log_write_failed", records=len(batch), error=str(error))
            for waiting in batch:
                if waiting.on_error is None:
                    self._window.failed(error)
                else:
                    self._tell(waiting.on_error, error)
        else:
            for waiting, offset in zip(batch, offsets, strict=True):
                if waiting.on_stored is not None:
                    self._tell(waiting.on_stored, offset)
        for waiting in batch:
            self._window.give(waiting.size)

    def _write(self, batch: list[_Waiting]) -> list[int]:
        connection = self._connection
        with transaction(connection, self._path):
            now_us = time.time_ns() // 1000
            next_offsets: dict[int, int] = {}
            rows: list[tuple[int, int, bytes | None, bytes]] = []
            offsets: list[int] = []
            for waiting in batch:
                partition = self._places[TopicPartition(waiting.topic, waiting.partition)]
                offset = next_offsets.get(partition)
                if offset is None:
                    (offset,) = connection.execute(
                        "SELECT next FROM partition WHERE id=?", (partition,)
                    ).fetchone()
                next_offsets[partition] = offset + 1
                offsets.append(offset)
                rows.append(((partition << OFFSET_BITS) + offset, now_us, waiting.key, waiting.value))
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            connection.executemany(
                "UPDATE partition SET next=? WHERE id=?",
                [(following, partition) for partition, following in next_offsets.items()],
            )
        return offsets

    @staticmethod
    def _tell(callback: Callable[[int], None] | Callable[[Exception], None], value: int | Exception) -> None:
        try:
            callback(value)  # type: ignore[arg-type]
        except Exception:
            _log.exception("log_callback_failed")


def delete_old(connection: sqlite3.Connection, path: Path, before_s: float) -> int:
    """Delete a slice of the records stored before a real time (seconds since 1970); return how many went."""
    limit_us = int(before_s * 1_000_000)
    deleted = 0
    parts = connection.execute("SELECT id, first, next FROM partition WHERE first < next").fetchall()
    for partition, first, following in parts:
        base = partition << OFFSET_BITS
        end = min(following, first + RETENTION_SLICE)
        # Within a partition times rise with the offsets, so the first young record ends the slice.
        young = connection.execute(
            "SELECT place FROM record WHERE place >= ? AND place < ? AND time_us >= ? ORDER BY place LIMIT 1",
            (base + first, base + end, limit_us),
        ).fetchone()
        keep = young[0] - base if young else end
        if keep > first:
            with transaction(connection, path):
                connection.execute("DELETE FROM record WHERE place >= ? AND place < ?", (base, base + keep))
                connection.execute("UPDATE partition SET first=? WHERE id=?", (keep, partition))
            deleted += keep - first
    return deleted
