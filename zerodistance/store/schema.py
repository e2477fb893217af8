"""Telemetry tables and rollups as the catalogue describes them: names, columns, types.

One wide table per appliance type: a message is one row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from psycopg import sql

from zerodistance.catalogue.model import ApplianceType, Channel
from zerodistance.store.database import Connection

# Before the channels, in every telemetry table.
META_COLUMNS: dict[str, str] = {
    "time": "timestamptz NOT NULL",
    "device_id": "text NOT NULL",
    "tenant_id": "integer NOT NULL",
    "boot": "bigint",
    "seq": "bigint",
    "received_at": "timestamptz NOT NULL",
    "skew_ms": "bigint NOT NULL",
    "quality": "jsonb",
}

# The catalogue's storage → PostgreSQL's type, and the name that pg_type and the COPY protocol know it by.
SQL_TYPES = {"real": "real", "double": "double precision", "integer": "integer", "boolean": "boolean"}
WIRE_TYPES = {"real": "float4", "double": "float8", "integer": "int4", "boolean": "bool"}
_META_WIRE = ("timestamptz", "text", "int4", "int8", "int8", "timestamptz", "int8", "jsonb")

LEVELS = ("5m", "1h", "1d")
LEVEL_SECONDS = {"5m": 300, "1h": 3600, "1d": 86400}


class TableShape(NamedTuple):
    """A telemetry table as it stands in the database.

    Attributes:
        type: appliance type.
        channels: column → wire type.
        partitioned: range-partitioned by the platform; False: a hypertable of TimescaleDB.
    """

    type: str
    channels: dict[str, str]
    partitioned: bool

    @property
    def table(self) -> str:
        """Name of the table."""
        return f"telemetry_{self.type}"

    @property
    def columns(self) -> list[str]:
        """All columns in the order in which rows are written."""
        return [*META_COLUMNS, *self.channels]

    @property
    def wire_types(self) -> list[str]:
        """Their types, in the same order."""
        return [*_META_WIRE, *self.channels.values()]


def read_shape(conn: Connection, appliance_type: str) -> TableShape | None:
    """Return what the telemetry table of a type looks like now, None if it was not migrated yet."""
    rows = conn.execute(
        "SELECT a.attname, t.typname, c.relkind = 'p' FROM pg_attribute AS a"
        " JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_type AS t ON t.oid = a.atttypid"
        " WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        (f"telemetry_{appliance_type}",),
    ).fetchall()
    if not rows:
        return None
    channels = {name: kind for name, kind, _ in rows if name not in META_COLUMNS}
    return TableShape(appliance_type, channels, rows[0][2])


def rollup(appliance_type: str, level: str) -> str:
    """Return the name of a rollup: what everybody reads.

    >>> rollup("refrigerator", "1h")
    'telemetry_refrigerator_1h'
    """
    return f"telemetry_{appliance_type}_{level}"


class Aggregate(NamedTuple):
    """One column of a stored rollup.

    Attributes:
        column: its name.
        sql_type: its type.
        from_rows: SQL over the telemetry rows of one device and bucket.
        from_finer: SQL over the next finer rollup's rows of one device and bucket.
    """

    column: str
    sql_type: str
    from_rows: str
    from_finer: str


def aggregates(name: str, channel: Channel, *, timescale: bool) -> list[Aggregate]:
    """Return the rollup columns of one channel.

    A gauge: sum, count, min, max, last. A counter: first and last reading and the growth between them; the
    growth over the border to the bucket before is added where it is read, because a late row changes it. A
    state: sum, count, min, max.
    """
    number = _as_number(name, channel)

    def column(kind: str) -> str:
        return f'"{name}_{kind}"'

    def edge(which: str, value: str, order: str) -> str:
        if timescale:
            return f"{which}({value}, {order}) FILTER (WHERE {value} IS NOT NULL)"
        direction = "DESC" if which == "last" else "ASC"
        return f"(array_agg({value} ORDER BY {order} {direction}) FILTER (WHERE {value} IS NOT NULL))[1]"

    def entry(kind: str, from_rows: str, from_finer: str, sql_type: str = "double precision") -> Aggregate:
        return Aggregate(f"{name}_{kind}", sql_type, from_rows, from_finer)

    edges = {
        which: entry(which, edge(which, number, "time"), edge(which, column(which), "bucket"))
        for which in ("first", "last")
    }
    if channel.kind == "counter":
        chain = f"counter_chain({column('first')}, {column('last')}, {column('growth')} ORDER BY bucket)"
        growth = entry("growth", f"counter_growth({number} ORDER BY time)", chain)
        return [edges["first"], edges["last"], growth]
    found = [
        entry("sum", f"sum({number})", f"sum({column('sum')})"),
        entry("count", f"count({number})", f"sum({column('count')})::bigint", "bigint"),
        entry("min", f"min({number})", f"min({column('min')})"),
        entry("max", f"max({number})", f"max({column('max')})"),
    ]
    return [*found, edges["last"]] if channel.kind == "gauge" else found


def _as_number(name: str, channel: Channel) -> str:
    """Return SQL for a channel's column as a double precision number: sums of ``real`` lose digits."""
    if channel.storage == "boolean":
        return f'"{name}"::integer::double precision'
    return f'"{name}"' if channel.storage == "double" else f'"{name}"::double precision'


def rollup_select(
    appliance: ApplianceType, channels: Iterable[str], level: str, source: sql.Composable, *, timescale: bool
) -> sql.Composed:
    """Return the query, up to its FROM clause, that computes the rollup ``level`` of ``channels``.

    Its columns: bucket, device_id, tenant_id, n, then those of :func:`aggregates`. The level ``5m`` reads
    telemetry rows, each further one the level before it. The caller adds WHERE and GROUP BY 1, 2.
    """
    finest = level == LEVELS[0]
    time = sql.Identifier("time" if finest else "bucket")
    width = sql.Literal(f"{LEVEL_SECONDS[level]} seconds")
    # Both count buckets from a midnight in UTC.
    bucket = (
        sql.SQL("time_bucket({}::interval, {})").format(width, time)
        if timescale
        else sql.SQL("date_bin({}::interval, {}, TIMESTAMPTZ '2000-01-01 00:00:00+00')").format(width, time)
    )
    columns = [
        sql.SQL("{} AS {}").format(
            sql.SQL(entry.from_rows if finest else entry.from_finer), sql.Identifier(entry.column)
        )
        for name in channels
        for entry in aggregates(name, appliance.channels[name], timescale=timescale)
    ]
    rows = sql.SQL("count(*)") if finest else sql.SQL("sum(n)::bigint")
    return sql.SQL(
        "SELECT {bucket} AS bucket, device_id, max(tenant_id) AS tenant_id, {rows} AS n{columns}"
        " FROM {source}"
    ).format(
        bucket=bucket,
        rows=rows,
        columns=sql.Composed([sql.SQL(", ") + column for column in columns]),
        source=source,
    )
