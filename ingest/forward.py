"""From parsed messages to the log, and back to the acknowledgements that the broker may have.

Samples of one partition share a record. On a quiet platform a batch leaves at once; on a busy one the next
one grows, for a tenth of a second at most: a quiet platform is quick, and a busy one pays per record and not
per sample.

A message may be acknowledged once every record that carries a part of it is stored, and all messages before
it may. What the log gave up on is sent again until it is taken. Nothing here is unbounded: when as many
messages or bytes wait as allowed, :attr:`Forwarder.full` says so and the socket is not read any more.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog

from zerodistance.errors import LogError, UnavailableError
from zerodistance.log.interface import Producer
from zerodistance.messages import (
    DEAD_LETTER,
    EVENTS,
    TELEMETRY,
    DeadLetter,
    DeviceEvent,
    Sample,
    encode_columns,
    encode_dead_letter,
    encode_event,
    partition_of,
)

# On a busy platform a record that carries four samples costs as much as one that carries forty.
LINGER_S = 0.1
REST_S = 0.1
# Beyond this the broker waits. It is also the window that an MQTT 5 broker is told (receive maximum).
MAX_MESSAGES = 10_000
MAX_BYTES = 32 * 1024 * 1024
# The log takes records of up to a megabyte; MessagePack needs at most twice the bytes of the JSON.
BATCH_BYTES = 256 * 1024
BATCH_SAMPLES = 1_000
# What one waiting message costs beyond its bytes: ticket, queue entries, samples (measured: about 1.5 KB).
OVERHEAD = 2_000
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
# After so many failures on end the producer itself may be beyond help: a new one is made.
_FAILURES_FOR_NEW_PRODUCER = 5

_log = structlog.get_logger(__name__)


class Delivery(NamedTuple):
    """What an acknowledgement needs to know: the connection's number, message id and QoS."""

    connection: int
    mid: int
    qos: int


class _Ticket:
    """One message that waits to be acknowledged: how many of its records are not stored yet."""

    __slots__ = ("delivery", "left", "size")

    def __init__(self, delivery: Delivery, size: int) -> None:
        self.delivery = delivery
        self.size = size
        self.left = 0


class _Batch:
    __slots__ = ("bytes", "owners", "samples", "since")

    def __init__(self, since: float) -> None:
        self.samples: list[Sample] = []
        self.owners: list[_Ticket] = []
        self.bytes = 0
        self.since = since


class _Record(NamedTuple):
    topic: str
    partition: int | None
    key: bytes | None
    value: bytes
    owners: list[_Ticket]


