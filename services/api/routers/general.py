"""The overview, insights, live changes and health."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.api.dependencies import PlatformDep, StaffDep
from services.insights import reading
from services.overview import figures
from services.schemas import Health, InsightPublic, Overview

router = APIRouter(tags=["general"])
open_router = APIRouter(tags=["general"])


@router.get("/overview")
def get_overview(platform: PlatformDep, staff: StaffDep) -> Overview:
    """Return the figures on top of the console, and the platform's time."""
    now = platform.clock.now()
    with platform.transaction() as conn:
        found = figures(conn, staff.tenant, now, platform.clock.rate)
    return Overview(**asdict(found), now=now)


@router.get("/insights")
def list_insights(
    platform: PlatformDep,
    staff: StaffDep,
    device: Annotated[str, Query(max_length=64)] = "",
    household: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[InsightPublic]:
    """Return what is worth knowing about how appliances are used, the latest first."""
    with platform.transaction() as conn:
        rows = reading.listing(conn, staff.tenant, device=device, household=household, limit=limit)
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
    responses={200: {"content": {"text/event-stream": {}}, "description": "server-sent events"}},
)
async def get_changes(platform: PlatformDep, _staff: StaffDep) -> StreamingResponse:
    """Stream changes as server-sent events.

    ``event`` is ticket, message or device and ``data`` a JSON object with its id; ``ready`` comes first,
    ``resync`` where something may have been missed, a comment every 15 seconds keeps the line open.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(platform.hub.stream(), media_type="text/event-stream", headers=headers)


@open_router.get("/health")
def get_health(platform: PlatformDep) -> Health:
    """Say whether this process can do its work: it runs and its database answers."""
    with platform.transaction() as conn:
        conn.execute("SELECT 1")
    return Health(status="ok", now=platform.clock.now(), version=_version())


def _version() -> str:
    try:
        return version("zerodistance")
    except PackageNotFoundError:
        return "unknown"
