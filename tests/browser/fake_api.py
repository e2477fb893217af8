"""A stand-in for the platform's API: the contract of ``services/schemas.py`` on a handful of objects.

It shows the console what is awkward to arrange with real processes: conflicts, an API that is down or
answers rubbish, names full of markup.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from services.account_schemas import OidcBeginning, OidcFinish, SessionPublic, SignIn
from services.accounts.tokens import ACCESS, read_access_token
from services.schemas import (
    CandidatePublic,
    ChannelPublic,
    CommandCreate,
    CommandDescription,
    CommandPublic,
    DeviceDetail,
    DevicePublic,
    EngineerPublic,
    EvidencePlot,
    EvidencePublic,
    HistoryEntry,
    MessagePublic,
    Overview,
    RuledOutPublic,
    Series,
    TicketMove,
    TicketPublic,
    TicketSummary,
    UnclaimedPublic,
)
from services.service_schemas import (
    CampaignPublic,
    EngineerFiguresPublic,
    FiguresPublic,
    InspectionCreate,
    InspectionPublic,
    IssueEntryPublic,
    IssueRepairPublic,
    IssueSharePublic,
    ProductIssueDetail,
    ProductIssueMove,
    ProductIssuePublic,
    WindowPublic,
)
from services.tickets.lifecycle import TERMINAL, Role, State, targets
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
from zerodistance.catalogue.loader import load_catalogue
from zerodistance.errors import UnauthenticatedError
from zerodistance.settings import Settings

NOW = datetime(2026, 3, 3, 14, 20, tzinfo=UTC)
_CATALOGUE = load_catalogue()
_SETTINGS = Settings(_env_file=None)
_STAFF = (Role.DISPATCHER, Role.ENGINEER)


def ago(**parts: float) -> datetime:
    """Return the moment that far before the fake platform's now."""
    return NOW - timedelta(**parts)


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
                return read_access_token(_SETTINGS, token) in self.sessions
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
        appliance = _CATALOGUE[kind]
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
        appliance = _CATALOGUE[device.type]
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
            moves=[t.value for t in targets(State(state), _STAFF)],
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


def warm_series(channel: str, title: dict[str, str], unit: str, base: float, rise: float) -> Series:
    """Return eight hours of a sawtooth inside its band that leaves the band at the onset."""
    onset = ago(minutes=60)
    time = [ago(hours=8) + timedelta(minutes=2 * i) for i in range(240)]
    observed: list[float | None] = []
    for index, moment in enumerate(time):
        wave = math.sin(index / 6) * 0.7
        since = max(0.0, (moment - onset).total_seconds() / 3600)
        observed.append(
            None if 95 <= index < 110 else round(base + wave + rise * (1 - math.exp(-2 * since)), 2)
        )
    count = len(time)
    return Series(
        channel=channel,
        title=title,
        unit=unit,
        time=time,
        observed=observed,
        expected=[base] * count,
        low=[base - 1.3] * count,
        high=[base + 1.3] * count,
        onset_at=onset,
    )


