"""Tickets in the database: read them, and change them so that the history says who, when and why.

Every change goes through :func:`save`: one version up, one line of history, one record for ``zd.tickets``,
all in the caller's transaction. The database refuses a change without its line of history.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.tickets import announcing
from services.tickets.lifecycle import State
from zerodistance.catalogue.model import Text
from zerodistance.clock import from_us, to_us
from zerodistance.errors import ConflictError, NotFoundError
from zerodistance.messages import TICKETS, Finding, TicketChange, encode_ticket_change
from zerodistance.store import outbox
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class Ticket:
    """A row of the table ``ticket``."""

    id: str
    number: int
    tenant_id: int
    device_id: str
    household_id: str | None
    version: int
    state: str
    origin: str
    finding_id: str | None
    cause: str
    probability: float
    urgency: str
    summary: Text
    diagnosis: dict[str, Any]
    part: str
    skill: str
    region: str
    assignee: str | None
    visit_from: datetime | None
    visit_until: datetime | None
    respond_by: datetime | None
    resolve_by: datetime | None
    onset_at: datetime
    opened_at: datetime
    answered_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    outcome: str
    outcome_cause: str
    parts_used: list[str]
    minutes: int | None
    visit_avoided: bool
    rating: int | None
    merged_into: str | None
    warranty: bool
    responded_at: datetime | None
    respond_left_s: float | None
    resolve_left_s: float | None
    escalation: int
    campaign_id: str | None


COLUMNS: tuple[str, ...] = tuple(Ticket.__dataclass_fields__)
_SELECT = sql.SQL("SELECT {} FROM ticket t ").format(
    sql.SQL(", ").join(sql.Identifier("t", column) for column in COLUMNS)
)
_OPEN = sql.SQL("t.state NOT IN ('closed', 'cancelled', 'merged')")


@dataclass(frozen=True, slots=True)
class Device:
    """What a ticket needs to know of its appliance."""

    id: str
    tenant_id: int
    type: str
    model: str
    name: str
    household_id: str | None
    region: str
    retired: bool
    firmware: str = ""
    time_zone: str = "UTC"
    warranty_until: date | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A line of a ticket's history."""

    version: int
    time: datetime
    actor: str
    from_state: str | None
    to_state: str
    note: str


def device(conn: Connection, device_id: str) -> Device | None:
    """Return a device, None if nobody has registered it."""
    with conn.cursor(row_factory=class_row(Device)) as cursor:
        return cursor.execute(
            "SELECT d.id, d.tenant_id, d.type, d.model, d.name, d.household_id,"
            " coalesce(h.region, '') AS region, d.retired_at IS NOT NULL AS retired, d.firmware,"
            " coalesce(h.time_zone, 'UTC') AS time_zone, d.warranty_until"
            " FROM device d LEFT JOIN household h ON h.id = d.household_id WHERE d.id = %s",
            (device_id,),
        ).fetchone()


