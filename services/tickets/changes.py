"""Which columns of a ticket a move sets: what a person gave, and what follows whoever moves it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.tickets import engineers, repository
from services.tickets.levels import TicketClock
from services.tickets.lifecycle import TERMINAL, Details, State
from services.tickets.repository import Ticket
from zerodistance.catalogue.model import ApplianceType
from zerodistance.errors import InvalidMessageError
from zerodistance.store.database import Connection

_LONGEST_MINUTES = 10_000
# Going on from here, a ticket starts anew.
REOPENABLE = frozenset({State.RESOLVED, State.VERIFIED, State.CLOSED, State.CANCELLED})


def changes_of_move(
    conn: Connection, appliance: ApplianceType, ticket: Ticket, to: State, details: Details
) -> dict[str, Any]:
    """Return the columns that a person's move sets.

    Raises:
        InvalidMessageError: an engineer, fault or ticket is named that does not exist.
    """
    changes: dict[str, Any] = {"state": to.value}
    if details.assignee:
        if not engineers.exists(conn, ticket.tenant_id, details.assignee):
            raise InvalidMessageError("wrong_shape", f"There is no engineer {details.assignee!r}.")
        changes["assignee"] = details.assignee
    if to is State.PLANNED:
        changes |= {"visit_from": details.visit_from, "visit_until": details.visit_until}
    if to is State.RESOLVED:
        minutes = (ticket.minutes or 0) + (details.minutes or 0)  # of all visits
        changes |= {
            "outcome": details.outcome,
            "outcome_cause": _outcome_cause(appliance, ticket, details),
            "parts_used": [*ticket.parts_used, *details.parts_used],
            "minutes": min(minutes, _LONGEST_MINUTES),
        }
    elif details.outcome and not (to is State.CANCELLED and details.outcome == "cancelled"):
        raise InvalidMessageError("wrong_shape", "An outcome is given when a ticket is resolved.")
    if to is State.MERGED and details.campaign:
        changes["campaign_id"] = details.campaign  # its foreign key says whether there is such a campaign
    elif to is State.MERGED:
        target = repository.get(conn, str(details.merge_into))
        if State(target.state) in TERMINAL or target.id == ticket.id or target.tenant_id != ticket.tenant_id:
            raise InvalidMessageError("wrong_shape", "A ticket is merged into another one that is open.")
        changes["merged_into"] = target.id
    return changes


def consequences(ticket: Ticket, to: State, now: datetime, clock: TicketClock) -> dict[str, Any]:
    """Return the columns that follow from a move, whoever makes it; ``clock`` is the ticket's."""
    changes = clock.moved(ticket, to, now)
    if to is State.RESOLVED:
        changes["resolved_at"] = now
    if to in TERMINAL:
        changes["closed_at"] = now
    if to is State.CANCELLED:
        changes["outcome"] = "cancelled"
    if to is State.ON_SITE:
        changes |= {"visit_from": None, "visit_until": None}
        if State(ticket.state) in REOPENABLE:
            changes |= {
                **clock.opened(ticket.urgency, now, warranty=ticket.warranty),
                "outcome": "",
                "outcome_cause": "",
                "visit_avoided": False,
                "resolved_at": None,
                "closed_at": None,
            }
    return changes


def _outcome_cause(appliance: ApplianceType, ticket: Ticket, details: Details) -> str:
    if details.outcome == "no_fault_found":
        return ""
    cause = details.outcome_cause or (ticket.cause if details.outcome == "confirmed" else "")
    if cause not in appliance.faults:
        raise InvalidMessageError(
            "wrong_shape",
            f"{cause or 'Nothing'!r} is not a fault of a {appliance.type}: "
            f"choose {', '.join(sorted(appliance.faults))}.",
        )
    return cause
