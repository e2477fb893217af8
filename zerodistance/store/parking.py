"""Samples without a place yet: their type, or one of their channels, is not migrated. Kept until it is.

:mod:`zerodistance.store.unparking` moves them on.
"""

from __future__ import annotations

from collections.abc import Sequence

from zerodistance.messages import Sample, encode_samples
from zerodistance.store.database import Connection
from zerodistance.store.schema import TableShape

WRITE_LOCK = 0x5A44_0005


def park(conn: Connection, samples: Sequence[Sample]) -> None:
    """Keep samples that have no table, or no column, in the writer's own transaction."""
    with (
        conn.cursor() as cursor,
        cursor.copy("COPY parked_sample (type, device_id, sample) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(("text", "text", "bytea"))
        for sample in samples:
            copy.write_row((sample.type, sample.device, encode_samples([sample])))


def fits(sample: Sample, shape: TableShape) -> bool:
    """Tell whether the table has a column for every channel of the sample."""
    return sample.values.keys() <= shape.channels.keys()


def share(conn: Connection, appliance_type: str) -> None:
    """Let the writers of a type work beside each other, but not beside
    :func:`zerodistance.store.unparking.drain`, until the commit.

    A device is written by one consumer at a time; only what was parked comes by another way.
    """
    conn.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", (WRITE_LOCK, appliance_type))