def filled() -> FakeApi:
    """Return a fake with a small fleet and tickets at every stage."""
    fake = FakeApi()
    fake.add_device("fridge-01", "refrigerator", "Kitchen fridge", open_tickets=1)
    fake.add_device("fridge-02", "refrigerator", "Family fridge", open_tickets=1, household_id="home-02")
    fake.add_device("fridge-03", "refrigerator", "Garage fridge", household_id="home-03", open_tickets=1)
    fake.add_device(
        "ac-01", "air_conditioner", "Living room", household_id="home-02", open_tickets=1, model="AC-35"
    )
    fake.add_device(
        "ac-02", "air_conditioner", "Bedroom", household_id="home-04", open_tickets=1, model="AC-26"
    )
    fake.add_device(
        "ac-03",
        "air_conditioner",
        "",
        household_id="home-05",
        online=False,
        last_seen_at=ago(hours=30),
        model="AC-26",
    )
    fridge = _CATALOGUE["refrigerator"].faults
    titles = {name: fault.title for name, fault in fridge.items()}
    question = fridge["compressor_failed"].question
    assert question is not None
    fake.add_ticket(
        118,
        "fridge-02",
        "compressor_failed",
        "owner_asked",
        summary={
            "en": "Both compartments warm up and the compressor has drawn no power since 13:20.",
            "zh": "两室升温，压缩机自13:20起无功率。",
        },
        candidates=[
            CandidatePublic(cause=c, title=titles.get(c, {"en": "Unknown", "zh": "未知"}), probability=p)
            for c, p in (("compressor_failed", 0.86), ("door_ajar", 0.08), ("unknown", 0.06))
        ],
        ruled_out=[
            RuledOutPublic(
                cause="refrigerant_leak",
                title=fridge["refrigerant_leak"].title,
                reason={
                    "en": "A leak takes weeks; this took an hour, and the running time fell.",
                    "zh": "泄漏需数周，而这次仅一小时，且运行时间下降。",
                },
            ),
            RuledOutPublic(
                cause="defrost_heater_open",
                title=fridge["defrost_heater_open"].title,
                reason={
                    "en": "The evaporator is warmer than expected, not colder.",
                    "zh": "蒸发器温度高于预期，而非更低。",
                },
            ),
        ],
        evidence=[
            EvidencePublic(
                feature="fresh_food_mean",
                title=_title("refrigerator", "fresh_food_temperature"),
                unit="°C",
                channel="fresh_food_temperature",
                observed=9.4,
                expected=4.1,
                low=2.8,
                high=5.4,
                score=6.2,
            ),
            EvidencePublic(
                feature="duty",
                title={"en": "Compressor running time", "zh": "压缩机运行占比"},
                channel="power",
                unit="",
                observed=0.0,
                expected=0.34,
                low=0.18,
                high=0.5,
                score=4.4,
            ),
        ],
        messages=[
            MessagePublic(
                id="m-1",
                audience="owner",
                kind="question",
                body=question.text,
                answers=question.answers,
                created_at=ago(minutes=25),
                sent_at=ago(minutes=25),
                deadline_at=NOW + timedelta(minutes=20),
                answer=None,
                answered_at=None,
            ),
            MessagePublic(
                id="m-2",
                audience="engineer",
                kind="ticket",
                answers={},
                created_at=ago(minutes=25),
                body={
                    "en": "Family fridge: compressor does not run (86 %). The owner is asked first.",
                    "zh": "Family fridge：压缩机不工作（86 %），先询问用户。",
                },
                sent_at=ago(minutes=25),
                deadline_at=None,
                answer=None,
                answered_at=None,
            ),
        ],
    )
    fake.add_ticket(117, "fridge-01", "door_ajar", "owner_checked", opened_at=ago(minutes=50), version=2)
    fake.add_ticket(
        112,
        "ac-02",
        "refrigerant_leak",
        "on_site",
        opened_at=ago(hours=25),
        respond_by=ago(minutes=35),
        probability=0.71,
    )
    fake.add_ticket(
        109,
        "ac-01",
        "filter_clogged",
        "planned",
        opened_at=ago(hours=30),
        assignee="engineer-1",
        visit_from=NOW + timedelta(hours=18),
        visit_until=NOW + timedelta(hours=20),
        version=3,
    )
    fake.add_ticket(101, "fridge-03", "gasket_leak", "visiting", opened_at=ago(days=2), assignee="engineer-1")
    fake.add_ticket(
        96,
        "fridge-01",
        "door_ajar",
        "closed",
        opened_at=ago(days=3),
        closed_at=ago(hours=5),
        outcome="owner_fixed",
        visit_avoided=True,
    )
    fake.campaigns["c-7"] = CampaignPublic(
        id="c-7",
        number=7,
        version=1,
        state="open",
        type="air_conditioner",
        cause="short_cycling",
        cause_title={"en": "Starts and stops too often", "zh": "启停过于频繁"},
        region="",
        firmware="1.4.2",
        model="",
        opened_at=ago(hours=5),
        opened_by="platform",
        closed_at=None,
        note="",
        members=3,
        recovered=1,
    )
    _recurring(fake)
    fake.unclaimed["fridge-99"] = UnclaimedPublic(
        id="fridge-99",
        first_seen_at=ago(hours=2),
        last_seen_at=ago(minutes=1),
        messages=118,
        sample='{"ts": 1772547600000, "values": {"fresh_food_temperature": 4.2, "power": 84}}',
        guessed_type="refrigerator",
    )
    fake.unclaimed["z2m-0x00158d"] = UnclaimedPublic(
        id="z2m-0x00158d",
        first_seen_at=ago(hours=1),
        last_seen_at=ago(minutes=2),
        messages=31,
        sample='{"topic": "zigbee2mqtt/Cellar", "readings": {"power": "84 W", "temperature": "4.1 °C"}}',
        guessed_type="refrigerator",
    )
    return fake


