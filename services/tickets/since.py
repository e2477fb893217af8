"""What others changed in a ticket since somebody looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A line of the history, with the names of the columns that it changed."""

    version: int
    time: datetime
    actor: str
    from_state: str | None
    to_state: str
    note: str
    changed: list[str]


def changes_since(conn: Connection, ticket_id: str, version: int) -> list[ChangeLine]:
    """Return what was changed after ``version``, the oldest first."""
    with conn.cursor(row_factory=class_row(ChangeLine)) as cursor:
        return cursor.execute(
            "SELECT version, time, actor, from_state, to_state, note,"
            " ARRAY(SELECT jsonb_object_keys(change) ORDER BY 1) AS changed"
            " FROM ticket_history WHERE ticket_id = %s AND version > %s ORDER BY version",
            (ticket_id, version),
        ).fetchall()
