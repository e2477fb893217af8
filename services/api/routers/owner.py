"""What an owner may do, with the token in the link that the owner was sent."""

from __future__ import annotations

from fastapi import APIRouter

from services.api import views
from services.api.dependencies import OwnerDep, Platform, PlatformDep
from services.api.unit import UnitRoute
from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.devices import repository as devices
from services.messages import repository as messages
from services.messages.channels import channel_names
from services.schemas import AnswerCreate, CommandPublic, MessagePublic, RatingCreate, RatingPublic
from services.service_schemas import OwnerCommandCreate, Remote, ReportCreate, ReportPublic
from services.tickets import reports
from services.tickets.repository import Device
from services.tickets.repository import device as read_device
from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection
from zerodistance.store.history import latest as latest_readings

router = APIRouter(route_class=UnitRoute, prefix="/owner/{token}", tags=["owner"])


@router.get("/messages")
def list_messages(owner: OwnerDep, platform: PlatformDep) -> list[MessagePublic]:
    """Return what the household was told, the latest first."""
    with owner.transaction() as conn:
        rows = messages.of_household(conn, owner.household)
    return [views.message_public(row) for row in rows]


@router.post("/messages/{message_id}/answer")
def post_answer(
    message_id: str, answer: AnswerCreate, owner: OwnerDep, platform: PlatformDep
) -> MessagePublic:
    """Answer a question; the same answer twice is taken once, another one is a conflict."""
    with owner.transaction() as conn:
        row = platform.desk.answer(conn, owner.household, message_id, answer.answer)
    return views.message_public(row)


@router.post("/tickets/{ticket_id}/rating")
def post_rating(ticket_id: str, rating: RatingCreate, owner: OwnerDep, platform: PlatformDep) -> RatingPublic:
    """Rate a service, 1 to 5."""
    with owner.transaction() as conn:
        scores = {str(aspect): score for aspect, score in rating.scores.items()}
        ticket = platform.desk.rate(conn, owner.household, ticket_id, rating.rating, scores)
    return RatingPublic(ticket=ticket.id, rating=ticket.rating or rating.rating)


@router.post("/devices/{device_id}/reports", status_code=201)
def post_report(device_id: str, report: ReportCreate, owner: OwnerDep, platform: PlatformDep) -> ReportPublic:
    """Say what is wrong: it opens a ticket, or joins the one that is open."""
    with owner.transaction() as conn:
        ticket = reports.owner_reports(platform.desk, conn, owner.household, device_id, report.words)
    return ReportPublic(ticket=ticket.id, number=ticket.number)


@router.get("/devices/{device_id}/remote")
def get_remote(device_id: str, owner: OwnerDep, platform: PlatformDep) -> Remote:
    """Return what an appliance was told last, and what it reports: they agree once it has obeyed."""
    with owner.transaction() as conn:
        device = _own(conn, owner.household, device_id)
        row = devices.get(conn, device.tenant_id, device_id)
        appliance = platform.catalogue.get(device.type)
        found = latest_readings(conn, appliance, device_id) if appliance is not None else None
        recent = commands.recent(conn, device_id, 20)
    desired: dict[str, object] = {}
    for command in reversed(recent):  # the latest word counts
        if command.state in ("queued", "sent", "done"):
            desired |= {key: value for key, value in command.arguments.items() if found and key in found[1]}
    return Remote(
        device=device_id,
        online=row.online,
        desired=desired,
        reported=found[1] if found else {},
        reported_at=found[0] if found else None,
        commands=[views.command_public(platform.titles, device.type, command) for command in recent],
    )


@router.post("/devices/{device_id}/commands", status_code=201)
def post_command(
    device_id: str, wish: OwnerCommandCreate, owner: OwnerDep, platform: PlatformDep
) -> CommandPublic:
    """Tell one's own appliance to do something, from anywhere: the wish is the consent."""
    with owner.transaction() as conn:
        device = _own(conn, owner.household, device_id)
        now = platform.clock.now()
        created = request_command(
            conn,
            platform.catalogue,
            device,
            wish.name,
            wish.arguments,
            requested_by=owner.actor,
            now=now,
            expires_at=commands.expiry(now, real_wait_s(platform.clock, wish.expires_in_s)),
            approved_by=owner.actor,
            channels=channel_names(platform.settings),
        )
    return _public(platform, device, created)


def _own(conn: Connection, household: str, device_id: str) -> Device:
    device = read_device(conn, device_id)
    if device is None or device.household_id != household or device.retired:
        raise NotFoundError(f"There is no appliance {device_id!r} in this household.")
    return device


def _public(platform: Platform, device: Device, row: commands.CommandRow) -> CommandPublic:
    return views.command_public(platform.titles, device.type, row)
