"""The COPY stream from arrays is, row for row, what psycopg writes; and rows that exist are merged."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.store.samples import START_US, sample
from zerodistance.catalogue import Catalogue
from zerodistance.clock import from_us
from zerodistance.messages import Block, Sample, decode_columns, encode_columns
from zerodistance.store.blocks import Newest, join_blocks, write_blocks
from zerodistance.store.copying import copy_stream
from zerodistance.store.database import Connection, Pool
from zerodistance.store.schema import TableShape
from zerodistance.store.telemetry import WriteCounts, write_samples

SHAPE = TableShape(
    "refrigerator", {"power": "float4", "energy": "float8", "cycles": "int4", "door_open": "bool"}, True
)
VALUES = {
    "power": st.floats(-1e6, 1e6, width=32),
    "energy": st.floats(allow_nan=False, allow_infinity=False),
    "cycles": st.integers(-(2**31) + 1, 2**31 - 1).map(float),
    "door_open": st.sampled_from([0.0, 1.0]),
}
ROWS = st.lists(
    st.builds(
        lambda device, at, boot, seq, values: sample(
            0, device, time_us=START_US + at, boot=boot, seq=seq, values=values, tenant=1
        ),
        st.sampled_from(["a", "fridge-1", "fridge-2"]),
        st.integers(0, 10**9),
        st.none() | st.integers(0, 2**40),
        st.none() | st.integers(0, 2**40),
        st.fixed_dictionaries({}, optional=VALUES),
    ),
    min_size=1,
    max_size=12,
)


def blocks_of(*samples_: Sample) -> list[Block]:
    """Return samples as the log gives them."""
    batch = decode_columns(encode_columns(list(samples_)))
    assert not batch.rest
    return batch.blocks


def fields(stream: bytes) -> list[list[bytes | None]]:
    """Take a COPY stream apart into rows of raw fields."""
    assert stream[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    rows, place = [], 19
    while (count := struct.unpack_from(">h", stream, place)[0]) != -1:
        place += 2
        row: list[bytes | None] = []
        for _ in range(count):
            size = struct.unpack_from(">i", stream, place)[0]
            place += 4
            row.append(None if size < 0 else stream[place : place + size])
            place += max(size, 0)
        rows.append(row)
    assert place + 2 == len(stream)
    return rows


def by_psycopg(conn: Connection, some: list[Sample]) -> list[list[bytes | None]]:
    """Return the fields of the same rows as psycopg dumps them."""
    rows = []
    transformer = psycopg.adapt.Transformer(conn)
    transformer.set_dumper_types(
        [conn.adapters.types[name].oid for name in SHAPE.wire_types], psycopg.pq.Format.BINARY
    )
    for one in some:
        readings: list[Any] = [one.values.get(name) for name in SHAPE.channels]
        readings[2] = None if readings[2] is None else round(readings[2])
        readings[3] = None if readings[3] is None else bool(readings[3])
        skew = (one.received_us - one.time_us) // 1000
        meta = (
            from_us(one.time_us),
            one.device,
            one.tenant,
            one.boot,
            one.seq,
            from_us(one.received_us),
            skew,
        )
        given_ = (*meta, Jsonb({}) if one.quality else None, *readings)
        dumped = transformer.dump_sequence(given_, [psycopg.adapt.PyFormat.BINARY] * len(given_))
        rows.append([None if field is None else bytes(field) for field in dumped])
    return rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(some=ROWS)
def test_the_stream_is_what_psycopg_writes(pool: Pool, some: list[Sample]) -> None:
    stream = copy_stream(SHAPE, join_blocks(SHAPE, blocks_of(*some)))
    with pool.connection() as conn:
        expected = by_psycopg(conn, some)
    assert Counter(map(tuple, fields(stream))) == Counter(map(tuple, expected))


def rows_of(conn: Connection) -> list[tuple[Any, ...]]:
    """Return what is stored."""
    return conn.execute(
        "SELECT device_id, time, boot, seq, power, energy, door_open, quality FROM telemetry_refrigerator"
        " ORDER BY device_id, time"
    ).fetchall()


def test_columns_and_samples_write_the_same_rows(pool: Pool, catalogue: Catalogue) -> None:
    some = [sample(minute, device, seq=minute + 1) for minute in range(5) for device in ("f-1", "fridge-22")]
    some.append(sample(9, "f-1", values={"power": None}, quality={"power": 2}))
    newest = Newest()
    with pool.connection() as conn:
        assert write_blocks(conn, catalogue, blocks_of(*some[:4]), newest).inserted == 4
        # known by now: these go straight in, but for the one with a quality code
        days: Counter[tuple[str, int]] = Counter()
        assert write_blocks(conn, catalogue, blocks_of(*some[4:]), newest, days).inserted == 7
        assert sum(days.values()) == 7
        columns = rows_of(conn)
        conn.rollback()
        write_samples(conn, catalogue, some)
        assert rows_of(conn) == columns


@pytest.mark.parametrize("knows", [True, False])
def test_what_exists_is_merged_whatever_is_known_of_it(pool: Pool, catalogue: Catalogue, knows: bool) -> None:
    first = [sample(minute, seq=minute + 1) for minute in range(4)]
    again = [first[1], msgspec.structs.replace(first[2], seq=9, values={"power": 99.0}), sample(5, seq=6)]
    newest = Newest()
    with pool.connection() as conn:
        write_blocks(conn, catalogue, blocks_of(*first), newest)
        if not knows:  # it believes that these are new: the key says otherwise
            newest.clear()
            newest.note(["fridge-1"], np.array([0]))
        counts = write_blocks(conn, catalogue, blocks_of(*again, again[2]), newest)
        assert counts == WriteCounts(inserted=1, merged=0, duplicate=2, conflict=1)
        assert [row[4] for row in rows_of(conn)] == [80.0, 80.0, 99.0, 80.0, 80.0]
        assert conn.execute("SELECT count(*) FROM telemetry_conflict").fetchone() == (1,)


def test_a_type_or_channel_without_a_place_is_parked(pool: Pool, catalogue: Catalogue) -> None:
    some = [sample(0, seq=1), sample(1, seq=2, values={"novel": 1.0}), sample(2, type="toaster", seq=3)]
    with pool.connection() as conn:
        assert write_blocks(conn, catalogue, blocks_of(*some), Newest()).parked == 2
