"""The inbox and the ticket page."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.console.api_client import ApiProblemError
from services.console.charts import chart
from services.console.context import Visit, VisitDep
from services.console.presenting import VIEWS, offered_moves, order_tickets, suited_first, told_apart_ms
from services.schemas import EvidencePlot, Series, TicketMove, TicketPublic, TicketSummary

router = APIRouter()
_PAGE = 100
# A filtered view reads on until it is filled, or this many pages were read.
_MOST_PAGES = 5
_NOTES = {"moved": "Done. The ticket has moved on."}


@router.get("/")
async def inbox(visit: VisitDep, view: str = "open", cursor: str = "", device: str = "") -> Response:
    """Show the tickets of one view, ordered by what matters."""
    view = view if view in VIEWS else "open"
    tickets, following = await _read_view(visit, view, cursor, device)
    return await visit.page(
        "inbox.html",
        section="tickets",
        view=view,
        tickets=order_tickets(tickets),
        following=following,
        cursor=cursor,
        device=device,
    )


@router.get("/tickets/{ticket_id}")
async def ticket_page(visit: VisitDep, ticket_id: str, note: str = "") -> Response:
    """Show a ticket with its evidence, its history and the moves that are possible now."""
    return await _ticket(visit, ticket_id, note=_NOTES.get(note, ""))


@router.post("/tickets/{ticket_id}/move")
async def move_ticket(visit: VisitDep, ticket_id: str) -> Response:
    """Move a ticket on; a conflict says who changed it meanwhile, and keeps what was typed."""
    form = await visit.form()
    try:
        move = read_move(form, visit.zone)
    except ValueError as error:
        return await _ticket(visit, ticket_id, status=422, problem=str(error), typed=form)
    try:
        await visit.desk.api.move(ticket_id, move, visit.session.name)
    except ApiProblemError as error:
        if error.status == 409:
            return await _ticket(visit, ticket_id, status=409, conflict=move, problem=str(error), typed=form)
        if error.status in (400, 404, 422):
            return await _ticket(visit, ticket_id, status=error.status, problem=str(error), typed=form)
        raise
    return RedirectResponse(f"/tickets/{quote(ticket_id, safe='')}?note=moved", 303)


def read_move(form: FormData, zone: ZoneInfo) -> TicketMove:
    """Read the move form; times are on the wall clock of ``zone``.

    Raises:
        ValueError: with the sentence that says which field to correct.
    """
    version, minutes = _text(form, "version"), _text(form, "minutes")
    if not version.isdigit():
        raise ValueError("This form is not complete. Reload the ticket and send it again.")
    if minutes and not minutes.isdigit():
        raise ValueError("Minutes at work must be a whole number, for example 45.")
    try:
        return TicketMove(
            version=int(version),
            to=_text(form, "to"),  # checked by the model
            note=_text(form, "note"),
            assignee=_text(form, "assignee") or None,
            visit_from=_moment(_text(form, "visit_from"), zone),
            visit_until=_moment(_text(form, "visit_until"), zone),
            outcome=_text(form, "outcome"),  # checked by the model
            outcome_cause=_text(form, "outcome_cause"),
            parts_used=[str(part) for part in form.getlist("parts_used") if part],
            minutes=int(minutes) if minutes else None,
            **({"merge_into": _text(form, "merge_into")} if _text(form, "merge_into") else {}),
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]).replace("_", " ") if first["loc"] else "the form"
        raise ValueError(f"Please correct {field}: {first['msg'].lower()}.") from error


async def _read_view(
    visit: Visit, view: str, cursor: str, device: str
) -> tuple[list[TicketSummary], str | None]:
    _, states, asked = VIEWS[view]
    tickets: list[TicketSummary] = []
    following: str | None = cursor
    for _ in range(_MOST_PAGES if states else 1):
        page = await visit.desk.api.tickets(asked, device=device, limit=_PAGE, cursor=following or "")
        tickets += [t for t in page.items if not states or t.state in states]
        following = page.next
        if following is None or len(tickets) >= _PAGE:
            break
    return tickets, following


async def _ticket(
    visit: Visit,
    ticket_id: str,
    *,
    status: int = 200,
    note: str = "",
    problem: str = "",
    conflict: TicketMove | None = None,
    typed: FormData | None = None,
) -> Response:
    ticket, plot, engineers = await asyncio.gather(
        visit.desk.api.ticket(ticket_id), _evidence(visit, ticket_id), visit.desk.api.engineers()
    )
    kind = visit.desk.catalogue.get(ticket.device.type)
    return await visit.page(
        "ticket.html",
        section="tickets",
        status=status,
        ticket=ticket,
        plots=_draw(plot, visit.zone) if plot else None,
        moves=offered_moves(ticket.state, list(ticket.moves)),
        faults={name: fault.title for name, fault in kind.faults.items()} if kind else {},
        parts={name: part.title for name, part in kind.parts.items()} if kind else {},
        engineers=suited_first(engineers, ticket),
        names={engineer.id: engineer.name for engineer in engineers},
        note=note,
        problem=problem,
        conflict=conflict,
        changes=_changes_since(ticket, conflict.version) if conflict else [],
        typed=typed or {},
        propose=proposed_window,
        apart=told_apart_ms(ticket.messages, visit.desk.rate),
        # The newest event first, the owner's side of it before the engineer's.
        messages=sorted(ticket.messages, key=lambda m: (-m.created_at.timestamp(), m.audience != "owner")),
    )


async def _evidence(visit: Visit, ticket_id: str) -> EvidencePlot | None:
    """Return the plots, or None where the ticket has none: the page is worth showing without."""
    try:
        return await visit.desk.api.evidence(ticket_id)
    except ApiProblemError as error:
        if error.status in (404, 501, 503):
            return None
        raise


def _draw(plot: EvidencePlot, zone: ZoneInfo) -> list[dict[str, Any]]:
    return [_plot(series, zone) for series in plot.series]


def _plot(series: Series, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "series": series,
        "wide": chart(series, zone=zone, ident=f"w-{series.channel}"),
        "narrow": chart(series, zone=zone, width=360, height=216, ident=f"n-{series.channel}"),
        "banded": any(low is not None for low in series.low),
    }


def _changes_since(ticket: TicketPublic, version: int) -> list[Any]:
    return sorted((h for h in ticket.history if h.version > version), key=lambda h: h.version)


def proposed_window(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a visit window to propose: from a whole hour two hours ahead, in working hours, 2 h long."""
    here = (now.astimezone(zone) + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    if here.hour >= 17:
        here += timedelta(days=1)
    if not 8 <= here.hour < 17:
        here = here.replace(hour=9)
    return here, here + timedelta(hours=2)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise ValueError("The visit's beginning and end must be a date and a time.") from error
