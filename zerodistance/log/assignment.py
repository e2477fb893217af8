"""Which member of a group reads which partitions: pure, the same rule for every member that computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zerodistance.log.interface import TopicPartition


def share_out(
    members: Sequence[tuple[str, frozenset[str]]], partitions: Mapping[str, int]
) -> dict[str, set[TopicPartition]]:
    """Give every partition to one member, in even ranges, as Kafka's range assignor does.

    Partitions of the same number go to the same member where the members read the same topics with the
    same number of partitions: whoever has a device's telemetry has its events too.

    Args:
        members: (member id, topics it reads), in an order that all members agree on.
        partitions: how many partitions each topic has.

    >>> shares = share_out([("a", frozenset({"t"})), ("b", frozenset({"t"}))], {"t": 3})
    >>> sorted(tp.partition for tp in shares["a"]), sorted(tp.partition for tp in shares["b"])
    ([0, 1], [2])
    """
    shares: dict[str, set[TopicPartition]] = {member: set() for member, _ in members}
    for topic, count in partitions.items():
        readers = [member for member, topics in members if topic in topics]
        if not readers:
            continue
        each, rest = divmod(count, len(readers))
        start = 0
        for place, member in enumerate(readers):
            end = start + each + (1 if place < rest else 0)
            shares[member].update(TopicPartition(topic, partition) for partition in range(start, end))
            start = end
    return shares
