"""Commands in the database. Every change is guarded by the state that it starts from, in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.commands.lifecycle import State, first_state
from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A row of the table ``command``."""

    id: str
    tenant_id: int
    device_id: str
    ticket_id: str | None
    name: str
    arguments: dict[str, Any]
    state: str
    requested_by: str
    consent_required: bool
    consent_by: str | None
    reason: str
    timeout_s: float
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


_COLUMNS = (
    "id, tenant_id, device_id, ticket_id, name, arguments, state, requested_by, consent_required, consent_by,"
    " reason, timeout_s, created_at, expires_at, sent_at, finished_at"
)


def create(
    conn: Connection,
    *,
    tenant: int,
    device_id: str,
    name: str,
    arguments: Mapping[str, Any],
    requested_by: str,
    now: datetime,
    expires_at: datetime,
    consent_required: bool,
    consent_by: str | None = None,
    ticket_id: str | None = None,
    timeout_s: float = 60.0,
) -> CommandRow:
    """Write a new command, which waits for consent where that is required and not given."""
    state = first_state(consent_required, consent_by)
    return _one(
        conn,
        "INSERT INTO command (id, tenant_id, device_id, ticket_id, name, arguments, state, requested_by,"
        " consent_required, consent_by, consent_at, timeout_s, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {columns}",
        (
            uuid.uuid4().hex,
            tenant,
            device_id,
            ticket_id,
            name,
            Jsonb(dict(arguments)),
            state.value,
            requested_by,
            consent_required,
            consent_by,
            now if consent_by else None,
            timeout_s,
            now,
            expires_at,
        ),
    )


def get(conn: Connection, command_id: str) -> CommandRow:
    """Return one command.

    Raises:
        NotFoundError: there is no such command.
    """
    return _one(conn, "SELECT {columns} FROM command WHERE id = %s", (command_id,))


def recent(conn: Connection, device_id: str, limit: int = 20) -> list[CommandRow]:
    """Return the latest commands of a device, the newest first."""
    return _many(
        conn,
        "SELECT {columns} FROM command WHERE device_id = %s ORDER BY created_at DESC, id LIMIT %s",
        (device_id, limit),
    )


def approve(conn: Connection, command_id: str, by: str, now: datetime) -> CommandRow | None:
    """Give consent; None if the command does not wait for it (any more) or has expired."""
    return _maybe(
        conn,
        "UPDATE command SET state = 'queued', consent_by = %s, consent_at = %s"
        " WHERE id = %s AND state = 'awaiting_consent' AND expires_at > %s RETURNING {columns}",
        (by, now, command_id, now),
    )


def decline(conn: Connection, command_id: str, by: str, now: datetime) -> CommandRow | None:
    """Refuse or withdraw consent; None if the command has left already or is finished."""
    return _maybe(
        conn,
        "UPDATE command SET state = 'declined', finished_at = %s, reason = %s"
        " WHERE id = %s AND consent_required AND state IN ('awaiting_consent', 'queued') RETURNING {columns}",
        (now, f"declined by {by}", command_id),
    )


def take_queued(conn: Connection, now: datetime) -> CommandRow | None:
    """Lock the next command that may be sent: queued, not expired, with consent where it is required.

    Until the transaction ends nobody can withdraw the consent or send the command elsewhere.
    """
    return _maybe(
        conn,
        "SELECT {columns} FROM command WHERE state = 'queued' AND expires_at > %s"
        " AND (NOT consent_required OR consent_by IS NOT NULL)"
        " ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        (now,),
    )


def mark_sent(conn: Connection, command_id: str, now: datetime) -> None:
    """Note that the broker has the command, which is locked."""
    conn.execute(
        "UPDATE command SET state = 'sent', sent_at = %s WHERE id = %s AND state = 'queued'",
        (now, command_id),
    )


