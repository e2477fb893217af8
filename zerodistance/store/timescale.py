"""Telemetry on PostgreSQL with TimescaleDB: hypertables, columnstore, continuous aggregates, retention.

The rollups are continuous aggregates in real-time mode: what is newer than the last refresh is computed
from the rows. Policies refresh the recent past; what comes later than that is queued and refreshed by
``stream store``. TimescaleDB's policies run by the machine's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from psycopg import sql

from zerodistance.catalogue.model import ApplianceType
from zerodistance.errors import StoreError
from zerodistance.store.database import Connection
from zerodistance.store.plain import telemetry_columns
from zerodistance.store.schema import LEVEL_SECONDS, LEVELS, rollup_select

# create_hypertable(by_range), columnstore names and aggregates over aggregates all exist from here on.
_OLDEST = (2, 18)
# At the load of docs/scaling.md a day of one type's rows and their index fits a quarter of the memory.
_CHUNK = timedelta(days=1)
# Late rows come mostly within days: until then they need not be put into compressed batches.
_COMPRESS_AFTER = timedelta(days=7)
_DECOMPRESSION_LIMIT = "timescaledb.max_tuples_decompressed_per_dml_transaction"
# level → (how far back a policy looks, how far it stays off the present, how often it runs)
_POLICIES = {
    "5m": (timedelta(days=3), timedelta(minutes=10), timedelta(minutes=5)),
    "1h": (timedelta(days=3), timedelta(hours=2), timedelta(minutes=30)),
    "1d": (timedelta(days=10), timedelta(days=2), timedelta(hours=6)),
}


# A rollup's row is many times as wide as a telemetry row: uncompressed, rollups would outgrow the rows.
# Policies refresh at most ten days back. A day a row a device is not worth a batch: the level 1d stays.
_COMPRESS_ROLLUPS_AFTER = timedelta(days=14)
_COMPRESSED_LEVELS = ("5m", "1h")


def offered(conn: Connection) -> bool:
    """Tell whether this server has TimescaleDB and loads it at start."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') AND"
        " (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries') LIKE '%timescaledb%'"
    ).fetchone()
    return bool(row and row[0])


def installed_version(conn: Connection) -> str | None:
    """Return the version of TimescaleDB in this database, None if it is not there."""
    row = conn.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    return str(row[0]) if row else None


def install(conn: Connection) -> str:
    """Create the extension if need be and return its version.

    Raises:
        StoreError: it is older than this code can use.
    """
    conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    version = installed_version(conn) or "0.0"
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise StoreError(
            f"TimescaleDB {version} is too old: version {_OLDEST[0]}.{_OLDEST[1]} or later is needed "
            "(ALTER EXTENSION timescaledb UPDATE)."
        )
    return version


def create_table(conn: Connection, appliance: ApplianceType) -> None:
    """Create the hypertable, compressed by device once its chunks are a week old."""
    table = sql.Identifier(appliance.table)
    conn.execute(
        sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY (device_id, time))").format(
            table, telemetry_columns(appliance)
        )
    )
    conn.execute(
        "SELECT create_hypertable(%s::regclass, by_range('time', %s), create_default_indexes => false)",
        (appliance.table, _CHUNK),
    )
    conn.execute(sql.SQL("CREATE INDEX ON {} USING brin (time)").format(table))
    conn.execute(
        sql.SQL(
            "ALTER TABLE {} SET (timescaledb.enable_columnstore = true,"
            " timescaledb.segmentby = 'device_id', timescaledb.orderby = 'time')"
        ).format(table)
    )
    conn.execute(
        "CALL add_columnstore_policy(%s::regclass, after => %s, if_not_exists => true)",
        (appliance.table, _COMPRESS_AFTER),
    )


def set_retention(conn: Connection, appliance: ApplianceType, *, by_policy: bool) -> None:
    """Let TimescaleDB drop old chunks by the machine's clock, or leave that to the platform's.

    Args:
        conn: in any transaction.
        appliance: says how long rows are kept.
        by_policy: False where the platform's clock is not the machine's: a replay of 2013 would be erased.
    """
    conn.execute("SELECT remove_retention_policy(%s::regclass, if_exists => true)", (appliance.table,))
    if by_policy:
        conn.execute(
            "SELECT add_retention_policy(%s::regclass, drop_after => %s)",
            (appliance.table, timedelta(days=appliance.retention_days)),
        )


