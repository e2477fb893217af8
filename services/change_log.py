"""The changes of the last hour, kept in the table ``change``: read again after a break, then forgotten.

Numbers are drawn before a transaction commits, so a reader who has seen number 7 may still miss number 6.
Each row therefore keeps the horizon of its moment: whatever was under way then is among the transactions
from that horizon on. A replay gives the later numbers and those; some of it was seen before, nothing is left
out. (PostgreSQL documentation, "System Information Functions": pg_current_snapshot, xid8.)
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from zerodistance.store.database import Connection

KEPT_S = 3600
MOST_KEPT = 100_000
# Whoever has missed more reads everything again sooner than the list of what changed.
MOST_REPLAYED = 5_000


class Change(NamedTuple):
    """One change, as it is told.

    Attributes:
        number: its id; 0 for what has none and cannot be gone back to.
        tenant: whose.
        event: ticket, message, device, or resync.
        data: a JSON object with the id of what changed.
    """

    number: int
    tenant: int
    event: str
    data: str

    def encode(self) -> bytes:
        """Return it as a server-sent event."""
        name = f"id: {self.number}\n" if self.number else ""
        return f"{name}event: {self.event}\ndata: {self.data}\n\n".encode()


RESYNC = Change(0, 0, "resync", "{}")


def read_number(last_event_id: str) -> int | None:
    """Return the number that a reader saw last; None if it does not say one.

    >>> read_number("42"), read_number(""), read_number("-1"), read_number("9" * 30)
    (42, None, None, None)
    """
    given = last_event_id.strip()
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        return None
    return int(given) or None


def since(conn: Connection, tenant: int, number: int) -> list[Change] | None:
    """Return what a tenant's reader who saw ``number`` last has missed, and perhaps some that it saw.

    None if that is not known any more, or too much: the reader reads everything again.

    Args:
        conn: read only, seeing all rows.
        tenant: whose changes.
        number: of the last change that was seen.
    """
    row = conn.execute(
        "SELECT horizon FROM change WHERE id = %s AND tenant_id = %s", (number, tenant)
    ).fetchone()
    if row is None:
        return None
    rows = conn.execute(
        "SELECT id, event, data FROM change WHERE tenant_id = %(tenant)s AND (id > %(number)s"
        " OR (id < %(number)s AND xid >= %(horizon)s::xid8)) ORDER BY id LIMIT %(most)s",
        {"tenant": tenant, "number": number, "horizon": str(row[0]), "most": MOST_REPLAYED + 1},
    ).fetchall()
    if len(rows) > MOST_REPLAYED:
        return None
    return [Change(n, tenant, event, msgspec.json.encode(data).decode()) for n, event, data in rows]


def forget(conn: Connection) -> int:
    """Delete what is older than an hour, or behind the latest hundred thousand; return how many."""
    return conn.execute(
        "DELETE FROM change WHERE at < now() - make_interval(secs => %s)"
        " OR id <= (SELECT max(id) FROM change) - %s",
        (KEPT_S, MOST_KEPT),
    ).rowcount
