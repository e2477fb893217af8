"""What is done twice, at once, or too often: idempotency keys, If-Match, the audit, limits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from services.accounts.sessions import TooManyRequestsError
from services.api.dependencies import Allow, Anybody
from services.api.limits import Limiter
from services.api.unit import CHANGING, Unit
from tests.access.place import PASSWORD, Place, opened
from tests.access.test_matrix import Route, routes_of
from tests.fixtures.postgres import made_database
from zerodistance.catalogue import Catalogue

MEASURED = {"quantity": "suction pressure", "value": 0.4, "unit": "MPa", "low": 0.5, "high": 1.2}
FRIDGE = "/devices/one-fridge-north"


def inspections(place: Place) -> int:
    with place.connection() as conn:
        row = conn.execute("SELECT count(*) FROM inspection").fetchone()
    assert row is not None
    return int(row[0])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- idempotency ---


def test_a_repeat_with_the_same_key_is_answered_and_not_done(place: Place) -> None:
    token, before = place.token("dispatcher"), inspections(place)
    key = {"Idempotency-Key": "visit-17"}
    first = place.call("POST", f"{FRIDGE}/inspections", token, MEASURED, headers=key)
    assert first.status_code == 201
    again = place.call("POST", f"{FRIDGE}/inspections", token, MEASURED, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert inspections(place) == before + 1
    other = place.call("POST", f"{FRIDGE}/inspections", token, {**MEASURED, "value": 1}, headers=key)
    assert code(other) == (422, "idempotency_key_reused")
    elsewhere = place.call("POST", "/devices/one-fridge-south/inspections", token, MEASURED, headers=key)
    assert code(elsewhere) == (422, "idempotency_key_reused")
    # a key is its holder's: neither a colleague's nor another brand's is in the way
    colleague = place.call("POST", f"{FRIDGE}/inspections", place.token("engineer"), MEASURED, headers=key)
    assert colleague.status_code == 201
    theirs = place.call(
        "POST",
        "/devices/two-fridge-north/inspections",
        place.token("dispatcher", "two"),
        MEASURED,
        headers=key,
    )
    assert theirs.status_code == 201
    assert inspections(place) == before + 3


def test_what_was_refused_may_be_mended_under_the_same_key(place: Place) -> None:
    token, key = place.token("dispatcher"), {"Idempotency-Key": "mended"}
    wrong = place.call("POST", f"{FRIDGE}/inspections", token, {**MEASURED, "low": 9}, headers=key)
    assert wrong.status_code == 422
    assert place.call("POST", f"{FRIDGE}/inspections", token, MEASURED, headers=key).status_code == 201


def test_twenty_at_once_under_one_key_do_it_once(place: Place) -> None:
    token, before = place.token("dispatcher"), inspections(place)
    more = {"headers": {"Idempotency-Key": "race"}}
    answers = place.at_once(*(("POST", f"{FRIDGE}/inspections", token, MEASURED, more) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 20}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19
    assert inspections(place) == before + 1


def test_an_answer_with_a_secret_is_not_kept(place: Place) -> None:
    token, key = place.token("operator"), {"Idempotency-Key": "secret"}
    made = place.call("POST", f"{FRIDGE}/credentials", token, {"kind": "password"}, headers=key)
    assert made.status_code == 201
    again = place.call("POST", f"{FRIDGE}/credentials", token, {"kind": "password"}, headers=key)
    assert code(again) == (409, "idempotency_answer_gone")
    with place.connection() as conn:
        kept = conn.execute("SELECT body FROM idempotent_answer WHERE key = 'secret'").fetchone()
        lines = conn.execute("SELECT detail::text FROM audit").fetchall()
    assert kept == (None,)
    assert not any(made.json()["password"] in line for (line,) in lines)


def test_a_change_that_cannot_be_committed_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, before = place.token("dispatcher"), inspections(place)
    finish = Unit.finish

    def fails(self: Unit, response: Any, body: bytes) -> None:
        self.conn.execute("INSERT INTO ticket_history SELECT * FROM ticket_history")  # no such line twice
        finish(self, response, body)

    monkeypatch.setattr(Unit, "finish", fails)
    key = {"Idempotency-Key": "lost"}
    assert place.call("POST", f"{FRIDGE}/inspections", token, MEASURED, headers=key).status_code == 500
    monkeypatch.undo()
    assert inspections(place) == before
    assert place.call("POST", f"{FRIDGE}/inspections", token, MEASURED, headers=key).status_code == 201
    assert inspections(place) == before + 1


# --- two people at one thing ---


def test_of_two_who_move_a_ticket_one_does_and_the_other_is_told_by_whom(place: Place) -> None:
    ticket = place.found[("one", "south")]["ticket_id"]
    path = f"/tickets/{ticket}/moves"
    seen = place.call("GET", f"/tickets/{ticket}", place.token("dispatcher"))
    tag, version = seen.headers["etag"], seen.json()["version"]
    wish = {"to": "on_site", "note": "It cannot wait."}
    more = {"headers": {"If-Match": tag}}
    answers = place.at_once(
        *(("POST", path, place.token(who), wish, more) for who in ("dispatcher", "admin") for _ in range(4))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}
    told = next(answer for answer in answers if answer.status_code == 412).json()
    assert told["code"] == "precondition_failed"
    assert told["version"] == version + 1
    change = told["changes"][0]
    assert change["actor"] in ("staff:one-dispatcher", "staff:one-admin")
    assert change["actor"] in told["detail"]
    assert (change["from_state"], change["to_state"], change["note"]) == (
        "owner_asked",
        "on_site",
        wish["note"],
    )
    by_version = place.call("POST", path, place.token("dispatcher"), {**wish, "version": version})
    assert code(by_version) == (409, "conflict")
    assert by_version.json()["changes"] == told["changes"]
    blind = place.call("POST", path, place.token("dispatcher"), wish)
    assert code(blind) == (428, "precondition_required")


def test_who_has_the_current_version_is_not_sent_it_again(place: Place) -> None:
    path, token = f"/tickets/{place.found[('one', 'north')]['ticket_id']}", place.token("dispatcher")
    tag = place.call("GET", path, token).headers["etag"]
    known = place.call("GET", path, token, headers={"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")
    assert place.call("GET", path, token, headers={"If-None-Match": '"0"'}).status_code == 200


# --- the audit ---

WISHES: dict[str, Any] = {
    "POST /devices/{device_id}/inspections": MEASURED,
    "POST /devices/{device_id}/credentials": {"kind": "password"},
    "POST /devices/{device_id}/disable": {"reason": "floods"},
    "POST /devices/{device_id}/enable": None,
    "DELETE /devices/{device_id}/credentials": None,
    "POST /unclaimed/{unclaimed_id}/claim": {"type": "refrigerator"},
    "PUT /engineers/{engineer_id}": {
        "name": "one-engineer-north",
        "region": "north",
        "skills": ["refrigeration"],
    },
    "POST /campaigns/{campaign_id}/close": {"note": "Mended by a new release.", "version": 1},
    "PUT /water-quality/{region}": {"tds": 300, "source": "waterworks"},
    "POST /accounts": {"login": "audited", "roles": ["product"], "password": PASSWORD},
    "PATCH /accounts/{account_id}": {"version": 1, "name": "Somebody"},
    "POST /api-keys": {"name": "audited", "scopes": ["figures:read"]},
    "DELETE /api-keys/{key_id}": None,
    "DELETE /sessions/current": None,
    "POST /owner/{token}/devices/{device_id}/reports": {"words": "It hums."},
}


def test_every_change_leaves_one_line_in_the_audit_and_a_refusal_none(place: Place) -> None:
    wrong: list[str] = []
    done: set[str] = set()
    routes = [route for route in routes_of(place.app) if route.method in CHANGING]
    for route in sorted(routes, key=lambda route: route.method == "DELETE"):
        if isinstance(route.guard, Anybody):
            continue
        admin = place.fresh("admin").access_token if isinstance(route.guard, Allow) else ""
        before = audit(place)
        answer = ask(place, route, admin)
        lines = [line for line in audit(place) if line not in before]
        succeeded = answer.status_code < 300
        actions = [action for _, action, _, _ in lines]
        if actions != ([route.name] if succeeded else []):
            wrong.append(f"{route.method} {route.path}: {answer.status_code}, audit {actions}")
        if succeeded:
            done.add(f"{route.method} {route.path}")
            _, _, actor, target = lines[0]
            assert actor == ("staff:one-admin" if admin else "owner:one-home-north"), route.path
            assert place.owner() not in target, "a line must not open the owner's page"
    assert not wrong, "\n".join(wrong)
    assert set(WISHES) <= done, set(WISHES) - done


def ask(place: Place, route: Route, token: str) -> Any:
    found = place.found[("one", "north")]
    wish = WISHES.get(f"{route.method} {route.path}", {} if route.method != "DELETE" else None)
    return place.call(route.method, route.at(found, place.owner()), token, wish)


def audit(place: Place) -> list[tuple[int, str, str, str]]:
    with place.connection() as conn:
        return conn.execute("SELECT id, action, actor, target FROM audit ORDER BY id").fetchall()


def test_the_audit_is_read_by_administrators_and_changed_by_nobody(place: Place) -> None:
    place.call("PUT", "/engineers/one-new", place.token("dispatcher"), {"name": "Zhao", "region": "east"})
    page = place.call("GET", "/audit", place.token("admin"), params={"limit": 1, "action": "put_engineer"})
    line = page.json()["items"][0]
    assert (line["actor"], line["target"]) == ("staff:one-dispatcher", "/api/v1/engineers/one-new")
    assert line["detail"] == {"name": "Zhao", "region": "east"}
    assert line["roles"] == ["dispatcher"]
    assert line["address"]
    theirs = place.call("GET", "/audit", place.token("admin", "two")).json()["items"]
    assert not any("one-" in str(line) for line in theirs)
    with place.connection() as conn, pytest.raises(Exception, match="append-only"):
        conn.execute("DELETE FROM audit")
    with place.connection() as conn, pytest.raises(Exception, match="append-only"):
        conn.execute("TRUNCATE audit")


# --- limits ---


def test_a_bucket_empties_and_fills() -> None:
    now = [0.0]
    limiter = Limiter(2, 3, clock=lambda: now[0])
    for _ in range(3):
        limiter.take("a")
    with pytest.raises(TooManyRequestsError) as refused:
        limiter.take("a")
    assert refused.value.retry_after_s == pytest.approx(0.5)
    limiter.take("b")
    now[0] = 0.5
    limiter.take("a")
    with pytest.raises(TooManyRequestsError):
        limiter.take("a", 0)
    now[0] = 100
    for _ in range(3):
        limiter.take("a")
    Limiter(0, 1).take("c", 100)


def test_who_asks_too_often_is_told_when_to_come_again(
    postgres_server: str, template_database: str, catalogue: Catalogue
) -> None:
    limits = {"api_rate": 0.01, "api_burst": 3}
    with (
        made_database(postgres_server, template=template_database) as address,
        opened(address, catalogue, **limits) as place,
    ):
        answers = [place.call("GET", "/devices", place.token("dispatcher")) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert code(answers[-1]) == (429, "too_many_requests")
        assert 90 <= int(answers[-1].headers["retry-after"]) <= 100
        assert place.call("GET", "/devices", place.token("engineer")).status_code == 200, "by account"
        assert place.call("GET", "/health").status_code == 200