class Forwarder:
    """Carries messages to the log. All methods belong to one thread; the log's call-backs only queue.

    Args:
        make_producer: opens a producer on the log.
        partitions: of the topic ``zd.telemetry``.
        wake: called from any thread when :meth:`collect` has something to do.
        linger_s: how long a batch may wait for company while the log is busy.
        rest_s: how long after the one before a batch leaves at once, if nothing is under way.
        max_messages: bound of messages that wait.
        max_bytes: bound of their payloads, with what each costs besides.
    """

    def __init__(
        self,
        make_producer: Callable[[], Producer],
        partitions: int,
        *,
        wake: Callable[[], None] = lambda: None,
        linger_s: float = LINGER_S,
        rest_s: float = REST_S,
        max_messages: int = MAX_MESSAGES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._make_producer = make_producer
        self._producer: Producer | None = make_producer()
        self._partitions = partitions
        self._wake = wake
        self._linger_s = linger_s
        self._rest_s = rest_s
        self._left_at = -rest_s
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._waiting: collections.deque[_Ticket] = collections.deque()
        self._waiting_bytes = 0
        self._batches: dict[int, _Batch] = {}
        self._ready: collections.deque[_Record] = collections.deque()
        self._finished: collections.deque[tuple[_Record, Exception | None]] = collections.deque()
        self._under_way = 0
        self._failures = 0
        self._not_before = 0.0

    @property
    def full(self) -> bool:
        """As much waits as may: read no more."""
        return len(self._waiting) >= self._max_messages or self._waiting_bytes >= self._max_bytes

    @property
    def idle(self) -> bool:
        """Everything taken is stored and was handed to :meth:`collect`'s caller."""
        return not self._waiting

    @property
    def waiting(self) -> int:
        """Messages taken and not stored yet."""
        return len(self._waiting)

    def take(
        self,
        delivery: Delivery,
        size: int,
        samples: Iterable[Sample] = (),
        events: Iterable[DeviceEvent] = (),
        letters: Iterable[DeadLetter] = (),
    ) -> None:
        """Take over one message of ``size`` bytes with all that became of it, maybe nothing."""
        ticket = _Ticket(delivery, size + OVERHEAD)
        self._waiting.append(ticket)
        self._waiting_bytes += ticket.size
        for sample in samples:
            batch = self._batch_for(partition_of(sample.device, self._partitions), ticket, size)
            batch.samples.append(sample)
        for event in events:
            self._queue(_Record(EVENTS, None, event.device.encode(), encode_event(event), [ticket]))
        for letter in letters:
            key = (letter.device or letter.source).encode("utf-8", "replace")
            self._queue(_Record(DEAD_LETTER, None, key, encode_dead_letter(letter), [ticket]))

    def flush(self, *, force: bool = False) -> None:
        """Hand over to the log what is due.

        Args:
            force: also batches that could still wait for company.
        """
        if self._batches:
            now = time.monotonic()
            oldest = min(batch.since for batch in self._batches.values())
            rested = not self._under_way and now - self._left_at >= self._rest_s
            if force or rested or now - oldest >= self._linger_s:
                # all of them: the log is asked once, and whoever reads it wakes once
                for partition in list(self._batches):
                    self._close(partition)
                self._left_at = now
        self._send()

    def collect(self) -> list[Delivery]:
        """Return the messages that may be acknowledged now, in the order in which they came."""
        while self._finished:
            record, error = self._finished.popleft()
            self._under_way -= 1
            if error is None:
                self._failures = 0
                for ticket in record.owners:
                    ticket.left -= 1
            else:
                self._ready.append(record)
                self._hold(error)
        done = []
        while self._waiting and not self._waiting[0].left:
            ticket = self._waiting.popleft()
            self._waiting_bytes -= ticket.size
            done.append(ticket.delivery)
        return done

    def pause_s(self) -> float | None:
        """Return after how many seconds :meth:`flush` has something to do, None: nothing by itself."""
        now = time.monotonic()
        if self._ready:
            return max(0.0, self._not_before - now)
        if self._batches:
            due = min(batch.since for batch in self._batches.values()) + self._linger_s
            if not self._under_way:
                due = min(due, self._left_at + self._rest_s)
            return max(0.0, due - now)
        return None

    def close(self) -> None:
        """Let go of the log; what is not stored by then was not acknowledged and comes again."""
        if self._producer is not None:
            try:
                self._producer.close()
            except (UnavailableError, LogError) as error:
                _log.warning("ingest.close", error=str(error))
            self._producer = None

    def _batch_for(self, partition: int, ticket: _Ticket, size: int) -> _Batch:
        batch = self._batches.get(partition)
        is_owner = batch is not None and batch.owners[-1] is ticket
        if batch is not None and (
            len(batch.samples) >= BATCH_SAMPLES or (not is_owner and batch.bytes + size > BATCH_BYTES)
        ):
            self._close(partition)
            batch, is_owner = None, False
        if batch is None:
            batch = self._batches[partition] = _Batch(time.monotonic())
        if not is_owner:
            batch.owners.append(ticket)
            batch.bytes += size
            ticket.left += 1
        return batch

    def _close(self, partition: int) -> None:
        batch = self._batches.pop(partition)
        record = _Record(TELEMETRY, partition, None, encode_columns(batch.samples), batch.owners)
        self._ready.append(record)

    def _queue(self, record: _Record) -> None:
        record.owners[0].left += 1
        self._ready.append(record)

    def _send(self) -> None:
        if not self._ready or time.monotonic() < self._not_before:
            return
        try:
            if self._producer is None or (
                self._failures >= _FAILURES_FOR_NEW_PRODUCER and not self._under_way
            ):
                self._renew()
            assert self._producer is not None
            while self._ready:
                record = self._ready[0]
                self._producer.send(
                    record.topic,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    on_stored=lambda _offset, record=record: self._settle(record, None),  # type: ignore[misc]
                    on_error=lambda error, record=record: self._settle(record, error),  # type: ignore[misc]
                )
                self._ready.popleft()
                self._under_way += 1
        except (UnavailableError, LogError) as error:
            self._hold(error)

    def _renew(self) -> None:
        old, self._producer = self._producer, None
        self._failures = 0
        if old is not None:
            try:
                old.close()
            except (UnavailableError, LogError) as error:
                _log.debug("ingest.old_producer", error=str(error))
        self._producer = self._make_producer()

    def _hold(self, error: Exception) -> None:
        self._failures += 1
        pause = getattr(error, "retry_after_s", None)
        if pause is None or self._failures > 1:
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._failures, 10))
        self._not_before = time.monotonic() + pause
        if self._failures in (1, 2) or self._failures % 20 == 0:
            _log.warning("ingest.log_waits", error=str(error), waiting=len(self._waiting))

    def _settle(self, record: _Record, error: Exception | None) -> None:
        first = not self._finished
        self._finished.append((record, error))
        if first:
            self._wake()
