"""Offsets of a consumer, beside the rows that they account for.

They move by compare-and-swap in the transaction that writes the rows: a consumer that lost its
partition and does not know it yet finds the offset moved, and its rows roll back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zerodistance.errors import FencedError
from zerodistance.log.interface import TopicPartition
from zerodistance.store.database import Connection


def load(conn: Connection, consumer: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the next offset to read of each of ``partitions``; 0 where nothing was read yet."""
    wanted = list(partitions)
    found = _read(conn, consumer, wanted, lock=False)
    return {partition: found.get(partition, 0) for partition in wanted}


def advance(conn: Connection, consumer: str, moves: Mapping[TopicPartition, tuple[int, int]]) -> None:
    """Move the offset of each partition from the one to the other, all of them or none.

    Args:
        conn: inside the transaction that writes the rows.
        consumer: name under which the offsets are kept.
        moves: partition → (offset that must be stored now, next offset to read from now on).

    Raises:
        FencedError: somebody else moved one of them; roll back and ask what is stored.
    """
    if not moves:
        return
    # always in the same order: two consumers over the same partitions wait, and never deadlock
    ordered = sorted(moves)
    topics, numbers = [p.topic for p in ordered], [p.partition for p in ordered]
    conn.execute(
        "INSERT INTO log_offset (consumer, topic, partition, next_offset)"
        " SELECT %s, topic, partition, 0 FROM unnest(%s::text[], %s::int[]) AS m (topic, partition)"
        " ORDER BY topic, partition ON CONFLICT DO NOTHING",
        (consumer, topics, numbers),
    )
    stored = _read(conn, consumer, ordered, lock=True)
    for partition, (old, _) in moves.items():
        if stored[partition] != old:
            raise FencedError(
                f"Offset {old} of {partition.topic}/{partition.partition} is stored as {stored[partition]} "
                f"for {consumer!r}: another consumer has taken this partition over."
            )
    conn.execute(
        "UPDATE log_offset AS o SET next_offset = m.next_offset"
        " FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS m (topic, partition, next_offset)"
        " WHERE o.consumer = %s AND o.topic = m.topic AND o.partition = m.partition",
        (topics, numbers, [moves[p][1] for p in ordered], consumer),
    )


def _read(
    conn: Connection, consumer: str, partitions: list[TopicPartition], *, lock: bool
) -> dict[TopicPartition, int]:
    query = (
        "SELECT o.topic, o.partition, o.next_offset FROM log_offset AS o"
        " JOIN unnest(%s::text[], %s::int[]) AS m (topic, partition) USING (topic, partition)"
        " WHERE o.consumer = %s ORDER BY o.topic, o.partition"
    )
    rows = conn.execute(
        query + (" FOR UPDATE OF o" if lock else ""),
        ([p.topic for p in partitions], [p.partition for p in partitions], consumer),
    )
    return {TopicPartition(topic, partition): offset for topic, partition, offset in rows}
