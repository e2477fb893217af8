"""A stand-in for the platform's API: the contract of ``services/schemas.py`` on a handful of objects.

It shows the console what is awkward to arrange with real processes: conflicts, an API that is down or
answers rubbish, names full of markup.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from services.account_schemas import OidcBeginning, OidcFinish, SessionPublic, SignIn
from services.accounts.tokens import ACCESS, read_access_token
from services.schemas import (
    ChannelPublic,
    CommandCreate,
    CommandDescription,
    CommandPublic,
    DeviceDetail,
    DevicePublic,
    EngineerPublic,
    EvidencePlot,
    HistoryEntry,
    Overview,
    TicketMove,
    TicketPublic,
    TicketSummary,
    UnclaimedPublic,
)
from services.service_schemas import (
    CampaignPublic,
    ProductIssueDetail,
)
from services.tickets.lifecycle import TERMINAL, State, targets
from services.workbench_schemas import (
    InspectionLine,
)
from tests.browser.fake_data import (
    CATALOGUE,
    NOW,
    SETTINGS,
    STAFF,
    ago,
    problem,
    title_of,
    warm_series,
)
from tests.browser.fake_desk import add_desk
from zerodistance.errors import UnauthenticatedError


class FakeApi:
    """The objects that the fake serves, and switches for its bad moods."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceDetail] = {}
        self.tickets: dict[str, TicketPublic] = {}
        self.engineers = [
            EngineerPublic(id="engineer-2", name="Chen Jie", region="Wuhan", skills=["appliance"]),
            EngineerPublic(id="engineer-1", name="Wang Wei", region="Qingdao", skills=["refrigeration"]),
        ]
        self.unclaimed: dict[str, UnclaimedPublic] = {}
        self.moves: list[TicketMove] = []
        self.commands: list[CommandCreate] = []
        self.claims: list[dict[str, Any]] = []
        self.inspections: list[InspectionLine] = []
        self.campaigns: dict[str, CampaignPublic] = {}
        self.acts: list[tuple[str, dict[str, Any]]] = []
        self.issues: dict[str, ProductIssueDetail] = {}
        self.roles = ["admin"]
        self.provider = ""
        self.down = False
        self.rubbish = False
        self.watchers: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[str | None]]] = []
        self.sessions: set[str] = set()
        self.app = _app(self)

    def knows(self, request: Request) -> bool:
        """Tell whether the console calls in its own name or in that of somebody signed in."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.headers.get("x-zd-relay") != "not-a-secret":
            return False
        if request.url.path in ("/api/v1/sessions", "/api/v1/sessions/oidc"):
            return not token
        if token.startswith(ACCESS):
            with contextlib.suppress(UnauthenticatedError):
                return read_access_token(SETTINGS, token) in self.sessions
            return False
        return token == "not-a-secret" and request.url.path == "/api/v1/changes"

    def publish(self, kind: str, **data: Any) -> None:
        """Announce a change, from any thread."""
        for loop, queue in self.watchers:
            loop.call_soon_threadsafe(queue.put_nowait, f"event: {kind}\ndata: {json.dumps(data)}\n\n")

    def hang_up(self) -> None:
        """End the streams of changes, from any thread."""
        while self.watchers:
            loop, queue = self.watchers.pop()
            loop.call_soon_threadsafe(queue.put_nowait, None)

    def add_device(self, device_id: str, kind: str, name: str, **more: Any) -> DeviceDetail:
        """Add an appliance with plausible readings."""
        appliance = CATALOGUE[kind]
        latest: dict[str, float | None] = {}
        for channel, entry in appliance.channels.items():
            low, high = entry.normal or entry.valid
            latest[channel] = 0.0 if entry.kind == "state" else round(low + (high - low) * 0.4, 1)
        fields: dict[str, Any] = {
            "model": "ZR-420",
            "firmware": "1.4.2",
            "household_id": "home-01",
            "region": "Qingdao",
            "online": True,
            "last_seen_at": ago(seconds=40),
            "open_tickets": 0,
            "latest": latest,
            "latest_at": ago(seconds=40),
            "recent_commands": [],
            "owner_link": "/owner/abc",
        }
        device = DeviceDetail(
            id=device_id,
            type=kind,
            type_title=appliance.title,
            name=name,
            channels={
                n: ChannelPublic(title=c.title, unit=c.unit, normal=c.normal)
                for n, c in appliance.channels.items()
            },
            commands={
                n: CommandDescription(
                    title=c.title,
                    consent=c.consent,
                    arguments={
                        k: {"type": a.type, "unit": a.unit, "range": a.range, "choices": list(a.choices)}
                        for k, a in c.arguments.items()
                    },
                )
                for n, c in appliance.commands.items()
            },
            **{**fields, **more},
        )
        self.devices[device_id] = device
        return device

    def add_ticket(self, number: int, device_id: str, cause: str, state: str, **more: Any) -> TicketPublic:
        """Add a ticket about a device."""
        device = self.devices[device_id]
        appliance = CATALOGUE[device.type]
        fault = appliance.faults[cause]
        public = DevicePublic.model_validate(
            {name: getattr(device, name) for name in DevicePublic.model_fields}
        )
        opened = more.pop("opened_at", ago(minutes=25))
        fields: dict[str, Any] = {
            "version": 1,
            "origin": "detected",
            "probability": 0.86,
            "urgency": fault.urgency,
            "summary": {"en": f"{fault.title['en']} on {device.name or device.id}.", "zh": fault.title["zh"]},
            "assignee": None,
            "respond_by": opened + timedelta(hours=4),
            "resolve_by": opened + timedelta(hours=24),
            "onset_at": opened - timedelta(minutes=35),
            "closed_at": None,
            "outcome": "",
            "visit_avoided": False,
            "part": fault.part,
            "part_title": appliance.parts[fault.part].title if fault.part else {"en": ""},
            "skill": appliance.parts[fault.part].skill if fault.part else "",
            "advice": fault.advice,
            "candidates": [],
            "ruled_out": [],
            "evidence": [],
            "model": "signature-1",
            "predicted_failure_at": None,
            "visit_from": None,
            "visit_until": None,
            "resolved_at": None,
            "outcome_cause": "",
            "parts_used": [],
            "minutes": None,
            "rating": None,
            "messages": [],
            "history": [
                HistoryEntry(
                    version=1,
                    time=opened,
                    actor="platform",
                    from_state=None,
                    note="",
                    to_state=state,
                )
            ],
        }
        ticket = TicketPublic(
            id=f"t-{number}",
            number=number,
            state=state,
            cause=cause,
            cause_title=fault.title,
            device=public,
            opened_at=opened,
            moves=[t.value for t in targets(State(state), STAFF)],
            **{**fields, **more},
        )
        self.tickets[ticket.id] = ticket
        return ticket

    def overview(self) -> Overview:
        """Return the figures."""
        open_ones = [t for t in self.tickets.values() if t.state not in TERMINAL]
        return Overview(
            devices=len(self.devices),
            online=sum(d.online for d in self.devices.values()),
            open_tickets=len(open_ones),
            owner_asked=sum(t.state == "owner_asked" for t in open_ones),
            overdue=sum(t.respond_by is not None and t.respond_by < NOW for t in open_ones),
            closed_today=sum(t.state == "closed" for t in self.tickets.values()),
            visits_avoided=sum(t.visit_avoided for t in self.tickets.values()),
            proactive_share=0.92,
            notification_skew_ms=0.0,
            now=NOW,
        )


def _app(fake: FakeApi) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def moods(request: Request, call_next: Any) -> Response:
        if fake.down:
            return problem(503, "unavailable", "The database does not answer.")
        if fake.rubbish:
            return JSONResponse({"surprise": True})
        if not fake.knows(request):
            return problem(401, "unauthenticated", "The token is wrong.")
        response: Response = await call_next(request)
        return response

    @app.post("/api/v1/sessions", status_code=201)
    def sign_in(wish: SignIn) -> Response:
        if wish.password != "demo":
            return problem(401, "unauthenticated", "Name or password is not right.")
        return begin(wish.login)

    @app.get("/api/v1/sessions/oidc")
    def begin_oidc(redirect_uri: str) -> OidcBeginning:
        url = f"{fake.provider}/authorize?{urlencode({'redirect_uri': redirect_uri, 'state': 's-1'})}"
        return OidcBeginning(url=url, state="s-1", nonce="n-1", code_verifier="v-1")

    @app.post("/api/v1/sessions/oidc", status_code=201)
    def finish_oidc(wish: OidcFinish) -> Response:
        if (wish.code, wish.code_verifier, wish.nonce) != ("c-1", "v-1", "n-1"):
            return problem(401, "unauthenticated", "Nobody here has this identity.")
        return begin("mei@example.com")

    def begin(login: str) -> Response:
        session = SessionPublic(
            session=secrets.token_hex(8),
            access_token="zda_fake",
            refresh_token="zdr_fake",
            expires_in=900,
            login=login,
            name="",
            roles=fake.roles,  # type: ignore[arg-type]
            tenant="default",
        )
        fake.sessions.add(session.session)
        return JSONResponse(session.model_dump(mode="json"), 201)

    @app.delete("/api/v1/sessions/current", status_code=204)
    def sign_out() -> None:
        fake.sessions.clear()

    @app.get("/api/v1/me")
    def me() -> dict[str, str]:
        return {"actor": "staff:wang"}

    @app.get("/api/v1/overview")
    async def overview() -> Overview:
        return fake.overview()

    @app.get("/api/v1/tickets")
    async def tickets(request: Request, state: str = "open", limit: int = 50, cursor: str = "") -> Any:
        wanted = request.query_params
        stages, q, device = wanted.getlist("stage"), wanted.get("q", "").lower(), wanted.get("device", "")
        chosen = [
            TicketSummary.model_validate({n: getattr(t, n) for n in TicketSummary.model_fields})
            for t in fake.tickets.values()
            if (not device or t.device.id == device)
            and (state == "all" or (t.state in TERMINAL) == (state == "closed"))
            and (not stages or t.state in stages)
            and (q in f"{t.device.id} {t.device.name} {t.device.model}".lower() or q == str(t.number))
            and wanted.get("urgency", t.urgency) == t.urgency
            and wanted.get("type", t.device.type) == t.device.type
            and wanted.get("assignee", t.assignee or "none") == (t.assignee or "none")
        ]
        start = int(cursor or 0)
        following = str(start + limit) if len(chosen) > start + limit else None
        return {"items": chosen[start : start + limit], "next": following}

    @app.get("/api/v1/tickets/{ticket}")
    async def ticket(ticket: str) -> Any:
        return fake.tickets.get(ticket) or problem(404, "not_found", "There is no such ticket.")

    @app.get("/api/v1/tickets/{ticket}/evidence")
    async def evidence(ticket: str) -> Any:
        return EvidencePlot(
            ticket=ticket,
            series=[
                warm_series(
                    "fresh_food_temperature",
                    title_of("refrigerator", "fresh_food_temperature"),
                    "°C",
                    4.1,
                    6.5,
                ),
                warm_series("power", title_of("refrigerator", "power"), "W", 60, -58),
            ],
        )

    @app.post("/api/v1/tickets/{ticket}/moves")
    async def move(ticket: str, wish: TicketMove) -> Any:
        current = fake.tickets[ticket]
        if wish.version != current.version:
            return problem(409, "conflict", "The ticket has changed meanwhile.")
        fake.moves.append(wish)
        entry = HistoryEntry(
            version=current.version + 1,
            time=NOW,
            actor="staff",
            from_state=current.state,
            to_state=wish.to,
            note=wish.note,
        )
        changes = wish.model_dump(exclude={"version", "to", "note"}, exclude_defaults=True)
        fake.tickets[ticket] = current.model_copy(
            update={
                **changes,
                "state": wish.to,
                "version": current.version + 1,
                "history": [*current.history, entry],
                "moves": [t.value for t in targets(State(wish.to), STAFF)],
            }
        )
        fake.publish("ticket", id=ticket)
        return fake.tickets[ticket]

    add_desk(app, fake)

    @app.get("/api/v1/engineers")
    async def engineers() -> Any:
        return fake.engineers

    @app.get("/api/v1/devices")
    async def devices(q: str = "", type: str = "", limit: int = 50, cursor: str = "") -> Any:
        chosen = [
            DevicePublic.model_validate({n: getattr(d, n) for n in DevicePublic.model_fields})
            for d in fake.devices.values()
            if (not type or d.type == type) and q.lower() in f"{d.id} {d.name} {d.household_id}".lower()
        ]
        return {"items": chosen[:limit], "next": None}

    @app.get("/api/v1/devices/{device}")
    async def device(device: str) -> Any:
        return fake.devices.get(device) or problem(404, "not_found", "There is no such appliance.")

    @app.get("/api/v1/devices/{device}/series")
    async def series(device: str, channel: str, hours: int) -> Any:
        entry = fake.devices[device].channels[channel]
        level = fake.devices[device].latest[channel] or 0.0
        found = warm_series(channel, entry.title, entry.unit, level, 0.0)
        return found.model_copy(update={"low": [], "high": [], "expected": [], "onset_at": None})

    @app.post("/api/v1/devices/{device}/commands")
    async def command(device: str, wish: CommandCreate) -> Any:
        fake.commands.append(wish)
        made = CommandPublic(
            id="c-1",
            device_id=device,
            name=wish.name,
            title=fake.devices[device].commands[wish.name].title,
            arguments=wish.arguments,
            state="queued",
            requested_by="staff",
            reason="",
            created_at=NOW,
            expires_at=NOW + timedelta(minutes=5),
            sent_at=None,
            finished_at=None,
        )
        fake.devices[device].recent_commands.insert(0, made)
        return made

    @app.get("/api/v1/insights")
    async def insights(device: str = "") -> Any:
        return []

    @app.get("/api/v1/unclaimed")
    async def unclaimed() -> Any:
        return list(fake.unclaimed.values())

    @app.post("/api/v1/unclaimed/{device}/claim")
    async def claim(device: str, request: Request) -> Any:
        fake.claims.append(await request.json())
        fake.unclaimed.pop(device)
        return fake.add_device(device, "refrigerator", "")

    @app.get("/api/v1/changes")
    async def changes() -> Response:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        fake.watchers.append((asyncio.get_running_loop(), queue))

        async def stream() -> AsyncIterator[str]:
            yield ": hello\n\n"
            while (event := await queue.get()) is not None:
                yield event

        return StreamingResponse(stream(), media_type="text/event-stream")

    return app
