"""Do the sums of one device meet? Rows, numbers, receipts, gaps and letters, from the database alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import sql

from zerodistance.errors import InvalidMessageError, NotFoundError
from zerodistance.messages import decode_samples
from zerodistance.store.database import Connection
from zerodistance.store.schema import read_shape

# Gaps are named one by one up to so many.
_NAMED = 10

Range = tuple[int, int]


class Boot(NamedTuple):
    """One run of a device between two restarts.

    Attributes:
        boot: its number.
        rows: stored under it.
        first: lowest number among them.
        last: highest number among them.
        through: the receipt: all numbers up to here are settled.
        ahead: settled beyond a gap.
        given_up: numbers that the device itself no longer keeps and never sent.
        letters: numbers that were refused and are dead letters.
        elsewhere: numbers whose row another one has taken, and those that are parked.
        missing: numbers that are settled and none of these.
    """

    boot: int
    rows: int
    first: int | None
    last: int | None
    through: int
    ahead: list[Range]
    given_up: int
    letters: int
    elsewhere: int
    missing: list[Range]


class DeviceReport(NamedTuple):
    """What stands in the database of one device."""

    device: str
    type: str
    gateway: str | None
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    boots: list[Boot]
    letters: dict[str, int]
    events: dict[str, int]
    conflicts: int
    parked: int
    problems: list[str]


def reconcile_device(
    conn: Connection, device: str, since: datetime | None, oldest_kept: datetime | None
) -> DeviceReport:
    """Account for every number that a device was told is stored.

    Args:
        conn: with no transaction open.
        device: its id.
        since: looks at rows, letters and events from then on only.
        oldest_kept: rows before it have been dropped for their age, if there were any; None: none were.

    Raises:
        NotFoundError: nobody has registered it.
    """
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        entry = conn.execute("SELECT type, gateway_id FROM device WHERE id = %s", (device,)).fetchone()
        if entry is None:
            raise NotFoundError(f"No device {device!r} is registered: see `zerodistance devices list`.")
        kind, gateway = entry
        shape = read_shape(conn, kind)
        begin = since or datetime.min.replace(tzinfo=UTC)
        letters: dict[str, int] = dict(
            conn.execute(
                "SELECT reason, count(*) FROM dead_letter WHERE device_id = %s AND received_at >= %s"
                " GROUP BY 1 ORDER BY 1",
                (device, begin),
            ).fetchall()
        )
        events: dict[str, int] = dict(
            conn.execute(
                "SELECT kind, count(*) FROM device_event WHERE device_id = %s AND time >= %s GROUP BY 1",
                (device, begin),
            ).fetchall()
        )
        refused, elsewhere, parked = _refused(conn, device), _taken(conn, device), _parked(conn, device)
        rows, first_at, last_at, conflicts = 0, None, None, 0
        boots: list[Boot] = []
        if shape is not None:
            table = sql.Identifier(shape.table)
            found = conn.execute(
                sql.SQL(
                    "SELECT count(*), min(time), max(time) FROM {} WHERE device_id = %s AND time >= %s"
                ).format(table),
                (device, begin),
            ).fetchone()
            rows, first_at, last_at = found or (0, None, None)
            partial = since is not None or _may_have_expired(conn, kind, oldest_kept)
            boots = _boots(conn, table, device, begin, refused, elsewhere | parked, partial)
        row = conn.execute(
            "SELECT count(*) FROM telemetry_conflict WHERE device_id = %s AND time >= %s", (device, begin)
        ).fetchone()
        conflicts = int(row[0]) if row else 0
    report = DeviceReport(
        device, kind, gateway, rows, first_at, last_at, boots, letters, events, conflicts, len(parked), []
    )
    return report._replace(problems=[problem for boot in boots for problem in check_boot(boot)])


def check_boot(boot: Boot) -> list[str]:
    """Return a sentence where a number is settled and nothing says what became of it.

    >>> check_boot(Boot(1, 3, 1, 4, 4, [], 0, 0, 0, [(3, 3)]))[0][:52]
    'Boot 1: 1 number has a receipt, but neither a row no'
    """
    missing = sum(last - first + 1 for first, last in boot.missing)
    if missing <= boot.given_up:
        return []
    named = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in boot.missing[:_NAMED])
    more = ", …" if len(boot.missing) > _NAMED else ""
    noun = "number has a receipt" if missing == 1 else "numbers have receipts"
    given = f" {boot.given_up:,} of them were given up by the device." if boot.given_up else ""
    return [
        f"Boot {boot.boot}: {missing:,} {noun}, but neither a row nor a letter: {named}{more}.{given} "
        "Rows were removed, or several samples of one instant filled each other."
    ]


def complement(numbers: Iterable[int], first: int, last: int) -> list[Range]:
    """Return the closed ranges of first … last that are not among ``numbers``.

    >>> complement([2, 3, 6], 1, 8)
    [(1, 1), (4, 5), (7, 8)]
    """
    gaps: list[Range] = []
    expected = first
    for number in sorted({n for n in numbers if first <= n <= last}):
        if number > expected:
            gaps.append((expected, number - 1))
        expected = number + 1
    if expected <= last:
        gaps.append((expected, last))
    return gaps


def _boots(
    conn: Connection,
    table: sql.Composable,
    device: str,
    begin: datetime,
    refused: set[Range],
    elsewhere: set[Range],
    partial: bool,
) -> list[Boot]:
    found = conn.execute(
        sql.SQL(
            "SELECT coalesce(r.boot, t.boot), coalesce(t.rows, 0), t.first, t.last, coalesce(r.through, 0),"
            " coalesce(r.ahead, '{{}}'), coalesce(r.given_up, 0) FROM"
            " (SELECT * FROM receipt WHERE device_id = %s) AS r FULL JOIN"
            " (SELECT boot, count(*) AS rows, min(seq) AS first, max(seq) AS last FROM {table}"
            " WHERE device_id = %s AND time >= %s AND boot IS NOT NULL GROUP BY boot) AS t"
            " ON t.boot = r.boot ORDER BY 1"
        ).format(table=table),
        (device, device, begin),
    ).fetchall()
    boots = []
    for number, rows, first, last, through, ahead, given_up in found:
        low = 1 if not partial else first
        missing: list[Range] = []
        letters = {seq for boot, seq in refused if boot == number}
        others = {seq for boot, seq in elsewhere if boot == number}
        if low is not None and through >= low:
            # gaps come from the database, the few numbers that fill them from here
            gaps = conn.execute(
                sql.SQL(
                    "SELECT seq + 1, next - 1 FROM (SELECT seq, lead(seq, 1, %s::bigint) OVER (ORDER BY seq)"
                    " AS next FROM (SELECT %s::bigint AS seq UNION SELECT seq FROM {table}"
                    " WHERE device_id = %s AND time >= %s AND boot = %s AND seq BETWEEN %s AND %s) AS s)"
                    " AS g WHERE next > seq + 1 ORDER BY 1"
                ).format(table=table),
                (through + 1, low - 1, device, begin, number, low, through),
            ).fetchall()
            missing = [gap for a, b in gaps for gap in complement(letters | others, a, b)]
        edges = list(zip(ahead[::2], ahead[1::2], strict=True))
        boots.append(
            Boot(number, rows, first, last, through, edges, given_up, len(letters), len(others), missing)
        )
    return boots


def _refused(conn: Connection, device: str) -> set[Range]:
    """Return (boot, seq) of the device's letters, replayed ones too: their numbers were settled."""
    numbers: set[Range] = set()
    for source, raw in conn.execute(
        "SELECT source, raw FROM dead_letter WHERE device_id = %s AND length <= 65536", (device,)
    ):
        if source.startswith("log "):
            numbers |= _numbers_of(bytes(raw))
            continue
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            boot, seq = value.get("boot"), value.get("seq")
            if isinstance(boot, int | float) and isinstance(seq, int | float):
                numbers.add((int(boot), int(seq)))
    return numbers


def _taken(conn: Connection, device: str) -> set[Range]:
    """Return (boot, seq) of samples that lost against another one of the same instant."""
    rows = conn.execute(
        "SELECT dropped_boot, dropped_seq FROM telemetry_conflict WHERE device_id = %s"
        " AND dropped_boot IS NOT NULL AND dropped_seq IS NOT NULL",
        (device,),
    )
    return {(boot, seq) for boot, seq in rows}


def _parked(conn: Connection, device: str) -> set[Range]:
    rows = conn.execute("SELECT sample FROM parked_sample WHERE device_id = %s", (device,))
    return {number for (record,) in rows for number in _numbers_of(bytes(record))}


def _numbers_of(record: bytes) -> set[Range]:
    try:
        samples = decode_samples(record)
    except InvalidMessageError:
        return set()
    return {(s.boot, s.seq) for s in samples if s.boot is not None and s.seq is not None}


def _may_have_expired(conn: Connection, kind: str, oldest_kept: datetime | None) -> bool:
    if oldest_kept is None:
        return False
    return (
        conn.execute(
            "SELECT 1 FROM telemetry_count WHERE type = %s AND day < %s LIMIT 1", (kind, oldest_kept.date())
        ).fetchone()
        is not None
    )
