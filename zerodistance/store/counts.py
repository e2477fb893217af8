"""What every stage took in, gave out, refused: added up in the transaction of the work itself."""

from __future__ import annotations

from collections.abc import Mapping

from zerodistance.store.database import Connection


def add(conn: Connection, numbers: Mapping[tuple[str, str], int]) -> None:
    """Add ``numbers`` ((stage, outcome) → how many more) to the table ``stage_count``.

    Do it last in a transaction: the rows stay locked until it ends.
    """
    entries = sorted((key, n) for key, n in numbers.items() if n)  # one order for all: no deadlock
    if not entries:
        return
    conn.execute(
        "INSERT INTO stage_count AS s (stage, outcome, count)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])"
        " ON CONFLICT (stage, outcome) DO UPDATE SET count = s.count + excluded.count",
        ([key[0] for key, _ in entries], [key[1] for key, _ in entries], [n for _, n in entries]),
    )


def add_rows(conn: Connection, rows: Mapping[tuple[str, int], int]) -> None:
    """Add (appliance type, day) → rows inserted to the table ``telemetry_count``; last, like :func:`add`.

    A day is the number of UTC days since 1970 of the event time.
    """
    entries = sorted((key, n) for key, n in rows.items() if n)
    if not entries:
        return
    conn.execute(
        "INSERT INTO telemetry_count AS t (type, day, rows)"
        " SELECT type, date '1970-01-01' + day, rows"
        " FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n (type, day, rows)"
        " ON CONFLICT (type, day) DO UPDATE SET rows = t.rows + excluded.rows",
        ([key[0] for key, _ in entries], [key[1] for key, _ in entries], [n for _, n in entries]),
    )


def read(conn: Connection) -> dict[tuple[str, str], int]:
    """Return all counts: (stage, outcome) → how many."""
    rows = conn.execute("SELECT stage, outcome, count FROM stage_count ORDER BY stage, outcome")
    return {(stage, outcome): count for stage, outcome, count in rows}
