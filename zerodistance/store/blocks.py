"""Write telemetry that comes as columns: what is new by COPY from arrays, the rest sample by sample.

A row is taken for new when it is younger than everything that this process has seen of its device. That is a
guess, and it need not be right: the tables' primary key decides. A COPY that meets an existing key is rolled
back to a savepoint, and its rows go the careful way (:mod:`zerodistance.store.telemetry`), which reads and
merges.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from zerodistance.catalogue import Catalogue
from zerodistance.clock import from_us
from zerodistance.messages import Block, Sample
from zerodistance.store import parking, plain, rollups, timescale
from zerodistance.store.copying import Rows, copy_stream, fits_columns
from zerodistance.store.database import Connection
from zerodistance.store.schema import TableShape, read_shape
from zerodistance.store.telemetry import LATE_US, WriteCounts, write_samples

_DAY_US = 86_400_000_000
_BUCKET_US = 300_000_000  # of the finest rollup
_MOST_DEVICES = 500_000


class Newest:
    """Time of the youngest row seen of each device; forgets everything when it has grown too large."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return (len(names),): the youngest time, the end of time for devices not seen yet."""
        unseen = np.iinfo(np.int64).max
        get = self._times.get
        return np.array([get(name, unseen) for name in names], np.int64)

    def note(self, names: Sequence[str], times: NDArray[np.int64]) -> None:
        """Take note of rows: the youngest time of each device among them."""
        known = self._times
        if len(known) > _MOST_DEVICES:
            known.clear()
        for name, at in zip(names, times.tolist(), strict=True):
            if known.get(name, at) <= at:
                known[name] = at

    def forget(self, names: Sequence[str]) -> None:
        """Take devices for not seen: their next rows go the careful way."""
        for name in names:
            self._times.pop(name, None)

    def clear(self) -> None:
        """Forget everything."""
        self._times.clear()


def write_blocks(
    conn: Connection,
    catalogue: Catalogue,
    blocks: Sequence[Block],
    newest: Newest,
    inserted: Counter[tuple[str, int]] | None = None,
) -> WriteCounts:
    """Write columns to the tables of their types; outcome and arguments as for ``write_samples``.

    Args:
        conn: inside a transaction in which the offsets were moved already.
        catalogue: a type outside it is parked.
        blocks: of any types and tenants.
        newest: what this process knows of the devices; to be cleared when a transaction is rolled back.
        inserted: is told of new rows by type and UTC day.

    Raises:
        psycopg.Error: as the driver raises it; the transaction is void then.
    """
    by_type: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        if len(block.device):
            by_type[block.type].append(block)
    total = WriteCounts()
    for name in sorted(by_type):  # one order for all: no deadlock
        parking.share(conn, name)
        shape = read_shape(conn, name) if name in catalogue else None
        known = shape.channels.keys() if shape is not None else ()
        ready = [block for block in by_type[name] if shape is not None and set(block.channels) <= set(known)]
        kept = {id(block) for block in ready}
        careful = [sample for b in by_type[name] if id(b) not in kept for sample in b.samples()]
        counts = WriteCounts()
        if shape is not None and ready:
            counts, doubtful = _write(conn, shape, ready, newest, inserted)
            careful += doubtful
        if careful:
            counts = _sum(counts, write_samples(conn, catalogue, careful, inserted))
        total = _sum(total, counts)
    return total


def _sum(one: WriteCounts, other: WriteCounts) -> WriteCounts:
    return WriteCounts(*map(sum, zip(one, other, strict=True)))


