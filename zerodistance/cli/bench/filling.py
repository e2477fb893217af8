"""Fills a database with as much telemetry as wanted: simulated appliances, written by binary COPY.

The readings are those of ``zerodistance simulate``: quantised sensors, clocks that jitter, readings that
fail. They do not pass the pipeline, whose speed other benchmarks measure; the rows are the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from zerodistance.catalogue import ApplianceType, Catalogue
from zerodistance.clock import to_us
from zerodistance.store import plain, timescale
from zerodistance.store.database import Connection
from zerodistance.store.schema import META_COLUMNS, TableShape

_PG_EPOCH_US = 946_684_800_000_000  # COPY counts microseconds from 2000-01-01
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_DAY_US = 86_400_000_000
_SPAN_US = 1_800_000_000
_WARM_UP = timedelta(hours=12)
# From the appliance's clock to the row: mostly some tens of milliseconds, seldom seconds.
_LATENCY_MS, _LATENCY_SPREAD = 60.0, 0.8
_FORMATS = {"float4": ">f4", "float8": ">f8", "int4": ">i4", "bool": "i1"}
# Rollups of so many days in one statement.
_ROLLUP_DAYS = 7


class Filled(NamedTuple):
    """What was written: rows, and readings in them (data points)."""

    rows: int
    points: int


def register(
    conn: Connection, appliance: ApplianceType, prefix: str, devices: int, seen: datetime
) -> list[str]:
    """Register the fleet, each appliance in a home of its own and last seen at ``seen``; return its ids."""
    width = max(2, len(str(devices)))
    ids = [f"{prefix}{number:0{width}d}" for number in range(1, devices + 1)]
    conn.execute(
        "INSERT INTO household (id, tenant_id, region, time_zone) SELECT 'home-' || d, 1,"
        " 'region ' || (n %% 5), 'UTC' FROM unnest(%s::text[]) WITH ORDINALITY AS u (d, n)"
        " ON CONFLICT DO NOTHING",
        (ids,),
    )
    conn.execute(
        "INSERT INTO device (id, tenant_id, type, model, household_id, online, last_seen_at)"
        " SELECT d, 1, %s, 'bench', 'home-' || d, true, %s FROM unnest(%s::text[]) AS u (d)"
        " ON CONFLICT DO NOTHING",
        (appliance.type, seen, ids),
    )
    return ids


def fill(
    conn: Connection,
    catalogue: Catalogue,
    shape: TableShape,
    prefix: str,
    devices: int,
    since: datetime,
    until: datetime,
    stop: threading.Event,
    say: Callable[[str], None],
    *,
    seed: int = 20,
) -> Filled:
    """Write the telemetry of a fleet of one type between two moments.

    Args:
        conn: in autocommit mode.
        catalogue: with the type.
        shape: its table.
        prefix, devices: as for :func:`register`.
        stop: ends it early.
        say: told what it is at.
        seed: of the simulation.
    """
    from simulators.fleet import load_fleet
    from simulators.simulation import FleetSimulation

    text = (
        f'name = "bench"\nseed = {seed}\nclimate = "temperate"\ntime_zone = "UTC"\nregion = "bench"\n'
        f'step_s = 60\nspread = 0.08\n[[group]]\ntype = "{shape.type}"\ncount = {devices}\n'
        f'prefix = "{prefix}"\n'
    )
    fleet = FleetSimulation(load_fleet(text, catalogue), catalogue, since - _WARM_UP, live=since)
    begin_us, end_us = to_us(since), to_us(until)
    while fleet.time_us < begin_us and not stop.is_set():
        fleet.advance(min(begin_us, fleet.time_us + _SPAN_US), silent=True)
    random = np.random.default_rng(seed)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(shape.table), sql.SQL(", ").join(map(sql.Identifier, shape.columns))
    )
    rows = points = seq = 0
    while fleet.time_us < end_us and not stop.is_set():
        before = fleet.time_us
        batches, _ = fleet.advance(min(end_us, before + _DAY_US))
        if fleet.time_us == before:
            break  # what is left is less than a step
        if shape.partitioned:
            moments = [since + timedelta(days=n) for n in range(-1, (until - since).days + 2)]
            plain.make_partitions(conn, shape.type, moments)
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(_HEADER)
            for batch in batches:
                latency = random.lognormal(np.log(_LATENCY_MS), _LATENCY_SPREAD, batch.time_us.shape)
                for piece in _records(shape, batch, seq, (latency * 1000).astype(np.int64)):
                    copy.write(piece)
                seq += len(batch.time_us)
                rows += batch.samples
                points += sum(
                    int((~np.isnan(batch.values[name]) & ~batch.lost).sum()) for name in shape.channels
                )
            copy.write(_END)
        share = (fleet.time_us - begin_us) / max(1, end_us - begin_us)
        say(f"filling: {points:,} data points ({share:.0%})")
    return Filled(rows, points)


def settle(
    conn: Connection,
    appliance: ApplianceType,
    shape: TableShape,
    devices: list[str],
    since: datetime,
    until: datetime,
    compress_before: datetime,
    stop: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Do what upkeep and TimescaleDB's jobs would have done by now: rollups, compression, statistics.

    Args:
        conn: in autocommit mode.
        compress_before: chunks that end before this moment are compressed.
    """
    at = since
    while at < until and not stop.is_set():
        upper = min(until, at + timedelta(days=_ROLLUP_DAYS))
        say(f"rollups: {at:%Y-%m-%d}")
        if shape.partitioned:
            with conn.transaction():
                plain.refresh(conn, appliance, list(shape.channels), [(d, at, upper) for d in devices])
        else:
            timescale.refresh(conn, appliance, at, upper)
        at = upper
    if not shape.partitioned:
        say("compressing")
        for table in (shape.table, *(f"storage.{shape.type}_{level}" for level in ("5m", "1h"))):
            conn.execute(
                "SELECT compress_chunk(c, if_not_compressed => true)"
                " FROM show_chunks(%s::regclass, older_than => %s::timestamptz) AS c",
                (table, compress_before),
            )
    say("statistics")
    conn.execute("VACUUM (ANALYZE)")


