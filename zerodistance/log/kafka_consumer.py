"""Reads from Kafka: one member of a consumer group, with the assignment handled inside :meth:`poll`.

kafka-python calls rebalance listeners on its own network thread, where a blocking call would hold up the
heartbeats and a call back into the consumer would fail. So ``on_revoked`` runs on a helper thread, which
the network thread awaits before it lets the partitions go (the caller waits in ``poll`` meanwhile), and
``on_assigned`` runs in the caller's ``poll``, before any record of the new assignment is returned.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

import kafka
from kafka import KafkaConsumer
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor

from zerodistance.errors import FencedError, LogError, UnavailableError
from zerodistance.log.interface import Assigned, Record, Revoked, TopicPartition
from zerodistance.log.kafka_errors import translated

# What one fetch may bring into memory, for all partitions and for one.
_FETCH_BYTES = 16 * 1024 * 1024
_PARTITION_BYTES = 1024 * 1024
_LAG_TIMEOUT_MS = 10_000
_METADATA_S = 10.0
_LISTENER_PAUSE_S = 0.005
# A new assignment waits so long for the caller to be told.
_SLICE_MS = 50
_OVERDUE_MS = 1


class KafkaLogConsumer:
    """Kafka's consumer as the platform sees it; see :class:`zerodistance.log.Consumer`."""

    def __init__(
        self,
        brokers: Sequence[str],
        client_id: str,
        prefix: str,
        group: str,
        topics: Sequence[str],
        session_s: float,
        *,
        on_assigned: Assigned | None,
        on_revoked: Revoked | None,
    ) -> None:
        self._prefix = prefix
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._announced: set[TopicPartition] = set()
        self._pending: set[TopicPartition] | None = None
        self._paused: set[TopicPartition] = set()
        self._failure: BaseException | None = None
        self._closed = False
        self._consumer = KafkaConsumer(
            bootstrap_servers=list(brokers),
            client_id=client_id,
            group_id=prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # Partitions of the same number of all topics go to the same member.
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=int(session_s * 1000),
            heartbeat_interval_ms=int(session_s * 1000 / 4),
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_PARTITION_BYTES,
            allow_auto_create_topics=False,
            metadata_max_age_ms=60_000,
            reconnect_backoff_max_ms=1_000,
            metrics_enabled=False,
        )
        names = [prefix + topic for topic in topics]
        self._consumer.subscribe(names, listener=_Listener(self))
        self._await_metadata(names)

    def poll(self, timeout_s: float = 1.0, max_records: int = 500) -> list[Record]:
        """Return the next records; see :class:`zerodistance.log.Consumer`."""
        if self._closed:
            raise LogError("This consumer is closed.")
        deadline = time.monotonic() + timeout_s
        while True:
            self._announce()
            left = deadline - time.monotonic()
            wait_ms = max(0, min(int(left * 1000), _SLICE_MS))
            # kafka-python (3.0) does not wait while a heartbeat is overdue. It goes round and round, and in
            # each round hangs one more call-back on the fetch under way: with a broker that had fallen silent
            # that was a whole core and 25 MB a second, until the fetch timed out. So the waiting is here.
            # Not while the group is being joined: that is done in the time that poll() is given.
            group = self._consumer._coordinator
            if wait_ms > _OVERDUE_MS and group.time_to_next_poll() <= 0 and not group.need_rejoin():
                time.sleep((wait_ms - _OVERDUE_MS) / 1000)
                wait_ms = _OVERDUE_MS
            self._let_go()
            with translated("reading"):
                found = self._consumer.poll(timeout_ms=wait_ms, max_records=max_records)
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if found or left <= 0:
                break
        cut = len(self._prefix)
        return [
            Record(
                record.topic[cut:],
                record.partition,
                record.offset,
                record.key,
                record.value,
                record.timestamp * 1000,
            )
            for records in found.values()
            for record in records
        ]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from ``offset``; see :class:`zerodistance.log.Consumer`."""
        if partition not in self.assignment():
            raise LogError(f"{partition.topic}/{partition.partition} is not assigned to this consumer.")
        self._consumer.seek(self._theirs(partition), offset)

    def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Remember offsets in Kafka; see :class:`zerodistance.log.Consumer`."""
        if not offsets:
            return
        # Kafka itself would take a commit for any partition from a member in good standing.
        if gone := sorted(offsets.keys() - self.assignment()):
            raise FencedError(
                f"{gone[0].topic}/{gone[0].partition} is not read by this member any more: nothing was "
                "committed."
            )
        with translated("committing offsets"):
            self._consumer.commit(
                {self._theirs(where): kafka.OffsetAndMetadata(offset) for where, offset in offsets.items()}
            )

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop returning records of these partitions."""
        wanted = set(partitions) & self.assignment()
        self._paused |= wanted
        self._consumer.pause(*map(self._theirs, wanted))

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Return their records again."""
        wanted = set(partitions)
        # Also those that are on their way from one assignment to the next at this moment: what comes back
        # paused would stay so for ever.
        self._paused -= wanted
        pending = self._pending
        if pending is None or not wanted & pending:  # else they are resumed once the caller knows of them
            self._consumer.resume(*map(self._theirs, wanted & self.assignment()))

    def assignment(self) -> set[TopicPartition]:
        """Return the partitions that are this member's now."""
        return {self._ours(where) for where in self._consumer.assignment()}

    def lag(self) -> dict[TopicPartition, int]:
        """Return how many records lie ahead of the position, for each assigned partition."""
        theirs = list(self._consumer.assignment())
        if not theirs:
            return {}
        with translated("asking for the lag"):
            ends = self._consumer.end_offsets(theirs, timeout_ms=_LAG_TIMEOUT_MS)
            positions = {where: self._consumer.position(where, _LAG_TIMEOUT_MS) for where in theirs}
        return {self._ours(where): max(0, ends[where] - (positions[where] or 0)) for where in theirs}

    def close(self) -> None:
        """Leave the group; the partitions go to the others at once."""
        if self._closed:
            return
        self._closed = True
        self._on_revoked = None
        with translated("leaving the group"):
            self._consumer.close(autocommit=False, timeout_ms=10_000)

    def _await_metadata(self, names: Sequence[str]) -> None:
        """Wait until the partitions are known: a member that joins without them is given none.

        Subscribing only asks for them, and the answer to an earlier question can pass for the answer to this
        one (kafka-python 3.0); then nothing would come before the next refresh.
        """
        deadline = time.monotonic() + _METADATA_S
        while not all(self._consumer.partitions_for_topic(name) for name in names):
            if time.monotonic() > deadline:
                self._consumer.close(autocommit=False)
                raise UnavailableError(
                    f"Kafka does not tell where {', '.join(names)} are: check the brokers."
                )

    def _announce(self) -> None:
        """Tell the caller of a new assignment; it may seek, and raise, and is asked again then."""
        if self._pending is None:
            return
        pending = self._pending
        if self._on_assigned is not None:
            self._on_assigned(sorted(pending))  # raises: asked again at the next poll
        self._announced = pending
        self._pending = None
        self._consumer.resume(*(self._theirs(where) for where in pending - self._paused))

    def _let_go(self) -> None:
        """Have the fetcher forget records that it has handed out to the last.

        kafka-python (3.0.12) puts aside what it had fetched of a partition that is paused, fetches no more of
        it, and takes it up again only while it holds no other partition's records; those that are used up it
        counts as held. With other partitions alive, one that was resumed would rest for ever.
        """
        fetcher = self._consumer._fetcher
        if not fetcher._next_partition_records:
            fetcher._next_partition_records = None

    async def _take(self, theirs: Iterable[Any]) -> None:
        pending = {self._ours(where) for where in theirs}
        self._paused &= pending
        self._pending = pending
        # Nothing is read of them until the caller has been told and has found its place.
        self._consumer.pause(*map(self._theirs, pending))

    async def _give_up(self) -> None:
        announced, self._announced = self._announced, set()
        self._pending = None
        on_revoked = self._on_revoked
        if on_revoked is None or not announced:
            return

        def call() -> None:
            try:
                on_revoked(sorted(announced))
            except BaseException as error:
                self._failure = error

        thread = threading.Thread(target=call, name="log-revoked", daemon=True)
        thread.start()
        while thread.is_alive():  # heartbeats go on meanwhile
            await self._consumer._net.sleep(_LISTENER_PAUSE_S)

    def _ours(self, where: Any) -> TopicPartition:
        return TopicPartition(where.topic[len(self._prefix) :], where.partition)

    def _theirs(self, where: TopicPartition) -> Any:
        return kafka.TopicPartition(self._prefix + where.topic, where.partition)


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Hands the changes of an assignment on to the consumer; runs on kafka-python's network thread."""

    def __init__(self, consumer: KafkaLogConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """Let the caller finish what it has read, before the partitions go."""
        await self._consumer._give_up()

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Hold the new partitions until the caller knows of them."""
        await self._consumer._take(assigned)
