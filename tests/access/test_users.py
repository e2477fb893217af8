"""``zerodistance users``: accounts from the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from services.accounts.passwords import matches
from services.accounts.sessions import password_of
from zerodistance.cli.users import app
from zerodistance.errors import ConflictError, InvalidMessageError, NotFoundError, SettingsError
from zerodistance.store.database import connect
from zerodistance.store.devices import register_engineer

PASSWORD = "a long sentence of one's own"


def run(*words: str, typed: str | None = None) -> str:
    result = CliRunner().invoke(app, list(words), input=typed, catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_accounts_are_made_shown_changed_and_put_out_of_use(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_DATABASE", database)
    assert "No accounts" in run("list")
    made = json.loads(run("add", "Li", "--role", "admin", "--json"))
    assert (made["login"], made["roles"], made["created_by"]) == ("li", ["admin"], "command line")
    assert len(made["password"]) >= 20, "made here and shown once"
    with connect(database) as conn:
        register_engineer(conn, "e-1", "Wang")
        conn.commit()
        assert matches(password_of(conn, "li")[1], made["password"])
    said = run(
        "add", "wang", "--role", "engineer", "--engineer", "e-1", "--password-stdin", typed=PASSWORD + "\n"
    )
    assert "engineer" in said
    assert PASSWORD not in said
    with pytest.raises(ConflictError):
        run("add", "wang", "--role", "dispatcher", "--no-password")
    with pytest.raises(InvalidMessageError):
        run("add", "zhao", "--role", "engineer", "--no-password")
    with pytest.raises(SettingsError, match="no role"):
        run("add", "zhao", "--role", "king", "--no-password")
    run("roles", "wang", "--role", "dispatcher", "--role", "engineer")
    run("disable", "wang")
    rows = {row["login"]: row for row in json.loads(run("list", "--json"))}
    assert set(rows["wang"]["roles"]) == {"dispatcher", "engineer"}
    assert rows["wang"]["disabled_at"] is not None
    assert "password_hash" not in rows["wang"]
    run("enable", "wang")
    run("password", "wang", "--password-stdin", typed="another long sentence\n")
    with connect(database) as conn:
        account, hashed = password_of(conn, "wang")
        assert account is not None
        assert matches(hashed, "another long sentence")
        lines = conn.execute("SELECT action, target FROM audit ORDER BY id").fetchall()
    assert lines == [
        ("users add", "li"), ("users add", "wang"), ("users roles", "wang"), ("users disable", "wang"),
        ("users enable", "wang"), ("users password", "wang"),
    ]  # fmt: skip
    with pytest.raises(NotFoundError):
        run("disable", "nobody")


def test_a_brand_has_people_of_its_own(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_DATABASE", database)
    run("tenant", "other")
    with pytest.raises(ConflictError):
        run("tenant", "other")
    run("add", "sun", "--role", "admin", "--tenant", "other", "--no-password")
    assert json.loads(run("list", "--json")) == []
    assert [row["login"] for row in json.loads(run("list", "--tenant", "other", "--json"))] == ["sun"]
    with pytest.raises(SettingsError):
        run("list", "--tenant", "nowhere")
