"""Pages of tickets, ordered by what matters, with their appliances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from psycopg.rows import dict_row

from services.devices.repository import DeviceRow
from services.tickets.repository import COLUMNS, Ticket
from zerodistance.catalogue.model import Text
from zerodistance.errors import NotFoundError
from zerodistance.messages import Finding
from zerodistance.store.database import Connection

Which = Literal["open", "closed", "all"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A ticket in a list.

    Attributes:
        ticket: without its diagnosis on a page of many: a list does not show it, and reading it was a third
            of the page's time.
        probability: of the diagnosis that is shown, 0 to 1; None for a ticket without one.
        summary: its sentence by language; None likewise.
        finding: that diagnosis; None on a page of many.
        key: where it stands in the order, for the next page's cursor.
    """

    ticket: Ticket
    device: DeviceRow
    probability: float | None
    summary: Text | None
    finding: Finding | None
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets of a list are wanted; what is empty does not matter.

    Attributes:
        q: a ticket's number, or part of an appliance's id, name or model.
        states: only in one of these.
        assignee: an engineer's id; ``none``: nobody's yet.
    """

    q: str = ""
    states: tuple[str, ...] = ()
    urgency: str = ""
    type: str = ""
    region: str = ""
    origin: str = ""
    assignee: str = ""

    def conditions(self) -> tuple[list[str], list[Any]]:
        """Return SQL conditions on ticket ``t`` and device ``d``, and what fills their marks."""
        found: list[str] = []
        values: list[Any] = []
        for column, wanted in (
            ("t.urgency", self.urgency),
            ("d.type", self.type),
            ("t.region", self.region),
            ("t.origin", self.origin),
        ):
            if wanted:
                found.append(f"{column} = %s")
                values.append(wanted)
        if self.states:
            found.append("t.state = ANY(%s)")
            values.append(list(self.states))
        if self.assignee == "none":
            found.append("t.assignee IS NULL")
        elif self.assignee:
            found.append("t.assignee = %s")
            values.append(self.assignee)
        if number := self.q.strip().removeprefix("#"):
            if number.isdecimal() and number.isascii() and len(number) < 18:
                found.append("t.number = %s")
                values.append(int(number))
            else:
                escaped = self.q.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
                found.append("(d.id ILIKE %s OR d.name ILIKE %s OR d.model ILIKE %s)")
                values += [f"%{escaped}%"] * 3
        return found, values


_NO_FILTERS = Filters()
_DEVICE = (
    "id", "type", "name", "model", "firmware", "household_id", "online", "last_seen_at", "disabled_reason",
)  # fmt: skip
# What a person has to do comes before what waits for the owner or for the readings.
_ATTENTION = (
    "CASE t.state WHEN 'unanswered' THEN 0 WHEN 'on_site' THEN 0 WHEN 'remote' THEN 0 WHEN 'planned' THEN 1"
    " WHEN 'visiting' THEN 1 WHEN 'on_hold' THEN 3 ELSE 2 END"
)
_ORDERS: dict[Which, tuple[tuple[str, ...], str]] = {
    "open": (
        (
            "CASE t.urgency WHEN 'urgent' THEN 0 WHEN 'soon' THEN 1 ELSE 2 END",
            _ATTENTION,
            "coalesce(t.respond_by, '9999-01-01Z')",
            "t.number",
        ),
        ">",
    ),
    "closed": (("coalesce(t.closed_at, t.opened_at)", "t.number"), "<"),
    "all": (("t.opened_at", "t.number"), "<"),
}
_STATES: dict[Which, str] = {
    "open": "t.state NOT IN ('closed', 'cancelled', 'merged')",
    "closed": "t.state IN ('closed', 'cancelled', 'merged')",
    "all": "true",
}


def page(
    conn: Connection,
    tenant: int,
    which: Which,
    *,
    device: str = "",
    household: str = "",
    filters: Filters = _NO_FILTERS,
    limit: int = 50,
    after: tuple[Any, ...] | None = None,
) -> list[Listed]:
    """Return a page of tickets.

    Open ones come by urgency, then those that somebody has to act on, then by deadline; closed ones and
    all of them the latest first.

    Args:
        conn: read only.
        tenant: whose tickets.
        which: open, closed (or cancelled, merged), or all.
        device: of this device only.
        household: of this household only.
        filters: which of them are wanted.
        limit: how many at most.
        after: key of the last ticket of the page before.
    """
    keys, comparison = _ORDERS[which]
    conditions = [_STATES[which], "t.tenant_id = %s"]
    values: list[Any] = [tenant]
    for column, wanted in (("t.device_id", device), ("t.household_id", household)):
        if wanted:
            conditions.append(f"{column} = %s")
            values.append(wanted)
    wanted_only, given = filters.conditions()
    conditions += wanted_only
    values += given
    if after is not None:
        marks = ", ".join(_mark(key) for key in keys)
        conditions.append(f"({', '.join(keys)}) {comparison} ({marks})")
        values += after
    direction = " DESC" if comparison == "<" else ""
    tail = f" WHERE {' AND '.join(conditions)} ORDER BY {', '.join(key + direction for key in keys)} LIMIT %s"
    return _read(conn, keys, tail, [*values, limit])


def one(conn: Connection, tenant: int, ticket_id: str) -> Listed:
    """Return one ticket.

    Raises:
        NotFoundError: there is no such ticket, or it is another tenant's.
    """
    found = _read(
        conn, _ORDERS["all"][0], " WHERE t.id = %s AND t.tenant_id = %s", [ticket_id, tenant], whole=True
    )
    if not found:
        raise NotFoundError(f"There is no ticket {ticket_id!r}.")
    return found[0]


# The diagnosis to show: the leading finding as it stands while it is open and says why, else as it was when
# the ticket got it. (A finding that has cleared shows readings that are normal again.) OFFSET keeps
# PostgreSQL from working it out once for each column that is taken from it.
_SHOWN = (
    "CROSS JOIN LATERAL (SELECT CASE WHEN t.diagnosis = '{}' OR f.body->>'state' = 'open'"
    " AND f.body->>'cause' = t.cause AND jsonb_array_length(f.body->'evidence') > 0"
    " THEN f.body ELSE t.diagnosis END AS body OFFSET 0) s"
)


def _head(keys: tuple[str, ...], whole: bool) -> str:
    """Return the part of the query before its WHERE, as text: put together once, not for each page."""
    diagnosis, finding = ("t.diagnosis", "s.body") if whole else ("'{}'::jsonb", "NULL")
    columns = [f't."{c}" AS "t_{c}"' for c in COLUMNS if c != "diagnosis"]
    columns += [f'{diagnosis} AS "t_diagnosis"', *(f'd."{c}" AS "d_{c}"' for c in _DEVICE)]
    parts = [
        "SELECT",
        ", ".join([*columns, *(f"{key} AS key_{n}" for n, key in enumerate(keys))]),
        ", coalesce(h.region, '') AS d_region,",
        "(s.body->>'probability')::float8 AS probability, s.body->'summary' AS summary,",
        f"{finding} AS finding,",
        "(SELECT count(*)::int FROM ticket o WHERE o.device_id = d.id"
        " AND o.state NOT IN ('closed', 'cancelled', 'merged')) AS d_open_tickets",
        "FROM ticket t JOIN device d ON d.id = t.device_id",
        "LEFT JOIN household h ON h.id = d.household_id LEFT JOIN finding f ON f.id = t.finding_id",
        _SHOWN,
    ]
    return " ".join(parts)


_HEADS = {(keys, whole): _head(keys, whole) for keys, _ in _ORDERS.values() for whole in (False, True)}


def _read(
    conn: Connection, keys: tuple[str, ...], tail: str, values: list[Any], *, whole: bool = False
) -> list[Listed]:
    query = (_HEADS[keys, whole] + tail).encode()  # constants of this module
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return [
        Listed(
            ticket=Ticket(**{column: row[f"t_{column}"] for column in COLUMNS}),
            device=DeviceRow(**{c: row[f"d_{c}"] for c in (*_DEVICE, "region", "open_tickets")}),
            probability=row["probability"],
            summary=row["summary"],
            finding=msgspec.convert(row["finding"], Finding) if row["finding"] else None,
            key=tuple(row[f"key_{n}"] for n in range(len(keys))),
        )
        for row in rows
    ]


def _mark(key: str) -> str:
    if key.startswith("CASE"):
        return "%s::int"
    return "%s::bigint" if key == "t.number" else "%s::timestamptz"