def _recurring(fake: FakeApi) -> None:
    """Add causes that recur across a model."""
    shared = {
        "part": {"door_gasket": 11, "": 3},
        "firmware": {"1.4.2": 9, "1.4.1": 5},
        "age": {"2": 9, "3": 4, "": 1},
        "month": {"2026-01": 4, "2026-02": 7, "2026-03": 3},
        "region": {"Qingdao": 6, "Wuhan": 5, "": 3},
    }
    parts = _CATALOGUE["refrigerator"].parts
    for number, kind, model, cause, affected, devices in (
        (4, "refrigerator", "ZR-420", "gasket_leak", 14, 212),
        (6, "air_conditioner", "AC-26", "refrigerant_leak", 9, 340),
    ):
        fake.issues[f"p-{number}"] = ProductIssueDetail(
            id=f"p-{number}", number=number, version=1, state="open", type=kind,
            type_title=_CATALOGUE[kind].title, model=model, cause=cause,
            cause_title=_CATALOGUE[kind].faults[cause].title, since=ago(days=70), opened_at=ago(days=9),
            affected=affected, devices=devices, prevalence=affected / devices, counted_at=ago(minutes=20),
            closed_at=None, moves=["dismissed", "investigating", "mended"],
            shares=[
                IssueSharePublic(
                    dimension=dimension, value=value, affected=count,  # type: ignore[arg-type]
                    title=parts[value].title if dimension == "part" and value else {"en": value},
                )
                for dimension, values in shared.items() for value, count in values.items()
            ],
            history=[
                IssueEntryPublic(
                    version=1, time=ago(days=9), actor="platform", state="open",
                    note=f"{affected} of {devices} appliances of this model have had it repaired.",
                )
            ],
        )  # fmt: skip


def _title(kind: str, channel: str) -> dict[str, str]:
    return _CATALOGUE[kind].channels[channel].title


def _app(fake: FakeApi) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def moods(request: Request, call_next: Any) -> Response:
        if fake.down:
            return _problem(503, "unavailable", "The database does not answer.")
        if fake.rubbish:
            return JSONResponse({"surprise": True})
        if not fake.knows(request):
            return _problem(401, "unauthenticated", "The token is wrong.")
        response: Response = await call_next(request)
        return response

    @app.post("/api/v1/sessions", status_code=201)
    def sign_in(wish: SignIn) -> Response:
        if wish.password != "demo":
            return _problem(401, "unauthenticated", "Name or password is not right.")
        return begin(wish.login)

    @app.get("/api/v1/sessions/oidc")
    def begin_oidc(redirect_uri: str) -> OidcBeginning:
        url = f"{fake.provider}/authorize?{urlencode({'redirect_uri': redirect_uri, 'state': 's-1'})}"
        return OidcBeginning(url=url, state="s-1", nonce="n-1", code_verifier="v-1")

    @app.post("/api/v1/sessions/oidc", status_code=201)
    def finish_oidc(wish: OidcFinish) -> Response:
        if (wish.code, wish.code_verifier, wish.nonce) != ("c-1", "v-1", "n-1"):
            return _problem(401, "unauthenticated", "Nobody here has this identity.")
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
        return fake.tickets.get(ticket) or _problem(404, "not_found", "There is no such ticket.")

    @app.get("/api/v1/tickets/{ticket}/evidence")
    async def evidence(ticket: str) -> Any:
        return EvidencePlot(
            ticket=ticket,
            series=[
                warm_series(
                    "fresh_food_temperature", _title("refrigerator", "fresh_food_temperature"), "°C", 4.1, 6.5
                ),
                warm_series("power", _title("refrigerator", "power"), "W", 60, -58),
            ],
        )

    @app.post("/api/v1/tickets/{ticket}/moves")
    async def move(ticket: str, wish: TicketMove) -> Any:
        current = fake.tickets[ticket]
        if wish.version != current.version:
            return _problem(409, "conflict", "The ticket has changed meanwhile.")
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
                "moves": [t.value for t in targets(State(wish.to), _STAFF)],
            }
        )
        fake.publish("ticket", id=ticket)
        return fake.tickets[ticket]

    _desk(app, fake)

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
        return fake.devices.get(device) or _problem(404, "not_found", "There is no such appliance.")

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


def _desk(app: FastAPI, fake: FakeApi) -> None:
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
            outcome_title=_CATALOGUE["refrigerator"].faults["compressor_failed"].title,
            parts=[_CATALOGUE["refrigerator"].parts["compressor"].title],
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
        return fake.issues.get(issue) or _problem(404, "not_found", "There is no such product issue.")

    @app.get("/api/v1/product-issues/{issue}/repairs")
    async def repairs(issue: str) -> Any:
        fridge = _CATALOGUE["refrigerator"]
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
            return _problem(409, "conflict", "This product issue was changed by staff:mei meanwhile.")
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
        return fake.campaigns.get(campaign) or _problem(404, "not_found", "There is no such campaign.")

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
            return _problem(409, "conflict", "This campaign was changed by staff:mei meanwhile.")
        fake.acts.append((act, wish))
        fake.campaigns[campaign] = known.model_copy(update={"version": known.version + 1})
        if act == "close":
            found = fake.campaigns[campaign]
            fake.campaigns[campaign] = found.model_copy(update={"state": "closed", "closed_at": NOW})
            return {"id": campaign, "opened": 1}
        return {"reached": 2, "left_out": {"ac-03": "It belongs to no household."}}


def _problem(status: int, code: str, detail: str) -> JSONResponse:
    document = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(document, status, media_type="application/problem+json")
