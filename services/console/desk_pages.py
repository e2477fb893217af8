"""The pages of the service desk: campaigns, inspections, the day's plan, figures."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from services.console.api_client import ApiProblemError
from services.console.context import Visit, VisitDep
from services.console.device_pages import read_arguments
from services.schemas import CommandDescription
from services.workbench_schemas import CampaignCommand
from zerodistance.catalogue.model import Command

router = APIRouter()
SPANS = (7, 30, 90, 365)
_FEW = 8


@router.get("/campaigns")
async def campaigns(visit: VisitDep) -> Response:
    """List the campaigns, open ones first."""
    return await visit.page(
        "campaigns.html",
        section="campaigns",
        campaigns=await visit.desk.api.campaigns(),
        types=_types(visit),
    )


@router.get("/campaigns/{campaign_id}")
async def campaign_page(
    visit: VisitDep, campaign_id: str, note: str = "", n: int = 0, left: int = 0
) -> Response:
    """Show a campaign: its appliances, what was done, and what can be done for all of them."""
    said = ""
    if note in ("told", "commanded", "closed"):
        said = visit.words(f"campaign.note_{note}", n=n)
        said += visit.words("campaign.note_left_out", n=left) if left else ""
    return await _campaign(visit, campaign_id, note=said)


@router.post("/campaigns/{campaign_id}/messages")
async def tell_all(visit: VisitDep, campaign_id: str) -> Response:
    """Tell the owners of all appliances that have not recovered."""
    form = await visit.form()
    words = {language: _text(form, f"words-{language}") for language in ("en", "zh")}
    words = {language: text[:500] for language, text in words.items() if text}
    if not words:
        problem = visit.words("campaign.say_something")
        return await _campaign(visit, campaign_id, status=422, problem=problem, typed=form)
    try:
        acted = await visit.desk.api.tell_all(campaign_id, words, seen_version(form), visit.session.name)
    except ApiProblemError as error:
        return await _refused(visit, campaign_id, error, form)
    return _done(campaign_id, "told", acted.reached, len(acted.left_out))


@router.post("/campaigns/{campaign_id}/commands")
async def command_all(visit: VisitDep, campaign_id: str) -> Response:
    """Tell all appliances that have not recovered to do something."""
    form = await visit.form()
    campaign = await visit.desk.api.campaign(campaign_id)
    kind = visit.desk.catalogue.get(campaign.type)
    name = _text(form, "name")
    try:
        if kind is None or name not in kind.commands:
            raise ValueError(visit.words("device.no_such_command"))
        arguments = read_arguments(_described(kind.commands[name]), form, visit.words)
        wish = CampaignCommand(name=name, arguments=arguments, version=seen_version(form))
        acted = await visit.desk.api.command_all(campaign_id, wish, visit.session.name)
    except ApiProblemError as error:
        return await _refused(visit, campaign_id, error, form)
    except ValueError as error:
        return await _campaign(visit, campaign_id, status=422, problem=str(error), typed=form)
    return _done(campaign_id, "commanded", acted.reached, len(acted.left_out))


@router.post("/campaigns/{campaign_id}/close")
async def close_campaign(visit: VisitDep, campaign_id: str) -> Response:
    """Close a campaign: owners hear that it is over, whoever still has the cause gets a ticket."""
    form = await visit.form()
    try:
        closed = await visit.desk.api.close_campaign(
            campaign_id, _text(form, "note")[:2000], seen_version(form), visit.session.name
        )
    except ApiProblemError as error:
        return await _refused(visit, campaign_id, error, form)
    return _done(campaign_id, "closed", closed.opened, 0)


@router.get("/inspections")
async def inspections(visit: VisitDep, device: str = "", note: str = "") -> Response:
    """List the latest measurements, and take one for the appliance that is chosen."""
    api, device = visit.desk.api, device.strip()[:64]
    found, chosen = [], None
    if device:
        found = (await api.devices(q=device, limit=_FEW)).items
        one = next((d for d in found if d.id == device), found[0] if len(found) == 1 else None)
        chosen = one
    kind = visit.desk.catalogue.get(chosen.type) if chosen else None
    return await visit.page(
        "inspections.html",
        section="inspections",
        inspections=await api.latest_inspections(),
        types=_types(visit),
        device=chosen,
        asked=device,
        found=found,
        faults={name: fault.title for name, fault in kind.faults.items()} if kind else {},
        note=visit.words("inspection.kept") if note == "measured" else "",
        problem="",
        typed={},
    )


@router.get("/plan")
async def plan(visit: VisitDep, day: str = "", engineer: str = "", waiting: str = "") -> Response:
    """Show the plan of a day: who goes where in which order, the way, and the parts in the van."""
    try:
        wanted = date.fromisoformat(day).isoformat() if day else ""
    except ValueError:
        wanted = ""
    too = waiting == "1"
    board, engineers = await asyncio.gather(
        visit.desk.api.board(day=wanted, engineer=engineer[:64], waiting=too), visit.desk.api.engineers()
    )
    kept = {"engineer": engineer[:64], "waiting": "1" if too else ""}
    keep = urlencode({key: value for key, value in kept.items() if value})
    return await visit.page(
        "plan.html",
        section="plan",
        board=board,
        engineers=engineers,
        chosen=engineer,
        waiting_too=too,
        before=board.day - timedelta(days=1),
        after=board.day + timedelta(days=1),
        keep=f"&{keep}" if keep else "",
        on_board={part: _part_title(visit, part) for route in board.routes for part in route.van},
    )


@router.get("/figures")
async def figures(visit: VisitDep, days: int = 30) -> Response:
    """Show the figures that matter, each with what it counts, and what is assumed."""
    days = days if days in SPANS else 30
    found = await visit.desk.api.figures(days)
    return await visit.page("figures.html", section="figures", figures=found, days=days, spans=SPANS)


async def _campaign(
    visit: Visit,
    campaign_id: str,
    *,
    status: int = 200,
    note: str = "",
    problem: str = "",
    conflict: int | None = None,
    typed: FormData | None = None,
) -> Response:
    api = visit.desk.api
    campaign, history = await asyncio.gather(api.campaign(campaign_id), api.campaign_history(campaign_id))
    # Whoever sees no single case sees sums.
    members = await api.members(campaign_id) if visit.session.may("tickets:read") else None
    kind = visit.desk.catalogue.get(campaign.type)
    return await visit.page(
        "campaign.html",
        section="campaigns",
        status=status,
        campaign=campaign,
        members=members,
        history=history,
        type_title=kind.title if kind else {"en": campaign.type},
        commands=kind.commands if kind else {},
        note=note,
        problem=problem,
        conflict=conflict is not None,
        changes=[line for line in reversed(history) if conflict is not None and line.version > conflict],
        typed=typed or {},
    )


async def _refused(visit: Visit, campaign_id: str, error: ApiProblemError, typed: FormData) -> Response:
    if error.status >= 500:
        raise error
    problem = visit.words.problem(error.problem, str(error))
    return await _campaign(
        visit,
        campaign_id,
        status=error.status,
        problem=problem,
        conflict=seen_version(typed) if error.status == 409 else None,
        typed=typed,
    )


def seen_version(form: FormData) -> int | None:
    """Return the version of the page that a form was sent from; None if it does not say one."""
    said = _text(form, "version")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def _done(campaign_id: str, note: str, reached: int, left: int) -> Response:
    query = urlencode({"note": note, "n": reached, **({"left": left} if left else {})})
    return RedirectResponse(f"/campaigns/{quote(campaign_id, safe='')}?{query}", 303)


def _described(command: Command) -> CommandDescription:
    arguments: dict[str, dict[str, Any]] = {
        name: {"type": one.type, "unit": one.unit, "range": one.range, "choices": one.choices}
        for name, one in command.arguments.items()
    }
    return CommandDescription(title=command.title, consent=command.consent, arguments=arguments)


def _part_title(visit: Visit, key: str) -> str:
    """Return what a part on board (``type.part``) is called."""
    kind, _, part = key.partition(".")
    appliance = visit.desk.catalogue.get(kind)
    if appliance is None or part not in appliance.parts:
        return key
    return visit.words.say(appliance.parts[part].title)


def _types(visit: Visit) -> dict[str, dict[str, str]]:
    return {name: kind.title for name, kind in visit.desk.catalogue.items()}


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
