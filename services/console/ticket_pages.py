"""The inbox and the ticket page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.console.api_client import ApiProblemError
from services.console.charts import chart
from services.console.context import Visit, VisitDep
from services.console.inspecting import read_inspection
from services.console.preferences import saved_views
from services.console.presenting import (
    URGENCIES,
    VIEWS,
    bar_for,
    offered_moves,
    order_tickets,
    suited_first,
    told_apart_ms,
)
from services.console.words import ENGLISH, Words
from services.schemas import Series, TicketMove, TicketPublic

router = APIRouter()
_PAGE = 100
_NOTES = {"moved": "ticket.note_moved", "measured": "ticket.note_measured"}
_T = TypeVar("_T")


@router.get("/")
async def inbox(
    visit: VisitDep,
    view: str = "open",
    cursor: str = "",
    device: str = "",
    q: str = "",
    urgency: str = "",
    type: str = "",
    who: str = "",
) -> Response:
    """Show the tickets of one view, filtered, ordered by what matters."""
    if not visit.session.may("tickets:read"):  # product teams look at patterns, and into no single home
        places = bar_for(visit.session.may)
        return RedirectResponse(places[0].path if places else "/more", 303)
    view = view if view in VIEWS else "open"
    asked = {
        "q": q.strip()[:100],
        "urgency": urgency if urgency in URGENCIES else "",
        "type": type[:48],
        "who": who[:64],
    }
    states, which = VIEWS[view]
    filters = {key: value for key, value in asked.items() if key != "who"} | {"assignee": asked["who"]}
    page, engineers = await asyncio.gather(
        visit.desk.api.tickets(
            which, device=device, limit=_PAGE, cursor=cursor, stage=sorted(states), **filters
        ),
        visit.desk.api.engineers(),
    )
    query = urlencode({"view": view, **({"device": device} if device else {}), **_given(asked)})
    saved = saved_views(visit.request)
    return await visit.page(
        "inbox.html",
        section="tickets",
        view=view,
        tickets=order_tickets(page.items),
        following=page.next,
        cursor=cursor,
        device=device,
        asked=asked,
        filtered=bool(_given(asked)),
        query=query,
        saved=list(saved.items()),
        chosen_saved=next((name for name, kept in saved.items() if kept == query), ""),
        types={name: kind.title for name, kind in visit.desk.catalogue.items()},
        people={engineer.id: engineer.name for engineer in engineers},
    )


def _given(asked: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in asked.items() if value}


@router.get("/tickets/{ticket_id}")
async def ticket_page(visit: VisitDep, ticket_id: str, note: str = "") -> Response:
    """Show a ticket with its evidence, its history and the moves that are possible now."""
    return await _ticket(visit, ticket_id, note=visit.words(_NOTES[note]) if note in _NOTES else "")


@router.post("/tickets/{ticket_id}/move")
async def move_ticket(visit: VisitDep, ticket_id: str) -> Response:
    """Move a ticket on; a conflict says who changed it meanwhile, and keeps what was typed."""
    form = await visit.form()
    try:
        move = read_move(form, visit.zone, visit.words)
    except ValueError as error:
        return await _ticket(visit, ticket_id, status=422, problem=str(error), typed=form)
    try:
        await visit.desk.api.move(ticket_id, move, visit.session.name)
    except ApiProblemError as error:
        if error.status == 409:
            said = visit.words.problem(error.problem, str(error))
            return await _ticket(visit, ticket_id, status=409, conflict=move, problem=said, typed=form)
        if error.status in (400, 403, 404, 422):
            said = visit.words.problem(error.problem, str(error))
            return await _ticket(visit, ticket_id, status=error.status, problem=said, typed=form)
        raise
    return RedirectResponse(f"/tickets/{quote(ticket_id, safe='')}?note=moved", 303)


@router.post("/tickets/{ticket_id}/inspections")
async def measure(visit: VisitDep, ticket_id: str) -> Response:
    """Enter a technician's measurement: it joins the evidence of the ticket."""
    form = await visit.form()
    ticket = await visit.desk.api.ticket(ticket_id)
    try:
        wish = read_inspection(form, visit.words)
        await visit.desk.api.inspect(ticket.device.id, wish, visit.session.name)
    except ValueError as error:
        return await _ticket(visit, ticket_id, status=422, problem=str(error), typed=form)
    except ApiProblemError as error:
        if error.status >= 500:
            raise
        said = visit.words.problem(error.problem, str(error))
        return await _ticket(visit, ticket_id, status=error.status, problem=said, typed=form)
    return RedirectResponse(f"/tickets/{quote(ticket_id, safe='')}?note=measured", 303)


