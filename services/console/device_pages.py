"""The fleet, one appliance, and the devices that wait to be claimed."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.console.api_client import ApiProblemError
from services.console.charts import chart, sparkline
from services.console.context import Visit, VisitDep
from services.console.inspecting import read_inspection
from services.console.presenting import Tone, order_tickets, say_reading
from services.console.ticket_pages import optional
from services.console.words import ENGLISH, Words
from services.devices.proposing import propose
from services.schemas import (
    ChannelPublic,
    CommandCreate,
    CommandDescription,
    DeviceClaim,
    DeviceDetail,
    Series,
)

router = APIRouter()
HOURS = (6, 24, 72, 168)
# What the claim form says of a reading that is left to its name and unit, and of one that nobody wants.
AUTOMATIC, IGNORED = "", "-"
_MAP = "map-"
_NOTES = {"sent": "device.note_sent", "measured": "inspection.kept"}


@router.get("/devices")
async def fleet(visit: VisitDep, q: str = "", type: str = "", cursor: str = "") -> Response:
    """List appliances, searched by name or id and filtered by type."""
    page = await visit.desk.api.devices(q=q.strip()[:100], kind=type, limit=100, cursor=cursor)
    return await visit.page(
        "fleet.html",
        section="devices",
        devices=page.items,
        following=page.next,
        q=q,
        type=type,
        cursor=cursor,
        types={name: kind.title for name, kind in visit.desk.catalogue.items()},
    )


@router.get("/devices/{device_id}")
async def device_page(
    visit: VisitDep, device_id: str, channel: str = "", hours: int = 24, note: str = ""
) -> Response:
    """Show an appliance: readings, one channel's course, tickets, commands."""
    said = visit.words(_NOTES[note]) if note in _NOTES else ""
    return await _device(visit, device_id, channel, hours, note=said)


@router.post("/devices/{device_id}/commands")
async def send_command(visit: VisitDep, device_id: str) -> Response:
    """Tell an appliance to do something, with the arguments that its catalogue asks for."""
    form = await visit.form()
    device = await visit.desk.api.device(device_id)
    name = str(form.get("name", ""))
    description = device.commands.get(name)
    try:
        if description is None:
            raise ValueError(visit.words("device.no_such_command"))
        command = CommandCreate(name=name, arguments=read_arguments(description, form, visit.words))
        await visit.desk.api.command(device_id, command, visit.session.name)
    except (ValueError, ApiProblemError) as error:
        if isinstance(error, ApiProblemError) and error.status >= 500:
            raise
        status = error.status if isinstance(error, ApiProblemError) else 422
        said = (
            str(error)
            if not isinstance(error, ApiProblemError)
            else visit.words.problem(error.problem, str(error))
        )
        return await _device(visit, device_id, "", 24, status=status, problem=said)
    return RedirectResponse(f"/devices/{quote(device_id, safe='')}?note=sent#commands", 303)


@router.post("/devices/{device_id}/inspections")
async def measure(visit: VisitDep, device_id: str) -> Response:
    """Enter a technician's measurement: it joins the open ticket's evidence, or opens one."""
    form = await visit.form()
    try:
        await visit.desk.api.inspect(device_id, read_inspection(form, visit.words), visit.session.name)
    except (ValueError, ApiProblemError) as error:
        if not isinstance(error, ApiProblemError):
            return await _device(visit, device_id, "", 24, status=422, problem=str(error), typed=form)
        if error.status >= 500:
            raise
        said = visit.words.problem(error.problem, str(error))
        return await _device(visit, device_id, "", 24, status=error.status, problem=said, typed=form)
    if _text(form, "back") == "inspections":
        return RedirectResponse("/inspections?note=measured", 303)
    return RedirectResponse(f"/devices/{quote(device_id, safe='')}?note=measured", 303)


@router.get("/unclaimed")
async def unclaimed(visit: VisitDep, note: str = "") -> Response:
    """List the devices that publish and are nobody's yet."""
    return await _unclaimed(visit, note=visit.words("claim.note", id=note[:64]) if note else "")


@router.post("/unclaimed/{device_id}/claim")
async def claim(visit: VisitDep, device_id: str) -> Response:
    """Adopt a device."""
    form = await visit.form()
    if form.get("show"):  # another type was chosen: its channels are wanted before anything is claimed
        return await _unclaimed(visit, failed=device_id, typed=form)
    try:
        wish = DeviceClaim(
            type=_text(form, "type"),
            household_id=_text(form, "household_id") or None,
            name=_text(form, "name"),
            model=_text(form, "model"),
            mapping=_read_mapping(form),
        )
        await visit.desk.api.claim(device_id, wish, visit.session.name)
    except (ValidationError, ApiProblemError) as error:
        if isinstance(error, ApiProblemError) and error.status >= 500:
            raise
        status = error.status if isinstance(error, ApiProblemError) else 422
        sentence = (
            visit.words.problem(error.problem, str(error))
            if isinstance(error, ApiProblemError)
            else visit.words("claim.choose_type")
        )
        return await _unclaimed(visit, status=status, problem=sentence, failed=device_id, typed=form)
    visit.desk.forget_counts()
    return RedirectResponse(f"/unclaimed?note={quote(device_id, safe='')}", 303)


