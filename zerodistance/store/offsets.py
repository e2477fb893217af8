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
        moves: partition → (offset that must be stored now, next offset to read from now on); both the same
            holds the partition until the transaction ends.

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
    moved = [partition for partition in ordered if moves[partition][0] != moves[partition][1]]
    conn.execute(
        "UPDATE log_offset AS o SET next_offset = m.next_offset"
        " FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS m (topic, partition, next_offset)"
        " WHERE o.consumer = %s AND o.topic = m.topic AND o.partition = m.partition",
        ([p.topic for p in moved], [p.partition for p in moved], [moves[p][1] for p in moved], consumer),
    )


def end_frozen(conn: Connection) -> int:
    """End connections of ours that have sat in the middle of a COPY for half a minute; return how many.

    A process that is frozen there (stopped, paused with its machine, unplugged) keeps its locks: no time-out
    of the server's reaches a COPY that waits for its client, because the two would lose step. Between
    statements ``idle_in_transaction_session_timeout`` does it. Asked when a lock does not come.
    """
    rows = conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = current_user AND application_name = 'zerodistance' AND pid <> pg_backend_pid()"
        " AND state = 'active' AND wait_event = 'ClientRead' AND query LIKE 'COPY %'"
        " AND query_start < now() - interval '30 s'"
    ).fetchall()
    return sum(bool(ended) for (ended,) in rows)


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
