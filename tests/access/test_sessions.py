"""Signing in: passwords, tokens that end, patience with guessing, OpenID Connect."""

from __future__ import annotations

import time
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer

from services.accounts import passwords, sessions, tokens
from services.accounts.first import make_first_account
from services.accounts.repository import set_password
from tests.access.place import PASSWORD, Place
from zerodistance.errors import InvalidMessageError


@pytest.fixture(scope="module")
def signer(place: Place) -> str:
    """Give the login of an account with a password."""
    with place.connection() as conn:
        set_password(conn, place.accounts[("one", "dispatcher")], PASSWORD)
    return "one-dispatcher"


@pytest.fixture(autouse=True)
def _patience(place: Place) -> None:
    with place.connection() as conn:
        conn.execute("DELETE FROM private.failed_login")


def sign_in(place: Place, login: str, password: str = PASSWORD, address: str = "") -> Any:
    headers = {"X-Zd-Relay": place.settings.staff_token, "X-Zd-Client-Address": address} if address else {}
    return place.call("POST", "/sessions", body={"login": login, "password": password}, headers=headers)


def status(place: Place, token: str) -> int:
    return place.call("GET", "/me", token).status_code


def test_passwords_are_argon2id_of_the_strength_that_the_rfc_names() -> None:
    hashed = passwords.hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(hashed, PASSWORD)
    assert not passwords.matches(hashed, PASSWORD + "x")
    assert not passwords.matches(None, "nobody has this password"), "there is no such account"
    with pytest.raises(InvalidMessageError):
        passwords.hash_password("too short")


def test_signing_in_gives_a_session_that_signing_out_ends(place: Place, signer: str) -> None:
    answer = sign_in(place, signer.upper())
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    me = place.call("GET", "/me", said["access_token"]).json()
    assert (me["login"], me["roles"], me["tenant"], me["reach"]) == (
        signer,
        ["dispatcher"],
        "default",
        "tenant",
    )
    assert place.call("DELETE", "/sessions/current", said["access_token"]).status_code == 204
    assert status(place, said["access_token"]) == 401
    again = place.call("POST", "/sessions/refresh", body={"refresh_token": said["refresh_token"]})
    assert again.status_code == 401


def test_nothing_tells_whether_there_is_such_an_account(place: Place, signer: str) -> None:
    wrong, unknown, without = (
        sign_in(place, login, "a wrong password") for login in (signer, "nobody-at-all", "one-engineer")
    )
    assert wrong.status_code == unknown.status_code == without.status_code == 401
    assert wrong.text == unknown.text == without.text


