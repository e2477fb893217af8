"""Read telemetry back: a series for a plot, the latest readings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import sql

from zerodistance.catalogue.model import ApplianceType
from zerodistance.errors import NotFoundError, StoreError
from zerodistance.store.database import Connection, translated
from zerodistance.store.schema import LEVEL_SECONDS, LEVELS, rollup

# Adapters split one instant over several messages: so many rows make up "the latest" readings.
_LATEST_ROWS = 20
_NEAR, _EVER = timedelta(days=2), datetime(1970, 1, 1, tzinfo=UTC)


def read_series(
    conn: Connection,
    appliance: ApplianceType,
    device_id: str,
    channels: Sequence[str],
    since: datetime,
    until: datetime,
    max_points: int = 600,
) -> list[tuple[Any, ...]]:
    """Return a device's readings between two moments, thinned to about ``max_points``.

    Rows are (time, mean, min, max of the first channel, mean, min, max of the second, …), None where there
    is no reading, by time. As they were measured when they are few enough (mean, min and max are then the
    reading); else in buckets of equal width, ``time`` being their start. Of a counter the three are the
    last, first and last reading.

    Raises:
        NotFoundError: the type has no such channel.
        StoreError: the range is empty or ``max_points`` below 1.
    """
    for name in channels:
        if name not in appliance.channels:
            raise NotFoundError(
                f"{appliance.type} has no channel {name!r}: it has {', '.join(appliance.channels)}."
            )
    if until <= since or max_points < 1 or not channels:
        raise StoreError("A series needs a channel, an end after its beginning, and at least one point.")
    with translated():
        row = conn.execute(
            sql.SQL(
                "SELECT count(*) FROM (SELECT FROM {} WHERE device_id = %s AND time >= %s AND time < %s"
                " LIMIT %s) AS s"
            ).format(sql.Identifier(appliance.table)),
            (device_id, since, until, max_points + 1),
        ).fetchone()
        few = row is not None and row[0] <= max_points
        width = (until - since) / max_points
        query = _as_measured(appliance, channels) if few else _in_buckets(appliance, channels, since, width)
        return conn.execute(query, {"device": device_id, "since": since, "until": until}).fetchall()


def latest(
    conn: Connection, appliance: ApplianceType, device_id: str
) -> tuple[datetime, dict[str, float | bool | None]] | None:
    """Return the time of a device's newest row and the newest reading of each channel, None without any row.

    A channel without a reading in the newest 20 rows is None.
    """
    names = list(appliance.channels)
    query = sql.SQL(
        "SELECT time, {} FROM {} WHERE device_id = %s AND time >= %s ORDER BY time DESC LIMIT %s"
    ).format(sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(appliance.table))
    with translated():
        seen = conn.execute("SELECT last_seen_at FROM device WHERE id = %s", (device_id,)).fetchone()
        rows: list[tuple[Any, ...]] = []
        # near the last sign of life first: planning over every chunk there is costs more than reading
        for since in (seen[0] - _NEAR if seen and seen[0] else None, _EVER):
            if len(rows) < _LATEST_ROWS and since is not None:
                rows = conn.execute(query, (device_id, since, _LATEST_ROWS)).fetchall()
    if not rows:
        return None
    readings = {
        name: next((row[i] for row in rows if row[i] is not None), None) for i, name in enumerate(names, 1)
    }
    return rows[0][0], readings


def _as_measured(appliance: ApplianceType, channels: Sequence[str]) -> sql.Composed:
    columns = [
        sql.SQL(", ").join([_number(appliance, name)] * 3)  # mean, min and max of one reading
        for name in channels
    ]
    return sql.SQL(
        "SELECT time, {} FROM {} WHERE device_id = %(device)s AND time >= %(since)s AND time < %(until)s"
        " ORDER BY time"
    ).format(sql.SQL(", ").join(columns), sql.Identifier(appliance.table))


def _in_buckets(
    appliance: ApplianceType, channels: Sequence[str], since: datetime, width: timedelta
) -> sql.Composed:
    """Buckets of the coarsest rollup that is fine enough, joined to the width asked for."""
    seconds = width.total_seconds()
    level = next((name for name in reversed(LEVELS) if LEVEL_SECONDS[name] <= seconds), None)
    if level is None:
        source, time, step, first = sql.Identifier(appliance.table), "time", seconds, since
    else:
        source, time = sql.Identifier(rollup(appliance.type, level)), "bucket"
        step = -(-seconds // LEVEL_SECONDS[level]) * LEVEL_SECONDS[level]  # whole buckets only
        epoch, bucket = datetime(2000, 1, 1, tzinfo=UTC), timedelta(seconds=LEVEL_SECONDS[level])
        first = epoch + (since - epoch) // bucket * bucket  # the bucket that holds the beginning, whole
    columns = [
        sql.SQL(", ").join(_rows_of(appliance, name) if level is None else _rollup_of(appliance, name))
        for name in channels
    ]
    return sql.SQL(
        "SELECT date_bin({step}::interval, {time}, {first}), {columns} FROM {source}"
        " WHERE device_id = %(device)s AND {time} >= {first} AND {time} < %(until)s GROUP BY 1 ORDER BY 1"
    ).format(
        step=sql.Literal(f"{step} seconds"),
        time=sql.Identifier(time),
        first=sql.Literal(first),
        columns=sql.SQL(", ").join(columns),
        source=source,
    )


def _rows_of(appliance: ApplianceType, name: str) -> list[sql.Composed]:
    number = _number(appliance, name)
    if appliance.channels[name].kind == "counter":
        return [
            sql.SQL("(array_agg({0} ORDER BY time {1}) FILTER (WHERE {0} IS NOT NULL))[1]").format(
                number, order
            )
            for order in (sql.SQL("DESC"), sql.SQL("ASC"), sql.SQL("DESC"))
        ]
    return [sql.SQL("{}({})").format(sql.SQL(each), number) for each in ("avg", "min", "max")]


def _rollup_of(appliance: ApplianceType, name: str) -> list[sql.Composed]:
    def column(kind: str) -> sql.Identifier:
        return sql.Identifier(f"{name}_{kind}")

    if appliance.channels[name].kind == "counter":
        first_last = [("last", "DESC"), ("first", "ASC"), ("last", "DESC")]
        return [
            sql.SQL("(array_agg({0} ORDER BY bucket {1}) FILTER (WHERE {0} IS NOT NULL))[1]").format(
                column(kind), sql.SQL(order)
            )
            for kind, order in first_last
        ]
    return [
        sql.SQL("sum({}) / nullif(sum({}), 0)::double precision").format(column("sum"), column("count")),
        sql.SQL("min({})").format(column("min")),
        sql.SQL("max({})").format(column("max")),
    ]


def _number(appliance: ApplianceType, name: str) -> sql.Composed:
    """A channel's column as a double precision number."""
    cast = "::integer" if appliance.channels[name].storage == "boolean" else ""
    return sql.SQL("{}{}::double precision").format(sql.Identifier(name), sql.SQL(cast))
