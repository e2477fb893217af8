"""Every endpoint × every role × one's own, one's neighbour's and another brand's: made from the app's routes.

No case sends a body: who may not is refused before the body is looked at, and who may is told that it is
missing (or, without one, is served). So the matrix says nothing about what a route does, and all about who.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from services.accounts.roles import AccountRole, Permission, permissions_of
from services.accounts.scope import TARGETS
from services.api.app import PREFIX
from services.api.dependencies import Allow, Anybody, OwnersLink, guard_of
from services.api.unit import Unit, UnitRoute
from tests.access.place import CALLERS, PEOPLE, Place

# What a route needs besides its path to come as far as its rows.
QUERIES: dict[str, dict[str, Any]] = {"get_series": {"channel": "power"}}
# A refrigerator has no filters, a purifier has.
PURIFIERS = {"list_filters"}
# Streams without an end have a test of their own below.
ENDLESS = {"get_changes"}
NARROW = {"owner", "engineer", "key", "partner"}  # who sees the north alone, or nothing


class Route(NamedTuple):
    """A route with its method."""

    name: str
    method: str
    path: str
    guard: Allow | OwnersLink | Anybody
    params: tuple[str, ...]

    def at(self, found: dict[str, str], link: str = "") -> str:
        """Return the path with a row's ids in it."""
        if self.name in PURIFIERS:
            found = {**found, "device_id": found["device_id"].replace("fridge", "purifier")}
        return self.path.format(**found, token=link)


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Yield every route under /api/v1."""
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        route = context.original_route
        if not path.startswith(PREFIX):
            continue
        assert isinstance(route, APIRoute), f"{path} is no route of the API"
        guard = guard_of(route)
        assert guard is not None, f"{path} declares no permission"
        assert isinstance(route, UnitRoute), f"{path} would change things without an audit"
        for method in sorted(route.methods or ()):
            names = tuple(route.param_convertors)
            yield Route(route.name, method, path.removeprefix(PREFIX), guard, names)


def roles_of(caller: str) -> set[AccountRole]:
    if caller == "machine":
        return {AccountRole.MACHINE}
    return set(PEOPLE.get(caller, [AccountRole.PARTNER] if caller == "key" else []))


def may(caller: str, guard: Allow) -> bool:
    return caller != "nobody" and guard.permission in permissions_of(roles_of(caller))


def test_every_route_says_who_may_use_it(place: Place) -> None:
    routes = list(routes_of(place.app))
    assert len(routes) > 50
    opened = {route.name for route in routes if isinstance(route.guard, Anybody)}
    assert opened == {"get_health", "post_session", "post_refresh", "get_oidc", "post_oidc"}
    linked = {
        route.path.startswith("/owner/{token}/") for route in routes if isinstance(route.guard, OwnersLink)
    }
    assert linked == {True}
    declared = {route.guard.permission for route in routes if isinstance(route.guard, Allow)}
    assert declared | {Permission.OWNERS_LINK} == set(Permission), "a permission that nothing asks for"
    unknown = (
        {name for route in routes for name in route.params} - set(place.found[("one", "north")]) - {"token"}
    )
    assert not unknown, "give tests/access/place.py a row that the matrix can name"


@pytest.fixture
def nothing_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo every change as soon as it is done: the next case finds what this one found."""
    monkeypatch.setattr(Unit, "finish", lambda self, _response, _body: self.close())


