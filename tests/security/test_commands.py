"""The commands as an operator types them."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from typer.testing import CliRunner

from zerodistance.access.authority import CA_FILE, KEY_FILE, Authority
from zerodistance.access.broker_files import password_file, read_accounts
from zerodistance.access.passwords import matches
from zerodistance.cli import app
from zerodistance.errors import ConflictError, NotFoundError, SettingsError
from zerodistance.store.database import connect
from zerodistance.store.devices import register_device


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZD_DATABASE", database)
    monkeypatch.setenv("ZD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    with connect(database) as conn:
        register_device(conn, "fridge-1", "refrigerator")

    def call(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["zerodistance", *words])
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return call


def test_from_the_first_credential_to_the_last(run: Any, tmp_path: Path) -> None:
    run("certificates", "--host", "localhost", "--host", "127.0.0.1", "--out", str(tmp_path / "broker"))
    hosts = ("--host", "127.0.0.1", "--host", "localhost")
    again = json.loads(run("certificates", *hosts, "--out", "broker", "--json"))
    assert again["made"] is False
    other = json.loads(run("certificates", "--host", "elsewhere", "--out", "broker", "--json"))
    assert other["made"] is True
    first = json.loads(run("devices", "credentials", "fridge-1", "--json"))
    second = json.loads(run("devices", "rotate", "fridge-1", "--json"))
    assert second["revoked"] == [first["id"]]
    run("devices", "credentials", "fridge-1", "--certificate", "--out", str(tmp_path / "out"))
    certificate = x509.load_pem_x509_certificate((tmp_path / "out/fridge-1.pem").read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=fridge-1"
    assert stat.S_IMODE((tmp_path / "out/fridge-1.key").stat().st_mode) == 0o600
    listed = json.loads(run("devices", "credentials", "fridge-1", "--list", "--json"))
    assert {one["kind"] for one in listed} == {"password", "certificate"}
    assert "hash" not in listed[0]
    table = run("devices", "credentials", "fridge-1", "--list")
    assert first["id"] in table, "whole, to be copied into revoke --id"
    assert first["password"] not in table
    assert "disabled" in run("devices", "disable", "fridge-1", "--reason", "noise")
    assert "noise" in run("devices", "list")
    assert "enabled" in run("devices", "enable", "fridge-1")
    revoked = json.loads(run("devices", "revoke", "fridge-1", "--json"))["revoked"]
    assert len(revoked) == 2
    with pytest.raises(NotFoundError, match="--list"):
        run("devices", "revoke", "fridge-1")
    actions = [event["action"] for event in json.loads(run("devices", "access", "fridge-1", "--json"))]
    assert actions[:3] == ["revoked", "revoked", "enabled"]


def test_what_cannot_be_is_said(run: Any) -> None:
    with pytest.raises(NotFoundError, match="devices list"):
        run("devices", "credentials", "nobody")
    with pytest.raises(NotFoundError, match="zerodistance certificates"):
        run("devices", "credentials", "fridge-1", "--certificate")
    run("devices", "retire", "fridge-1")
    with pytest.raises(ConflictError, match="retired"):
        run("devices", "credentials", "fridge-1")


def test_files_before_the_broker_starts(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_BROKER_ACCOUNTS", "_ingest:0123456789abcdef")
    secret = json.loads(run("devices", "credentials", "fridge-1", "--json"))["password"]
    run("broker-access", "--once")
    folder = tmp_path / "data/broker"
    lines = dict(line.split(":", 1) for line in (folder / "passwords").read_text().splitlines())
    assert matches(secret, lines["fridge-1"])
    assert matches("0123456789abcdef", lines["_ingest"])
    assert not (folder / "revoked.pem").exists()  # there is no authority, so there are no certificates
    run("certificates", "--host", "localhost")
    run("broker-access", "--once")
    assert (folder / "revoked.pem").read_bytes().startswith(b"-----BEGIN X509 CRL")
    assert os.listdir(folder).count("passwords") == 1


@pytest.mark.parametrize(
    "text", ["ingest:0123456789abcdef", "_a:short", "_a", "_a:0123456789abcdef,_a:0123456789abcdef"]
)
def test_accounts_that_are_not_understood(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_accounts(text)
    assert "0123456789" not in str(caught.value)


def test_an_authority_that_was_being_made_when_its_maker_died_is_completed(tmp_path: Path) -> None:
    """The key alone must not stand in the way for ever."""
    first = Authority.create(tmp_path)
    key = (tmp_path / KEY_FILE).read_bytes()
    issued = first.issue_device("d-1")
    (tmp_path / CA_FILE).unlink()
    again = Authority.create(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == key
    assert (tmp_path / CA_FILE).read_text() == again.ca_pem
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert again.signed(certificate), "what was issued before holds"
    assert Authority.create(tmp_path).ca_pem == again.ca_pem
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEY_FILE, CA_FILE]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o640


def test_two_that_make_an_authority_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as several:
        made = list(several.map(Authority.create, [tmp_path] * 8))
    issued = [
        x509.load_pem_x509_certificate(one.issue_device("d-1").certificate_pem.encode()) for one in made
    ]
    assert all(one.signed(certificate) for one in made for certificate in issued)
    stands = Authority.load(tmp_path)
    assert all(stands.signed(certificate) for certificate in issued)


def test_a_line_break_makes_no_account() -> None:
    text = password_file({}, {"a": "$7$101$x$y\nevil:$7$101$x$y", "b\nc": "$7$", "ok": "$7$101$x$y"})
    assert text == "ok:$7$101$x$y\n"
