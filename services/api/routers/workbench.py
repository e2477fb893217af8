"""What the console's people look up beside tickets and devices: similar cases, boards, health."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services import workbench
from services.api.dependencies import (
    CampaignsReader,
    CampaignsWriter,
    IfMatch,
    PlanReader,
    PlatformDep,
    TicketsReader,
)
from services.api.unit import UnitRoute
from services.api.versions import check_campaign
from services.campaigns import acting
from services.campaigns import repository as campaigns
from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.devices import repository as devices
from services.dispatch import desk as dispatch
from services.tickets import listing
from services.workbench_schemas import (
    BoardPublic,
    CampaignActed,
    CampaignCommand,
    CampaignLine,
    CampaignNews,
    HealthFile,
    InspectionLine,
    MemberPublic,
    SimilarPublic,
    TimelineEntry,
)

router = APIRouter(route_class=UnitRoute, tags=["workbench"])


@router.get("/tickets/{ticket_id}/similar")
def get_similar(ticket_id: str, platform: PlatformDep, caller: TicketsReader) -> SimilarPublic:
    """Return what became of earlier tickets with the same cause: of the same model first."""
    with caller.transaction() as conn:
        listed = listing.one(conn, caller.tenant, ticket_id)
        return workbench.similar(conn, platform.titles, listed)


@router.get("/campaigns/{campaign_id}/members")
def list_members(campaign_id: str, platform: PlatformDep, caller: TicketsReader) -> list[MemberPublic]:
    """Return the appliances of a campaign that the caller sees, those that still have its cause first."""
    with caller.transaction() as conn:
        campaigns.get(conn, caller.tenant, campaign_id)
        return workbench.members(conn, caller.tenant, campaign_id)


@router.get("/campaigns/{campaign_id}/history")
def list_campaign_history(
    campaign_id: str, platform: PlatformDep, caller: CampaignsReader
) -> list[CampaignLine]:
    """Return what was done in a campaign, the latest first."""
    with caller.transaction() as conn:
        campaigns.get(conn, caller.tenant, campaign_id)
        return workbench.campaign_history(conn, campaign_id)


@router.post("/campaigns/{campaign_id}/messages")
def post_campaign_message(
    campaign_id: str,
    news: CampaignNews,
    platform: PlatformDep,
    caller: CampaignsWriter,
    if_match: IfMatch = None,
) -> CampaignActed:
    """Tell the owners of all appliances that have not recovered; the same words reach nobody twice."""
    with caller.transaction() as conn:
        check_campaign(conn, caller.tenant, campaign_id, news.version, if_match, needed=False)
        words = {str(language): text for language, text in news.words.items()}
        acted = acting.tell_all(platform.desk, conn, caller.tenant, campaign_id, words, actor=caller.actor)
    return CampaignActed(**asdict(acted))


@router.post("/campaigns/{campaign_id}/commands")
def post_campaign_command(
    campaign_id: str,
    wish: CampaignCommand,
    platform: PlatformDep,
    caller: CampaignsWriter,
    if_match: IfMatch = None,
) -> CampaignActed:
    """Tell all appliances that have not recovered to do something; owners consent where it takes that."""
    now = platform.clock.now()
    with caller.transaction() as conn:
        check_campaign(conn, caller.tenant, campaign_id, wish.version, if_match, needed=False)
        acted = acting.command_all(
            platform.desk,
            conn,
            caller.tenant,
            campaign_id,
            wish.name,
            wish.arguments,
            actor=caller.actor,
            expires_at=commands.expiry(now, real_wait_s(platform.clock, wish.expires_in_s)),
        )
    return CampaignActed(**asdict(acted))


@router.get("/inspections")
def list_all_inspections(
    platform: PlatformDep, caller: TicketsReader, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[InspectionLine]:
    """Return the latest measurements at any appliance."""
    with caller.transaction() as conn:
        return workbench.inspections(conn, caller.tenant, limit)


@router.get("/plan/board")
def get_board(
    platform: PlatformDep,
    caller: PlanReader,
    day: Annotated[date | None, Query(description="in each engineer's own time zone; empty: today")] = None,
    engineer: Annotated[str, Query(max_length=64)] = "",
    waiting: Annotated[bool, Query(description="also tickets without an agreed visit")] = False,
) -> BoardPublic:
    """Return the plan of a day with what each visit is about, and whether its part is in the van."""
    wanted = day or platform.clock.now().date()
    with caller.transaction() as conn:
        task = dispatch.day_task(
            conn, platform.desk.policy, caller.tenant, wanted, engineer=engineer, waiting=waiting
        )
    plan = platform.planner.plan(task)  # takes its time: no connection waits meanwhile
    with caller.transaction() as conn:
        return workbench.board(conn, platform.titles, caller.tenant, plan, wanted)


@router.get("/devices/{device_id}/health")
def get_device_health(device_id: str, platform: PlatformDep, caller: TicketsReader) -> HealthFile:
    """Return how an appliance is: what the diagnosis sees now, and what has been within a year."""
    with caller.transaction() as conn:
        row = devices.get(conn, caller.tenant, device_id)
        return workbench.health(conn, platform.titles, row.type, device_id, platform.clock.now())


@router.get("/devices/{device_id}/timeline")
def get_timeline(
    device_id: str,
    platform: PlatformDep,
    caller: TicketsReader,
    limit: Annotated[int, Query(ge=1, le=200)] = 40,
) -> list[TimelineEntry]:
    """Return what happened at an appliance: tickets, commands, inspections, events; the latest first."""
    with caller.transaction() as conn:
        row = devices.get(conn, caller.tenant, device_id)
        appliance = platform.catalogue.get(row.type)
        return workbench.timeline(conn, platform.titles, appliance, device_id, limit)