def read_move(form: FormData, zone: ZoneInfo, words: Words = ENGLISH) -> TicketMove:
    """Read the move form; times are on the wall clock of ``zone``, an offered window is an instant.

    Raises:
        ValueError: with the sentence that says which field to correct.
    """
    version, minutes = _text(form, "version"), _text(form, "minutes")
    if not version.isdigit():
        raise ValueError(words("ticket.incomplete"))
    if minutes and not minutes.isdigit():
        raise ValueError(words("ticket.bad_minutes"))
    assignee, begin, until = _window(form, zone, words)
    try:
        return TicketMove(
            version=int(version),
            to=_text(form, "to"),  # checked by the model
            note=_text(form, "note"),
            assignee=assignee,
            visit_from=begin,
            visit_until=until,
            outcome=_text(form, "outcome"),  # checked by the model
            outcome_cause=_text(form, "outcome_cause"),
            parts_used=[str(part) for part in form.getlist("parts_used") if part],
            minutes=int(minutes) if minutes else None,
            **({"merge_into": _text(form, "merge_into")} if _text(form, "merge_into") else {}),
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]).replace("_", " ") if first["loc"] else "the form"
        raise ValueError(words("ticket.bad_field", field=field, why=first["msg"].lower())) from error


def _window(
    form: FormData, zone: ZoneInfo, words: Words
) -> tuple[str | None, datetime | None, datetime | None]:
    """Return engineer, beginning and end: of the proposal that was chosen, else as they were typed."""
    offer = _text(form, "offer").split("|")
    if len(offer) == 3:
        try:
            moments = [datetime.fromisoformat(part) for part in offer[1:]]
        except ValueError as error:
            raise ValueError(words("ticket.incomplete")) from error
        return offer[0], moments[0], moments[1]
    begin, until = (_moment(_text(form, name), zone, words) for name in ("visit_from", "visit_until"))
    return _text(form, "assignee") or None, begin, until


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
    api = visit.desk.api
    ticket, plot, engineers, similar = await asyncio.gather(
        api.ticket(ticket_id),
        optional(api.evidence(ticket_id)),
        api.engineers(),
        optional(api.similar(ticket_id)),
    )
    inspections, windows = await asyncio.gather(
        optional(api.inspections(ticket.device.id)),
        optional(api.windows(ticket_id)) if "planned" in ticket.moves else _nothing(),
    )
    kind = visit.desk.catalogue.get(ticket.device.type)
    return await visit.page(
        "ticket.html",
        section="tickets",
        status=status,
        about=ticket_id,
        ticket=ticket,
        plots=[_plot(series, visit) for series in plot.series] if plot else None,
        moves=offered_moves(ticket.state, list(ticket.moves), visit.words),
        windows=windows or [],
        similar=similar,
        inspections=[one for one in inspections or [] if one.ticket_id == ticket.id],
        faults={name: fault.title for name, fault in kind.faults.items()} if kind else {},
        parts={name: part.title for name, part in kind.parts.items()} if kind else {},
        engineers=suited_first(engineers, ticket),
        names={engineer.id: engineer.name for engineer in engineers},
        note=note,
        problem=problem,
        conflict=conflict,
        changes=_changes_since(ticket, conflict.version or 0) if conflict else [],
        typed=typed or {},
        propose=proposed_window,
        apart=told_apart_ms(ticket.messages, visit.desk.rate),
        # The newest event first, the owner's side of it before the engineer's.
        messages=sorted(ticket.messages, key=lambda m: (-m.created_at.timestamp(), m.audience != "owner")),
    )


async def optional(asked: Awaitable[_T]) -> _T | None:
    """Return an answer, or None where there is none for this caller: the page is worth showing without."""
    try:
        return await asked
    except ApiProblemError as error:
        if error.status in (403, 404, 501, 503):
            return None
        raise


async def _nothing() -> None:
    return None


def _plot(series: Series, visit: Visit) -> dict[str, Any]:
    zone, words = visit.zone, visit.words
    return {
        "series": series,
        "wide": chart(series, zone=zone, words=words, ident=f"w-{series.channel}"),
        "narrow": chart(series, zone=zone, words=words, width=360, height=216, ident=f"n-{series.channel}"),
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


def _moment(text: str, zone: ZoneInfo, words: Words) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise ValueError(words("ticket.bad_moment")) from error
