"""Records of the log that no checkpoint of a consumer could take.

They are dead letters. A consumer that reads a part of the log again to rebuild its state must pass over them
as it did the first time, or its state would be another.
"""

from __future__ import annotations

from collections.abc import Mapping

from zerodistance.log.interface import TopicPartition
from zerodistance.store.database import Connection


def add(conn: Connection, consumer: str, partition: TopicPartition, offset: int) -> None:
    """Remember a record, in the transaction that moves on behind it."""
    conn.execute(
        "INSERT INTO log_rejected (consumer, topic, partition, log_offset) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (consumer, partition.topic, partition.partition, offset),
    )


def load(
    conn: Connection, consumer: str, begin: Mapping[TopicPartition, int]
) -> set[tuple[TopicPartition, int]]:
    """Return the records to pass over from ``begin`` (partition → offset) on; forget those before it."""
    where = ([p.topic for p in begin], [p.partition for p in begin], list(begin.values()), consumer)
    conn.execute(
        "DELETE FROM log_rejected AS r USING unnest(%s::text[], %s::int[], %s::bigint[])"
        " AS b (topic, partition, log_offset) WHERE r.consumer = %s AND r.topic = b.topic"
        " AND r.partition = b.partition AND r.log_offset < b.log_offset",
        where,
    )
    rows = conn.execute(
        "SELECT r.topic, r.partition, r.log_offset FROM log_rejected AS r"
        " JOIN unnest(%s::text[], %s::int[]) AS b (topic, partition) USING (topic, partition)"
        " WHERE r.consumer = %s",
        (where[0], where[1], consumer),
    )
    return {(TopicPartition(topic, partition), offset) for topic, partition, offset in rows}