def _write(
    conn: Connection,
    shape: TableShape,
    blocks: Sequence[Block],
    newest: Newest,
    inserted: Counter[tuple[str, int]] | None,
) -> tuple[WriteCounts, list[Sample]]:
    """Write what is new; return the counts of it, and the samples that are to be looked at one by one."""
    rows = join_blocks(shape, blocks)
    last = newest.of(rows.names)
    new = rows.time_us > last[rows.device]
    new &= ~_repeated(rows)
    new &= fits_columns(shape, rows.values)
    start = 0
    for block in blocks:
        if block.quality:
            new[start + np.array([row for row, _, _ in block.quality])] = False
        start += len(block.device)
    youngest = np.full(len(rows.names), np.iinfo(np.int64).min)
    np.maximum.at(youngest, rows.device, rows.time_us)
    counts = WriteCounts()
    if new.any():
        fresh = rows.select(new)
        if _copy(conn, shape, fresh):
            late = int((fresh.received_us - fresh.time_us > LATE_US).sum())
            counts = WriteCounts(inserted=len(fresh.device), late=late)
            if inserted is not None:
                for day, count in zip(*np.unique(fresh.time_us // _DAY_US, return_counts=True), strict=True):
                    inserted[shape.type, int(day)] += int(count)
            rollups.mark(conn, shape, _touched(fresh), now_us=time.time_ns() // 1000)
            newest.note(rows.names, youngest)
        else:
            new[:] = False
            newest.forget(rows.names)
    else:
        newest.note(rows.names, youngest)
    if new.all():
        return counts, []
    doubtful: list[Sample] = []
    start = 0
    for block in blocks:
        end = start + len(block.device)
        doubtful += block.samples(np.flatnonzero(~new[start:end]).tolist())
        start = end
    return counts, doubtful


def join_blocks(shape: TableShape, blocks: Sequence[Block]) -> Rows:
    """Return the rows of all blocks, in order, in the columns of the table; quality codes are left out."""
    places: dict[str, int] = {}
    device = []
    column_of = {name: place for place, name in enumerate(shape.channels)}
    values = np.full((sum(len(block.device) for block in blocks), len(column_of)), np.nan)
    start = 0
    for block in blocks:
        mine = np.array([places.setdefault(name, len(places)) for name in block.devices], np.int64)
        device.append(mine[block.device])
        end = start + len(block.device)
        values[start:end, [column_of[name] for name in block.channels]] = block.values
        start = end
    return Rows(
        list(places),
        np.concatenate(device),
        np.repeat([block.tenant for block in blocks], [len(block.device) for block in blocks]),
        np.concatenate([block.time_us for block in blocks]),
        np.concatenate([block.received_us for block in blocks]),
        np.concatenate([block.boot for block in blocks]),
        np.concatenate([block.seq for block in blocks]),
        values,
    )


def _repeated(rows: Rows) -> NDArray[np.bool_]:
    """Return (N,): another row has the same device and time."""
    order = np.lexsort((rows.time_us, rows.device))
    device, at = rows.device[order], rows.time_us[order]
    same = (device[1:] == device[:-1]) & (at[1:] == at[:-1])
    result = np.zeros(len(order), np.bool_)
    result[order[1:][same]] = True
    result[order[:-1][same]] = True
    return result


def _copy(conn: Connection, shape: TableShape, rows: Rows) -> bool:
    """Copy rows in; False, and nothing was written, when one of their keys exists."""
    if shape.partitioned:
        days = np.unique(rows.time_us // _DAY_US).tolist()  # few, and partitions begin at midnight
        plain.make_partitions(conn, shape.type, [from_us(day * _DAY_US) for day in days])
    else:
        timescale.lift_decompression_limit(conn)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(shape.table), sql.SQL(", ").join(map(sql.Identifier, shape.columns))
    )
    try:
        with conn.transaction(), conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(copy_stream(shape, rows))
    except psycopg.errors.UniqueViolation:
        return False
    return True


def _touched(rows: Rows) -> dict[str, list[int]]:
    """Return device → a time in each bucket of the finest rollup that its rows are in."""
    order = np.lexsort((rows.time_us, rows.device))
    device, at = rows.device[order], rows.time_us[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (device[1:] != device[:-1]) | (at[1:] // _BUCKET_US != at[:-1] // _BUCKET_US)
    found: dict[str, list[int]] = defaultdict(list)
    for number, moment in zip(device[first].tolist(), at[first].tolist(), strict=True):
        found[rows.names[number]].append(moment)
    return found
