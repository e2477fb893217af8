"""What a log can do, whichever implementation stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """One record as it stands on the log; ``time_us`` is when the log took it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    time_us: int


Assigned = Callable[[Sequence[TopicPartition]], None]
Revoked = Callable[[Sequence[TopicPartition]], None]


class Producer(Protocol):
    """Writes records; bounded, idempotent, and confirmed by all replicas before it calls back."""

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
        """Hand over one record; without ``partition`` it goes where ``partition_of(key)`` says.

        Args:
            topic: an existing topic.
            value: the record's bytes.
            key: the device id in UTF-8; None only together with ``partition``.
            partition: explicit partition, for records that carry several devices.
            on_stored: called with the offset once the log has it for good (from another thread).
            on_error: called instead when the log gave up on it.

        Raises:
            BackpressureError: the buffer is full; nothing was taken.
            LogError: no such topic or partition, or a record of more than a million bytes.
        """
        ...

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until everything handed over is stored.

        Raises:
            UnavailableError: when that takes longer than ``timeout_s`` real seconds.
            ZeroDistanceError: a record that was given no ``on_error`` could not be stored.
        """
        ...

    def close(self) -> None:
        """Flush, then let go of the connection."""
        ...


class Consumer(Protocol):
    """Reads the partitions that its group gives it; each partition is read by one member at a time."""

    def poll(self, timeout_s: float = 1.0, max_records: int = 500) -> list[Record]:
        """Return the next records, in order within each partition; maybe none.

        Gaining and losing partitions happens inside this call, through the two call-backs. When the members
        of the group change, ``on_revoked`` is called with everything that was assigned (its records may
        still be committed then; it may run on another thread while this call waits), then ``on_assigned``
        with everything that is assigned now. An error that one of them raises comes out here; records are
        returned only after ``on_assigned`` has gone through, which is tried again at the next call.

        Partitions of the same number go to the same member, whatever the topic, where the members read the
        same topics and these have the same number of partitions.
        """
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from ``offset``; allowed for assigned partitions, also inside ``on_assigned``."""
        ...

    def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Remember in the log that everything before these offsets is done.

        Raises:
            FencedError: this member no longer owns one of the partitions.
        """
        ...

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop returning records of these partitions, without giving them up."""
        ...

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Return their records again."""
        ...

    def assignment(self) -> set[TopicPartition]:
        """Return the partitions that are this member's now."""
        ...

    def lag(self) -> dict[TopicPartition, int]:
        """Return for each assigned partition how many records lie ahead of the position."""
        ...

    def close(self) -> None:
        """Leave the group; the partitions go to the others at once, ``on_revoked`` is not called."""
        ...


class Log(Protocol):
    """A place for topics."""

    def create_topics(self, topics: Iterable[str], partitions: int) -> None:
        """Make the topics that do not exist yet.

        Raises:
            LogError: a topic exists with another number of partitions (changing it would move devices).
        """
        ...

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has.

        Raises:
            LogError: there is no such topic.
        """
        ...

    def end_offsets(self, topic: str) -> dict[TopicPartition, int]:
        """Return for each partition the offset that the next record will get."""
        ...

    def producer(self) -> Producer:
        """Return a new producer."""
        ...

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        on_assigned: Assigned | None = None,
        on_revoked: Revoked | None = None,
    ) -> Consumer:
        """Join ``group`` and read ``topics``, from the committed offsets or from the beginning."""
        ...

    def close(self) -> None:
        """Close every connection of this log."""
        ...
