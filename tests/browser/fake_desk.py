"""The part of the stand-in API that the desk's people look up: plan, campaigns, product issues, figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request

from services.service_schemas import (
    EngineerFiguresPublic,
    FiguresPublic,
    InspectionCreate,
    InspectionPublic,
    IssueEntryPublic,
    IssueRepairPublic,
    ProductIssueMove,
    ProductIssuePublic,
    WindowPublic,
)
from services.tickets.lifecycle import TERMINAL
from services.workbench_schemas import (
    BoardLeft,
    BoardLeg,
    BoardPublic,
    BoardRoute,
    CampaignLine,
    ConcernPublic,
    HealthFile,
    InspectionLine,
    MemberPublic,
    SimilarPublic,
    SimilarTicket,
    TimelineEntry,
)
from tests.browser.fake_data import (
    CATALOGUE,
    NOW,
    ago,
    problem,
)


def add_desk(app: FastAPI, fake: Any) -> None:
    """Add what the desk's people look up."""

    @app.get("/api/v1/tickets/{ticket}/windows")
    async def windows(ticket: str) -> Any:
        return [
            WindowPublic(
                engineer="engineer-1",
                name="Wang Wei",
                visit_from=NOW + timedelta(hours=hours),
                visit_until=NOW + timedelta(hours=hours + 2),
            )
            for hours in (18, 24)
        ]

    @app.get("/api/v1/tickets/{ticket}/similar")
    async def similar(ticket: str) -> Any:
        one = SimilarTicket(
            id="t-96",
            number=96,
            device_id="fridge-01",
            device_name="Kitchen fridge",
            model="ZR-420",
            closed_at=ago(days=9),
            outcome="confirmed",
            outcome_title=CATALOGUE["refrigerator"].faults["compressor_failed"].title,
            parts=[CATALOGUE["refrigerator"].parts["compressor"].title],
            minutes=55,
            rating=5,
        )
        return SimilarPublic(counted=14, confirmed=13, minutes=52, items=[one])

    @app.get("/api/v1/inspections")
    async def all_inspections() -> Any:
        return fake.inspections

    @app.get("/api/v1/devices/{device}/inspections")
    async def inspections(device: str) -> Any:
        named = InspectionPublic.model_fields
        return [one.model_dump(include=set(named)) for one in fake.inspections if one.device_id == device]

    @app.post("/api/v1/devices/{device}/inspections", status_code=201)
    async def inspect(device: str, wish: InspectionCreate) -> Any:
        ticket = next(
            (t for t in fake.tickets.values() if t.device.id == device and t.state not in TERMINAL), None
        )
        made = InspectionPublic(
            id=f"i-{len(fake.inspections)}",
            time=NOW,
            actor="staff:wang",
            ticket_id=ticket.id if ticket else None,
            **wish.model_dump(exclude={"cause", "urgency"}),
        )
        known = fake.devices[device]
        line = InspectionLine(
            **made.model_dump(),
            device_id=device,
            device_name=known.name,
            type=known.type,
            ticket_number=ticket.number if ticket else None,
        )
        fake.inspections.insert(0, line)
        return made

    @app.get("/api/v1/devices/{device}/health")
    async def health(device: str) -> Any:
        concerns = [
            ConcernPublic(
                cause=t.cause,
                title=t.cause_title,
                probability=t.probability,
                since=t.onset_at,
                ticket_id=t.id,
            )
            for t in fake.tickets.values()
            if t.device.id == device and t.state not in TERMINAL
        ]
        return HealthFile(
            level="act" if concerns else "well",
            concerns=concerns,
            tickets_a_year=2,
            visits_a_year=1,
            last_inspection_at=None,
            installed_at=ago(days=900),
            warranty_until=NOW.date(),
        )

    @app.get("/api/v1/devices/{device}/timeline")
    async def timeline(device: str) -> Any:
        def entry(kind: str, title: str, code: str, detail: str = "", actor: str = "", **more: Any) -> Any:
            return TimelineEntry.model_validate(
                {"time": ago(hours=2), "kind": kind, "title": {"en": title}, "code": code, "detail": detail,
                 "actor": actor, "ticket_id": None, **more}
            )  # fmt: skip

        return [
            entry("fault", "Temperature high", "E4"),
            entry("command", "Sterilise", "sterilise", "done", "staff:wang"),
            entry("status", "offline", "offline"),
            entry("ticket", "Door left ajar", "closed", "96", "owner_fixed", ticket_id="t-96"),
        ]

    @app.get("/api/v1/devices/{device}/credentials")
    async def credentials(device: str) -> Any:
        kept = {"kind": "certificate", "created_at": ago(days=40), "not_after": NOW + timedelta(days=300)}
        return [{**kept, "revoked_at": None, "serial": "2f"}, {**kept, "revoked_at": ago(days=1)}]

    @app.get("/api/v1/plan/board")
    async def board(waiting: bool = False) -> Any:
        legs = []
        for index, ticket in enumerate(
            t for t in fake.tickets.values() if t.state in ("planned", "visiting")
        ):
            begin = NOW.replace(hour=9, minute=0) + timedelta(hours=3 * index)
            legs.append(
                BoardLeg(
                    ticket=ticket.id, number=ticket.number, state=ticket.state, urgency=ticket.urgency,
                    cause_title=ticket.cause_title, part_title=ticket.part_title, part_in_van=index == 0,
                    device_id=ticket.device.id, device_name=ticket.device.name, region=ticket.device.region,
                    km=12.4, arrive=begin, begin=begin, leave=begin + timedelta(hours=1),
                    visit_from=begin, visit_until=begin + timedelta(hours=2),
                )
            )  # fmt: skip
        van = ["refrigerator.compressor", "air_conditioner.air_filter"]
        routes = [BoardRoute(engineer="engineer-1", name="Wang Wei", km=31.0, van=van, legs=legs)]
        left = [
            BoardLeft(
                ticket=t.id, number=t.number, urgency=t.urgency, cause_title=t.cause_title,
                device_name=t.device.name,
            )
            for t in fake.tickets.values() if waiting and t.state == "on_site"
        ]  # fmt: skip
        return BoardPublic(day=NOW.date(), routes=routes if legs else [], left_out=left)

    @app.get("/api/v1/figures")
    async def figures(days: int) -> Any:
        one = EngineerFiguresPublic(
            id="engineer-1", name="Wang Wei", visits=23, ratings=17, minutes=47.0, satisfaction=88.0,
            first_time_fix=0.91, sla_kept=0.96,
        )  # fmt: skip
        return FiguresPublic(
            since=ago(days=days), tickets=len(fake.tickets), proactive_share=0.93, precision=0.89,
            false_per_device_year=0.08, lead_time_days=12.5, first_time_fix=0.91, sla_kept=0.96,
            satisfaction=88.0, ratings=17, visits_avoided=21, money_saved=1890.0, currency="EUR",
            cost_of_visit=90.0, engineers=[one],
        )  # fmt: skip

    @app.get("/api/v1/product-issues")
    async def product_issues(closed: bool = False) -> Any:
        named = set(ProductIssuePublic.model_fields)
        return [
            one.model_dump(include=named)
            for one in fake.issues.values()
            if (one.closed_at is not None) == closed
        ]

    @app.get("/api/v1/product-issues/{issue}")
    async def product_issue(issue: str) -> Any:
        return fake.issues.get(issue) or problem(404, "not_found", "There is no such product issue.")

    @app.get("/api/v1/product-issues/{issue}/repairs")
    async def repairs(issue: str) -> Any:
        fridge = CATALOGUE["refrigerator"]
        return [
            IssueRepairPublic(
                ticket_id=t.id, number=t.number, device_id=t.device.id, device_name=t.device.name,
                firmware="1.4.2", region="Qingdao", resolved_at=ago(days=days), cause=cause,
                cause_title=fridge.faults[cause].title, minutes=40,
                parts=[fridge.parts["door_gasket"].title] if days < 3 else [],
            )
            for days, cause, t in zip(
                (1, 2, 4), ("gasket_leak", "door_ajar", "gasket_leak"), fake.tickets.values(), strict=False
            )
        ]  # fmt: skip

    @app.post("/api/v1/product-issues/{issue}/moves")
    async def move_issue(issue: str, wish: ProductIssueMove) -> Any:
        known = fake.issues[issue]
        if wish.version != known.version:
            return problem(409, "conflict", "This product issue was changed by staff:mei meanwhile.")
        line = IssueEntryPublic(
            version=known.version + 1, time=NOW, actor="staff:wang", state=wish.to, note=wish.note
        )
        closed = wish.to in ("mended", "dismissed")
        fake.acts.append((wish.to, wish.model_dump()))
        fake.issues[issue] = known.model_copy(
            update={
                "state": wish.to, "version": line.version, "history": [*known.history, line],
                "closed_at": NOW if closed else None,
                "moves": [] if closed else [to for to in ("dismissed", "investigating", "mended", "open")
                                            if to != wish.to],
            }
        )  # fmt: skip
        return fake.issues[issue].model_dump(include=set(ProductIssuePublic.model_fields))

    @app.get("/api/v1/campaigns")
    async def campaigns() -> Any:
        return list(fake.campaigns.values())

    @app.get("/api/v1/campaigns/{campaign}")
    async def campaign(campaign: str) -> Any:
        return fake.campaigns.get(campaign) or problem(404, "not_found", "There is no such campaign.")

    @app.get("/api/v1/campaigns/{campaign}/members")
    async def members(campaign: str) -> Any:
        return [
            MemberPublic(
                device_id=d.id, device_name=d.name, model=d.model, firmware=d.firmware, region=d.region,
                online=d.online, joined_at=ago(hours=5), ticket_id=None, ticket_number=None,
                recovered_at=ago(hours=1) if d.id == "ac-03" else None,
            )
            for d in fake.devices.values() if d.type == fake.campaigns[campaign].type
        ]  # fmt: skip

    @app.get("/api/v1/campaigns/{campaign}/history")
    async def campaign_history(campaign: str) -> Any:
        said = "Opened: short_cycling is common to firmware 1.4.2."
        return [CampaignLine(version=1, time=ago(hours=5), actor="platform", note=said)]

    @app.post("/api/v1/campaigns/{campaign}/{act}")
    async def act(campaign: str, act: str, request: Request) -> Any:
        wish = await request.json()
        known = fake.campaigns[campaign]
        if wish.pop("version") != known.version:
            return problem(409, "conflict", "This campaign was changed by staff:mei meanwhile.")
        fake.acts.append((act, wish))
        fake.campaigns[campaign] = known.model_copy(update={"version": known.version + 1})
        if act == "close":
            found = fake.campaigns[campaign]
            fake.campaigns[campaign] = found.model_copy(update={"state": "closed", "closed_at": NOW})
            return {"id": campaign, "opened": 1}
        return {"reached": 2, "left_out": {"ac-03": "It belongs to no household."}}
