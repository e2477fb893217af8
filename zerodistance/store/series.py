"""Any stretch of a device's telemetry, row by row or in buckets, read in short slices.

What the history API and ``zerodistance export`` read with. A slice is a short query of its own that begins
where the one before ended, so neither memory nor a transaction grows with the range, a slow reader holds
no connection, and a run that was stopped goes on from the last time it has.

Buckets come from the rollups, whole: the first one may begin before the range. The smallest and largest
reading of a bucket are those of the rows, so a peak survives any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import sql

from zerodistance.catalogue.model import ApplianceType, Channel
from zerodistance.errors import InvalidMessageError, NotFoundError
from zerodistance.messages import Reason
from zerodistance.store.database import Connection, translated
from zerodistance.store.rollups import growth_over
from zerodistance.store.schema import LEVEL_SECONDS, LEVELS, rollup
from zerodistance.store.usage import midnight

Resolution = Literal["raw", "auto", "5m", "1h", "1d"]
AGGREGATES = ("mean", "min", "max", "last", "delta", "count")
# Of a counter neither mean nor extremes say anything, and it may start again at zero.
_POSSIBLE = {
    "gauge": ("mean", "min", "max", "last", "count"),
    "state": ("mean", "min", "max", "count"),
    "counter": ("last", "delta"),
}
_USUAL = {"gauge": ("mean", "min", "max"), "state": ("mean", "min", "max"), "counter": ("last", "delta")}
_CASTS = {"real": "real", "double": "double precision", "integer": "integer", "bigint": "bigint"}
DETAILS = {"quality": "quality", "skew": "skew_ms", "received": "received_at"}

_UTC = ZoneInfo("UTC")
_SLICE_ROWS = 5_000
_SLICE_BUCKETS = 1_000
_DAY_S = 86_400
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # rollups count their buckets from here
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Connect = Callable[[], AbstractContextManager[Connection]]
Row = tuple[Any, ...]  # the time, then one value for each column


class Column(NamedTuple):
    """One column of an answer.

    Attributes:
        name: ``power``, ``power_max``, ``skew_ms``.
        kind: real, double, integer, boolean, bigint, json or time.
        channel: what it is of; "" for what the platform adds.
        aggregate: of a bucket; "" for a reading as it is stored.
        unit: of the values; "" for none.
    """

    name: str
    kind: str
    channel: str = ""
    aggregate: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is read of each device.

    Attributes:
        channels: of the type, in the order of the answer.
        since: from, inclusive.
        until: until, exclusive.
        step_s: width of a bucket in seconds, 0: rows as they are stored.
        level: rollup that the buckets are put together from, "" for the rows themselves.
        aggregates: of the buckets; empty: those usual for each kind of channel.
        details: with rows: keys of :data:`DETAILS`.
        zone: whose midnights days begin at, and in which times are given.
    """

    appliance: ApplianceType
    channels: tuple[str, ...]
    since: datetime
    until: datetime
    step_s: int = 0
    level: str = ""
    aggregates: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    zone: ZoneInfo = _UTC

    @property
    def raw(self) -> bool:
        """Whether rows are read as they are stored."""
        return self.step_s == 0

    @property
    def resolution(self) -> str:
        """What an answer says of itself: raw, 5m, 1h, 1d or a multiple such as 15m."""
        if self.raw:
            return "raw"
        for name, seconds in (("d", _DAY_S), ("h", 3600), ("m", 60)):
            if self.step_s % seconds == 0:
                return f"{self.step_s // seconds}{name}"
        return f"{self.step_s}s"

    @property
    def columns(self) -> list[Column]:
        """The columns after the time."""
        found = [column for name in self.channels for column in self._columns_of(name)]
        kinds = {"quality": "json", "skew": "bigint", "received": "time"}
        units = {"skew": "ms"}
        return found + [Column(DETAILS[d], kinds[d], unit=units.get(d, "")) for d in self.details]

    def _columns_of(self, name: str) -> list[Column]:
        channel = self.appliance.channels[name]
        if self.raw:
            return [Column(name, channel.storage, name, "", channel.unit)]
        found = []
        for aggregate in _wanted(channel, self.aggregates):
            if aggregate == "delta" and not self.level:
                continue  # growth over the border of a bucket stands in the rollups
            kind = "bigint" if aggregate == "count" else "double"
            if aggregate in ("min", "max", "last") and channel.storage in ("real", "integer"):
                kind = channel.storage  # a reading, given as it was sent
            unit = "" if aggregate == "count" else channel.unit
            found.append(Column(f"{name}_{aggregate}", kind, name, aggregate, unit))
        return found


