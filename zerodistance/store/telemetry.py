"""Write samples: fast where they are new, carefully where they meet rows that are there.

New rows go in by binary COPY. A key that exists already is read, merged by
:func:`zerodistance.store.merge.merge` and written back. That is safe without locking rows because a
device is written by one consumer at a time: the consumer moves its offsets first, in the same
transaction, and they hold everybody else off (:mod:`zerodistance.store.offsets`).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb

from zerodistance.catalogue import Catalogue
from zerodistance.clock import from_us, to_us
from zerodistance.messages import Sample
from zerodistance.store import parking, plain, rollups, timescale
from zerodistance.store.database import Connection
from zerodistance.store.merge import Merged, merge, rounded
from zerodistance.store.schema import META_COLUMNS, TableShape, read_shape

# Received so much later than measured, a sample is late: it was kept on the appliance through an outage.
LATE_US = 3600 * 1_000_000

_Key = tuple[str, int]


class WriteCounts(NamedTuple):
    """What became of samples; ``late`` ones are counted under another head too, ``refused`` ones nowhere."""

    inserted: int = 0
    merged: int = 0
    duplicate: int = 0
    conflict: int = 0
    late: int = 0
    parked: int = 0


def write_samples(
    conn: Connection,
    catalogue: Catalogue,
    samples: Sequence[Sample],
    inserted: Counter[tuple[str, int]] | None = None,
) -> WriteCounts:
    """Write samples to the tables of their types and return what became of them.

    The same samples written again change nothing. What has no table or column yet is parked.

    Args:
        conn: inside a transaction in which the offsets were moved already.
        catalogue: not consulted for columns (the database's own count); a type outside it is parked.
        samples: of any types and devices; ``refused`` ones are passed over.
        inserted: is told of new rows by type and UTC day, for
            :func:`zerodistance.store.counts.add_rows` at the end of the transaction.

    Raises:
        psycopg.Error: as the driver raises it; the transaction is void then.
    """
    by_type: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if not sample.refused:
            by_type[sample.type].append(sample)
    total = WriteCounts()
    for name in sorted(by_type):  # one order for all: no deadlock
        group = by_type[name]
        parking.share(conn, name)
        shape = read_shape(conn, name) if name in catalogue else None
        ready = [] if shape is None else [sample for sample in group if parking.fits(sample, shape)]
        if len(ready) < len(group):
            kept = {id(sample) for sample in ready}
            parking.park(conn, [sample for sample in group if id(sample) not in kept])
        counts = _write_type(conn, shape, ready, inserted) if shape is not None and ready else WriteCounts()
        total = WriteCounts(*map(sum, zip(total, counts, strict=True)))
        total = total._replace(parked=total.parked + len(group) - len(ready))
    return total


def _write_type(
    conn: Connection,
    shape: TableShape,
    samples: Sequence[Sample],
    inserted: Counter[tuple[str, int]] | None,
) -> WriteCounts:
    batch: dict[_Key, Sample] = {}
    again: list[Sample] = []
    late = 0
    for sample in samples:
        late += sample.received_us - sample.time_us > LATE_US
        key = (sample.device, sample.time_us)
        if key in batch:
            again.append(sample)
        else:
            batch[key] = sample
    stored = _read_existing(conn, shape, batch)
    fresh = {key: sample for key, sample in batch.items() if key not in stored} if stored else batch

    outcomes = {"merged": 0, "duplicate": 0, "conflict": 0}
    conflicts: list[tuple[Any, ...]] = []
    changed: dict[_Key, Sample] = {}
    repeated = [sample for key, sample in batch.items() if key in stored] if stored else []
    for sample in (*repeated, *again):
        key = (sample.device, sample.time_us)
        before = changed.get(key) or stored.get(key) or rounded(fresh[key], shape.channels)
        result = merge(before, rounded(sample, shape.channels))
        outcomes[result.outcome] += 1
        conflicts.extend(_conflict_rows(result))
        if result.sample is not before:
            (changed if key in stored else fresh)[key] = result.sample

    if inserted is not None:
        inserted.update((shape.type, at // _DAY_US) for _, at in fresh)
    if shape.partitioned:
        days = {at // _DAY_US for _, at in fresh}  # few, and partitions begin at midnight
        plain.make_partitions(conn, shape.type, [from_us(day * _DAY_US) for day in days])
    else:
        timescale.lift_decompression_limit(conn)
    _copy(conn, shape, list(fresh.values()))
    _update(conn, shape, list(changed.values()))
    if conflicts:
        with conn.cursor() as cursor:
            cursor.executemany(_INSERT_CONFLICT, conflicts)
    touched: dict[str, list[int]] = defaultdict(list)
    for device, at in (*fresh, *changed):
        touched[device].append(at)
    rollups.mark(conn, shape, touched, now_us=time.time_ns() // 1000)
    return WriteCounts(inserted=len(fresh), late=late, **outcomes)


def _read_existing(conn: Connection, shape: TableShape, keys: dict[_Key, Sample]) -> dict[_Key, Sample]:
    """Return the rows that stand under these keys already, as samples."""
    times = [at for _, at in keys]
    query = sql.SQL(
        "SELECT t.device_id, t.time, t.tenant_id, t.boot, t.seq, t.received_at, t.quality{columns}"
        " FROM unnest(%b::text[], %b::timestamptz[]) AS k (device_id, time)"
        " JOIN {table} AS t ON t.device_id = k.device_id AND t.time = k.time"
        " AND t.time >= {low} AND t.time <= {high}"
    ).format(
        table=sql.Identifier(shape.table),
        columns=sql.Composed([sql.SQL(", t.") + sql.Identifier(name) for name in shape.channels]),
        # constants let the planner leave out partitions and chunks
        low=sql.Literal(from_us(min(times))),
        high=sql.Literal(from_us(max(times))),
    )
    found: dict[_Key, Sample] = {}
    # binary: a float4 arrives as the number that it is, not as its shortest text
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(query, ([device for device, _ in keys], [from_us(at) for at in times]))
        for device, moment, tenant, boot, seq, received, quality, *readings in rows:
            values = {n: v for n, v in zip(shape.channels, readings, strict=True) if v is not None}
            codes = quality or {}
            at = to_us(moment)
            found[device, at] = Sample(
                tenant=tenant,
                device=device,
                type=shape.type,
                time_us=at,
                received_us=to_us(received),
                boot=boot,
                seq=seq,
                oldest=None,
                values={**dict.fromkeys(codes), **values},
                quality=codes,
                unknown={},
            )
    return found


def _copy(conn: Connection, shape: TableShape, samples: list[Sample]) -> None:
    if not samples:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(shape.table), sql.SQL(", ").join(map(sql.Identifier, shape.columns))
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(shape.wire_types)
        write = copy.write_row
        for row in _rows(shape, samples):
            write(row)


def _update(conn: Connection, shape: TableShape, samples: list[Sample]) -> None:
    """Write merged rows back, one statement each: given its key, a chunk unpacks one batch only."""
    if not samples:
        return
    names = shape.columns
    changing = [name for name in names if name not in ("time", "device_id")]
    statement = sql.SQL("UPDATE {} SET {} WHERE device_id = %s AND time = %s").format(
        sql.Identifier(shape.table),
        sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in changing),
    )
    with conn.cursor() as cursor:
        cursor.executemany(statement, [(*row[2:], row[1], row[0]) for row in _rows(shape, samples)])


def _rows(shape: TableShape, samples: list[Sample]) -> list[tuple[Any, ...]]:
    """Return the samples as rows in the order of ``shape.columns``; time and device come first."""
    names = list(shape.channels)
    offset = len(META_COLUMNS)
    converted = [
        (offset + i, bool if kind == "bool" else round)
        for i, kind in enumerate(shape.channels.values())
        if kind in ("bool", "int4")
    ]
    rows: list[tuple[Any, ...]] = []
    for s in samples:
        get = s.values.get
        row: list[Any] = [
            from_us(s.time_us),
            s.device,
            s.tenant,
            s.boot,
            s.seq,
            from_us(s.received_us),
            (s.received_us - s.time_us) // 1000,
            Jsonb(s.quality) if s.quality else None,
        ]
        row += [get(name) for name in names]
        for i, convert in converted:
            if row[i] is not None:
                row[i] = convert(row[i])
        rows.append(tuple(row))
    return rows


def _conflict_rows(result: Merged) -> list[tuple[Any, ...]]:
    won, lost = result.winner, result.loser
    at, ages = from_us(won.time_us), (won.boot, won.seq, lost.boot, lost.seq)
    return [
        (won.device, won.type, at, c.channel, float(c.kept), float(c.dropped), *ages)
        for c in result.conflicts
    ]


_INSERT_CONFLICT = (
    "INSERT INTO telemetry_conflict (device_id, type, time, channel, kept, dropped, kept_boot, kept_seq,"
    " dropped_boot, dropped_seq) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_DAY_US = 86_400_000_000
