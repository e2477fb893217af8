"""Changes of tickets, told to webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.webhooks.events import TICKET_CHANGED, TICKET_CLOSED, TICKET_OPENED, emit
from zerodistance.store.database import Connection

if TYPE_CHECKING:
    from services.tickets.repository import Ticket

_ENDED = frozenset({"closed", "cancelled", "merged"})


def announce(
    conn: Connection, ticket: Ticket, from_state: str | None, actor: str, note: str, now: datetime
) -> bool:
    """Write the event of one line of a ticket's history; return whether somebody had asked for it.

    Args:
        conn: the transaction of the change.
        ticket: as it is now.
        from_state: before; None for one that was opened.
        actor: by whom.
        note: why.
        now: platform time.
    """
    ended = ticket.state in _ENDED and from_state not in _ENDED
    data = {
        "ticket": ticket.id,
        "number": ticket.number,
        "version": ticket.version,
        "state": ticket.state,
        "from_state": from_state,
        "actor": actor,
        "note": note,
        "device": ticket.device_id,
        "household": ticket.household_id,
        "region": ticket.region,
        "origin": ticket.origin,
        "cause": ticket.cause,
        "urgency": ticket.urgency,
        "part": ticket.part,
        "assignee": ticket.assignee,
        "resolve_by": ticket.resolve_by.isoformat() if ticket.resolve_by else None,
        "outcome": ticket.outcome,
        "outcome_cause": ticket.outcome_cause,
    }
    type = TICKET_OPENED if from_state is None else TICKET_CLOSED if ended else TICKET_CHANGED
    return emit(conn, ticket.tenant_id, type, f"{ticket.id}.{ticket.version}", now, data)