@pytest.mark.usefixtures("nothing_lasts")
@pytest.mark.parametrize("caller", CALLERS)
def test_who_may_what(place: Place, caller: str) -> None:
    token = place.token(caller)
    wrong: list[str] = []
    for route in routes_of(place.app):
        if not isinstance(route.guard, Allow):
            continue
        more = {"params": QUERIES.get(route.name, {})}

        def ask(side: str, brand: str = "one", route: Route = route, more: Any = more) -> httpx.Response:
            answer = place.call(route.method, route.at(place.found[(brand, side)]), token, **more)
            if answer.status_code < 300 and "two-" in answer.text:
                wrong.append(f"{route.method} {route.path} shows another brand's: {answer.text[:200]}")
            return answer

        case = f"{route.method} {route.path}"
        if not may(caller, route.guard):
            expected = 401 if caller == "nobody" else 403
            if (got := ask("north").status_code) != expected:
                wrong.append(f"{case}: {got}, not {expected}")
            continue
        if route.name in ENDLESS:
            continue
        targets = set(route.params) & set(TARGETS)
        sees = caller not in ("partner",) or not targets
        answer = ask("north")
        refused = answer.status_code in (401, 403, 404) or answer.status_code >= 500
        if sees and refused and not excused(route, caller, answer):
            wrong.append(f"{case}: {answer.status_code} for one's own: {answer.text[:200]}")
        if targets and (got := ask("north", "two").status_code) != 404:
            wrong.append(f"{case}: {got}, not 404, for another brand's")
        if (
            targets & {"device_id", "ticket_id"}
            and caller in NARROW
            and (got := ask("south").status_code) != 404
        ):
            wrong.append(f"{case}: {got}, not 404, for the neighbour's")
    assert not wrong, "\n".join(wrong)


def excused(route: Route, caller: str, answer: httpx.Response) -> bool:
    """Tell of answers that are not about access: only sessions end, and a purifier has to have measured."""
    if route.name == "list_filters":
        return answer.status_code == 404 and "has not sent any reading" in answer.text
    by_program = caller in ("machine", "key") and route.name in ("delete_session", "post_password")
    return by_program and answer.status_code == 403


@pytest.mark.usefixtures("nothing_lasts")
def test_an_owner_s_link_opens_one_home(place: Place) -> None:
    wrong: list[str] = []
    for route in routes_of(place.app):
        if not isinstance(route.guard, OwnersLink):
            continue
        case = f"{route.method} {route.path}"
        for brand, side, good in (("one", "north", True), ("one", "south", False), ("two", "north", False)):
            path = route.at(place.found[(brand, side)], place.owner("one", "north"))
            answer = place.call(route.method, path)
            targets = set(route.params) & set(TARGETS)
            allowed = good or not targets
            if allowed and (answer.status_code in (401, 403, 404) or answer.status_code >= 500):
                wrong.append(f"{case}: {answer.status_code} for one's own")
            if not allowed and answer.status_code != 404:
                wrong.append(f"{case}: {answer.status_code}, not 404, for {brand} {side}")
            if answer.status_code < 300 and ("two-" in answer.text or "one-home-south" in answer.text):
                wrong.append(f"{case}: shows somebody else's")
        forged = place.owner("one", "north")[:-3] + "abc"
        if place.call(route.method, route.at(place.found[("one", "north")], forged)).status_code != 401:
            wrong.append(f"{case}: takes a forged link")
    assert not wrong, "\n".join(wrong)


def test_lists_hold_what_the_caller_sees(place: Place) -> None:
    def ids(path: str, caller: str, brand: str = "one") -> set[str]:
        said = place.call("GET", path, place.token(caller, brand)).json()
        items = said["items"] if isinstance(said, dict) else said
        return {item["id"] for item in items}

    north, south = (place.found[("one", side)] for side in ("north", "south"))
    assert ids("/tickets?state=all", "dispatcher") == {north["ticket_id"], south["ticket_id"]}
    assert ids("/tickets?state=all", "engineer") == {north["ticket_id"]}
    assert ids("/tickets?state=all", "dispatcher", "two") == {
        place.found[("two", side)]["ticket_id"] for side in ("north", "south")
    }
    fridges = {"one-fridge-north", "one-purifier-north"}
    assert ids("/devices", "engineer") == fridges
    assert ids("/devices", "owner") == fridges
    assert ids("/devices", "operator") == fridges | {"one-fridge-south", "one-purifier-south"}
    assert ids("/insights", "owner") == {"one-insight-north"}
    assert ids("/engineers", "dispatcher") == {"one-engineer-north", "one-engineer-south"}


