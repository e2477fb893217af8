"""Product issues over HTTP: read, moved from the version that was seen, closed with a word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.api.app import make_app
from tests.services.api import Api, settings_of
from tests.services.test_product_issues import look, make_fleet, repair
from tests.services.world import World


@pytest.fixture
def api(world: World, database: str) -> Iterator[Api]:
    app = make_app(settings_of(database))
    yield Api(app)
    app.state.platform.close()


def test_an_issue_is_read_and_moved(api: Api, world: World) -> None:
    fleet = make_fleet(world, 50)
    for device in fleet[:2]:
        repair(world, device, parts_used=("defrost_heater", "defrost_heater"))
    for device in fleet[2:5]:
        repair(world, device)
    look(world)
    (issue,) = api.get("/product-issues").json()
    assert (issue["model"], issue["affected"], issue["devices"], issue["prevalence"]) == (
        "BCD-500",
        5,
        50,
        0.1,
    )
    assert issue["cause_title"]["en"] == "Defrost heater open"
    assert issue["moves"] == ["dismissed", "investigating", "mended"]
    whole = api.get(f"/product-issues/{issue['id']}").json()
    shares = {(one["dimension"], one["value"]): one for one in whole["shares"]}
    assert {dimension for dimension, _ in shares} == {"region", "firmware", "part", "month", "age"}
    assert (shares["part", "defrost_heater"]["affected"], shares["part", ""]["affected"]) == (2, 3)
    assert shares["part", "defrost_heater"]["title"]["en"] == "Defrost heater"
    assert "bcd-500-0" not in str(whole), "counted, nobody named"
    behind = api.get(f"/product-issues/{issue['id']}/repairs").json()
    assert [one["device_id"] for one in behind] == [f"bcd-500-00{n}" for n in (4, 3, 2, 1, 0)]
    assert behind[-1]["parts"][0]["en"] == "Defrost heater"
    assert behind[0]["cause_title"]["en"] == "Defrost heater open"
    assert api.get("/product-issues/nothing/repairs").status_code == 404

    path = f"/product-issues/{issue['id']}/moves"
    assert api.post(path, {"version": 1, "to": "mended"}).status_code == 422, "without a word"
    moved = api.post(path, {"version": 1, "to": "investigating"}, **{"X-Actor": "mei"}).json()
    assert (moved["state"], moved["version"]) == ("investigating", 2)
    stale = api.post(path, {"version": 1, "to": "dismissed", "note": "One lot."})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert "changed by staff:mei meanwhile (version 2 now)" in stale.json()["detail"]
    (change,) = stale.json()["changes"]
    assert (change["from_state"], change["to_state"], change["actor"]) == (
        "open",
        "investigating",
        "staff:mei",
    )
    tag = {"If-Match": '"1"'}
    assert api.post(path, {"to": "dismissed", "note": "One lot."}, **tag).status_code == 412
    assert api.post(path, {"to": "dismissed", "note": "One lot."}).status_code == 428
    assert api.get(f"/product-issues/{issue['id']}").headers["ETag"].startswith('"2-')
    assert api.post(path, {"version": 2, "to": "mended", "note": "A better weld."}).json()["moves"] == []
    again = api.post(path, {"version": 3, "to": "open"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert api.get("/product-issues").json() == []
    (closed,) = api.get("/product-issues", closed=True).json()
    said = api.get(f"/product-issues/{closed['id']}").json()["history"]
    assert [(one["actor"], one["note"]) for one in said][1:] == [
        ("staff:mei", ""),
        ("staff", "A better weld."),
    ]
    assert api.get("/product-issues/nothing").status_code == 404
    assert api.post("/product-issues/nothing/moves", {"version": 1, "to": "open"}).status_code == 404