def ask(
    appliance: ApplianceType,
    *,
    channels: Sequence[str] = (),
    since: datetime,
    until: datetime,
    resolution: str = "raw",
    aggregates: Sequence[str] = (),
    details: Sequence[str] = (),
    zone: ZoneInfo | None = None,
) -> Question:
    """Return a question that can be answered; ``auto`` is settled by :func:`settle` for one device.

    Args:
        channels: empty: all of the type.
        since: aware.
        until: aware.
        resolution: raw, auto, 5m, 1h or 1d. ``auto`` gives a question by rows.

    Raises:
        NotFoundError: the type has no such channel.
        InvalidMessageError: the parts do not go together; the sentence says which.
    """
    chosen = tuple(dict.fromkeys(channels)) or tuple(appliance.channels)
    for name in chosen:
        if name not in appliance.channels:
            raise NotFoundError(
                f"A {appliance.type} has no channel {name!r}; it has: {', '.join(appliance.channels)}."
            )
    if not (_EARLIEST <= since <= _LATEST and _EARLIEST <= until <= _LATEST):
        raise _refused("since and until lie between 1970 and 2200.")
    if until <= since:
        raise _refused("until must be later than since.")
    if resolution not in ("raw", "auto", *LEVELS):
        raise _refused(f"The resolution {resolution!r} does not exist: choose raw, auto, 5m, 1h or 1d.")
    for word, known in ((aggregates, AGGREGATES), (details, tuple(DETAILS))):
        unknown = [each for each in word if each not in known]
        if unknown:
            raise _refused(f"{unknown[0]!r} does not exist here: choose from {', '.join(known)}.")
    if aggregates and resolution == "raw":
        raise _refused("Rows as they are stored have no aggregates: choose resolution 5m, 1h, 1d or auto.")
    if details and resolution != "raw":
        raise _refused("Quality, skew and time of arrival belong to single rows: ask with resolution=raw.")
    for name in chosen if aggregates else ():
        kind = appliance.channels[name].kind
        if not _wanted(appliance.channels[name], tuple(aggregates)):
            raise _refused(
                f"{name} is a {kind}, which has no {' or '.join(aggregates)}: ask for "
                f"{', '.join(_POSSIBLE[kind])}, or leave the channel out."
            )
    question = Question(
        appliance,
        chosen,
        since,
        until,
        aggregates=tuple(dict.fromkeys(aggregates)),
        details=tuple(dict.fromkeys(details)),
        zone=zone or _UTC,
    )
    return question if resolution in ("raw", "auto") else _at_level(question, resolution, 1)


