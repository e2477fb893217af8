"""Two people at one thing that is no ticket: the second is told who changed it, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.api.app import make_app
from tests.services.api import Api, settings_of
from tests.services.world import World


@pytest.fixture
def api(world: World, database: str) -> Iterator[Api]:
    app = make_app(settings_of(database, webhook_private=True))
    yield Api(app)
    app.state.platform.close()


def put(api: Api, path: str, body: Any, seen: str = "") -> httpx.Response:
    headers = {**api.staff, **({"If-Match": seen} if seen else {})}
    return api.anonymous("PUT", f"/api/v1{path}", json=body, headers=headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_engineer_s_entry(api: Api) -> None:
    path, entry = "/engineers/zhao", {"name": "Zhao", "region": "north", "skills": ["plumbing"]}
    assert code(put(api, path, entry, '"0123"')) == (412, "precondition_failed"), "it was never there"
    first = put(api, path, entry).headers["ETag"]
    assert api.get(path).headers["ETag"] == first
    assert put(api, path, entry).status_code == 200, "the same again says nothing new"
    assert code(put(api, path, {**entry, "region": "south"})) == (428, "precondition_required")
    moved = put(api, path, {**entry, "region": "south"}, first)
    assert moved.status_code == 200
    late = put(api, path, {**entry, "skills": []}, first)
    assert code(late) == (412, "precondition_failed")
    assert api.get(path).json() == {"id": "zhao", **entry, "region": "south"}
    assert put(api, path, {**entry, "skills": []}, moved.headers["ETag"]).status_code == 200
    assert put(api, path, entry, "*").status_code == 200, "whatever it says"
    assert api.get("/engineers/nobody").status_code == 404
    known = api.anonymous(
        "GET", f"/api/v1{path}", headers={**api.staff, "If-None-Match": api.get(path).headers["ETag"]}
    )
    assert known.status_code == 304


def test_a_webhook(api: Api) -> None:
    wish = {"url": "http://127.0.0.1:9/hook", "types": ["ticket.opened"]}
    made = api.post("/webhooks", wish).json()
    path, seen = f"/webhooks/{made['id']}", api.get(f"/webhooks/{made['id']}").headers["ETag"]
    assert code(put(api, path, wish)) == (428, "precondition_required")
    assert put(api, path, {**wish, "types": ["ticket.closed"]}, seen).status_code == 200
    assert code(put(api, path, {**wish, "description": "mine"}, seen)) == (412, "precondition_failed")
    assert code(put(api, path, {**wish, "version": made["version"]})) == (409, "conflict")
    stands = api.get(path).json()
    assert (stands["types"], stands["description"]) == (["ticket.closed"], "")
    assert put(api, path, {**wish, "version": stands["version"]}).json()["types"] == ["ticket.opened"]


def test_a_campaign(api: Api, world: World) -> None:
    with world.pool.connection() as conn:
        made = world.desk.campaigns.open(
            conn, 1, "refrigerator", "gasket_leak", {"model": "BCD"}, actor="test", since=world.clock.now()
        )
    assert made is not None
    path = f"/campaigns/{made.id}"
    seen = api.get(path)
    assert (seen.json()["version"], seen.headers["ETag"].startswith('"1-')) == (1, True)
    words = {"words": {"en": "A new gasket is on its way."}}
    assert api.post(f"{path}/messages", {**words, "version": 1}, **{"X-Actor": "mei"}).status_code == 200
    late = api.post(f"{path}/close", {"note": "over", "version": 1})
    assert code(late) == (409, "conflict")
    assert "changed by staff:mei meanwhile (version 2 now)" in late.json()["detail"]
    assert [line["note"] for line in late.json()["changes"]] == ["Told 0 owners: A new gasket is on its way."]
    late = api.post(f"{path}/close", {"note": "over"}, **{"If-Match": seen.headers["ETag"]})
    assert code(late) == (412, "precondition_failed")
    assert code(api.post(f"{path}/commands", {"name": "defrost", "version": 1})) == (409, "conflict")
    assert code(api.post(f"{path}/close", {"note": "over"})) == (428, "precondition_required")
    assert api.get(path).json()["state"] == "open"
    again = {"If-Match": api.get(path).headers["ETag"]}
    assert api.post(f"{path}/close", {"note": "over"}, **again).status_code == 200