def get(conn: Connection, ticket_id: str, *, lock: bool = False) -> Ticket:
    """Return one ticket; with ``lock`` nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: there is no such ticket.
    """
    query = _SELECT + sql.SQL("WHERE t.id = %s")
    with conn.cursor(row_factory=class_row(Ticket)) as cursor:
        row = cursor.execute(query + sql.SQL(" FOR UPDATE") if lock else query, (ticket_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no ticket {ticket_id!r}.")
    return row


def lock_open_of_device(conn: Connection, device_id: str) -> Ticket | None:
    """Return the open ticket of a device, locked; None if there is none."""
    with conn.cursor(row_factory=class_row(Ticket)) as cursor:
        return cursor.execute(
            _SELECT + sql.SQL("WHERE t.device_id = %s AND ") + _OPEN + sql.SQL(" FOR UPDATE"), (device_id,)
        ).fetchone()


def history(conn: Connection, ticket_id: str) -> list[History]:
    """Return a ticket's history, the oldest line first."""
    with conn.cursor(row_factory=class_row(History)) as cursor:
        return cursor.execute(
            "SELECT version, time, actor, from_state, to_state, note FROM ticket_history"
            " WHERE ticket_id = %s ORDER BY version",
            (ticket_id,),
        ).fetchall()


def insert(
    conn: Connection, device: Device, state: State, values: Mapping[str, Any], *, note: str, actor: str
) -> Ticket:
    """Open a ticket, with the first line of its history.

    Args:
        conn: inside the transaction that decided it.
        device: the appliance.
        state: where the ticket begins.
        values: further columns; ``origin``, ``onset_at`` and ``opened_at`` among them, and the ``finding_id``
            of the finding that leads it, whose row is there already.
        note: why it was opened.
        actor: who opened it.

    Raises:
        ConflictError: the device has an open ticket by now; look again.
    """
    ticket_id = uuid.uuid4().hex
    columns: dict[str, Any] = {
        "id": ticket_id,
        "tenant_id": device.tenant_id,
        "device_id": device.id,
        "household_id": device.household_id,
        "region": device.region,
        "state": state.value,
        **values,
    }
    done = conn.execute(
        sql.SQL("INSERT INTO ticket ({}) VALUES ({}) ON CONFLICT DO NOTHING RETURNING 1").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        ),
        [_adapt(value) for value in columns.values()],
    ).fetchone()
    if done is None:
        raise ConflictError(f"Device {device.id!r} has an open ticket already.")
    ticket = get(conn, ticket_id)
    _tell_history(conn, ticket, None, actor, note, {}, ticket.opened_at)
    return ticket


def save(
    conn: Connection, ticket: Ticket, changes: Mapping[str, Any], *, actor: str, note: str, now: datetime
) -> Ticket:
    """Change a ticket; return it as it is then.

    Args:
        conn: inside the transaction that decided it.
        ticket: as it was read: somebody else's change since then is a conflict.
        changes: column → value; may be empty, for a line of history alone.
        actor: who did it: ``platform``, ``owner``, ``staff``, ``staff:NAME``.
        note: why.
        now: platform time.

    Raises:
        ConflictError: the ticket has been changed by somebody else since it was read.
    """
    assignments = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in changes]
    try:
        row = conn.execute(
            sql.SQL("UPDATE ticket SET {} WHERE id = %s AND version = %s RETURNING version").format(
                sql.SQL(", ").join([sql.SQL("version = version + 1"), *assignments])
            ),
            [*(_adapt(value) for value in changes.values()), ticket.id, ticket.version],
        ).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError("This device has another open ticket by now: go on with that one.") from error
    if row is None:
        raise ConflictError("Somebody else changed this ticket in the meantime: read it again, then decide.")
    changed = get(conn, ticket.id)
    _tell_history(conn, changed, ticket.state, actor, note, changes, now)
    return changed


def keep_finding(conn: Connection, finding: Finding) -> str | None:
    """Write a finding or its newer revision; return what was known of its state before.

    Returns:
        ``"new"`` for a finding seen for the first time, ``"open"`` or ``"cleared"`` for what the
        revision before said, None if this revision, or a later one, is known already.
    """
    known = conn.execute(
        "SELECT revision, state FROM finding WHERE id = %s FOR UPDATE", (finding.id,)
    ).fetchone()
    if known is not None and known[0] >= finding.revision:
        return None
    conn.execute(
        "INSERT INTO finding (id, tenant_id, device_id, revision, state, cause, onset_at, time, body)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, state = excluded.state,"
        " cause = excluded.cause, onset_at = excluded.onset_at, time = excluded.time, body = excluded.body"
        " WHERE finding.revision < excluded.revision",
        (
            finding.id,
            finding.tenant,
            finding.device,
            finding.revision,
            finding.state,
            finding.cause,
            from_us(finding.onset_us),
            from_us(finding.time_us),
            Jsonb(msgspec.to_builtins(finding)),
        ),
    )
    return "new" if known is None else str(known[1])


