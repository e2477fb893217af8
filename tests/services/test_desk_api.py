"""The service desk over HTTP: campaigns, inspections, windows, plan, figures, scenarios, an owner's own."""

from __future__ import annotations

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


@pytest.fixture
def owner(database: str) -> str:
    return f"/owner/{owner_token(settings_of(database), HOME)}"


def test_an_inspection_opens_a_ticket_and_stands_in_the_list(api: Api) -> None:
    wish = {"quantity": "gasket force", "value": 3, "unit": "N", "low": 8, "cause": "gasket_leak"}
    made = api.post(f"/devices/{FRIDGE}/inspections", wish, **{"X-Actor": "wang"})
    assert made.status_code == 201, made.text
    assert (made.json()["actor"], made.json()["value"]) == ("staff:wang", 3)
    ticket = api.get(f"/tickets/{made.json()['ticket_id']}").json()
    assert (ticket["origin"], ticket["cause"], ticket["warranty"]) == ("inspection", "gasket_leak", True)
    assert [one["id"] for one in api.get(f"/devices/{FRIDGE}/inspections").json()] == [made.json()["id"]]
    for wrong in ({"quantity": ""}, {"quantity": "x"}, {"quantity": "x", "value": 1, "cause": "nonsense"}):
        assert api.post(f"/devices/{FRIDGE}/inspections", wrong).status_code == 422
    assert api.post("/devices/nobody/inspections", wish).status_code == 404


def test_windows_plan_and_figures(api: Api, world: World) -> None:
    world.find(cause="refrigerant_leak", urgency="soon")
    ticket = world.ticket()
    windows = api.get(f"/tickets/{ticket.id}/windows").json()
    assert len(windows) == 3
    assert api.get("/tickets/nothing/windows").status_code == 404
    plan = api.get("/plan", day="2026-03-03", waiting=True).json()
    assert [leg["ticket"] for route in plan["routes"] for leg in route["legs"]] == [ticket.id]
    assert api.get("/plan", day="yesterday").status_code == 422
    figures = api.get("/figures").json()
    assert (figures["tickets"], figures["currency"]) == (1, "EUR")
    assert api.get("/figures", days=0).status_code == 422


def test_campaigns_are_listed_and_closed(api: Api, world: World) -> None:
    assert api.get("/campaigns").json() == []
    with world.pool.connection() as conn:
        made = world.desk.campaigns.open(
            conn,
            1,
            "refrigerator",
            "thermostat_drift",
            {"region": "west"},
            actor="test",
            since=world.clock.now(),
        )
    assert made is not None
    assert api.get(f"/campaigns/{made.id}").json()["region"] == "west"
    closed = api.post(f"/campaigns/{made.id}/close", {"note": "over", "version": 1})
    assert closed.json() == {"id": made.id, "opened": 0}
    assert api.post(f"/campaigns/{made.id}/close", {"version": 2}).status_code == 409, "it is closed already"
    assert api.post("/campaigns/nothing/close", {"version": 1}).status_code == 404


def test_an_owner_reports_and_controls_ones_own(api: Api, owner: str) -> None:
    made = api.post(f"{owner}/devices/{FRIDGE}/reports", {"words": "It hums."})
    assert made.status_code == 201, made.text
    assert api.get(f"/tickets/{made.json()['ticket']}").json()["origin"] == "owner"
    page = api.anonymous("GET", f"{owner}")
    assert "Tell us what is wrong" in page.text
    form = api.anonymous("POST", f"{owner}/devices/{AIR}/report", data={"words": "<b>Noise</b>"})
    assert form.headers["location"].endswith("note=reported")
    summaries = [item["summary"]["en"] for item in api.get("/tickets").json()["items"]]
    assert "<b>Noise</b>" in summaries
    sent = api.post(
        f"{owner}/devices/{FRIDGE}/commands", {"name": "set_temperature", "arguments": {"set_point": 5}}
    )
    assert (sent.status_code, sent.json()["state"]) == (201, "queued")
    remote = api.get(f"{owner}/devices/{FRIDGE}/remote").json()
    assert remote["commands"][0]["requested_by"] == f"owner:{HOME}"
    for path in ("devices/ownerless/reports", "devices/ownerless/commands"):
        body = {"words": "x"} if path.endswith("reports") else {"name": "sterilise"}
        assert api.post(f"{owner}/{path}", body).status_code == 404
    assert api.get(f"{owner}/devices/ownerless/remote").status_code == 404


def test_use_and_water(api: Api) -> None:
    assert api.get(f"/devices/{FRIDGE}/inventory").json() == []
    assert api.get(f"/devices/{FRIDGE}/cycles").json() == []
    assert api.get(f"/devices/{FRIDGE}/filters").status_code == 404
    put = api.anonymous("PUT", "/api/v1/water-quality/west", json={"tds": 420}, headers=api.staff)
    assert put.json()["tds"] == 420
    wrong = api.anonymous("PUT", "/api/v1/water-quality/west", json={"tds": -1}, headers=api.staff)
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    "path",
    ["/campaigns", "/plan", "/figures", f"/devices/{FRIDGE}/inventory", f"/devices/{FRIDGE}/inspections"],
)
def test_nobody_reads_it_without_a_token(api: Api, path: str) -> None:
    assert api.anonymous("GET", f"/api/v1{path}").status_code == 401