def test_an_engineer_sees_the_own_tickets_wherever_they_are(place: Place) -> None:
    south = place.found[("one", "south")]
    path, token = f"/tickets/{south['ticket_id']}", place.token("engineer")
    assert place.call("GET", path, token).status_code == 404
    with place.connection() as conn:
        conn.execute("ALTER TABLE ticket DISABLE TRIGGER USER")
        conn.execute("UPDATE ticket SET assignee = 'one-engineer-north' WHERE id = %s", (south["ticket_id"],))
    try:
        assert place.call("GET", path, token).status_code == 200
        assert place.call("GET", f"/devices/{south['device_id']}", token).status_code == 200
    finally:
        with place.connection() as conn:
            conn.execute("UPDATE ticket SET assignee = NULL WHERE id = %s", (south["ticket_id"],))
            conn.execute("ALTER TABLE ticket ENABLE TRIGGER USER")
    assert place.call("GET", path, token).status_code == 404


def test_the_link_of_a_home_is_for_those_who_may_act_as_its_owner(place: Place) -> None:
    path = "/devices/one-fridge-north"
    shown = {
        caller: bool(place.call("GET", path, place.token(caller)).json()["owner_link"])
        for caller in ("owner", "dispatcher", "admin", "engineer", "operator")
    }
    assert shown == {
        "owner": True, "dispatcher": True, "admin": True, "engineer": False, "operator": False
    }  # fmt: skip


def test_a_partner_s_figures_name_nobody(place: Place) -> None:
    with place.connection() as conn:
        conn.execute("ALTER TABLE ticket DISABLE TRIGGER USER")
        conn.execute(
            "UPDATE ticket SET assignee = 'one-engineer-north', resolved_at = opened_at"
            " WHERE device_id = 'one-fridge-north'"
        )
    try:
        whole = place.call("GET", "/figures", place.token("dispatcher")).json()
        shared = place.call("GET", "/figures", place.token("key")).json()
    finally:
        with place.connection() as conn:
            conn.execute(
                "UPDATE ticket SET assignee = NULL, resolved_at = NULL WHERE device_id = 'one-fridge-north'"
            )
            conn.execute("ALTER TABLE ticket ENABLE TRIGGER USER")
    assert [one["id"] for one in whole["engineers"]] == ["one-engineer-north"]
    assert shared["engineers"] == []
    assert shared["tickets"] == whole["tickets"] == 2, "sums are of the whole brand"


def test_ids_of_another_brand_can_be_neither_taken_nor_overwritten(place: Place) -> None:
    wish = {"name": "Mallory", "region": "north", "skills": []}
    answer = place.call("PUT", "/engineers/two-engineer-north", place.token("dispatcher"), wish)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    with place.connection() as conn:
        row = conn.execute("SELECT name, tenant_id FROM engineer WHERE id = 'two-engineer-north'").fetchone()
    assert row == ("two-engineer-north", 2)
    claim = {"type": "refrigerator", "household_id": "two-home-north"}
    answer = place.call("POST", "/unclaimed/stranger-1-north/claim", place.token("operator"), claim)
    assert answer.status_code == 422
    account = {"login": "mallory", "roles": ["owner"], "household_id": "two-home-north"}
    assert place.call("POST", "/accounts", place.token("admin"), account).status_code == 422
    key = {"name": "mallory", "scopes": ["use:read"], "households": ["two-home-north"]}
    assert place.call("POST", "/api-keys", place.token("admin"), key).status_code == 422


def test_changes_stream_for_whom_they_are(place: Place) -> None:
    for caller in ("owner", "product", "partner", "key"):
        assert place.call("GET", "/changes", place.token(caller)).status_code == 403, caller
    assert place.call("GET", "/changes").status_code == 401
