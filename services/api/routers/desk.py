"""The service desk: campaigns, inspections, visit windows, the plan of a day."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.accounts.roles import Permission
from services.api.dependencies import (
    CampaignsReader,
    CampaignsWriter,
    FiguresReader,
    IfMatch,
    PlanReader,
    PlatformDep,
    TicketsReader,
    TicketsWriter,
)
from services.api.unit import UnitRoute
from services.api.versions import check_campaign, tag_version
from services.campaigns import repository as campaigns
from services.devices import repository as devices
from services.dispatch import desk as dispatch
from services.figures import figures
from services.service_schemas import (
    CampaignClose,
    CampaignClosed,
    CampaignPublic,
    DayPlanPublic,
    FiguresPublic,
    InspectionCreate,
    InspectionPublic,
    LegPublic,
    RoutePublic,
    WindowPublic,
)
from services.tickets import listing, reports
from services.tickets.reports import Measurement
from services.tickets.repository import device as read_device
from zerodistance.errors import NotFoundError

router = APIRouter(route_class=UnitRoute, tags=["desk"])


@router.get("/campaigns")
def list_campaigns(platform: PlatformDep, caller: CampaignsReader) -> list[CampaignPublic]:
    """Return the campaigns, open ones first."""
    with caller.transaction() as conn:
        found = campaigns.listing(conn, caller.tenant)
    return [_campaign(platform, one) for one in found]


@router.get("/campaigns/{campaign_id}")
def get_campaign(
    campaign_id: str, platform: PlatformDep, caller: CampaignsReader, response: Response
) -> CampaignPublic:
    """Return one campaign."""
    with caller.transaction() as conn:
        said = _campaign(platform, campaigns.get(conn, caller.tenant, campaign_id))
    tag_version(response, said.version, said)  # appliances join and recover without a new version
    return said


@router.post("/campaigns/{campaign_id}/close")
def close_campaign(
    campaign_id: str,
    close: CampaignClose,
    platform: PlatformDep,
    caller: CampaignsWriter,
    if_match: IfMatch = None,
) -> CampaignClosed:
    """Close a campaign: owners hear that it is over, whoever still has the cause gets a ticket.

    If somebody else acted on it since, 412 (If-Match) or 409 (``version``) say who did what.
    """
    with caller.transaction() as conn:
        check_campaign(conn, caller.tenant, campaign_id, close.version, if_match)
        opened = platform.desk.campaigns.close(
            conn, caller.tenant, campaign_id, actor=caller.actor, note=close.note.strip()
        )
    return CampaignClosed(id=campaign_id, opened=opened)


@router.get("/devices/{device_id}/inspections")
def list_inspections(device_id: str, platform: PlatformDep, caller: TicketsReader) -> list[InspectionPublic]:
    """Return what was measured at an appliance, the latest first."""
    with caller.transaction() as conn:
        devices.get(conn, caller.tenant, device_id)
        return reports.inspections(conn, device_id)


@router.post("/devices/{device_id}/inspections", status_code=201)
def post_inspection(
    device_id: str, wish: InspectionCreate, platform: PlatformDep, caller: TicketsWriter
) -> InspectionPublic:
    """Enter a measurement: it joins the open ticket's evidence, or opens a ticket if it is out of range."""
    measured = Measurement(
        wish.quantity.strip(), wish.value, wish.unit, wish.low, wish.high, wish.note.strip()
    )
    with caller.transaction() as conn:
        devices.get(conn, caller.tenant, device_id)
        device = read_device(conn, device_id)
        if device is None:
            raise NotFoundError(f"There is no device {device_id!r}.")
        kept, _ = reports.inspect(
            platform.desk, conn, device, measured, actor=caller.actor, cause=wish.cause, urgency=wish.urgency
        )
    return kept


@router.get("/tickets/{ticket_id}/windows")
def list_windows(ticket_id: str, platform: PlatformDep, caller: PlanReader) -> list[WindowPublic]:
    """Return windows in which an engineer could come, the earliest first; the best suited one of each."""
    with caller.transaction() as conn:
        ticket = listing.one(conn, caller.tenant, ticket_id).ticket
        device = platform.desk.device_of(conn, ticket)
        found = dispatch.offers(conn, platform.desk.policy, device, ticket, platform.clock.now())
    return [
        WindowPublic(engineer=one.worker, name=one.name, visit_from=one.begin, visit_until=one.until)
        for one in found
    ]


@router.get("/plan")
def get_plan(
    platform: PlatformDep,
    caller: PlanReader,
    day: Annotated[date | None, Query(description="in each engineer's own time zone; empty: today")] = None,
    engineer: Annotated[str, Query(max_length=64)] = "",
    waiting: Annotated[bool, Query(description="also tickets without an agreed visit")] = False,
) -> DayPlanPublic:
    """Return the plan of a day: who goes where in which order, with the way between."""
    wanted = day or platform.clock.now().date()
    with caller.transaction() as conn:
        task = dispatch.day_task(
            conn, platform.desk.policy, caller.tenant, wanted, engineer=engineer, waiting=waiting
        )
    plan = platform.planner.plan(task)
    return DayPlanPublic(
        day=wanted,
        routes=[
            RoutePublic(
                engineer=route.worker, km=route.km, legs=[LegPublic(**asdict(leg)) for leg in route.legs]
            )
            for route in plan.routes
        ],
        left_out=list(plan.left_out),
    )


@router.get("/figures")
def get_figures(
    platform: PlatformDep,
    caller: FiguresReader,
    days: Annotated[float, Query(gt=0, le=3660, description="tickets opened within so many days")] = 30,
) -> FiguresPublic:
    """Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's."""
    now = platform.clock.now()
    with caller.aggregates() as conn:
        found = figures(conn, caller.tenant, now - timedelta(days=days), now, platform.desk.policy.figures)
    if caller.may(Permission.ENGINEERS_READ):
        return found
    return found.model_copy(update={"engineers": []})  # partners and product teams learn of nobody


def _campaign(platform: PlatformDep, one: campaigns.Campaign) -> CampaignPublic:
    named = {key: value for key, value in asdict(one).items() if key in CampaignPublic.model_fields}
    return CampaignPublic(**named, cause_title=platform.titles.cause(one.type, one.cause))
