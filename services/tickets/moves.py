"""What staff do with a ticket: move it, within the life cycle, from the version that they saw."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.tickets import incidents, repository, rules
from services.tickets.changes import changes_of_move, consequences
from services.tickets.levels import CLOCK_KINDS
from services.tickets.lifecycle import Details, Role, State, check_move
from services.tickets.repository import Ticket
from services.tickets.shared import TicketDesk
from zerodistance.errors import ConflictError
from zerodistance.store.database import Connection


def move(
    desk: TicketDesk,
    conn: Connection,
    ticket_id: str,
    version: int,
    to: State,
    details: Details,
    *,
    roles: Collection[Role],
    actor: str,
) -> Ticket:
    """Move a ticket as a person asks.

    Args:
        version: of the ticket that the person saw.
        details: what the move brings along.
        roles: in which capacities the person acts.
        actor: who it is, for the history.

    Raises:
        NotFoundError: there is no such ticket.
        ConflictError: somebody else changed it since; nothing is overwritten.
        IllegalMoveError: the life cycle does not allow it, or something that it demands is missing.
        InvalidMessageError: an engineer, fault or ticket is named that does not exist.
    """
    ticket = repository.get(conn, ticket_id, lock=True)
    if ticket.version != version:
        raise ConflictError(
            f"Somebody else changed this ticket in the meantime (version {ticket.version}, you saw "
            f"{version}): read it again, then decide."
        )
    source = State(ticket.state)
    check_move(source, to, roles, details)
    device = desk.device_of(conn, ticket)
    changes = changes_of_move(conn, desk.catalogue.get_type(device.type), ticket, to, details)
    now = desk.clock.now()
    changes |= consequences(ticket, to, now, desk.clock_of(device))
    if to is State.REMOTE and ticket.responded_at is None:
        changes["responded_at"] = now  # somebody has taken it on
    moved = desk.keep(conn, device, ticket, changes, actor=actor, note=details.note.strip(), now=now)
    repository.stop_timers(conn, ticket.id, now, but=CLOCK_KINDS)
    if moved.merged_into is not None:
        _hand_over(desk, conn, moved, moved.merged_into, actor, now)
    decisions = rules.after_staff_move(source, desk.situation(conn, device, moved))
    return desk.carry_out(conn, device, moved, decisions)


def _hand_over(
    desk: TicketDesk, conn: Connection, merged: Ticket, heir_id: str, actor: str, now: datetime
) -> None:
    """Let another ticket go on with what a merged one had: its findings, and who measured what."""
    repository.hand_findings(conn, merged.id, heir_id)
    heir = repository.get(conn, heir_id, lock=True)
    device = desk.device_of(conn, heir)
    note = f"Ticket {merged.number} is one and the same: it goes on here."
    heir = desk.keep(conn, device, heir, {}, actor=actor, note=note, now=now)
    incidents.follow_lead(desk, conn, device, heir, came_back=False)