def create_rollup(
    conn: Connection, appliance: ApplianceType, level: str, channels: Iterable[str], generation: int
) -> None:
    """Create the continuous aggregate behind the rollup ``level``, with its refresh policy.

    An aggregate cannot be widened, so channels that come later get one of their own (``generation`` 2, …);
    making the first one anew would lose what is older than the rows.
    """
    finer = LEVELS[LEVELS.index(level) - 1]
    name = stored_name(appliance.type, level, generation)
    source = (
        sql.Identifier(appliance.table)
        if level == LEVELS[0]
        else sql.Identifier("storage", stored_name(appliance.type, finer, generation))
    )
    conn.execute(
        sql.SQL(
            "CREATE MATERIALIZED VIEW {} WITH (timescaledb.continuous, timescaledb.materialized_only = false)"
            " AS {} GROUP BY 1, 2 WITH NO DATA"
        ).format(
            sql.Identifier("storage", name),
            rollup_select(appliance, channels, level, source, timescale=True),
        )
    )
    start, end, every = _POLICIES[level]
    start = min(start, timedelta(days=appliance.retention_days - 1))  # never past the rows: it would erase
    conn.execute(
        "SELECT add_continuous_aggregate_policy(%s::regclass, start_offset => %s, end_offset => %s,"
        " schedule_interval => %s, if_not_exists => true)",
        (f"storage.{name}", start, end, every),
    )


def compress_rollups(conn: Connection, appliance_type: str) -> list[str]:
    """Give the continuous aggregates of a type their columnstore; return those that had none yet."""
    names = [
        stored_name(appliance_type, level, generation)
        for generation in generations(conn, appliance_type)
        for level in _COMPRESSED_LEVELS
    ]
    rows = conn.execute(
        "SELECT view_name FROM timescaledb_information.continuous_aggregates"
        " WHERE view_schema = 'storage' AND view_name = ANY(%s) AND NOT compression_enabled ORDER BY 1",
        (names,),
    ).fetchall()
    for (name,) in rows:
        conn.execute(
            sql.SQL(
                "ALTER MATERIALIZED VIEW {} SET (timescaledb.enable_columnstore = true,"
                " timescaledb.segmentby = 'device_id', timescaledb.orderby = 'bucket')"
            ).format(sql.Identifier("storage", name))
        )
        conn.execute(
            "CALL add_columnstore_policy(%s::regclass, after => %s, if_not_exists => true)",
            (f"storage.{name}", _COMPRESS_ROLLUPS_AFTER),
        )
    return [row[0] for row in rows]


def stored_name(appliance_type: str, level: str, generation: int) -> str:
    """Return the name of a continuous aggregate in schema ``storage``."""
    return f"{appliance_type}_{level}" + (f"_{generation}" if generation > 1 else "")


def generations(conn: Connection, appliance_type: str) -> list[int]:
    """Return which generations of rollups a type has."""
    found: list[int] = []
    while True:
        name = stored_name(appliance_type, LEVELS[-1], len(found) + 1)
        row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", (f"storage.{name}",)).fetchone()
        if not row or not row[0]:
            return found
        found.append(len(found) + 1)


def refresh(conn: Connection, appliance: ApplianceType, lower: datetime, upper: datetime) -> None:
    """Compute the rollups between two moments anew, all levels.

    Args:
        conn: in autocommit mode: TimescaleDB refuses this inside a transaction.
        appliance: type from the catalogue.
        lower: from; each level begins at its own bucket.
        upper: until.
    """
    # what comes late may fall into compressed chunks of the rollups, too
    conn.execute("SELECT set_config(%s, '0', false)", (_DECOMPRESSION_LIMIT,))
    for generation in generations(conn, appliance.type):
        for level in LEVELS:
            width = timedelta(seconds=LEVEL_SECONDS[level])
            epoch = datetime(2000, 1, 3, tzinfo=lower.tzinfo)
            start = epoch + (lower - epoch) // width * width
            end = epoch - (epoch - upper) // width * width
            conn.execute(
                "CALL refresh_continuous_aggregate(%s::regclass, %s::timestamptz, %s::timestamptz)",
                (f"storage.{stored_name(appliance.type, level, generation)}", start, end),
            )


def drop_before(conn: Connection, appliance_type: str, moment: datetime) -> list[str]:
    """Drop the chunks that end before ``moment`` and return their names."""
    rows = conn.execute(
        "SELECT drop_chunks(%s::regclass, older_than => %s::timestamptz)",
        (f"telemetry_{appliance_type}", moment),
    )
    return [row[0] for row in rows]


def lift_decompression_limit(conn: Connection) -> None:
    """Let this transaction write into as many compressed rows as its late rows meet (100,000 without it)."""
    conn.execute("SELECT set_config(%s, '0', true)", (_DECOMPRESSION_LIMIT,))
