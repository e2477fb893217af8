"""Rollups: the views that everybody reads, the queue of ranges that are behind, and their refresh.

``telemetry_<type>_5m``, ``_1h`` and ``_1d`` are views over what is stored in schema ``storage``: tables
here, continuous aggregates where there is TimescaleDB. Same names, same columns, same answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from psycopg import sql

from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.model import ApplianceType
from zerodistance.store import plain, timescale
from zerodistance.store.arrays import text_array
from zerodistance.store.database import Connection, translated
from zerodistance.store.schema import LEVEL_SECONDS, LEVELS, TableShape, read_shape, rollup

_REFRESH_LOCK = 0x5A44_0004
_BATCH = 5000
_FINEST_US = LEVEL_SECONDS[LEVELS[0]] * 1_000_000
# Buckets of one device nearer than this become one range: reading the gap costs less than a second range.
_JOIN_US = 3600 * 1_000_000
_DAY = timedelta(days=1)


def create(conn: Connection, appliance: ApplianceType, channels: list[str], *, partitioned: bool) -> None:
    """Create what is stored for ``channels`` on every level; views come with :func:`create_views`."""
    generation = 1 if partitioned else len(timescale.generations(conn, appliance.type)) + 1
    for level in LEVELS:
        if not partitioned:
            timescale.create_rollup(conn, appliance, level, channels, generation)
        elif _stored_columns(conn, f"{appliance.type}_{level}"):
            plain.widen_rollup(conn, appliance, level, channels)
        else:
            plain.create_rollup(conn, appliance, level, channels)


def create_views(conn: Connection, appliance_type: str, *, partitioned: bool) -> None:
    """Create the rollup views anew over all that is stored.

    A counter's ``_delta`` is the growth inside the bucket and the step from the last reading before it, so
    that the deltas of any buckets in a row add up to all of the growth. That reading is looked up for each
    bucket: for more than a handful of them, :func:`growth_over` costs a fraction.
    """
    for level in LEVELS:
        there = _columns_of(conn, rollup(appliance_type, level))
        numbers = [1] if partitioned else timescale.generations(conn, appliance_type)
        found: dict[str, sql.Composable] = {}
        tables: list[sql.Composable] = []
        for number in numbers:
            name = timescale.stored_name(appliance_type, level, number)
            table, alias = sql.Identifier("storage", name), sql.Identifier(f"d{number}")
            tables.append(sql.SQL("{} AS {}").format(table, alias))
            for column in _stored_columns(conn, name):
                if number > 1 and column in ("bucket", "device_id", "tenant_id", "n"):
                    continue
                if column.endswith("_growth"):
                    name_of = f"{column.removesuffix('_growth')}_delta"
                    found[name_of] = _delta(column.removesuffix("_growth"), table, alias)
                found[column] = sql.SQL("{}.{}").format(alias, sql.Identifier(column))
        source = tables[0]
        for number, table_sql in zip(numbers[1:], tables[1:], strict=True):
            source = sql.SQL(
                "{0} LEFT JOIN {1} ON {2}.bucket = d1.bucket AND {2}.device_id = d1.device_id"
            ).format(source, table_sql, sql.Identifier(f"d{number}"))
        # a view's columns keep their places, new ones come behind them
        ordered = [*there, *(name for name in found if name not in there)]
        conn.execute(
            sql.SQL("CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}").format(
                sql.Identifier(rollup(appliance_type, level)),
                sql.SQL(", ").join(found[name] for name in ordered),
                source,
            )
        )


def views_are_old(conn: Connection, appliance_type: str) -> bool:
    """Tell whether the views were made by a release that did not show the growth of counters."""
    columns = _columns_of(conn, rollup(appliance_type, LEVELS[0]))
    counters = {name.removesuffix("_delta") for name in columns if name.endswith("_delta")}
    return any(f"{name}_growth" not in columns for name in counters)


def growth_over(
    counter: str, before: sql.Composable | None = None, *, by_device: bool = True
) -> sql.Composed:
    """Return SQL for a counter's growth in a rollup's row, over all rows that the query reads.

    The same figure as the view's ``_delta``, from one pass in order of time. The step into the first bucket
    of a device is counted if the query reads the bucket before, or ``before`` gives the reading.

    Args:
        counter: channel.
        before: SQL for the last reading before the first row.
        by_device: False: the query reads one device only.
    """
    first = sql.Identifier(f"{counter}_first")
    lag = sql.SQL("lag({last}) OVER (PARTITION BY {device}({first} IS NULL) ORDER BY bucket)").format(
        last=sql.Identifier(f"{counter}_last"),
        device=sql.SQL("device_id, " if by_device else ""),
        first=first,
    )
    if before is not None:
        lag = sql.SQL("coalesce({}, {})").format(lag, before)
    return sql.SQL("{growth} + coalesce(counter_step({lag}, {first}), 0)").format(
        growth=sql.Identifier(f"{counter}_growth"), lag=lag, first=first
    )


def mark(conn: Connection, shape: TableShape, instants: dict[str, list[int]], *, now_us: int) -> None:
    """Queue the buckets of new or changed rows for refresh.

    Args:
        conn: inside the transaction that writes the rows.
        shape: the table they are in.
        instants: device → times of its rows in microseconds since 1970.
        now_us: the machine's time: with TimescaleDB the last hour needs no mark, since real-time
            aggregates read it from the rows and the policies refresh it.
    """
    grouped: dict[tuple[int, int], list[str]] = defaultdict(list)
    for device, times in instants.items():
        if not shape.partitioned:
            times = [at for at in times if not now_us - _JOIN_US <= at <= now_us + _JOIN_US]
        for span in _spans(times):
            grouped[span].append(device)
    if not grouped:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO dirty_range (type, devices, lower_at, upper_at) VALUES (%s, %s::text[], %s, %s)",
            [
                (shape.type, text_array(devices), _moment(lower), _moment(upper))
                for (lower, upper), devices in grouped.items()
            ],
        )


def refresh(conn: Connection, catalogue: Catalogue, now: datetime) -> int:
    """Refresh the rollups of what is queued and return how many marks were worked off.

    One process does it at a time; the others find nothing to do. Killed half-way, it does it again.

    Args:
        conn: in autocommit mode.
        catalogue: types that it does not have stay queued.
        now: platform time. Ranges past the retention of the rows are left alone: computing a rollup of
            rows that were dropped would erase it.
    """
    with translated():
        got = conn.execute("SELECT pg_try_advisory_lock(%s)", (_REFRESH_LOCK,)).fetchone()
        if not (got and got[0]):
            return 0
        try:
            return sum(_refresh_type(conn, appliance, now) for appliance in catalogue.values())
        finally:
            conn.execute("SELECT pg_advisory_unlock(%s)", (_REFRESH_LOCK,))


def pending(conn: Connection) -> int:
    """Return how many marks wait for a refresh."""
    row = conn.execute("SELECT count(*) FROM dirty_range").fetchone()
    return int(row[0]) if row else 0


def keep_from(appliance: ApplianceType, now: datetime) -> datetime:
    """Return the first midnight from which on all rows are certainly still there."""
    oldest = now.astimezone(UTC) - timedelta(days=appliance.retention_days)
    return oldest.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY


def _refresh_type(conn: Connection, appliance: ApplianceType, now: datetime) -> int:
    shape = read_shape(conn, appliance.type)
    marks = conn.execute(
        "SELECT id, devices, lower_at, upper_at FROM dirty_range WHERE type = %s ORDER BY id LIMIT %s",
        (appliance.type, _BATCH),
    ).fetchall()
    if shape is None or not marks:
        return 0
    limit = keep_from(appliance, now)
    touched = plain.coalesce(
        (device, max(lower, limit), upper)
        for _, devices, lower, upper in marks
        for device in devices
        if upper > limit
    )
    ids = [row[0] for row in marks]
    if shape.partitioned:
        channels = [name for name in appliance.channels if name in shape.channels]
        with conn.transaction():
            if touched:
                plain.refresh(conn, appliance, channels, touched)
            conn.execute("DELETE FROM dirty_range WHERE id = ANY(%s)", (ids,))
        return len(ids)
    # a continuous aggregate is refreshed for all devices at once
    for _, lower, upper in plain.coalesce(("", lower, upper) for _, lower, upper in touched):
        timescale.refresh(conn, appliance, lower, upper)
    conn.execute("DELETE FROM dirty_range WHERE id = ANY(%s)", (ids,))
    return len(ids)


def _delta(counter: str, table: sql.Identifier, alias: sql.Identifier) -> sql.Composed:
    return sql.SQL(
        "CASE WHEN {alias}.{first} IS NOT NULL THEN {alias}.{growth} + coalesce(counter_step("
        "(SELECT p.{last} FROM {table} AS p WHERE p.device_id = {alias}.device_id"
        " AND p.bucket < {alias}.bucket AND p.{last} IS NOT NULL ORDER BY p.bucket DESC LIMIT 1),"
        " {alias}.{first}), 0) END AS {delta}"
    ).format(
        alias=alias,
        table=table,
        first=sql.Identifier(f"{counter}_first"),
        last=sql.Identifier(f"{counter}_last"),
        growth=sql.Identifier(f"{counter}_growth"),
        delta=sql.Identifier(f"{counter}_delta"),
    )


def _stored_columns(conn: Connection, name: str) -> list[str]:
    return _columns_of(conn, f"storage.{name}")


def _columns_of(conn: Connection, relation: str) -> list[str]:
    rows = conn.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        (relation,),
    )
    return [row[0] for row in rows]


def _spans(times: Iterable[int]) -> list[tuple[int, int]]:
    """Return ranges of whole buckets, in microseconds, that cover ``times``."""
    found: list[tuple[int, int]] = []
    for bucket in sorted({at // _FINEST_US * _FINEST_US for at in times}):
        if found and bucket - found[-1][1] <= _JOIN_US:
            found[-1] = (found[-1][0], bucket + _FINEST_US)
        else:
            found.append((bucket, bucket + _FINEST_US))
    return found


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
