"""Telemetry on a PostgreSQL without TimescaleDB: weekly partitions, and rollups that we refresh."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from psycopg import sql

from zerodistance.catalogue.model import ApplianceType
from zerodistance.store.database import Connection
from zerodistance.store.schema import (
    LEVEL_SECONDS,
    LEVELS,
    META_COLUMNS,
    SQL_TYPES,
    aggregates,
    rollup_select,
)

# Weeks from a Monday: a year is 53 tables, and dropping one is how old telemetry goes.
_WEEK = timedelta(days=7)
_FIRST_WEEK = datetime(2000, 1, 3, tzinfo=UTC)
_PARTITION_LOCK = 0x5A44_0003

Touched = tuple[str, datetime, datetime]  # device, from, until


def create_table(conn: Connection, appliance: ApplianceType) -> None:
    """Create the partitioned telemetry table; its partitions come with the rows."""
    conn.execute(
        sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY (device_id, time)) PARTITION BY RANGE (time)").format(
            sql.Identifier(appliance.table), telemetry_columns(appliance)
        )
    )
    # Rows arrive nearly in the order of time: a few pages of index find "the whole fleet, the last hour".
    conn.execute(sql.SQL("CREATE INDEX ON {} USING brin (time)").format(sql.Identifier(appliance.table)))


def telemetry_columns(appliance: ApplianceType) -> sql.Composed:
    """Return the column definitions of a telemetry table."""
    meta = [sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in META_COLUMNS.items()]
    channels = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(SQL_TYPES[channel.storage]))
        for name, channel in appliance.channels.items()
    ]
    return sql.SQL(", ").join([*meta, *channels])


def make_partitions(conn: Connection, appliance_type: str, moments: Iterable[datetime]) -> list[str]:
    """Make the missing partitions for the weeks of ``moments`` and return their names.

    ATTACH, and not PARTITION OF, because it lets others read and write meanwhile.
    """
    weeks = {_FIRST_WEEK + (moment - _FIRST_WEEK) // _WEEK * _WEEK for moment in moments}
    wanted = {f"{appliance_type}_{week:%Y%m%d}": week for week in sorted(weeks)}
    if not _missing(conn, wanted):
        return []
    # two writers that meet a new week at once: the second waits, then finds it made
    conn.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_PARTITION_LOCK, appliance_type))
    made = _missing(conn, wanted)
    parent = sql.Identifier(f"telemetry_{appliance_type}")
    for name in made:
        week = wanted[name]
        part = sql.Identifier("storage", name)
        conn.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS)").format(part, parent))
        conn.execute(
            sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
                parent, part, sql.Literal(week.isoformat()), sql.Literal((week + _WEEK).isoformat())
            )
        )
    return made


def drop_before(conn: Connection, appliance_type: str, moment: datetime) -> list[str]:
    """Drop the partitions that end before ``moment`` and return their names."""
    names = conn.execute(
        "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = to_regclass(%s) ORDER BY 1",
        (f"telemetry_{appliance_type}",),
    ).fetchall()
    dropped: list[str] = []
    for (name,) in names:
        start = datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)
        if start + _WEEK <= moment:
            conn.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("storage", name)))
            dropped.append(name)
    return dropped


def create_rollup(conn: Connection, appliance: ApplianceType, level: str, channels: Iterable[str]) -> None:
    """Create the table behind the rollup ``level``."""
    table = sql.Identifier("storage", f"{appliance.type}_{level}")
    conn.execute(
        sql.SQL(
            "CREATE TABLE {} (bucket timestamptz NOT NULL, device_id text NOT NULL,"
            " tenant_id integer NOT NULL, n bigint NOT NULL, PRIMARY KEY (device_id, bucket))"
        ).format(table)
    )
    conn.execute(sql.SQL("CREATE INDEX ON {} (bucket)").format(table))
    widen_rollup(conn, appliance, level, channels)


def widen_rollup(conn: Connection, appliance: ApplianceType, level: str, channels: Iterable[str]) -> None:
    """Add the columns of ``channels`` to the table behind the rollup ``level``."""
    table = sql.Identifier("storage", f"{appliance.type}_{level}")
    for name in channels:
        for entry in aggregates(name, appliance.channels[name], timescale=False):
            conn.execute(
                sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}").format(
                    table, sql.Identifier(entry.column), sql.SQL(entry.sql_type)
                )
            )


def refresh(
    conn: Connection, appliance: ApplianceType, channels: list[str], touched: Iterable[Touched]
) -> int:
    """Compute the rollups of the touched ranges anew, all levels; return how many buckets were written.

    Args:
        conn: inside a transaction; the rows must be visible to it.
        appliance: type from the catalogue.
        channels: those that the tables have.
        touched: (device, from, until); each level widens them to its own buckets.
    """
    written = 0
    ranges = list(touched)
    source = sql.Identifier(appliance.table)
    time = "time"
    for level in LEVELS:
        ranges = [(d, _floor(a, LEVEL_SECONDS[level]), _ceil(b, LEVEL_SECONDS[level])) for d, a, b in ranges]
        target = sql.Identifier("storage", f"{appliance.type}_{level}")
        columns = [
            entry.column
            for name in channels
            for entry in aggregates(name, appliance.channels[name], timescale=False)
        ]
        names = ["bucket", "device_id", "tenant_id", "n", *columns]
        query = sql.SQL(
            "INSERT INTO {target} ({names}) SELECT s.* FROM unnest(%s::text[], %s::timestamptz[],"
            " %s::timestamptz[]) AS d (id, lower_at, upper_at) CROSS JOIN LATERAL ({select}"
            " WHERE device_id = d.id AND {time} >= d.lower_at AND {time} < d.upper_at"
            " AND {time} >= {low} AND {time} < {high} GROUP BY 1, 2) AS s"
            " ON CONFLICT (device_id, bucket) DO UPDATE SET {updates}"
        ).format(
            target=target,
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            select=rollup_select(appliance, channels, level, source, timescale=False),
            time=sql.Identifier(time),
            # constants let the planner leave out partitions
            low=sql.Literal(min(a for _, a, _ in ranges)),
            high=sql.Literal(max(b for _, _, b in ranges)),
            updates=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names[2:]
            ),
        )
        merged = coalesce(ranges)
        result = conn.execute(
            query, ([d for d, _, _ in merged], [a for _, a, _ in merged], [b for _, _, b in merged])
        )
        written += result.rowcount
        source, time = target, "bucket"
    return written


def coalesce(ranges: Iterable[Touched]) -> list[Touched]:
    """Join ranges of the same device that touch or overlap: no bucket is computed twice.

    >>> at = lambda minute: datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
    >>> [(d, a.minute, b.minute) for d, a, b in coalesce([("x", at(5), at(9)), ("x", at(0), at(5))])]
    [('x', 0, 9)]
    """
    found: list[Touched] = []
    for device, lower, upper in sorted(ranges):
        if found and found[-1][0] == device and lower <= found[-1][2]:
            found[-1] = (device, found[-1][1], max(upper, found[-1][2]))
        else:
            found.append((device, lower, upper))
    return found


def _missing(conn: Connection, names: Iterable[str]) -> list[str]:
    rows = conn.execute(
        # read from the table: to_regclass may still remember that there was none before we waited
        "SELECT name FROM unnest(%s::text[]) AS n (name) WHERE NOT EXISTS (SELECT FROM pg_class AS c"
        " WHERE c.relnamespace = 'storage'::regnamespace AND c.relname = n.name) ORDER BY 1",
        (list(names),),
    )
    return [row[0] for row in rows]


def _floor(moment: datetime, seconds: int) -> datetime:
    width = timedelta(seconds=seconds)
    return _FIRST_WEEK + (moment - _FIRST_WEEK) // width * width


def _ceil(moment: datetime, seconds: int) -> datetime:
    width = timedelta(seconds=seconds)
    return _FIRST_WEEK - (_FIRST_WEEK - moment) // width * width