def read_arguments(description: CommandDescription, form: FormData, words: Words = ENGLISH) -> dict[str, Any]:
    """Read a command's arguments as the catalogue describes them.

    Raises:
        ValueError: with the sentence that says which one to correct.
    """
    values: dict[str, Any] = {}
    for name, argument in description.arguments.items():
        text = _text(form, f"argument-{name}")
        said = words.named("argument", name)
        if argument.get("type") == "boolean":
            values[name] = text == "on"
        elif argument.get("type") == "number":
            try:
                number = float(text.replace(",", "."))
            except ValueError as error:
                raise ValueError(words("device.bad_number", what=said)) from error
            low, high = argument.get("range") or (float("-inf"), float("inf"))
            if not low <= number <= high:  # also refuses nan
                why = words("device.bad_range", what=said.capitalize(), low=f"{low:g}", high=f"{high:g}")
                raise ValueError(why)
            values[name] = int(number) if number.is_integer() else number
        else:
            choices = argument.get("choices") or ()
            if choices and text not in choices:
                raise ValueError(words("device.bad_choice", what=said))
            values[name] = text
    return values


def reading_tone(channel: ChannelPublic, value: float | None) -> Tone:
    """Return the tone of a latest value: outside its normal range is a warning."""
    if value is None or channel.normal is None:
        return "neutral"
    return "ok" if channel.normal[0] <= value <= channel.normal[1] else "warn"


async def _device(
    visit: Visit,
    device_id: str,
    channel: str,
    hours: int,
    *,
    status: int = 200,
    note: str = "",
    problem: str = "",
    typed: FormData | None = None,
) -> Response:
    api = visit.desk.api
    (device, tickets, insights), (health, timeline, inspections, credentials) = await asyncio.gather(
        asyncio.gather(
            api.device(device_id), api.tickets("all", device=device_id, limit=20), api.insights(device_id)
        ),
        asyncio.gather(
            optional(api.health(device_id)),
            optional(api.timeline(device_id)),
            optional(api.inspections(device_id)),
            optional(api.credentials(device_id)),
        ),
    )
    kind = visit.desk.catalogue.get(device.type)
    zone, words = visit.zone, visit.words
    hours = hours if hours in HOURS else 24
    names = list(device.channels)
    chosen = channel if channel in device.channels else _first_telling(device.channels, device.latest)
    courses = await asyncio.gather(*(_course(visit, device_id, name, hours) for name in names))
    series = dict(zip(names, courses, strict=True))
    plot = series.get(chosen)
    return await visit.page(
        "device.html",
        section="devices",
        status=status,
        about=device_id,
        device=device,
        tickets=order_tickets(tickets.items),
        chosen=chosen,
        hours=hours,
        spans=HOURS,
        plot=plot,
        wide=chart(plot, zone=zone, words=words, ident="w") if plot else None,
        narrow=chart(plot, zone=zone, words=words, width=360, height=216, ident="n") if plot else None,
        sparks={name: sparkline(course) for name, course in series.items() if course},
        readings=_readings(visit, device),
        insights=insights[:3],
        health=health,
        timeline=timeline or [],
        inspections=inspections or [],
        credentials=credentials,
        faults={name: fault.title for name, fault in kind.faults.items()} if kind else {},
        typed=typed or {},
        tones={n: reading_tone(c, device.latest.get(n)) for n, c in device.channels.items()},
        owner_link=_owner_link(visit, device.owner_link),
        note=note,
        problem=problem,
    )


async def _course(visit: Visit, device_id: str, channel: str, hours: int) -> Series | None:
    """Return a channel's course, or None where there is none: the other channels are worth showing."""
    try:
        return await visit.desk.api.series(device_id, channel, hours)
    except ApiProblemError as error:
        if error.status in (404, 422):
            return None
        raise


def _readings(visit: Visit, device: DeviceDetail) -> dict[str, str]:
    kind = visit.desk.catalogue.get(device.type)
    known = kind.channels if kind else {}
    return {
        name: say_reading(
            device.latest.get(name),
            channel.unit,
            known[name].device_class if name in known else "",
            switch=name in known and known[name].storage == "boolean",
            words=visit.words,
        )
        for name, channel in device.channels.items()
    }


def _first_telling(channels: dict[str, ChannelPublic], latest: dict[str, float | None]) -> str:
    """Return the first channel that is not as it should be, else the first with a normal range."""
    for name, channel in channels.items():
        if reading_tone(channel, latest.get(name)) == "warn":
            return name
    return next((n for n, c in channels.items() if c.normal), next(iter(channels), ""))


def _owner_link(visit: Visit, link: str) -> str:
    """Return the owner's page as a whole address; nothing but http(s) becomes a link."""
    if link.startswith("/"):
        return visit.desk.settings.api_url.rstrip("/") + link
    return link if urlsplit(link).scheme in ("http", "https") else ""


async def _unclaimed(
    visit: Visit,
    *,
    status: int = 200,
    note: str = "",
    problem: str = "",
    failed: str = "",
    typed: FormData | None = None,
) -> Response:
    devices = await visit.desk.api.unclaimed()
    catalogue = visit.desk.catalogue
    chosen = {d.id: (_text(typed, "type") if typed and d.id == failed else d.guessed_type) for d in devices}
    return await visit.page(
        "unclaimed.html",
        section="unclaimed",
        status=status,
        devices=devices,
        chosen=chosen,
        readings={d.id: propose(d.sample, catalogue.get(chosen[d.id])) for d in devices},
        channels={
            name: {key: channel.title for key, channel in catalogue[name].channels.items()}
            for name in set(chosen.values())
            if name in catalogue
        },
        types={name: visit.words.say(kind.title) for name, kind in visit.desk.catalogue.items()},
        note=note,
        problem=problem,
        failed=failed,
        typed=typed or {},
    )


def _read_mapping(form: FormData) -> dict[str, str]:
    """Return what was chosen for the readings; those left to their name and unit are not among it."""
    chosen = {}
    for field, value in form.multi_items():
        if field.startswith(_MAP) and isinstance(value, str) and value != AUTOMATIC:
            chosen[field.removeprefix(_MAP)] = "" if value == IGNORED else value
    return chosen


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
