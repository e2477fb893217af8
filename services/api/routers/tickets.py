"""Tickets: the inbox, one ticket, its evidence, and moving it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from services.api import views
from services.api.dependencies import (
    Caller,
    IfMatch,
    Platform,
    PlatformDep,
    TicketsReader,
    TicketsWriter,
)
from services.api.paging import decode_cursor, encode_cursor, moment, number
from services.api.unit import UnitRoute
from services.api.versions import check_seen, tag_version
from services.messages import repository as messages
from services.schemas import (
    ChangeTold,
    EvidencePlot,
    TicketMove,
    TicketPage,
    TicketPublic,
    TicketState,
    Urgency,
)
from services.tickets import evidence, listing, repository
from services.tickets.lifecycle import Details, State
from services.tickets.listing import Filters, Listed, Which
from services.tickets.since import changes_since
from zerodistance.store.database import Connection

router = APIRouter(route_class=UnitRoute, prefix="/tickets", tags=["tickets"])

_MOST_CHANNELS = 6
_KINDS: dict[Which, Sequence[Callable[[Any], Any]]] = {
    "open": (number, number, moment, number),
    "closed": (moment, number),
    "all": (moment, number),
}


@router.get("")
def list_tickets(
    platform: PlatformDep,
    caller: TicketsReader,
    state: Which = "open",
    device: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=100, description="a number, or part of a device's id or name")] = "",
    stage: Annotated[list[TicketState], Query(description="only in one of these states")] = [],  # noqa: B006
    urgency: Annotated[Urgency | Literal[""], Query()] = "",
    type: Annotated[str, Query(max_length=48, description="appliance type")] = "",
    region: Annotated[str, Query(max_length=200)] = "",
    origin: Annotated[str, Query(max_length=32, description="predicted, detected, fault_code, owner …")] = "",
    assignee: Annotated[str, Query(max_length=64, description="an engineer's id; none: nobody's yet")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> TicketPage:
    """Return a page of tickets, ordered by what matters (open) or the latest first."""
    after = decode_cursor(state, cursor, _KINDS[state])
    filters = Filters(q, tuple(stage), urgency, type, region, origin, assignee)
    with caller.transaction() as conn:
        found = listing.page(
            conn, caller.tenant, state, device=device, filters=filters, limit=limit + 1, after=after
        )
    items = [views.ticket_summary(platform.titles, listed) for listed in found[:limit]]
    following = encode_cursor(state, found[limit - 1].key) if len(found) > limit else None
    return TicketPage(items=items, next=following)


@router.get("/{ticket_id}")
def get_ticket(
    ticket_id: str, platform: PlatformDep, caller: TicketsReader, response: Response
) -> TicketPublic:
    """Return a whole ticket; its ETag is its version and a digest of what is said of it."""
    with caller.transaction() as conn:
        ticket = _whole(conn, platform, caller, ticket_id)
    tag_version(response, ticket.version, ticket)
    return ticket


@router.get("/{ticket_id}/evidence")
def get_evidence(ticket_id: str, platform: PlatformDep, caller: TicketsReader) -> EvidencePlot:
    """Return the series behind a ticket with the expected band, the most telling channel first."""
    with caller.transaction() as conn:
        listed = listing.one(conn, caller.tenant, ticket_id)
        appliance = platform.catalogue.get_type(listed.device.type)
        channels = [channel for channel in _channels(listed) if channel in appliance.channels]
        ticket = listed.ticket
        now = platform.clock.now()
        since = ticket.onset_at - evidence.BEFORE_ONSET
        until = min(ticket.closed_at + evidence.AFTER_END, now) if ticket.closed_at else now
        series = (
            evidence.read_series(
                conn,
                platform.titles,
                appliance,
                ticket.device_id,
                channels[:_MOST_CHANNELS],
                since,
                until,
                onset_at=ticket.onset_at,
            )
            if channels and since < until  # an appliance's clock may be ahead of ours
            else []
        )
    return EvidencePlot(ticket=ticket_id, series=series)


@router.post("/{ticket_id}/moves")
def move_ticket(
    ticket_id: str,
    move: TicketMove,
    platform: PlatformDep,
    caller: TicketsWriter,
    response: Response,
    if_match: IfMatch = None,
) -> TicketPublic:
    """Move a ticket. If somebody else changed it since, nothing is overwritten: 412 (If-Match) or 409
    (``version``) say by whom and what; 409 also for a move that the life cycle does not allow."""
    details = Details(
        note=move.note,
        assignee=move.assignee,
        visit_from=move.visit_from,
        visit_until=move.visit_until,
        outcome=move.outcome,
        outcome_cause=move.outcome_cause,
        parts_used=tuple(move.parts_used),
        minutes=move.minutes,
        merge_into=move.merge_into,
    )
    with caller.transaction() as conn:
        listing.one(conn, caller.tenant, ticket_id)  # another tenant's ticket is not found
        current = repository.get(conn, ticket_id, lock=True)

        def changes(since: int) -> list[ChangeTold]:
            return [ChangeTold.model_validate(asdict(line)) for line in changes_since(conn, ticket_id, since)]

        check_seen("ticket", current.version, move.version, if_match, changes)
        platform.desk.move(
            conn,
            ticket_id,
            current.version,
            State(move.to),
            details,
            roles=caller.capacities,
            actor=caller.actor,
        )
        ticket = _whole(conn, platform, caller, ticket_id)
    tag_version(response, ticket.version, ticket)
    return ticket


def _whole(conn: Connection, platform: Platform, caller: Caller, ticket_id: str) -> TicketPublic:
    listed = listing.one(conn, caller.tenant, ticket_id)
    return views.ticket_public(
        platform.titles,
        listed,
        repository.history(conn, ticket_id),
        messages.of_ticket(conn, ticket_id),
        caller.capacities,
    )


def _channels(listed: Listed) -> list[str]:
    """Return the channels of the evidence, the most telling first, each once."""
    telling = sorted(listed.finding.evidence, key=lambda e: -abs(e.score)) if listed.finding else []
    return list(dict.fromkeys(e.channel for e in telling))
