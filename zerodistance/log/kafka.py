"""The log on Apache Kafka, through kafka-python 3: acks=all, idempotent, offsets committed by hand.

Checksums are CRC-32C through the ``crc32c`` wheel, which kafka-python uses where it is installed; without
it every record costs ten times as much.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import kafka
from kafka.admin import KafkaAdminClient

from zerodistance.errors import LogError
from zerodistance.log.interface import Assigned, Revoked, TopicPartition
from zerodistance.log.kafka_consumer import KafkaLogConsumer
from zerodistance.log.kafka_errors import QuietHandler, translated
from zerodistance.log.kafka_producer import KafkaLogProducer
from zerodistance.log.window import MAX_BYTES, MAX_RECORDS

_UNKNOWN_TOPIC = 3  # Kafka's error code UNKNOWN_TOPIC_OR_PARTITION
_EXISTS = 36  # TOPIC_ALREADY_EXISTS
# How long the first contact may take before the brokers count as not there.
_BOOTSTRAP_MS = 10_000
_REQUEST_MS = 30_000


class KafkaLog:
    """A log on a Kafka cluster; see :class:`zerodistance.log.Log`.

    Args:
        brokers: "host:port" of one or more brokers to begin with.
        prefix: put before the names of topics and groups, with a dot.
        client_id: the name under which the brokers know this client.
        session_s: real seconds without a heartbeat after which a member's partitions go to others.
        max_records: bound of a producer's buffer, in records.
        max_bytes: bound of a producer's buffer, in bytes.

    Raises:
        UnavailableError: the brokers do not answer.
    """

    def __init__(
        self,
        brokers: Sequence[str],
        *,
        prefix: str = "",
        client_id: str = "zerodistance",
        session_s: float = 10.0,
        max_records: int = MAX_RECORDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._brokers = list(brokers)
        self._prefix = f"{prefix}." if prefix else ""
        self._client_id = client_id
        self._session_s = session_s
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._counts: dict[str, int] = {}
        self._lock = threading.RLock()
        self._producers: list[KafkaLogProducer] = []
        self._consumers: list[KafkaLogConsumer] = []
        QuietHandler.install()
        with translated(f"reaching {', '.join(brokers)}"):
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._brokers,
                client_id=client_id,
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                request_timeout_ms=_REQUEST_MS,
                reconnect_backoff_max_ms=1_000,  # by default a broker that is back is noticed after 30 s
            )

    def create_topics(self, topics: Iterable[str], partitions: int) -> None:
        """Make the topics that do not exist yet; see :class:`zerodistance.log.Log`.

        Their replication is the brokers' default (``default.replication.factor``). Records carry the time at
        which the log took them, not the producer's.
        """
        if partitions < 1:
            raise LogError(f"A topic has at least one partition, not {partitions}.")
        wanted = list(topics)
        there = {topic: self._find(topic) for topic in wanted}
        for topic, count in there.items():
            if count is not None and count != partitions:
                raise LogError(
                    f"The topic {topic} has {count} partitions, not {partitions}. That cannot change, "
                    f"for devices would move: set ZD_LOG_PARTITIONS={count}."
                )
        new = [self._prefix + topic for topic, count in there.items() if count is None]
        if not new:
            return
        with self._lock, translated(f"making the topics {', '.join(new)}"):
            answer = self._admin.create_topics(
                {
                    name: {
                        "num_partitions": partitions,
                        "replication_factor": -1,
                        "configs": {"message.timestamp.type": "LogAppendTime"},
                    }
                    for name in new
                },
                raise_errors=False,
            )
            for topic in answer["topics"]:
                if topic["error_code"] not in (0, _EXISTS):  # another process may have been quicker
                    raise LogError(f"Kafka did not make the topic {topic['name']}: {topic['error_message']}")
            self._admin.wait_for_topics(new)
        for topic in wanted:
            if self.partitions(topic) != partitions:
                raise LogError(f"{topic} was made with another number of partitions at the same moment.")

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has; see :class:`zerodistance.log.Log`."""
        count = self._counts.get(topic) or self._find(topic)
        if count is None:
            raise LogError(
                f"Kafka has no topic {self._prefix}{topic}: `zerodistance migrate` makes the topics."
            )
        self._counts[topic] = count
        return count

    def end_offsets(self, topic: str) -> dict[TopicPartition, int]:
        """Return the offset that each partition's next record will get."""
        name = self._prefix + topic
        spec = {kafka.TopicPartition(name, number): -1 for number in range(self.partitions(topic))}
        with self._lock, translated(f"asking for the ends of {name}"):
            found = self._admin.list_partition_offsets(spec)
        return {TopicPartition(topic, where.partition): answer.offset for where, answer in found.items()}

    def producer(self) -> KafkaLogProducer:
        """Return a new producer with a sender thread of its own."""
        with translated("connecting a producer"):
            producer = KafkaLogProducer(
                self._brokers,
                self._client_id,
                self._prefix,
                self.partitions,
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
    ) -> KafkaLogConsumer:
        """Return a new member of ``group``; it joins at its first poll."""
        for topic in topics:
            self.partitions(topic)
        with translated("connecting a consumer"):
            consumer = KafkaLogConsumer(
                self._brokers,
                self._client_id,
                self._prefix,
                group,
                topics,
                self._session_s,
                on_assigned=on_assigned,
                on_revoked=on_revoked,
            )
        self._consumers.append(consumer)
        return consumer

    def close(self) -> None:
        """Close every producer, consumer and connection of this log."""
        while self._consumers:
            self._consumers.pop().close()
        try:
            while self._producers:
                self._producers.pop().close()
        finally:
            self._admin.close()

    def _find(self, topic: str) -> int | None:
        name = self._prefix + topic
        with self._lock, translated(f"asking for {name}"):
            (answer,) = self._admin.describe_topics([name])
        if answer["error_code"] == _UNKNOWN_TOPIC:
            return None
        if answer["error_code"] != 0:
            raise LogError(f"Kafka does not tell about the topic {name}: error {answer['error_code']}.")
        return len(answer["partitions"])