def _records(shape: TableShape, batch: Any, first_seq: int, latency_us: NDArray[np.int64]) -> Iterator[bytes]:
    """Yield rows as COPY's binary format has them; those of whole readings at once, the others one by one."""
    steps, count = batch.time_us.shape
    identity = len(batch.devices[0].encode())
    dtype = _dtype(shape, identity)
    records = np.zeros((steps, count), dtype)
    records["fields"] = len(shape.columns)
    for name, kind in zip(shape.columns, shape.wire_types, strict=True):
        if name == "quality":
            records["quality_n"] = -1
        elif name == "device_id":
            records["device_id_n"] = identity
        else:
            records[f"{name}_n"] = np.dtype(_FORMATS.get(kind, ">i8")).itemsize
    records["tenant_id_n"] = 4
    records["time"] = batch.time_us - _PG_EPOCH_US
    records["device_id"] = np.array([name.encode() for name in batch.devices])
    records["tenant_id"] = 1
    records["boot"] = 1
    records["seq"] = first_seq + np.arange(steps)[:, None]
    records["received_at"] = batch.time_us + latency_us - _PG_EPOCH_US
    records["skew_ms"] = latency_us // 1000
    failed = np.zeros((steps, count), dtype=bool)
    for name, kind in shape.channels.items():
        values = batch.values[name]
        missing = np.isnan(values)
        failed |= missing
        whole = np.where(missing, 0.0, values)
        records[name] = whole > 0.5 if kind == "bool" else np.round(whole) if kind == "int4" else whole
    yield records[~failed & ~batch.lost].tobytes()
    places: Any = dtype.fields
    for step, device in zip(*np.nonzero(failed & ~batch.lost), strict=True):
        # piece by piece out of the record: a number taken from it would lose its byte order
        record = records[step, device].tobytes()
        pieces = [record[:2]]
        for name in shape.columns:
            channel = name in shape.channels
            if name == "quality" or (channel and np.isnan(batch.values[name][step, device])):
                pieces.append(b"\xff\xff\xff\xff")
            else:
                begin = places[f"{name}_n"][1]
                field, offset = places[name][:2]
                pieces.append(record[begin : offset + field.itemsize])
        yield b"".join(pieces)


def _dtype(shape: TableShape, identity: int) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    meta = {"device_id": f"S{identity}", "tenant_id": ">i4"}
    for name, kind in zip(shape.columns, shape.wire_types, strict=True):
        fields.append((f"{name}_n", ">i4"))
        if name != "quality":
            known = meta.get(name, ">i8") if name in META_COLUMNS else _FORMATS[kind]
            fields.append((name, known))
    return np.dtype(fields)
