"""Commands that belong to a ticket: asked for by its rules, and what becomes of them told to it.

The ticket is locked before the command, here as everywhere, so that the two cannot wait for each other.
"""

from __future__ import annotations

from datetime import datetime

from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.tickets import repository, rules
from services.tickets.lifecycle import TERMINAL, State
from services.tickets.repository import Device, Ticket
from services.tickets.shared import TicketDesk
from zerodistance.errors import ConflictError, ForbiddenError, InvalidMessageError, NotFoundError
from zerodistance.store.database import Connection

LIFE_S = 3600.0
"""Platform seconds after which a command that a ticket asks for is of no use any more."""


def give(
    desk: TicketDesk, conn: Connection, device: Device, ticket: Ticket, decision: rules.Command, now: datetime
) -> Ticket:
    """Ask for the command that the rules decided on; where it cannot be asked for, the ticket hears of it."""
    needs_consent = desk.catalogue.get_type(device.type).commands[decision.name].consent
    life_s = real_wait_s(desk.clock, LIFE_S)
    if needs_consent and not decision.approved:
        life_s = max(life_s, desk.policy.hours("consent").total_seconds())
    try:
        with conn.transaction():
            request_command(
                conn,
                desk.catalogue,
                device,
                decision.name,
                {},
                requested_by=f"ticket:{ticket.number}",
                now=now,
                expires_at=commands.expiry(now, life_s),
                approved_by="owner" if decision.approved else None,
                ticket_id=ticket.id,
                channels=desk.channels,
            )
    except (ForbiddenError, ConflictError, InvalidMessageError) as error:
        situation = desk.situation(conn, device, ticket)
        refused = rules.on_command_end(situation, decision.name, "refused", str(error))
        return desk.carry_out(conn, device, ticket, refused)
    return ticket


def ended(desk: TicketDesk, conn: Connection, command: commands.CommandRow) -> None:
    """Let a ticket know what became of its command."""
    if command.ticket_id is None:
        return
    ticket = repository.get(conn, command.ticket_id, lock=True)
    if State(ticket.state) in TERMINAL:
        return
    device = desk.device_of(conn, ticket)
    situation = desk.situation(conn, device, ticket)
    decisions = rules.on_command_end(situation, command.name, command.state, command.reason)
    desk.carry_out(conn, device, ticket, decisions)


def end_overdue(desk: TicketDesk, conn: Connection, *, shortest_s: float) -> commands.CommandRow | None:
    """End one command whose time is over and let its ticket know; return it, None if there is none.

    Args:
        shortest_s: platform seconds that a sent command is given for its reply at least.
    """
    now = desk.clock.now()
    for command_id in commands.overdue(conn, now, shortest_s=shortest_s):
        lock(conn, command_id)
        over = commands.end_overdue(conn, command_id, now, shortest_s=shortest_s)
        if over is not None:
            ended(desk, conn, over)
            return over
    return None


def lock(conn: Connection, command_id: str) -> commands.CommandRow | None:
    """Return a command with its ticket locked, None if there is none: ticket first, then the rest."""
    try:
        command = commands.get(conn, command_id)
    except NotFoundError:
        return None
    if command.ticket_id is not None:
        repository.get(conn, command.ticket_id, lock=True)
    return command
