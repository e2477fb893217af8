"""Parked samples go to their tables as soon as these exist."""

from __future__ import annotations

from collections import Counter

import structlog

from zerodistance.catalogue import Catalogue
from zerodistance.messages import decode_samples
from zerodistance.store import counts
from zerodistance.store.database import Connection, translated
from zerodistance.store.parking import WRITE_LOCK, fits
from zerodistance.store.schema import read_shape
from zerodistance.store.telemetry import write_samples

_log = structlog.get_logger(__name__)

_BATCH = 2000


def drain(conn: Connection, catalogue: Catalogue) -> int:
    """Move parked samples to their tables, as far as these exist now, and return how many.

    Args:
        conn: not inside a transaction; each batch is one.
        catalogue: as for :func:`zerodistance.store.telemetry.write_samples`.
    """
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