def reported_itself(conn: Connection, finding: Finding) -> bool:
    """Return whether the appliance raised a fault code of its own when a finding began."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM device_event WHERE device_id = %s AND kind = 'fault' AND active"
        " AND time BETWEEN %s - interval '1 hour' AND %s)",
        (finding.device, from_us(finding.onset_us), from_us(finding.time_us)),
    ).fetchone()
    return bool(row and row[0])


def attach_finding(conn: Connection, finding_id: str, ticket_id: str) -> None:
    """Make a finding belong to a ticket."""
    conn.execute(
        "UPDATE finding SET ticket_id = %s WHERE id = %s AND ticket_id IS DISTINCT FROM %s",
        (ticket_id, finding_id, ticket_id),
    )


def hand_findings(conn: Connection, ticket_id: str, heir_id: str) -> None:
    """Make all findings of one ticket belong to another."""
    conn.execute("UPDATE finding SET ticket_id = %s WHERE ticket_id = %s", (heir_id, ticket_id))


def ticket_of_finding(conn: Connection, finding_id: str) -> str | None:
    """Return the ticket that a finding belongs to, None if it has none."""
    row = conn.execute("SELECT ticket_id FROM finding WHERE id = %s", (finding_id,)).fetchone()
    return row[0] if row else None


def findings(conn: Connection, ticket_id: str) -> list[Finding]:
    """Return the findings of a ticket as they stand, the oldest first."""
    rows = conn.execute(
        "SELECT body FROM finding WHERE ticket_id = %s ORDER BY onset_at, id", (ticket_id,)
    ).fetchall()
    return [msgspec.convert(row[0], Finding) for row in rows]


def start_timer(conn: Connection, ticket: Ticket, kind: str, due_at: datetime) -> None:
    """Come back to a ticket at ``due_at``."""
    conn.execute(
        "INSERT INTO timer (id, kind, ticket_id, due_at, data) VALUES (%s, %s, %s, %s, %s)",
        (uuid.uuid4().hex, kind, ticket.id, due_at, Jsonb({"state": ticket.state})),
    )


def stop_timers(conn: Connection, ticket_id: str, now: datetime, *, but: Sequence[str] = ()) -> None:
    """End every wait of a ticket; timers of the kinds ``but`` go on."""
    conn.execute(
        "UPDATE timer SET done_at = %s WHERE ticket_id = %s AND done_at IS NULL AND NOT kind = ANY(%s)",
        (now, ticket_id, list(but)),
    )


def set_timers(
    conn: Connection, ticket: Ticket, kinds: Sequence[str], wanted: Mapping[str, datetime], now: datetime
) -> None:
    """Bring a ticket's timers of these kinds to what is wanted; one that has rung for a moment stays so."""
    conn.execute(
        "UPDATE timer m SET done_at = %s WHERE ticket_id = %s AND done_at IS NULL AND kind = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM unnest(%s::text[], %s::timestamptz[]) AS w (kind, due_at)"
        " WHERE w.kind = m.kind AND w.due_at = m.due_at)",
        (now, ticket.id, list(kinds), list(wanted), list(wanted.values())),
    )
    for kind, due_at in wanted.items():
        conn.execute(
            "INSERT INTO timer (id, kind, ticket_id, due_at, data) SELECT %s, %s, %s, %s, '{}'"
            " WHERE NOT EXISTS (SELECT FROM timer WHERE ticket_id = %s AND kind = %s AND due_at = %s)",
            (uuid.uuid4().hex, kind, ticket.id, due_at, ticket.id, kind, due_at),
        )


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose time has come.

    Attributes:
        state: in which the ticket was when the timer was started; None: whatever its state.
    """

    id: str
    kind: str
    ticket_id: str
    state: str | None


def take_due_timer(conn: Connection, now: datetime) -> DueTimer | None:
    """Lock the ticket of one timer that is due, and return the timer.

    Tickets that somebody else has are skipped. As everywhere the ticket is locked before what hangs on it.
    """
    with conn.cursor(row_factory=class_row(DueTimer)) as cursor:
        return cursor.execute(
            "SELECT m.id, m.kind, m.ticket_id, m.data->>'state' AS state FROM timer m"
            " JOIN ticket t ON t.id = m.ticket_id WHERE m.done_at IS NULL AND m.due_at <= %s"
            " ORDER BY m.due_at, m.id LIMIT 1 FOR UPDATE OF t SKIP LOCKED",
            (now,),
        ).fetchone()


def end_timer(conn: Connection, timer_id: str, now: datetime) -> bool:
    """Mark a timer as done; return False if somebody else did so first."""
    done = conn.execute("UPDATE timer SET done_at = %s WHERE id = %s AND done_at IS NULL", (now, timer_id))
    return done.rowcount > 0


def postpone_timer(conn: Connection, timer_id: str, due_at: datetime) -> None:
    """Let a timer come due again, later."""
    conn.execute("UPDATE timer SET due_at = %s WHERE id = %s AND done_at IS NULL", (due_at, timer_id))


def _tell_history(
    conn: Connection,
    ticket: Ticket,
    from_state: str | None,
    actor: str,
    note: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    conn.execute(
        "INSERT INTO ticket_history (ticket_id, version, tenant_id, time, actor, from_state, to_state, note,"
        " change) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            ticket.id,
            ticket.version,
            ticket.tenant_id,
            now,
            actor,
            from_state,
            ticket.state,
            note,
            Jsonb(msgspec.to_builtins(dict(changes))),
        ),
    )
    change = TicketChange(
        ticket=ticket.id,
        version=ticket.version,
        tenant=ticket.tenant_id,
        device=ticket.device_id,
        state=ticket.state,
        cause=ticket.cause,
        time_us=to_us(now),
        actor=actor,
        note=note,
        outcome=ticket.outcome,
    )
    outbox.put(conn, TICKETS, ticket.device_id, f"{ticket.id}:{ticket.version}", encode_ticket_change(change))
    announcing.announce(conn, ticket, from_state, actor, note, now)


def _adapt(value: Any) -> Any:
    if isinstance(value, dict):
        return Jsonb(value)
    return list(value) if isinstance(value, tuple) else value