def settle(conn: Connection, question: Question, device_id: str, max_points: int) -> Question:
    """Return the question in the finest resolution that gives about ``max_points`` at most.

    Rows as they are where they are few enough and no aggregates are asked for; else buckets.
    """
    if not question.aggregates and _count(conn, question, device_id, max_points + 1) <= max_points:
        return question
    width_s = (question.until - question.since).total_seconds() / max_points
    level = next((name for name in reversed(LEVELS) if LEVEL_SECONDS[name] <= width_s), "")
    if not level and "delta" in question.aggregates:
        level = LEVELS[0]
    if not level:
        return replace(question, step_s=max(1, -int(-width_s // 1)))
    return _at_level(question, level, -int(-width_s // LEVEL_SECONDS[level]) or 1)


def slices(
    connect: Connect, question: Question, device_id: str, after: datetime | None = None
) -> Iterator[list[Row]]:
    """Yield a device's rows in order of time, some at a time; nothing where there is nothing.

    Args:
        connect: gives a connection for as long as one slice takes.
        question: settled.
        device_id: of the question's type.
        after: go on behind this time, the last of an earlier run.

    Raises:
        UnavailableError: the database does not answer.
    """
    return (_row_slices if question.raw else _bucket_slices)(connect, question, device_id, after)


def page(
    conn: Connection, question: Question, device_id: str, after: datetime | None, limit: int
) -> list[Row]:
    """Return up to ``limit`` rows as they are stored, those behind ``after``."""
    query = sql.SQL(
        "SELECT time, {columns} FROM {table} WHERE device_id = %s AND time {beyond} %s AND time < %s"
        " ORDER BY time LIMIT %s"
    ).format(
        columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in question.columns),
        table=sql.Identifier(question.appliance.table),
        beyond=sql.SQL(">=" if after is None else ">"),
    )
    given = (device_id, question.since if after is None else after, question.until, limit)
    with translated():
        return conn.execute(query, given).fetchall()


def _row_slices(
    connect: Connect, question: Question, device_id: str, after: datetime | None
) -> Iterator[list[Row]]:
    while True:
        with connect() as conn:
            rows = page(conn, question, device_id, after, _SLICE_ROWS)
        if rows:
            yield rows
        if len(rows) < _SLICE_ROWS:
            return
        after = rows[-1][0]


def _bucket_slices(
    connect: Connect, question: Question, device_id: str, after: datetime | None
) -> Iterator[list[Row]]:
    begin = _whole(question, question.since)
    lower = begin if after is None else _later(question, _whole(question, after), 1)
    query = _bucket_query(question, begin)
    while lower < question.until:
        upper = min(_later(question, lower, _SLICE_BUCKETS), _ceiling(question))
        with connect() as conn, translated():
            given = {"device": device_id, "lower": lower, "upper": upper}
            rows = conn.execute(query, given).fetchall()
            if not rows:  # years of silence are passed over in one step
                found = conn.execute(_next_query(question), {**given, "until": question.until}).fetchone()
                if found is None or found[0] is None:
                    return
                upper = _whole(question, found[0])
        if rows:
            yield rows
        lower = upper


def _bucket_query(question: Question, begin: datetime) -> sql.Composed:
    source, time = _source(question)
    if _by_days(question):
        binned = sql.SQL(
            "date_bin({step}::interval, {time} AT TIME ZONE {zone}, {origin}::timestamp) AT TIME ZONE {zone}"
        ).format(
            step=sql.Literal(f"{question.step_s} seconds"),
            time=sql.Identifier(time),
            zone=sql.Literal(question.zone.key),
            origin=sql.Literal(begin.astimezone(question.zone).replace(tzinfo=None)),
        )
    else:
        binned = sql.SQL("date_bin({step}::interval, {time}, {origin})").format(
            step=sql.Literal(f"{question.step_s} seconds"),
            time=sql.Identifier(time),
            origin=sql.Literal(begin),
        )
    columns = [
        sql.SQL("({})::{}").format(_aggregate(question, column), sql.SQL(_CASTS[column.kind]))
        for column in question.columns
    ]
    grown = [column.channel for column in question.columns if column.aggregate == "delta"]
    if grown:
        source = sql.SQL("(SELECT *, {} FROM {} WHERE {} AND bucket < %(upper)s) AS s").format(
            sql.SQL(", ").join(_grown(name, source) for name in grown),
            source,
            sql.SQL("device_id = %(device)s AND bucket >= %(lower)s"),
        )
    return sql.SQL(
        "SELECT {binned}, {columns} FROM {source} WHERE device_id = %(device)s"
        " AND {time} >= %(lower)s AND {time} < %(upper)s GROUP BY 1 ORDER BY 1"
    ).format(
        binned=binned,
        columns=sql.SQL(", ").join(columns),
        source=source,
        time=sql.Identifier(time),
    )


def _grown(counter: str, rollup_of: sql.Composable) -> sql.Composed:
    """Return a column: a counter's growth in each bucket of a slice, the step into the first one included."""
    before = sql.SQL(
        "(SELECT {last} FROM {source} WHERE device_id = %(device)s AND bucket < %(lower)s{near}"
        " AND {last} IS NOT NULL ORDER BY bucket DESC LIMIT 1)"
    )
    last = sql.Identifier(f"{counter}_last")
    near = sql.SQL(" AND bucket >= %(lower)s - interval '7 days'")  # mostly it is there, and found at once
    lookups = [before.format(last=last, source=rollup_of, near=n) for n in (near, sql.SQL(""))]
    return sql.SQL("{} AS {}").format(
        growth_over(counter, sql.SQL(", ").join(lookups), by_device=False),
        sql.Identifier(f"{counter}_grown"),
    )


def _next_query(question: Question) -> sql.Composed:
    source, time = _source(question)
    return sql.SQL(
        "SELECT {time} FROM {source} WHERE device_id = %(device)s AND {time} >= %(upper)s"
        " AND {time} < %(until)s ORDER BY {time} LIMIT 1"
    ).format(time=sql.Identifier(time), source=source)


def _aggregate(question: Question, column: Column) -> sql.Composed:
    if question.level:
        return _of_rollup(column)
    boolean = question.appliance.channels[column.channel].storage == "boolean"
    number = sql.SQL("{}{}::double precision").format(
        sql.Identifier(column.channel), sql.SQL("::integer" if boolean else "")
    )
    if column.aggregate == "last":
        return _last(number, "time")
    name = {"mean": "avg", "min": "min", "max": "max", "count": "count"}[column.aggregate]
    return sql.SQL("{}({})").format(sql.SQL(name), number)


def _of_rollup(column: Column) -> sql.Composed:
    def stored(kind: str) -> sql.Identifier:
        return sql.Identifier(f"{column.channel}_{kind}")

    if column.aggregate == "mean":
        return sql.SQL("sum({}) / nullif(sum({}), 0)::double precision").format(
            stored("sum"), stored("count")
        )
    if column.aggregate == "last":
        return _last(sql.SQL("{}").format(stored("last")), "bucket")
    if column.aggregate == "count":
        return sql.SQL("coalesce(sum({}), 0)::bigint").format(stored("count"))
    if column.aggregate == "delta":
        return sql.SQL("sum({})").format(stored("grown"))
    return sql.SQL("{}({})").format(sql.SQL(column.aggregate), stored(column.aggregate))


def _last(value: sql.Composable, time: str) -> sql.Composed:
    return sql.SQL("(array_agg({0} ORDER BY {1} DESC) FILTER (WHERE {0} IS NOT NULL))[1]").format(
        value, sql.Identifier(time)
    )


def _source(question: Question) -> tuple[sql.Composable, str]:
    """Return the table and its column of time."""
    if not question.level:
        return sql.Identifier(question.appliance.table), "time"
    return sql.Identifier(rollup(question.appliance.type, question.level)), "bucket"


def _at_level(question: Question, level: str, times: int) -> Question:
    asked = replace(question, step_s=LEVEL_SECONDS[level] * times, level=level)
    if not _by_days(asked):
        return asked
    # the daily rollup's days are UTC's: those of a home are put together from hours, or finer ones where
    # its clock is not whole hours away
    moments = (question.since, question.since + (question.until - question.since) / 2, question.until)
    offsets = [moment.astimezone(question.zone).utcoffset() or timedelta() for moment in moments]
    return replace(asked, level="5m" if any(each % timedelta(hours=1) for each in offsets) else "1h")


def _by_days(question: Question) -> bool:
    return question.step_s >= _DAY_S and question.zone.key != "UTC"


def _whole(question: Question, moment: datetime) -> datetime:
    """Return the beginning of the bucket that ``moment`` lies in."""
    if not question.level:
        step = timedelta(seconds=question.step_s)
        return question.since + (moment - question.since) // step * step
    if _by_days(question):
        first = question.since.astimezone(question.zone).date()
        days = (moment.astimezone(question.zone).date() - first).days
        return midnight(_day(first, days // _days(question) * _days(question)), question.zone)
    # the first bucket begins where a bucket of the rollup begins, the others in steps from there
    width, step = timedelta(seconds=LEVEL_SECONDS[question.level]), timedelta(seconds=question.step_s)
    begin = _EPOCH + (question.since - _EPOCH) // width * width
    return begin + (moment - begin) // step * step


def _later(question: Question, moment: datetime, buckets: int) -> datetime:
    if _by_days(question):
        return midnight(
            _day(moment.astimezone(question.zone).date(), buckets * _days(question)), question.zone
        )
    return moment + timedelta(seconds=question.step_s) * buckets


def _ceiling(question: Question) -> datetime:
    """Return where reading ends: buckets are whole, rows are read up to the end of the range."""
    if not question.level:
        return question.until
    last = _whole(question, question.until)
    return last if last == question.until else _later(question, last, 1)


def _days(question: Question) -> int:
    return question.step_s // _DAY_S


def _day(day: date, later: int) -> date:
    return day + timedelta(days=later)


def _wanted(channel: Channel, aggregates: tuple[str, ...]) -> list[str]:
    if not aggregates:
        return list(_USUAL[channel.kind])
    return [each for each in aggregates if each in _POSSIBLE[channel.kind]]


def _count(conn: Connection, question: Question, device_id: str, most: int) -> int:
    query = sql.SQL(
        "SELECT count(*) FROM (SELECT FROM {} WHERE device_id = %s AND time >= %s AND time < %s"
        " LIMIT %s) AS s"
    ).format(sql.Identifier(question.appliance.table))
    with translated():
        row = conn.execute(query, (device_id, question.since, question.until, most)).fetchone()
    return int(row[0]) if row else 0


def _refused(sentence: str) -> InvalidMessageError:
    return InvalidMessageError(Reason.WRONG_SHAPE, sentence)