def test_access_tokens_expire_and_cannot_be_made(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = place.fresh("dispatcher")
    assert status(place, begun.access_token) == 200
    for bad in (
        begun.access_token[:-2] + "xx",
        tokens.ACCESS + begun.session,
        tokens.ACCESS + URLSafeTimedSerializer("another key", salt="access").dumps(begun.session),
        tokens.ACCESS + URLSafeTimedSerializer(place.settings.secret_key, salt="owner").dumps(begun.session),
        tokens.ACCESS + URLSafeTimedSerializer(place.settings.secret_key, salt="access").dumps([1]),
        begun.refresh_token,
        "zdk_0123_x",
        "x" * 5000,
    ):
        assert status(place, bad) == 401, bad
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + tokens.ACCESS_S + 2)
    answer = place.call("GET", "/me", begun.access_token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "refresh" in answer.json()["detail"]


def test_a_refresh_secret_is_good_once_and_a_copy_ends_the_session(place: Place) -> None:
    def refresh(secret: str) -> Any:
        return place.call("POST", "/sessions/refresh", body={"refresh_token": secret})

    begun = place.fresh("operator")
    first = refresh(begun.refresh_token).json()
    assert refresh(begun.refresh_token).json()["refresh_token"] == first["refresh_token"], (
        "the answer was lost"
    )
    second = refresh(first["refresh_token"]).json()
    assert second["refresh_token"] not in (first["refresh_token"], begun.refresh_token)
    with place.connection() as conn:
        conn.execute("UPDATE private.session SET refreshed_at = now() - interval '1 hour'")
    copy = refresh(first["refresh_token"])
    assert (copy.status_code, copy.json()["code"]) == (401, "unauthenticated")
    assert refresh(second["refresh_token"]).status_code == 401, "the session has ended for everybody"
    assert status(place, second["access_token"]) == 401


def test_less_rights_hold_at_once(place: Place) -> None:
    admin = place.token("admin")
    wish = {"login": "short.lived", "roles": ["operator"], "password": PASSWORD}
    made = place.call("POST", "/accounts", admin, wish).json()
    token = sign_in(place, "short.lived").json()["access_token"]
    path = f"/accounts/{made['id']}"
    assert place.call("GET", "/access", token).status_code == 200
    changed = place.call("PATCH", path, admin, {"version": 1, "roles": ["dispatcher"]})
    assert changed.status_code == 200, changed.text
    assert place.call("GET", "/access", token).status_code == 403
    assert place.call("PATCH", path, admin, {"version": 1, "disabled": True}).status_code == 409
    assert place.call("PATCH", path, admin, {"disabled": True}).status_code == 428
    gone = place.call("PATCH", path, admin, {"disabled": True}, headers={"If-Match": '"2"'})
    assert gone.status_code == 200
    assert status(place, token) == 401
    assert sign_in(place, "short.lived").status_code == 401
    back = place.call("PATCH", path, admin, {"version": 3, "disabled": False})
    assert back.json()["disabled_at"] is None
    assert status(place, token) == 401, "sessions that were ended stay so"
    assert sign_in(place, "short.lived").status_code == 201
    mine = place.accounts[("one", "admin")].id
    assert (
        place.call("PATCH", f"/accounts/{mine}", admin, {"version": 1, "disabled": True}).status_code == 403
    )


def test_a_new_password_ends_the_other_sessions(place: Place) -> None:
    with place.connection() as conn:
        set_password(conn, place.accounts[("one", "operator")], PASSWORD)
    mine, other = (sign_in(place, "one-operator").json()["access_token"] for _ in range(2))
    wish = {"old_password": "not this one", "new_password": "another long sentence"}
    assert place.call("POST", "/me/password", mine, wish).status_code == 403
    wish["old_password"] = PASSWORD
    assert place.call("POST", "/me/password", mine, wish).status_code == 204
    assert (status(place, mine), status(place, other)) == (200, 401)
    assert sign_in(place, "one-operator").status_code == 401
    assert sign_in(place, "one-operator", "another long sentence").status_code == 201


def test_guessing_is_slowed_down_by_name_and_address(place: Place, signer: str) -> None:
    with place.connection() as conn:
        for _ in range(5):
            sessions.note_failure(conn, signer, "10.0.0.1")
    slowed = sign_in(place, signer, address="10.0.0.1")
    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    assert sign_in(place, signer, address="10.0.0.2").status_code == 201, "its holder comes in from elsewhere"
    with place.connection() as conn:
        for number in range(30):
            sessions.note_failure(conn, f"name-{number}", "10.0.0.3")
    assert sign_in(place, signer, address="10.0.0.3").status_code == 429, "one address that tries many names"
    with place.connection() as conn:
        for number in range(100):
            sessions.note_failure(conn, signer, f"10.1.0.{number}")
    assert sign_in(place, signer, address="10.0.0.9").status_code == 429, "many addresses that try one name"
    with place.connection() as conn:
        conn.execute("UPDATE private.failed_login SET time = time - interval '16 minutes'")
    assert sign_in(place, signer, address="10.0.0.1").status_code == 201


def test_nobody_says_where_they_come_from_but_the_console(place: Place) -> None:
    answer = place.call(
        "POST",
        "/sessions",
        body={"login": "planted", "password": "x"},
        headers={"X-Zd-Relay": "guess", "X-Zd-Client-Address": "6.6.6.6"},
    )
    assert answer.status_code == 401
    with place.connection() as conn:
        row = conn.execute("SELECT address FROM private.failed_login WHERE login = 'planted'").fetchone()
    assert row is not None
    assert row[0] != "6.6.6.6"


def test_keys_of_partners_do_what_they_name_until_they_are_revoked(place: Place) -> None:
    admin = place.token("admin")
    wish = {"name": "shop-2", "scopes": ["use:read"], "households": ["one-home-south"]}
    made = place.call("POST", "/api-keys", admin, wish)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert place.call("GET", "/devices/one-fridge-south/inventory", secret).status_code == 200
    assert place.call("GET", "/devices/one-fridge-north/inventory", secret).status_code == 404
    assert place.call("GET", "/figures", secret).status_code == 403
    assert place.call("POST", "/api-keys", admin, wish).status_code == 409
    listed = place.call("GET", "/api-keys", admin)
    assert secret not in listed.text
    key = next(one for one in listed.json() if one["name"] == "shop-2")
    assert key["last_used_at"] is not None
    assert place.call("DELETE", f"/api-keys/{key['id']}", admin).status_code == 204
    assert place.call("GET", "/devices/one-fridge-south/inventory", secret).status_code == 401
    past = {**wish, "name": "shop-3", "expires_at": "2020-01-01T00:00:00Z"}
    secret = place.call("POST", "/api-keys", admin, past).json()["secret"]
    assert status(place, secret) == 401
    wider = {**wish, "name": "shop-4", "scopes": ["tickets:write"]}
    assert place.call("POST", "/api-keys", admin, wider).status_code == 422


def test_the_first_account_is_made_once_and_where_there_is_none(place: Place) -> None:
    pool = place.app.state.platform.pool
    assert not make_first_account(pool, place.settings), "there are accounts"
    with place.connection() as conn:
        conn.execute("INSERT INTO tenant (name) VALUES ('fresh')")
    fresh = place.settings.model_copy(update={"tenant": "fresh"})
    assert make_first_account(pool, fresh)
    assert not make_first_account(pool, fresh)
    said = sign_in(place, "admin").json()
    assert (said["roles"], said["tenant"]) == (["admin"], "fresh")
