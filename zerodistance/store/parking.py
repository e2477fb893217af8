"""Samples without a place yet: their type, or one of their channels, is not migrated. Kept until it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from zerodistance.catalogue import Catalogue
from zerodistance.messages import Sample, decode_samples, encode_samples
from zerodistance.store import counts
from zerodistance.store.database import Connection, translated
from zerodistance.store.schema import TableShape, read_shape

_log = structlog.get_logger(__name__)

_BATCH = 2000
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
    """Let the writers of a type work beside each other, but not beside :func:`drain`, until the commit.

    A device is written by one consumer at a time; only what was parked comes by another way.
    """
    conn.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", (WRITE_LOCK, appliance_type))


def drain(conn: Connection, catalogue: Catalogue) -> int:
    """Move parked samples to their tables, as far as these exist now, and return how many.

    Args:
        conn: not inside a transaction; each batch is one.
        catalogue: as for :func:`zerodistance.store.telemetry.write_samples`.
    """
    from zerodistance.store.telemetry import write_samples  # it parks, we unpark

    moved = 0
    with translated():
        with conn.transaction():
            types = [row[0] for row in conn.execute("SELECT DISTINCT type FROM parked_sample ORDER BY 1")]
        for name in (each for each in types if each in catalogue):
            last = 0
            while True:
                with conn.transaction():
                    shape = read_shape(conn, name)
                    if shape is None:
                        break
                    conn.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (WRITE_LOCK, name))
                    rows = conn.execute(
                        "SELECT id, sample FROM parked_sample WHERE type = %s AND id > %s"
                        " ORDER BY id LIMIT %s",
                        (name, last, _BATCH),
                    ).fetchall()
                    if not rows:
                        break
                    last = rows[-1][0]
                    ready = [
                        (number, sample)
                        for number, record in rows
                        for sample in decode_samples(record)
                        if fits(sample, shape)
                    ]
                    inserted: Counter[tuple[str, int]] = Counter()
                    write_samples(conn, catalogue, [sample for _, sample in ready], inserted)
                    conn.execute(
                        "DELETE FROM parked_sample WHERE id = ANY(%s)", ([number for number, _ in ready],)
                    )
                    counts.add(conn, {("parking", "samples"): len(ready)})
                    counts.add_rows(conn, inserted)
                    moved += len(ready)
    if moved:
        _log.info("parked.drained", samples=moved)
    return moved
