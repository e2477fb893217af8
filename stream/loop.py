"""The loop of every consumer that writes to the database: rows and offsets in one transaction.

poll → process (memory only) → checkpoint: the offsets move first, by compare-and-swap, and hold every
other consumer of these partitions off until the rows are committed or rolled back. Whatever fails, the
handler forgets, the stored offsets are read again, and reading goes on from there: nothing is lost, and
what was read twice is written once because writing is idempotent.

The state of a handler may lag behind the stored offsets (it is too large to be written each time): it says
where reading has to begin again, and gets those records once more before new ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from zerodistance.errors import (
    FencedError,
    InvalidMessageError,
    StoreError,
    UnavailableError,
    ZeroDistanceError,
)
from zerodistance.log import Consumer, Log, Record, TopicPartition
from zerodistance.messages import Reason
from zerodistance.store import counts, letters, offsets, rejected
from zerodistance.store.database import Connection, Pool, translated

_log = structlog.get_logger(__name__)

_POLL_S = 0.5
_POLL_RECORDS = 200
# A record may carry one sample or a thousand: so many bytes are some 20,000 samples, 30 MB once decoded.
_MAX_BYTES = 4 * 2**20
_BACKOFF_S = (0.2, 10.0)  # first and longest pause after trouble
_MEASURE_S = 5.0
# Nobody holds what a checkpoint needs for so long, unless it is frozen (offsets.end_frozen).
_LOCK_LIMIT = "SET LOCAL lock_timeout = '20s'"
_records = Counter("zd_stream_records_total", "Records checkpointed", ["consumer"])
_rejected = Counter("zd_stream_rejected_total", "Records that no checkpoint could take", ["consumer"])
_behind = Gauge("zd_stream_behind_records", "Records that wait ahead of the position", ["consumer"])


class Handler(Protocol):
    """What a consumer does with its records."""

    def assigned(
        self, conn: Connection, stored: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, int] | None:
        """(Re)load the state of these partitions and forget everything else, also what was processed.

        Args:
            conn: to read with.
            stored: partition → offset up to which everything stands in the database.

        Returns:
            None: the state is that of the stored offsets. Otherwise where reading has to begin again for it;
            partitions that are not named begin at their stored offset.
        """
        ...

    def process(self, records: list[Record]) -> None:
        """Take records into memory; nothing is written yet."""
        ...

    def checkpoint(self, conn: Connection) -> None:
        """Write what was processed; the offsets have moved in the same transaction."""
        ...


class CheckpointLoop:
    """Runs one handler over the partitions that the log gives to this member.

    A handler may also have a method ``committed()``, called after each commit: the place for what may
    only be said once it is true. And a method ``salvage(conn, record, detail)``, which writes what can be
    written of a record that no checkpoint took, with a dead letter for the rest, as a checkpoint would.
    And a method ``closing()``, called before the last checkpoint.

    Args:
        log: where the topics are.
        pool: the database of rows and offsets.
        consumer: name of the group and of the stored offsets.
        topics: read together; order holds within a partition.
        handler: what to do.
        interval_s: real seconds between checkpoints, or what says so at the moment; 0: after every poll.
        max_records: a checkpoint comes early once so many are processed: the bound of the memory used.
        max_bytes: the same, by the bytes of the records.
        stop: ends the loop after a last checkpoint.
    """

    def __init__(
        self,
        log: Log,
        pool: Pool,
        consumer: str,
        topics: Sequence[str],
        handler: Handler,
        *,
        interval_s: float | Callable[[], float] = 0.0,
        max_records: int = 2000,
        max_bytes: int = _MAX_BYTES,
        stop: threading.Event,
    ) -> None:
        self._log = log
        self._pool = pool
        self._name = consumer
        self._topics = list(topics)
        self._handler = handler
        self._interval = interval_s if callable(interval_s) else lambda: interval_s
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._stop = stop
        self._committed = getattr(handler, "committed", None)
        self._salvage = getattr(handler, "salvage", None)
        self._closing = getattr(handler, "closing", None)
        self._changed = False  # the log has given or taken partitions
        self._stored: dict[TopicPartition, int] = {}  # as in the database
        self._next: dict[TopicPartition, int] = {}  # what the next checkpoint will store
        self._read: dict[TopicPartition, int] = {}  # after what was processed
        self._sound: dict[TopicPartition, int] = {}  # up to here the last checkpoint took it
        self._untouched: set[TopicPartition] = set()  # nothing came of them since they were taken over
        self._rereads = False  # the handler's state lags behind the stored offsets
        self._resting: set[TopicPartition] = set()  # paused until others have been read again
        self._refused: set[tuple[TopicPartition, int]] = set()  # records that no checkpoint took
        self._pending = 0
        self._pending_bytes = 0
        self._since = 0.0
        self._measured = 0.0
        # Partition → ends of a batch that could not be taken: between them, record by record.
        self._careful: dict[TopicPartition, tuple[int, int]] = {}

    def run(self) -> None:
        """Work until ``stop`` is set. Trouble with log or database is waited out, never raised."""
        pause_s = _BACKOFF_S[0]
        consumer: Consumer | None = None
        while not self._stop.is_set():
            try:
                if consumer is None:
                    consumer = self._log.consumer(
                        self._name, self._topics, on_assigned=self._note, on_revoked=self._note
                    )
                    self._changed = True
                self._turn(consumer)
                pause_s = _BACKOFF_S[0]
            except FencedError as error:
                _log.warning("stream.fenced", consumer=self._name, error=str(error))
                self._changed = True
                self._wait(consumer, _BACKOFF_S[0])
            except ZeroDistanceError as error:
                _log.warning("stream.waits", consumer=self._name, error=str(error), seconds=pause_s)
                self._changed = True
                if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                    self._end_frozen()
                if not isinstance(error, StoreError | UnavailableError) and consumer is not None:
                    self._close(consumer)  # the log itself: join anew
                    consumer = None
                self._wait(consumer, pause_s)
                pause_s = min(pause_s * 2, _BACKOFF_S[1])
        if consumer is not None:
            try:
                if not self._changed:
                    if self._closing is not None:
                        self._closing()
                    self._checkpoint(last=True)
            except ZeroDistanceError as error:
                _log.warning("stream.last_checkpoint_failed", consumer=self._name, error=str(error))
            self._close(consumer)

    def _end_frozen(self) -> None:
        """Free what a process holds that froze in the middle of a COPY."""
        try:
            with translated(), self._pool.connection() as conn:
                ended = offsets.end_frozen(conn)
        except ZeroDistanceError as error:
            _log.warning("stream.locks_held", consumer=self._name, error=str(error))
            return
        if ended:
            _log.warning("stream.frozen_client_ended", consumer=self._name, connections=ended)

    def _note(self, _: Sequence[TopicPartition]) -> None:
        """Remember that the assignment has changed; the database is asked after the poll, not inside it."""
        self._changed = True

    def _turn(self, consumer: Consumer) -> None:
        if self._changed:
            consumer.poll(0.0, 1)  # lets a new assignment happen; what it returns is read again
            self._take_over(consumer)
        wait_s = min(_POLL_S, max(0.0, self._since + self._interval() - time.monotonic()))
        records = consumer.poll(wait_s if self._pending else _POLL_S, _POLL_RECORDS)
        if self._changed:
            return  # they are of another assignment: seek first
        if self._resting:
            self._wake(consumer, idle=not records)
        while records:
            self._take(records)
            if self._changed or self._full() or self._interval() or self._careful:
                break
            # what waits already comes into the same checkpoint
            records = consumer.poll(0.0, _POLL_RECORDS)
            if self._changed:
                return
        if (
            self._pending
            and not self._changed
            and (self._full() or time.monotonic() >= self._since + self._interval())
        ):
            self._guarded_checkpoint()
            self._measure(consumer)

    def _take(self, records: list[Record]) -> None:
        """Process what a poll has brought; with a checkpoint in between where one should not hold it all.

        After an outage a poll brings records of a thousand samples each: as many as usual would be a hundred
        times as much memory.
        """
        if self._untouched and self._log_was_replaced(records):
            return
        for part in _portions(records):
            size = sum(len(record.value) for record in part)
            if self._pending and (self._full() or self._pending_bytes + size > self._max_bytes):
                self._guarded_checkpoint()
            if self._changed:
                return  # the rest is read again
            self._process(part)

    def _log_was_replaced(self, records: list[Record]) -> bool:
        """Tell whether a log begins before the offset that was sought: it is a new one, and read as such."""
        moves = {}
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if partition in self._untouched:
                self._untouched.discard(partition)
                if record.offset < self._read[partition]:
                    moves[partition] = (self._stored[partition], record.offset)
        if moves:
            _log.warning("stream.log_replaced", consumer=self._name, partitions=len(moves))
            with translated(), self._pool.connection() as conn:
                offsets.advance(conn, self._name, moves)
            self._changed = True
        return bool(moves)

    def _full(self) -> bool:
        return self._pending >= self._max_records or self._pending_bytes >= self._max_bytes

    def _measure(self, consumer: Consumer) -> None:
        """Say how far behind we are, but do not ask the log about it all the time."""
        if time.monotonic() >= self._measured + _MEASURE_S:
            self._measured = time.monotonic()
            _behind.labels(self._name).set(sum(consumer.lag().values()))

    def _take_over(self, consumer: Consumer) -> None:
        """Begin at the stored offsets, with the handler's state as it was stored with them."""
        partitions = sorted(consumer.assignment())
        self._changed = False
        try:
            with translated(), self._pool.connection() as conn:
                self._stored = offsets.load(conn, self._name, partitions)
                begin = self._handler.assigned(conn, self._stored)
                self._rereads = begin is not None
                self._read = self._stored | dict(begin or {})
                self._refused = rejected.load(conn, self._name, self._read) if self._rereads else set()
        except BaseException:
            self._changed = True
            raise
        for partition, offset in self._read.items():
            consumer.seek(partition, offset)
        self._next = dict(self._stored)
        self._sound = dict(self._read)
        # others move back with what they read
        self._untouched = set(self._read) if self._rereads else set()
        self._pending = self._pending_bytes = 0
        self._careful = {p: ends for p, ends in self._careful.items() if p in self._stored}
        # what is new waits for what is read again, or a fault code would meet a state of minutes before
        consumer.resume(self._resting)  # also what is not ours at this moment: it would come back paused
        behind = {p for p in partitions if self._read[p] < self._stored[p]}
        self._resting = set(partitions) - behind if behind else set()
        consumer.pause(self._resting)

    def _wake(self, consumer: Consumer, *, idle: bool) -> None:
        """Let the partitions that rest go on once the others have been read again."""
        behind = {p for p, offset in self._read.items() if offset < self._stored[p]}
        if behind and idle:  # the log may have dropped what we look for
            lag = consumer.lag()
            behind = {p for p in behind if lag.get(p)}
        if not behind:
            consumer.resume(self._resting)
            self._resting = set()

    def _process(self, records: list[Record]) -> None:
        if not self._pending:
            self._since = time.monotonic()
        if self._careful:
            for record in records:
                self._process_alone(record)
            return
        try:
            self._handler.process(self._acceptable(records))
        except Exception as error:
            if not _is_about_data(error):
                raise
            self._account(records)
            self._be_careful(error)
            return
        self._account(records)

    def _acceptable(self, records: list[Record]) -> list[Record]:
        """Leave out what no checkpoint took when it was read for the first time."""
        if not self._refused:
            return records
        return [r for r in records if (TopicPartition(r.topic, r.partition), r.offset) not in self._refused]

    def _account(self, records: list[Record]) -> None:
        for record in records:
            partition, upto = TopicPartition(record.topic, record.partition), record.offset + 1
            self._read[partition] = upto
            if not self._rereads or upto > self._next[partition]:
                self._next[partition] = upto
            self._pending_bytes += len(record.value)
        self._pending += len(records)

    def _guarded_checkpoint(self) -> None:
        """Checkpoint; when it is the data that are refused, read the batch again, record by record."""
        try:
            self._checkpoint()
        except Exception as error:
            if not _is_about_data(error):
                raise
            self._be_careful(error)

    def _be_careful(self, error: Exception) -> None:
        _log.error("stream.batch_refused", consumer=self._name, error=repr(error), records=self._pending)
        self._careful = {p: (self._sound[p], end) for p, end in self._read.items() if end != self._sound[p]}
        self._changed = True

    def _process_alone(self, record: Record) -> None:
        """Take one record through a checkpoint of its own; refused, it becomes a dead letter."""
        partition = TopicPartition(record.topic, record.partition)
        if self._changed or partition not in self._stored:
            return
        since, end = self._careful.get(partition, (0, 0))
        known_good = record.offset < since  # being read again
        try:
            self._handler.process(self._acceptable([record]))
            self._account([record])
            if not known_good or self._full():
                self._checkpoint()
        except Exception as error:
            if not _is_about_data(error):
                raise
            self._reject(record, error)
            self._changed = True  # the handler's memory may hold half of it
        if record.offset + 1 >= end:
            self._careful.pop(partition, None)

    def _reject(self, record: Record, error: Exception) -> None:
        """Keep what can be kept of a record that was refused; at the least its bytes, as a dead letter."""
        reason = f"{self._name}: {error.__cause__ or error!r}"
        where = f"{record.topic}/{record.partition}/{record.offset}"
        try:
            salvage = self._salvage
            if salvage is None:
                self._give_up(record, reason)
            else:
                self._pass(record, lambda conn: salvage(conn, record, reason))
                if self._committed is not None:
                    self._committed()
        except Exception as again:
            if self._salvage is None or not _is_about_data(again):
                raise
            self._give_up(record, reason)
        _rejected.labels(self._name).inc()
        _log.error("stream.rejected", consumer=self._name, record=where, error=reason)

    def _give_up(self, record: Record, reason: str) -> None:
        def write(conn: Connection) -> None:
            new = letters.add(conn, [letters.of_record(record, reason, Reason.NOT_STORABLE)])
            counts.add(conn, {(self._name, "letters"): new, (self._name, "rejected"): 1})

        self._pass(record, write)

    def _pass(self, record: Record, write: Callable[[Connection], None]) -> None:
        """Move on behind one record, in the transaction of what ``write`` writes."""
        partition = TopicPartition(record.topic, record.partition)
        stored = self._stored[partition]
        with translated(), self._pool.connection() as conn:
            conn.execute(_LOCK_LIMIT)
            offsets.advance(conn, self._name, {partition: (stored, max(stored, record.offset + 1))})
            if self._rereads:
                rejected.add(conn, self._name, partition, record.offset)
            write(conn)

    def _checkpoint(self, *, last: bool = False) -> None:
        moves = {
            partition: (self._stored[partition], upto)
            for partition, upto in self._next.items()
            # a state may be written of any partition: all of them must be ours
            if self._rereads or upto != self._stored[partition]
        }
        if not moves or (self._rereads and not self._pending and not last):
            return
        with translated(), self._pool.connection() as conn:
            conn.execute(_LOCK_LIMIT)
            offsets.advance(conn, self._name, moves)
            self._handler.checkpoint(conn)
        self._stored.update(self._next)
        self._sound.update(self._read)
        _records.labels(self._name).inc(self._pending)
        self._pending = self._pending_bytes = 0
        if self._committed is not None:
            self._committed()

    def _wait(self, consumer: Consumer | None, seconds: float) -> None:
        """Pause, and stay a member of the group meanwhile: paused partitions return no records."""
        if consumer is None:
            self._stop.wait(seconds)
            return
        held = consumer.assignment()
        consumer.pause(held)
        until = time.monotonic() + seconds
        try:
            while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
                consumer.poll(min(left, _POLL_S), 1)
        except ZeroDistanceError:
            self._stop.wait(max(0.0, until - time.monotonic()))
        finally:
            consumer.resume(held)

    def _close(self, consumer: Consumer) -> None:
        try:
            consumer.close()
        except ZeroDistanceError as error:
            _log.warning("stream.close_failed", consumer=self._name, error=str(error))


def _portions(records: list[Record]) -> Iterator[list[Record]]:
    """Yield the records in order, in lists of some 4 MiB."""
    part: list[Record] = []
    size = 0
    for record in records:
        if part and size + len(record.value) > _MAX_BYTES:
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record.value)
    if part:
        yield part


def _is_about_data(error: Exception) -> bool:
    """Tell whether one record can be the cause; a missing table or right is the same for every record."""
    if isinstance(error, StoreError):
        return isinstance(error.__cause__, psycopg.DataError | psycopg.IntegrityError)
    return isinstance(error, InvalidMessageError) or not isinstance(error, ZeroDistanceError)