def finish(
    conn: Connection, command_id: str, device_id: str, state: State, reason: str, now: datetime
) -> CommandRow | None:
    """Take the appliance's reply; None if the command is not that device's, or not under way.

    Waits for a sender that holds the row: a reply may be quicker than the note that it was sent.
    """
    return _maybe(
        conn,
        "UPDATE command SET state = %s, reason = %s, finished_at = %s, sent_at = coalesce(sent_at, %s)"
        " WHERE id = %s AND device_id = %s AND state IN ('queued', 'sent') RETURNING {columns}",
        (state.value, reason[:500], now, now, command_id, device_id),
    )


def note_late_reply(conn: Connection, command_id: str, device_id: str, said: str) -> bool:
    """Keep in the reason what a device said after its command had failed for want of a reply."""
    done = conn.execute(
        "UPDATE command SET reason = reason || %s WHERE id = %s AND device_id = %s AND state = 'failed'"
        " AND reason LIKE 'no reply%%' AND reason NOT LIKE '%%; late reply:%%'",
        (f"; late reply: {said}"[:300], command_id, device_id),
    )
    return done.rowcount > 0


def overdue(conn: Connection, now: datetime, *, shortest_s: float, limit: int = 20) -> list[str]:
    """Return ids of commands whose time is over: candidates for :func:`end_overdue`."""
    rows = conn.execute(
        "SELECT id FROM command WHERE finished_at IS NULL AND ("
        "(state IN ('awaiting_consent', 'queued') AND expires_at <= %(now)s) OR (state = 'sent'"
        " AND sent_at + make_interval(secs => greatest(timeout_s, %(shortest)s)) <= %(now)s))"
        " ORDER BY expires_at, id LIMIT %(limit)s",
        {"now": now, "shortest": shortest_s, "limit": limit},
    ).fetchall()
    return [row[0] for row in rows]


def end_overdue(conn: Connection, command_id: str, now: datetime, *, shortest_s: float) -> CommandRow | None:
    """End a command whose time is over; None if it is not, or a sender or another process has it.

    Not sent by ``expires_at``: expired. Sent, and no reply within ``timeout_s`` (at least ``shortest_s``)
    platform seconds: failed.
    """
    locked = conn.execute(
        "SELECT state FROM command WHERE id = %s FOR UPDATE SKIP LOCKED", (command_id,)
    ).fetchone()
    if locked is None:
        return None
    if locked[0] == "sent":
        return _maybe(
            conn,
            "UPDATE command SET state = 'failed', finished_at = %s,"
            " reason = 'no reply within ' || round(greatest(timeout_s, %s))::int || ' s'"
            " WHERE id = %s AND state = 'sent'"
            " AND sent_at + make_interval(secs => greatest(timeout_s, %s)) <= %s RETURNING {columns}",
            (now, shortest_s, command_id, shortest_s, now),
        )
    return _maybe(
        conn,
        "UPDATE command SET state = 'expired', finished_at = %s, reason = CASE state"
        " WHEN 'awaiting_consent' THEN 'no consent in time' ELSE 'not sent in time' END"
        " WHERE id = %s AND state IN ('awaiting_consent', 'queued') AND expires_at <= %s RETURNING {columns}",
        (now, command_id, now),
    )


def expiry(now: datetime, span_s: float) -> datetime:
    """Return when a command that lives ``span_s`` platform seconds ends."""
    return now + timedelta(seconds=span_s)


def _many(conn: Connection, query: str, values: tuple[Any, ...]) -> list[CommandRow]:
    with conn.cursor(row_factory=class_row(CommandRow)) as cursor:
        rows = cursor.execute(query.replace("{columns}", _COLUMNS).encode(), values).fetchall()
    return rows


def _maybe(conn: Connection, query: str, values: tuple[Any, ...]) -> CommandRow | None:
    rows = _many(conn, query, values)
    return rows[0] if rows else None


def _one(conn: Connection, query: str, values: tuple[Any, ...]) -> CommandRow:
    row = _maybe(conn, query, values)
    if row is None:
        raise NotFoundError("There is no such command.")
    return row
