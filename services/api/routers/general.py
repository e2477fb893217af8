"""The overview, insights, live changes and health."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from services.accounts.identity import identify
from services.accounts.roles import Permission
from services.accounts.scope import Scope
from services.accounts.tokens import access_token
from services.api.dependencies import ChangesReader, InsightsReader, OverviewReader, PlatformDep, ProbeDep
from services.api.unit import UnitRoute
from services.insights import reading
from services.overview import figures
from services.schemas import Health, InsightPublic, Overview
from zerodistance.errors import UnauthenticatedError, UnavailableError

router = APIRouter(route_class=UnitRoute, tags=["general"])
_EVENT = 'id: 48213\nevent: ticket\ndata: {"id":"4f1c0d9e","version":3,"state":"on_site"}\n\n'
open_router = APIRouter(route_class=UnitRoute, tags=["general"])


@router.get("/overview")
def get_overview(platform: PlatformDep, caller: OverviewReader) -> Overview:
    """Return the figures on top of the console, and the platform's time."""
    now = platform.clock.now()
    with caller.transaction() as conn:
        found = figures(conn, caller.tenant, now, platform.clock.rate)
    return Overview(**asdict(found), now=now)


@router.get("/insights")
def list_insights(
    platform: PlatformDep,
    caller: InsightsReader,
    device: Annotated[str, Query(max_length=64)] = "",
    household: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[InsightPublic]:
    """Return what is worth knowing about how appliances are used, the latest first."""
    with caller.transaction() as conn:
        rows = reading.listing(conn, caller.tenant, device=device, household=household, limit=limit)
    return [
        InsightPublic(
            id=row.id,
            device_id=row.device_id,
            kind=row.kind,
            day=row.day.isoformat(),
            body=row.body,
            figures=row.figures,
        )
        for row in rows
    ]


@router.get(
    "/changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EVENT}},
            "description": "server-sent events",
        }
    },
)
async def get_changes(
    platform: PlatformDep,
    caller: ChangesReader,
    last_event_id: Annotated[
        str, Header(max_length=64, description="id of the last change that was seen, to go on behind it")
    ] = "",
) -> StreamingResponse:
    """Stream changes as server-sent events.

    ``event`` is ticket, message or device, ``data`` a JSON object with its id, ``id`` the number to resume
    from; an engineer hears of the own region and the own tickets. ``ready`` comes first. A reader that lost
    its connection sends ``Last-Event-ID`` and is given what it missed within the last hour, and perhaps some
    that it saw; ``resync`` says that something was missed and cannot be given: read everything again. A
    comment every 15 seconds keeps the line open.
    """
    platform.hub.check_room()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    session = caller.identity.session

    def standing() -> Scope | None:
        try:
            with platform.unscoped() as conn:
                now = identify(conn, platform.settings, access_token(platform.settings, session))
        except UnauthenticatedError:
            return None
        except UnavailableError:
            return caller.identity.scope  # nothing changes meanwhile, so nothing is told
        return now.scope if Permission.CHANGES_READ in now.permissions else None

    stream = platform.hub.stream(caller.identity.scope, last_event_id, standing if session else None)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@open_router.get("/health")
def get_health(platform: ProbeDep) -> Health:
    """Say whether this process can do its work: it runs and its database answers."""
    with platform.unscoped() as conn:
        conn.execute("SELECT 1")
    return Health(status="ok", now=platform.clock.now(), version=_version())


def _version() -> str:
    try:
        return version("zerodistance")
    except PackageNotFoundError:
        return "unknown"
