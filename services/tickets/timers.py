"""What comes due for a ticket: the end of a wait, a warning, a breach."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import structlog

from services.tickets import repository, ringing, rules
from services.tickets.levels import CLOCK_KINDS, ESCALATE, RESOLVE_BREACH, RESPOND_BREACH
from services.tickets.repository import Device, Ticket
from services.tickets.shared import TicketDesk
from zerodistance.errors import UnavailableError
from zerodistance.store.database import Connection

# Platform time after which a timer that could not be acted on comes again.
_POSTPONED = timedelta(minutes=10)
_log = structlog.get_logger(__name__)


def fire_due(desk: TicketDesk, conn: Connection) -> bool:
    """Take one timer that is due and do what it was set for; return whether there was one.

    A timer that cannot be acted on is said so in the log and comes again later: it must not hold up
    the others.
    """
    now = desk.clock.now()
    due = repository.take_due_timer(conn, now)
    if due is None:
        return False
    try:
        with conn.transaction():
            if repository.end_timer(conn, due.id, now):
                _fire(desk, conn, due)
    except (psycopg.OperationalError, UnavailableError):
        raise
    except Exception:
        _log.exception("tickets.timer_failed", timer=due.kind, ticket=due.ticket_id)
        repository.postpone_timer(conn, due.id, now + _POSTPONED)
    return True


def _fire(desk: TicketDesk, conn: Connection, due: repository.DueTimer) -> None:
    ticket = repository.get(conn, due.ticket_id, lock=True)
    device = desk.device_of(conn, ticket)
    if due.kind in CLOCK_KINDS:
        _ring(desk, conn, device, ticket, due.kind)
        return
    if ticket.state != due.state:
        return  # it has moved on since
    situation = desk.situation(conn, device, ticket)
    desk.carry_out(conn, device, ticket, rules.on_timer(situation, rules.Wait(due.kind)))


def _ring(desk: TicketDesk, conn: Connection, device: Device, ticket: Ticket, kind: str) -> None:
    """Warn people of a deadline, or escalate one that was missed; the timers say that it still runs."""
    now = desk.clock.now()
    breached = kind in (RESPOND_BREACH, RESOLVE_BREACH, ESCALATE)
    level = ringing.next_level(ticket, desk.policy.escalation) if breached else ticket.escalation
    changes = {"escalation": level} if breached else {}
    note = ringing.note_of(kind, ticket, level)
    ticket = desk.keep(conn, device, ticket, changes, actor="platform", note=note, now=now)
    ringing.tell(conn, device, ticket, kind, now=now, channels=desk.channels)
