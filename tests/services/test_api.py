"""The API through its application, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.api.app import make_app
from services.schemas import DeviceDetail, EvidencePlot, Overview, TicketPublic
from services.tokens import owner_link, owner_token
from tests.services.api import Api, settings_of
from tests.services.world import AIR, ENGINEER, FRIDGE, HOME, World
from zerodistance.clock import to_us
from zerodistance.errors import UnavailableError
from zerodistance.messages import Sample
from zerodistance.store.adapters import Mappings
from zerodistance.store.devices import note_unclaimed, register_device, register_household
from zerodistance.store.telemetry import write_samples


@pytest.fixture
def api(database: str, world: World) -> Iterator[Api]:
    app = make_app(settings_of(database))
    platform = app.state.platform
    # The test's own clock decides, in the application as in the desk.
    app.state.platform = replace(platform, clock=world.clock, desk=world.desk)
    yield Api(app)
    platform.close()


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]
    return answer.status_code, document["code"]


def token(api: Api, household: str = HOME) -> str:
    return owner_token(api.app.state.platform.settings, household)


def test_engineers_are_entered_and_listed(api: Api, world: World) -> None:
    def put(engineer: str, seen: str = "", **body: Any) -> Any:
        headers = {**api.staff, **({"If-Match": seen} if seen else {})}
        return api.anonymous("PUT", f"/api/v1/engineers/{engineer}", json=body, headers=headers)

    assert put("li", name="Li Na", region="north", skills=["appliance"]).status_code == 200
    assert put("li", "*", name="Li Na", region="south", skills=[]).json()["region"] == "south"
    found = api.get("/engineers").json()
    assert [one["id"] for one in found] == ["li", ENGINEER]
    assert found[0] == {"id": "li", "name": "Li Na", "region": "south", "skills": []}
    assert problem(put("li", name=""))[0] == 422
    assert problem(put("a b", name="Li Na"))[0] == 422
    assert problem(api.anonymous("GET", "/api/v1/engineers")) == (401, "unauthenticated")
    with world.pool.connection() as conn:
        conn.execute("INSERT INTO tenant (id, name) VALUES (2, 'other')")
        conn.execute("INSERT INTO engineer (id, tenant_id, name) VALUES ('theirs', 2, 'Somebody')")
    assert problem(put("theirs", name="Mine now")) == (409, "conflict")
    assert "theirs" not in {one["id"] for one in api.get("/engineers").json()}


def test_nobody_fills_the_memory_with_a_body(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"a" * 10_000

    form = {"content-type": "application/x-www-form-urlencoded"}
    for path in (f"/owner/{token(api)}/messages/m-1/answer", "/api/v1/tickets/t/moves"):
        for body in (b"a" * 400_000, chunks()):
            answer = api.anonymous("POST", path, content=body, headers={**api.staff, **form})
            assert problem(answer) == (413, "too_large")


def test_a_gateway_has_a_page_too(api: Api, world: World) -> None:
    with world.pool.connection() as conn:
        register_device(conn, "hub", "gateway")
    assert "hub" in {item["id"] for item in api.get("/devices").json()["items"]}
    hub = DeviceDetail.model_validate(api.get("/devices/hub").json())
    assert (hub.channels, hub.commands, hub.latest) == ({}, {}, {})


def test_the_owner_s_page_says_in_words_that_an_answer_could_not_be_taken(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise UnavailableError("The database does not answer.")

    monkeypatch.setattr(type(world.desk), "answer", fail)
    path = f"/owner/{token(api)}/messages/m-1/answer"
    answer = api.anonymous("POST", path, data={"answer": "checked"})
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")


def test_a_ticket_that_says_something_new_at_the_same_version_is_sent_again(api: Api, world: World) -> None:
    world.find(cause="compressor_failed")
    world.work()
    path = f"/api/v1/tickets/{api.get('/tickets').json()['items'][0]['id']}"
    known = {**api.staff, "If-None-Match": api.anonymous("GET", path, headers=api.staff).headers["etag"]}
    assert api.anonymous("GET", path, headers=known).status_code == 304
    with world.pool.connection() as conn:  # the channel took a message: no change of the ticket
        conn.execute("UPDATE message SET sent_at = sent_at + interval '1 second' WHERE audience = 'engineer'")
    assert api.anonymous("GET", path, headers=known).status_code == 200


def test_a_ticket_from_the_inbox_to_its_close(api: Api, world: World) -> None:
    world.find(cause="compressor_failed")
    world.work()
    page = api.get("/tickets").json()
    assert [item["cause"] for item in page["items"]] == ["compressor_failed"]
    answer = api.get(f"/tickets/{page['items'][0]['id']}")
    ticket = TicketPublic.model_validate(answer.json())
    assert answer.headers["etag"].startswith('"1-')
    assert ticket.cause_title["en"] == "Compressor does not run"
    assert ticket.part_title["en"] == "Compressor"
    assert [c.cause for c in ticket.candidates] == ["compressor_failed", "unknown"]
    assert ticket.ruled_out[0].reason["en"] == "It is too quick for that."
    assert [e.feature for e in ticket.evidence] == ["fresh_food_mean", "duty"]
    assert {m.audience for m in ticket.messages} == {"owner", "engineer"}
    assert "on_site" in ticket.moves
    assert "owner_checked" not in ticket.moves  # the owner's own move

    asked = next(m for m in ticket.messages if m.answers)
    given = api.anonymous(
        "POST", f"/api/v1/owner/{token(api)}/messages/{asked.id}/answer", json={"answer": "checked"}
    )
    assert (given.status_code, given.json()["answer"]) == (200, "checked")

    start = world.clock.now() + timedelta(hours=1)
    body = {
        "to": "planned",
        "assignee": ENGINEER,
        "visit_from": start.isoformat(),
        "visit_until": (start + timedelta(hours=1)).isoformat(),
    }
    moved = api.post(
        f"/tickets/{ticket.id}/moves", {**body, "version": 2}, **{"If-Match": '"2"', "X-Actor": "wang"}
    )
    assert (moved.status_code, moved.json()["state"]) == (200, "planned")
    assert moved.headers["etag"].startswith('"3-')
    assert moved.json()["history"][-1]["actor"] == "staff:wang"
    moved = api.post(f"/tickets/{ticket.id}/moves", {"version": 3, "to": "visiting"})
    done = {
        "version": 4,
        "to": "resolved",
        "outcome": "confirmed",
        "minutes": 30,
        "parts_used": ["compressor"],
    }
    assert api.post(f"/tickets/{ticket.id}/moves", done).json()["state"] == "resolved"
    world.clear(cause="compressor_failed")
    rated = api.anonymous(
        "POST", f"/api/v1/owner/{token(api)}/tickets/{ticket.id}/rating", json={"rating": 5}
    )
    assert rated.json() == {"ticket": ticket.id, "rating": 5}
    closed = api.get("/tickets", state="closed").json()["items"]
    assert [(item["id"], item["outcome"]) for item in closed] == [(ticket.id, "confirmed")]
    assert api.get("/tickets").json()["items"] == []


def test_two_people_edit_one_ticket(api: Api, world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    ticket = world.ticket()
    assert api.post(f"/tickets/{ticket.id}/moves", {"version": 1, "to": "visiting"}).status_code == 200
    second = api.post(f"/tickets/{ticket.id}/moves", {"version": 1, "to": "visiting"})
    assert problem(second) == (409, "conflict")
    stale = api.post(f"/tickets/{ticket.id}/moves", {"version": 2, "to": "on_site"}, **{"If-Match": '"1"'})
    assert problem(stale) == (412, "precondition_failed")


def test_refusals_are_problem_documents(api: Api, world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    ticket = world.ticket()
    first = {"version": 1, "to": "visiting"}
    for body, expected in (
        ({"version": 1, "to": "closed"}, (409, "illegal_move")),
        ({"version": 1, "to": "x"}, (422, "invalid_request")),
        ({"version": 1}, (422, "invalid_request")),
        (None, (422, "invalid_request")),
        ({**first, "colour": "red"}, (422, "invalid_request")),
        ({**first, "assignee": "nobody"}, (422, "invalid_message")),
        ({**first, "note": "a\0b"}, (422, "invalid_message")),
        ({**first, "version": 2**40}, (409, "conflict")),
    ):
        assert problem(api.post(f"/tickets/{ticket.id}/moves", body)) == expected, body
    assert problem(api.get("/tickets/none")) == (404, "not_found")
    assert problem(api.get("/tickets/none/evidence")) == (404, "not_found")
    assert problem(api.get("/devices/none")) == (404, "not_found")
    assert problem(api.get(f"/devices/{FRIDGE}/series", channel="nonsense")) == (404, "not_found")
    assert problem(api.get("/nonsense")) == (404, "not_found")
    assert problem(api.anonymous("PUT", "/api/v1/tickets")) == (405, "method_not_allowed")
    for cursor in ("nonsense", "W10", "WyJvcGVuIiwxXQ", "é", "====", "bnVsbA"):
        assert problem(api.get("/tickets", cursor=cursor)) == (422, "invalid_message")


def test_nobody_gets_in_without_the_token(api: Api, world: World) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        for path in (
            "/tickets",
            "/overview",
            "/devices",
            "/unclaimed",
            "/insights",
            "/changes",
            f"/devices/{FRIDGE}",
        ):
            answer = api.anonymous("GET", f"/api/v1{path}", headers=headers)
            assert problem(answer) == (401, "unauthenticated"), path
    assert api.anonymous("GET", "/health").json()["status"] == "ok"
    assert api.anonymous("GET", "/api/v1/health").status_code == 200


def test_an_owner_sees_and_does_only_what_is_theirs(api: Api, world: World) -> None:
    world.find()
    world.work()
    mine = api.anonymous("GET", f"/api/v1/owner/{token(api)}/messages").json()
    assert [(m["audience"], m["kind"], m["ticket_id"]) for m in mine] == [
        ("owner", "question", world.ticket().id)
    ]
    with world.pool.connection() as conn:
        register_household(conn, "home-2")
    others = token(api, "home-2")
    assert api.anonymous("GET", f"/api/v1/owner/{others}/messages").json() == []
    path = f"/api/v1/owner/{others}/messages/{mine[0]['id']}/answer"
    assert problem(api.anonymous("POST", path, json={"answer": "fixed"})) == (404, "not_found")
    path = f"/api/v1/owner/{others}/tickets/{world.ticket().id}/rating"
    assert problem(api.anonymous("POST", path, json={"rating": 5})) == (404, "not_found")
    for bad in ("x", token(api)[:-2], token(api) + "x", "a" * 600):
        answer = api.anonymous("GET", f"/api/v1/owner/{bad}/messages")
        assert problem(answer)[0] in (401, 422)
    nobody = api.anonymous("GET", f"/api/v1/owner/{token(api, 'home-9')}/messages")
    assert problem(nobody) == (401, "unauthenticated"), "a home that is no more"


def test_a_message_held_back_by_quiet_hours_is_not_shown(api: Api, world: World) -> None:
    world.clock.advance(hours=6)  # two in the morning in Shanghai
    world.find(AIR, "filter_clogged", type="air_conditioner", urgency="routine")
    world.work()
    assert api.anonymous("GET", f"/api/v1/owner/{token(api)}/messages").json() == []
    engineer = next(m for m in world.messages(AIR) if m.audience == "engineer")
    assert engineer.sent_at is not None
    world.pass_time(hours=6)
    assert len(api.anonymous("GET", f"/api/v1/owner/{token(api)}/messages").json()) == 1


def test_the_inbox_is_ordered_by_what_matters_and_paged(api: Api, world: World) -> None:
    causes = [
        ("gasket_leak", "routine"),
        ("compressor_failed", "urgent"),
        ("unknown", "soon"),
        ("door_ajar", "urgent"),
    ]
    with world.pool.connection() as conn:
        for n in range(len(causes) * 3):
            register_device(conn, f"f{n:02}", "refrigerator", household_id=HOME)
    for n in range(len(causes) * 3):
        cause, urgency = causes[n % len(causes)]
        world.find(f"f{n:02}", cause, urgency=urgency)
        world.clock.advance(minutes=1)
    for state in ("open", "all"):
        whole = api.get("/tickets", state=state, limit=100).json()
        assert whole["next"] is None
        seen: list[str] = []
        cursor = ""
        while True:
            page = api.get("/tickets", state=state, limit=5, cursor=cursor).json()
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = page["next"]
        assert seen == [item["id"] for item in whole["items"]]
    urgencies = [item["urgency"] for item in api.get("/tickets", limit=100).json()["items"]]
    assert urgencies == sorted(urgencies, key=["urgent", "soon", "routine"].index)
    newest = api.get("/tickets", state="all", limit=1).json()["items"][0]
    assert newest["device"]["id"] == "f11"
    assert [i["device"]["id"] for i in api.get("/tickets", device="f03").json()["items"]] == ["f03"]


def test_devices_are_found_and_paged(api: Api, world: World) -> None:
    ids = [item["id"] for item in api.get("/devices").json()["items"]]
    assert ids == [AIR, FRIDGE, "ownerless"]
    assert [i["id"] for i in api.get("/devices", q="KITCHEN").json()["items"]] == [FRIDGE]
    assert api.get("/devices", q="%").json()["items"] == []
    assert [i["id"] for i in api.get("/devices", type="air_conditioner").json()["items"]] == [AIR]
    first = api.get("/devices", limit=2).json()
    assert [i["id"] for i in api.get("/devices", limit=2, cursor=first["next"]).json()["items"]] == [
        "ownerless"
    ]


def test_a_device_page_with_readings_and_commands(api: Api, world: World) -> None:
    fill(world)
    created = api.post(
        f"/devices/{FRIDGE}/commands", {"name": "set_temperature", "arguments": {"set_point": 4}}
    )
    assert (created.status_code, created.json()["state"]) == (201, "queued")
    detail = DeviceDetail.model_validate(api.get(f"/devices/{FRIDGE}").json())
    assert detail.latest["fresh_food_temperature"] == pytest.approx(4.0)
    assert detail.latest_at == world.clock.now()
    assert detail.channels["power"].unit == "W"
    assert detail.commands["set_temperature"].arguments["set_point"]["range"] == [2, 8]
    assert [c.name for c in detail.recent_commands] == ["set_temperature"]
    assert detail.owner_link.startswith("http://api.test/owner/")
    elsewhere = settings_of("", public_url="https://owners.test/")
    assert owner_link(elsewhere, HOME).startswith("https://owners.test/owner/")
    page = api.anonymous("GET", detail.owner_link.removeprefix("http://api.test"))
    assert (page.status_code, "text/html" in page.headers["content-type"]) == (200, True)
    assert DeviceDetail.model_validate(api.get("/devices/ownerless").json()).owner_link == ""


def test_commands_are_checked_against_the_catalogue(api: Api, world: World) -> None:
    path = f"/devices/{FRIDGE}/commands"
    assert problem(api.post(path, {"name": "fly"})) == (404, "not_found")
    for arguments in (
        {},
        {"set_point": 40},
        {"set_point": "4"},
        {"set_point": True},
        {"set_point": 4, "x": 1},
    ):
        answer = api.post(path, {"name": "set_temperature", "arguments": arguments})
        assert problem(answer) == (422, "invalid_message"), arguments
    assert problem(api.post(path, {"name": "sterilise", "expires_in_s": 0})) == (422, "invalid_request")


def test_evidence_is_what_was_observed_with_the_band_that_was_expected(api: Api, world: World) -> None:
    fill(world)
    now = world.clock.now()
    with world.pool.connection() as conn:
        for minute in range(0, 121, 5):
            conn.execute(
                "INSERT INTO expected_band VALUES (%s, 'fresh_food_temperature', %s, 4, 3, 5)",
                (FRIDGE, now - timedelta(minutes=minute)),
            )
    world.find()
    plot = EvidencePlot.model_validate(api.get(f"/tickets/{world.ticket().id}/evidence").json())
    assert [series.channel for series in plot.series] == ["fresh_food_temperature", "power"]
    food, power = plot.series
    assert food.onset_at == now - timedelta(minutes=30)
    assert len(food.time) == len(food.observed) == len(food.expected) == len(food.low) == len(food.high) > 100
    assert food.observed[-1] == pytest.approx(4.0)
    assert (food.low[-1], food.expected[-1], food.high[-1]) == (3.0, 4.0, 5.0)
    assert food.low[0] is None  # the band begins later than the readings
    assert set(power.high) == {None}
    series = api.get(f"/devices/{FRIDGE}/series", channel="fresh_food_temperature", hours=1).json()
    assert len(series["time"]) == 60
    assert series["high"][-1] == 5.0


def test_the_overview_counts(api: Api, world: World) -> None:
    world.find()
    world.find(AIR, "condenser_fouled", type="air_conditioner", urgency="soon")
    world.work()
    found = Overview.model_validate(api.get("/overview").json())
    assert (found.devices, found.open_tickets, found.owner_asked, found.overdue) == (3, 2, 1, 0)
    assert (found.proactive_share, found.notification_skew_ms) == (1.0, 0.0)
    world.clear()
    world.clock.advance(hours=25)
    found = Overview.model_validate(api.get("/overview").json())
    assert (found.open_tickets, found.overdue, found.visits_avoided, found.closed_today) == (1, 1, 1, 0)


def test_the_skew_is_what_lies_between_the_two(api: Api, world: World) -> None:
    world.find()
    with world.pool.connection() as conn:
        conn.execute("UPDATE message SET sent_at = %s WHERE audience = 'owner'", (world.clock.now(),))
        conn.execute(
            "UPDATE message SET sent_at = %s WHERE audience = 'engineer'",
            (world.clock.now() + timedelta(milliseconds=250),),
        )
    assert api.get("/overview").json()["notification_skew_ms"] == pytest.approx(250)


def test_a_cleared_ticket_shows_why_it_was_opened(api: Api, world: World) -> None:
    world.find(observed=9.4)
    world.clear(observed=4.1, summary="Back to normal.")
    ticket = api.get(f"/tickets/{world.ticket().id}").json()
    assert ticket["state"] == "closed"
    assert ticket["evidence"][0]["observed"] == 9.4
    assert ticket["summary"]["en"] == "It is getting warm."


def test_claiming_a_device_that_waits(api: Api, world: World) -> None:
    with world.pool.connection() as conn:
        note_unclaimed(conn, "new-1", world.clock.now(), '{"values": {}}')
    waiting = api.get("/unclaimed").json()
    assert [(w["id"], w["messages"]) for w in waiting] == [("new-1", 1)]
    assert problem(api.post("/unclaimed/new-1/claim", {"type": "spaceship"})) == (404, "not_found")
    nowhere = {"type": "refrigerator", "household_id": "nowhere"}
    assert problem(api.post("/unclaimed/new-1/claim", nowhere)) == (422, "invalid_message")
    claimed = api.post(
        "/unclaimed/new-1/claim", {"type": "refrigerator", "household_id": HOME, "name": "Cellar"}
    )
    assert (claimed.status_code, claimed.json()["name"]) == (201, "Cellar")
    assert api.get("/unclaimed").json() == []
    assert problem(api.post("/unclaimed/new-1/claim", {"type": "refrigerator"})) == (404, "not_found")


def test_a_foreign_device_is_claimed_with_a_mapping(api: Api, world: World) -> None:
    said = (
        '{"topic": "zigbee2mqtt/Fridge", "readings": {"power": "84 W", "temperature": "4.1 °C", "x": null}}'
    )
    with world.pool.connection() as conn:
        note_unclaimed(conn, "z2m-1", world.clock.now(), said, "refrigerator")
    readings = {one["name"]: one for one in api.get("/unclaimed").json()[0]["readings"]}
    assert readings["power"] == {"name": "power", "value": "84 W", "channel": "power", "channels": ["power"]}
    assert readings["temperature"]["channel"] == "", "it could be one of five: a person says which"
    assert "freezer_temperature" in readings["temperature"]["channels"]
    assert readings["x"] == {"name": "x", "value": "", "channel": "", "channels": []}
    wrong = {"type": "refrigerator", "mapping": {"temperature": "drum_speed"}}
    answer = api.post("/unclaimed/z2m-1/claim", wrong)
    assert problem(answer) == (404, "not_found")
    assert "freezer_temperature" in answer.json()["detail"]
    assert api.get("/unclaimed").json(), "a wrong mapping claims nothing"
    chosen = {"temperature": "freezer_temperature", "power": ""}
    claimed = api.post("/unclaimed/z2m-1/claim", {"type": "refrigerator", "mapping": chosen})
    assert claimed.status_code == 201, claimed.text
    with world.pool.connection() as conn:
        kept = Mappings()
        kept.refresh(conn)
    assert kept.get("z2m-1") == chosen


def test_insights_are_listed(api: Api, world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO insight (id, tenant_id, household_id, device_id, kind, day, body, figures,"
            " created_at) VALUES ('i1', 1, %s, %s, 'energy', '2026-03-01', %s, %s, now())",
            (HOME, FRIDGE, '{"en": "Less."}', '{"kwh": 1.5}'),
        )
    found = api.get("/insights", device=FRIDGE).json()
    assert [(i["day"], i["body"]["en"], i["figures"]) for i in found] == [
        ("2026-03-01", "Less.", {"kwh": 1.5})
    ]
    assert api.get("/insights", household=HOME).json() == found
    assert api.get("/insights", device=AIR).json() == []


def test_the_description_of_the_api_is_complete(api: Api) -> None:
    document = api.anonymous("GET", "/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path} says nothing"
            assert operation["operationId"]


def fill(world: World) -> None:
    """Store two hours of readings of the refrigerator, one a minute, all 4 °C."""
    now = world.clock.now()
    samples = [
        Sample(
            tenant=1,
            device=FRIDGE,
            type="refrigerator",
            time_us=to_us(now - timedelta(minutes=minute)),
            received_us=to_us(now),
            boot=None,
            seq=None,
            oldest=None,
            values={"fresh_food_temperature": 4.0, "power": 80.0},
            quality={},
            unknown={},
        )
        for minute in range(180, -1, -1)
    ]
    with world.pool.connection() as conn:
        write_samples(conn, world.catalogue, samples)
