"""What the console's people look up over HTTP: filters, similar tickets, campaigns, board, health."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from services.api.app import make_app
from services.tokens import owner_token
from tests.services.api import Api, settings_of
from tests.services.world import AIR, FRIDGE, HOME, World


@pytest.fixture
def api(world: World, database: str) -> Iterator[Api]:
    app = make_app(settings_of(database))
    yield Api(app)
    app.state.platform.close()


def test_lists_are_filtered(api: Api, world: World) -> None:
    world.find(cause="compressor_failed", urgency="urgent")
    world.find(AIR, cause="filter_clogged", urgency="routine", type="air_conditioner")
    number = world.ticket().number

    def found(**filters: str) -> set[str]:
        answer = api.get("/tickets", **filters)
        assert answer.status_code == 200, answer.text
        return {one["device"]["id"] for one in answer.json()["items"]}

    assert found() == {FRIDGE, AIR}
    assert found(urgency="urgent") == found(type="refrigerator") == found(q="kitchen") == {FRIDGE}
    assert found(q=f"#{number}") == {FRIDGE}
    assert found(assignee="none") == {FRIDGE, AIR}
    assert found(assignee="somebody") == found(region="east") == found(q="50%_\\") == set()
    assert found(stage="closed") == set()
    assert api.get("/tickets", stage="nirvana").status_code == 422


def test_similar_tickets_are_found_among_many(api: Api, world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO ticket (id, tenant_id, device_id, state, origin, cause, probability, urgency,"
            " onset_at, opened_at, closed_at, outcome, minutes, parts_used)"
            " SELECT 's' || n, 1, %s, 'closed', 'detected',"
            " CASE n %% 50 WHEN 0 THEN 'compressor_failed' ELSE 'door_ajar' END, 1, 'soon', at, at, at,"
            " CASE n %% 100 WHEN 0 THEN 'no_fault_found' ELSE 'confirmed' END, 40, '{compressor}'"
            " FROM generate_series(1, 8000) AS n, LATERAL (SELECT %s - n * interval '1 min' AS at) AS a",
            (FRIDGE, world.clock.now()),
        )
    world.find(cause="compressor_failed", urgency="urgent")
    path = f"/tickets/{world.ticket().id}/similar"
    began = time.process_time()
    answer = api.get(path).json()
    assert time.process_time() - began < 1
    assert (answer["counted"], answer["confirmed"], answer["minutes"]) == (100, 50, 40)
    assert [one["id"] for one in answer["items"][:2]] == ["s50", "s100"]
    assert answer["items"][0]["parts"][0]["en"] == "Compressor"
    assert api.get("/tickets/nothing/similar").status_code == 404


def test_a_campaign_is_acted_on_as_one(api: Api, world: World) -> None:
    world.find(cause="thermostat_drift", urgency="soon")
    with world.pool.connection() as conn:
        made = world.desk.campaigns.open(
            conn, 1, "refrigerator", "thermostat_drift", {"region": "west"}, actor="test",
            since=world.ticket().onset_at.replace(year=2000),
        )  # fmt: skip
    assert made is not None
    path = f"/campaigns/{made.id}"
    (member,) = api.get(f"{path}/members").json()
    assert (member["device_id"], member["recovered_at"]) == (FRIDGE, None)
    told = api.post(f"{path}/messages", {"words": {"en": "Soon {it} is over.", "zh": "即将解决。"}})
    assert told.json() == {"reached": 1, "left_out": {}}
    api.post(f"{path}/messages", {"words": {"en": "Soon {it} is over.", "zh": "即将解决。"}})
    with world.pool.connection() as conn:
        said = [row[0] for row in conn.execute("SELECT body->>'en' FROM message WHERE audience = 'owner'")]
    assert said.count("Soon {it} is over.") == 1, "the same words reach nobody twice, and braces are text"
    assert api.post(f"{path}/messages", {"words": {"en": "  "}}).status_code == 422
    wish = {"name": "set_temperature", "arguments": {"set_point": 4}}
    assert api.post(f"{path}/commands", wish).json()["reached"] == 1
    assert api.get(f"/devices/{FRIDGE}").json()["recent_commands"][0]["name"] == "set_temperature"
    assert api.post(f"{path}/commands", {"name": "set_temperature"}).status_code == 422
    assert api.post(f"{path}/commands", {"name": "explode"}).status_code == 404
    notes = [line["note"] for line in api.get(f"{path}/history").json()]
    assert notes[0] == "Command set_temperature for 1 appliances."
    assert api.post(f"{path}/close", {"version": api.get(path).json()["version"]}).status_code == 200
    assert api.post(f"{path}/commands", wish).status_code == 409


def test_board_health_timeline_and_inspections(api: Api, world: World, database: str) -> None:
    world.find(cause="refrigerant_leak", urgency="soon")
    ticket = world.ticket()
    board = api.get("/plan/board", day="2026-03-03", waiting=True).json()
    (leg,) = [leg for route in board["routes"] for leg in route["legs"]]
    assert (leg["ticket"], leg["part_in_van"], leg["device_name"]) == (ticket.id, False, "Kitchen fridge")
    health = api.get(f"/devices/{FRIDGE}/health").json()
    assert health["level"] == "watch"
    assert [one["cause"] for one in health["concerns"]] == ["refrigerant_leak"]
    assert health["tickets_a_year"] == 1
    assert api.get(f"/devices/{AIR}/health").json()["concerns"] == []
    api.post(f"/devices/{FRIDGE}/inspections", {"quantity": "pressure", "value": 2.5, "unit": "bar"})
    kinds = [(one["kind"], one["code"]) for one in api.get(f"/devices/{FRIDGE}/timeline").json()]
    assert {("ticket", "opened"), ("inspection", "pressure")} <= set(kinds)
    (line,) = api.get("/inspections").json()
    assert (line["quantity"], line["device_name"], line["ticket_number"]) == (
        "pressure", "Kitchen fridge", ticket.number,
    )  # fmt: skip
    assert api.get("/devices/nobody/health").status_code == 404


def test_an_owner_chooses_the_language(api: Api, database: str) -> None:
    page = f"/owner/{owner_token(settings_of(database), HOME)}"
    for language, said in (("zh", "我的家电"), ("en", "Your appliances"), ("xx", "Your appliances")):
        answer = api.anonymous("POST", f"{page}/language", data={"language": language})
        assert answer.status_code == 303
        assert said in api.anonymous("GET", page).text
