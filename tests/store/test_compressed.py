"""Late, repeated and contradicting samples meet compressed chunks; TimescaleDB's limits do not stop them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from tests.fixtures.postgres import made_database
from tests.store.samples import START, START_US, sample
from zerodistance.catalogue import Catalogue
from zerodistance.messages import Sample
from zerodistance.store import rollups, series, timescale
from zerodistance.store.database import Connection, connect
from zerodistance.store.migrate import migrate
from zerodistance.store.telemetry import WriteCounts, write_samples

pytestmark = pytest.mark.timescale

DEVICES = 110
ROWS = 1_000  # of each device: one full batch, so that one changed row unpacks all of them
LIMIT = 100_000  # TimescaleDB's default for one transaction


@pytest.fixture
def small(catalogue: Catalogue) -> Catalogue:
    return Catalogue({"refrigerator": catalogue["refrigerator"]})


@pytest.fixture
def store(timescale_server: str, small: Catalogue) -> Iterator[Connection]:
    """110,000 rows of 110 refrigerators, all in one compressed chunk."""
    with made_database(timescale_server) as address:
        with connect(address) as conn:
            migrate(conn, small, timescale=True, retention_policy=False)
        with connect(address, autocommit=True) as conn:
            conn.execute(
                "INSERT INTO telemetry_refrigerator (time, device_id, tenant_id, boot, seq, received_at,"
                " skew_ms, power) SELECT %s + m * interval '1 min', 'fridge-' || d, 1, 1, m,"
                " %s + m * interval '1 min', 0, 80 FROM generate_series(1, %s) AS d,"
                " generate_series(0, %s) AS m",
                (START, START, DEVICES, ROWS - 1),
            )
            conn.execute("SELECT compress_chunk(c) FROM show_chunks('telemetry_refrigerator') AS c")
            yield conn


def put(conn: Connection, catalogue: Catalogue, samples: list[Sample]) -> WriteCounts:
    with conn.transaction():
        return write_samples(conn, catalogue, samples)


def count(conn: Connection) -> tuple[int, float]:
    row = conn.execute("SELECT count(*), sum(power) FROM telemetry_refrigerator").fetchone()
    assert row is not None
    return row[0], row[1]


def test_more_rows_than_a_transaction_may_unpack(store: Connection, small: Catalogue) -> None:
    default = store.execute(
        "SELECT setting::int FROM pg_settings"
        " WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'"
    ).fetchone()
    assert default == (LIMIT,)
    with pytest.raises(psycopg.Error, match="decompression limit"):
        store.execute(
            "UPDATE telemetry_refrigerator SET energy = 1 WHERE time = %s", (START + timedelta(minutes=500),)
        )
    devices = [f"fridge-{d}" for d in range(1, DEVICES + 1)]
    # late, between two rows that are there; then corrections of rows that are there; then both once more
    late = [sample(500.5, name, 5000, values={"power": 1.0}) for name in devices]
    corrected = [sample(500, name, 5001, values={"power": 2.0, "energy": 3.0}) for name in devices]
    assert put(store, small, late).inserted == DEVICES
    assert put(store, small, corrected).conflict == DEVICES
    again = put(store, small, late + corrected)
    assert (again.inserted, again.duplicate) == (0, 2 * DEVICES)
    assert count(store) == (DEVICES * (ROWS + 1), DEVICES * (ROWS * 80 - 80 + 1 + 2))
    assert store.execute("SHOW timescaledb.max_tuples_decompressed_per_dml_transaction").fetchone() == (
        str(LIMIT),
    ), "lifted for the transaction, not for the session"


def test_a_backfill_array_falls_into_a_compressed_day(store: Connection, small: Catalogue) -> None:
    """A day kept on the appliance through an outage arrives at once, in any order, half of it known."""
    day = [
        sample(m, "fridge-1", 10_000 + m, values={"power": 80.0}, received_us=START_US + 5 * 86_400_000_000)
        for m in reversed(range(1440))
    ]
    counts = put(store, small, day)
    assert (counts.inserted, counts.duplicate, counts.late) == (440, 1000, 1440)
    assert count(store) == (DEVICES * ROWS + 440, (DEVICES * ROWS + 440) * 80)
    skew = store.execute(
        "SELECT max(skew_ms) FROM telemetry_refrigerator WHERE device_id = 'fridge-1'"
    ).fetchone()
    assert skew == (5 * 86_400_000 - 1000 * 60_000,), "measured against the arrival, per row; time stays"


def test_late_rows_reach_compressed_rollups_but_none_past_retention(
    store: Connection, small: Catalogue
) -> None:
    fridge = small["refrigerator"]
    timescale.refresh(store, fridge, START, START + timedelta(days=2))
    compressed = store.execute(
        "SELECT c.view_name FROM timescaledb_information.continuous_aggregates AS c, LATERAL (SELECT"
        " compress_chunk(s) FROM show_chunks(format('storage.%I', c.view_name)::regclass) AS s) AS done"
        " WHERE c.compression_enabled"
    ).fetchall()
    assert {row[0] for row in compressed} == {"refrigerator_5m", "refrigerator_1h"}
    store.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 10")
    put(store, small, [sample(500.5, "fridge-1", 5000, values={"power": 200.0})])
    assert rollups.pending(store) == 1
    rollups.refresh(store, small, START + timedelta(days=30))
    question = series.ask(
        fridge, channels=["power"], since=START, until=START + timedelta(days=1), resolution="1h",
        aggregates=["max", "count"],
    )  # fmt: skip
    address = store.info.dsn
    rows = [row for part in series.slices(lambda: connect(address), question, "fridge-1") for row in part]
    assert [row[1:] for row in rows if row[1] > 80] == [(200.0, 61)]
    # rows that retention dropped keep their rollup, whatever comes too late
    store.execute(
        "SELECT drop_chunks('telemetry_refrigerator', older_than => %s)", (START + timedelta(days=2),)
    )
    store.execute(
        "INSERT INTO dirty_range (type, devices, lower_at, upper_at)"
        " VALUES ('refrigerator', '{fridge-1}', %s, %s)",
        (START, START + timedelta(hours=1)),
    )
    rollups.refresh(store, small, START + timedelta(days=fridge.retention_days + 10))
    assert rollups.pending(store) == 0
    kept = store.execute("SELECT sum(n) FROM telemetry_refrigerator_1d").fetchone()
    assert kept == (DEVICES * ROWS + 1,)
