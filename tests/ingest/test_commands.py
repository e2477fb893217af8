"""``zerodistance dead-letters``, ``devices`` and ``doctor``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ingest.letters import make_letter
from ingest.replay import adopted_letters
from tests.fixtures.amqtt import AmqttBroker
from tests.fixtures.processes import free_port
from tests.ingest.live import PARTITIONS, Reader, make_topics, now_ms
from tests.ingest.test_process import store_letters, waiting
from zerodistance.cli import dead_letters, devices, doctor
from zerodistance.errors import ConflictError, InvalidMessageError, NotFoundError, SettingsError
from zerodistance.log import Log
from zerodistance.store.database import Pool
from zerodistance.store.devices import note_unclaimed

runner = CliRunner()


@pytest.fixture(autouse=True)
def environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: str, sqlite_log: Log, sqlite_log_address: str
) -> None:
    """Point the commands at the test's database and log."""
    make_topics(sqlite_log)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE": database,
        "LOG": sqlite_log_address,
        "LOG_PARTITIONS": str(PARTITIONS),
        "MQTT": f"mqtt://127.0.0.1:{free_port()}",
        "DATA_DIR": str(tmp_path),
        "API_PORT": str(free_port()),
        "CONSOLE_PORT": str(free_port()),
    }.items():
        monkeypatch.setenv(f"ZD_{name}", value)


def call(app: Any, *arguments: str, code: int = 0) -> Result:
    result = runner.invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def said(app: Any, *arguments: str, code: int = 0) -> Any:
    return json.loads(call(app, *arguments, "--json", code=code).stdout)


def put_letters(pool: Pool) -> list[str]:
    """Store three letters: two that could go through now, one that never will."""
    payloads = [
        ("time_in_future", json.dumps({"ts": now_ms(), "values": {"power": 1}}).encode(), "fridge"),
        ("malformed_json", b"\x00\x01\xff", "fridge"),
        ("unknown_device", json.dumps({"ts": now_ms(), "values": {"power": 2}}).encode(), "newcomer"),
    ]
    letters = [
        make_letter(
            reason,
            "why",
            topic=f"zd/v1/{device}/telemetry",
            device=device,
            raw=raw,
            received_us=now_ms() * 1000,
        )
        for reason, raw, device in payloads
    ]
    store_letters(pool, letters)
    return [letter.id for letter in letters]


def test_letters_are_listed_shown_replayed_and_dropped(pool: Pool, sqlite_log: Log) -> None:
    call(devices.app, "add", "fridge", "--type", "refrigerator")
    future, rubbish, _ = put_letters(pool)
    listed = said(dead_letters.app, "list")
    assert listed["by_reason"] == {"time_in_future": 1, "malformed_json": 1, "unknown_device": 1}
    assert len(said(dead_letters.app, "list", "--device", "fridge", "--hours", "1")["letters"]) == 2
    assert "malformed_json" in call(dead_letters.app, "list").stdout
    assert "0001ff" in call(dead_letters.app, "show", rubbish[:10]).stdout
    assert said(dead_letters.app, "show", rubbish)["raw_hex"] == "0001ff"
    outcome = said(dead_letters.app, "replay", "--device", "fridge", code=1)
    assert (outcome["replayed"], list(outcome["refused"])) == (1, [rubbish])
    assert [one.device for one in Reader(sqlite_log).samples()] == ["fridge"]
    call(dead_letters.app, "drop", "--reason", "malformed_json", "--yes")
    assert said(dead_letters.app, "list")["by_reason"] == {"unknown_device": 1}
    everything = said(dead_letters.app, "list", "--all")["letters"]
    assert {letter["id"] for letter in everything if letter["replayed_at"]} == {future}
    with pytest.raises(NotFoundError):
        call(dead_letters.app, "show", "no-such-letter")
    call(dead_letters.app, "replay", code=2)  # nothing was chosen: it must not mean everything


def test_what_was_done_with_a_letter_stands_in_its_history(
    pool: Pool, sqlite_log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters.getpass, "getuser", lambda: "wang")
    call(devices.app, "add", "fridge", "--type", "refrigerator")
    future, rubbish, stranger = put_letters(pool)
    first = said(dead_letters.app, "replay", future, rubbish, code=1)
    assert (first["replayed"], first["passed_over"], first["left"]) == (1, 0, 0)
    again = said(dead_letters.app, "replay", future, rubbish, code=1)
    assert (again["replayed"], again["passed_over"], list(again["refused"])) == (0, 1, [rubbish])
    assert len(Reader(sqlite_log).samples()) == 1, "replayed once, whatever is asked twice"

    result = runner.invoke(dead_letters.app, ["drop", rubbish], input="n\n")
    assert result.exit_code == 1
    assert said(dead_letters.app, "show", rubbish)["raw_hex"] == "0001ff", (
        "asked first, and the answer was no"
    )
    kept = tmp_path / "bytes"
    call(dead_letters.app, "show", rubbish, "--raw", str(kept))
    assert kept.read_bytes() == b"\x00\x01\xff"
    assert said(dead_letters.app, "drop", rubbish, future, "--yes") == {
        "dropped": [rubbish],
        "passed_over": 1,
    }
    assert said(dead_letters.app, "drop", rubbish, "--yes") == {"dropped": [], "passed_over": 1}

    shown = said(dead_letters.app, "show", rubbish)
    assert [(one["action"], one["actor"]) for one in shown["history"]] == [
        ("refused", "command line (wang)"),
        ("refused", "command line (wang)"),
        ("dropped", "command line (wang)"),
    ]
    assert (shown["raw_hex"], shown["length"], shown["reason"]) == ("", 3, "malformed_json")
    assert shown["source"] == "zd/v1/fridge/telemetry"
    assert [one["action"] for one in said(dead_letters.app, "show", future)["history"]] == ["replayed"]
    text = " ".join(call(dead_letters.app, "show", rubbish).stdout.split())
    assert "dropped" in text
    assert "by command line (wang)" in text
    with pool.connection() as conn:
        counted = conn.execute("SELECT outcome, count FROM stage_count WHERE stage = 'replay' ORDER BY 1")
        assert counted.fetchall() == [("dropped", 1), ("refused_again", 2), ("replayed", 1)]
    assert [one["id"] for one in said(dead_letters.app, "list", "--state", "dropped")["letters"]] == [rubbish]
    assert [one["id"] for one in said(dead_letters.app, "list", "--state", "replayed")["letters"]] == [future]
    source = said(dead_letters.app, "list", "--source", "zd/v1/new")
    assert ([one["id"] for one in source["letters"]], source["total"]) == ([stranger], 1)
    assert said(dead_letters.app, "list", "--until", "2020-01-01")["total"] == 0
    assert said(dead_letters.app, "list", "--since", "2020-01-01", "--limit", "1")["total"] == 1
    with pytest.raises(InvalidMessageError, match="--since is not a moment"):
        call(dead_letters.app, "list", "--since", "lately")
    call(dead_letters.app, "drop", "--yes", code=2)  # nothing was chosen: it must not mean everything


def test_doctor_looks_at_addresses_of_ip_6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_API_HOST", "::1")
    monkeypatch.setattr(doctor, "_listens", lambda host, _port: host == "::1")
    checks = {check["name"]: check for check in said(doctor.app, code=1)["checks"]}
    assert checks["api"]["state"] == "warning"  # nothing is there: the point is that it was asked
    assert "something on [::1]:" in checks["api"]["text"]


def test_what_devices_say_is_not_taken_for_markup(pool: Pool) -> None:
    topic = "zd/v1/fridge/[/b]"
    letter = make_letter(
        "wrong_topic", "no [/such] topic", topic=topic, device="", raw=b"{}", received_us=now_ms() * 1000
    )
    store_letters(pool, [letter])
    assert "[/such]" in call(dead_letters.app, "list").stdout
    call(devices.app, "add", "fridge", "--type", "refrigerator", "--name", "[/i]")
    assert "[/i]" in call(devices.app, "list").stdout


def test_a_letter_whose_gateway_is_gone_does_not_wait_for_ever(pool: Pool, sqlite_log: Log) -> None:
    """Its device is adopted, and still nobody may speak for it: asking again and again helps nobody."""
    call(devices.app, "add", "hub", "--type", "gateway")
    raw = json.dumps({"device": "plug", "ts": now_ms(), "values": {"power": 1}}).encode()
    letters = [
        make_letter(
            "unknown_device",
            "why",
            topic=topic,
            device=device,
            raw=raw,
            received_us=now_ms() * 1000,
        )
        for topic, device in (("zd/v1/hub/children", "plug"), ("zd/v1/other/telemetry", "other"))
    ]
    store_letters(pool, letters)
    call(devices.app, "retire", "hub")
    call(devices.app, "add", "plug", "--type", "air_conditioner", "--gateway", "hub")
    with pool.connection() as conn:
        assert adopted_letters(conn) == [letters[0].id]
    assert list(said(dead_letters.app, "replay", letters[0].id, code=1)["refused"]) == [letters[0].id]
    with pool.connection() as conn:
        assert adopted_letters(conn) == []
    assert said(dead_letters.app, "list")["by_reason"] == {"not_a_child": 1, "unknown_device": 1}


def test_devices_are_added_claimed_and_retired(pool: Pool) -> None:
    call(devices.app, "add", "hub", "--type", "gateway")
    call(devices.app, "add", "fridge", "--type", "refrigerator", "--name", "Kitchen", "--gateway", "hub")
    with pool.connection() as conn:
        note_unclaimed(conn, "plug", now(), '{"power": 3}')
    assert [row["id"] for row in said(devices.app, "unclaimed")] == ["plug"]
    assert "plug" in call(devices.app, "unclaimed").stdout
    call(devices.app, "claim", "plug", "--type", "air_conditioner", "--gateway", "hub")
    assert waiting(pool) == []
    listed = {row["id"]: row for row in said(devices.app, "list")}
    assert (listed["plug"]["type"], listed["plug"]["gateway_id"]) == ("air_conditioner", "hub")
    assert listed["fridge"]["name"] == "Kitchen"
    call(devices.app, "retire", "plug")
    assert {row["id"] for row in said(devices.app, "list")} == {"hub", "fridge"}
    assert len(said(devices.app, "list", "--retired")) == 3
    for arguments in (
        ("retire", "nobody"),
        ("claim", "nobody", "--type", "refrigerator"),
        ("add", "x", "--type", "time_machine"),
        ("add", "x", "--type", "refrigerator", "--household", "nowhere"),
        ("add", "x", "--type", "refrigerator", "--gateway", "nowhere"),
    ):
        with pytest.raises(NotFoundError):
            call(devices.app, *arguments)


def test_a_household_is_registered_and_gets_a_device(pool: Pool) -> None:
    with pytest.raises(NotFoundError, match="devices household"):
        call(devices.app, "add", "f-9", "--type", "refrigerator", "--household", "home-9")
    place = ("--region", "west", "--time-zone", "Asia/Shanghai", "--language", "zh", "--owner", "Li Na")
    call(devices.app, "household", "home-9", *place)
    call(devices.app, "add", "f-9", "--type", "refrigerator", "--household", "home-9")
    with pool.connection() as conn:
        found = conn.execute(
            "SELECT h.region, h.time_zone, h.language, o.name FROM device d JOIN household h"
            " ON h.id = d.household_id JOIN private.owner o ON o.household_id = h.id"
        ).fetchall()
    assert found == [("west", "Asia/Shanghai", "zh", "Li Na")]
    for wrong in (("--time-zone", "Mars/Olympus"), ("--time-zone", "../etc"), ("--language", "xx")):
        with pytest.raises(SettingsError, match="is not known"):
            call(devices.app, "household", "home-9", *wrong)
    with pool.connection() as conn:
        conn.execute("INSERT INTO tenant (id, name) VALUES (2, 'other')")
    with pytest.raises(ConflictError, match="somebody else"):
        call(devices.app, "household", "home-9", "--tenant", "2")


def test_doctor_says_what_is_wrong_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, amqtt_broker: AmqttBroker, database: str
) -> None:
    report = said(doctor.app, code=1)
    checks = {check["name"]: check for check in report["checks"]}
    assert set(checks) == {
        "settings", "disk", "catalogue", "mqtt", "log", "database", "migrations", "clock", "api", "console"
    }  # fmt: skip
    assert (checks["mqtt"]["state"], report["ok"]) == ("failure", False)
    assert checks["mqtt"]["todo"]
    assert "PostgreSQL" in checks["database"]["text"]
    assert [name for name, check in checks.items() if check["state"] == "failure"] == ["mqtt"]
    monkeypatch.setenv("ZD_MQTT", amqtt_broker.url)
    assert "MQTT 3.1.1" in call(doctor.app).stdout
    monkeypatch.setenv("ZD_LOG_PARTITIONS", "7")
    assert "partitions" in call(doctor.app, code=1).stdout
    monkeypatch.setenv("ZD_DATABASE", database + "_missing")
    assert "ZD_DATABASE" in call(doctor.app, code=1).stdout
    monkeypatch.setenv("ZD_CLOCK", "sometime")
    assert "ZD_CLOCK" in call(doctor.app, code=1).stdout
    monkeypatch.setenv("ZD_PROFILE", "production")
    assert "ZD_SECRET_KEY" in call(doctor.app, code=1).stdout


def test_doctor_finds_migrations_that_are_due(monkeypatch: pytest.MonkeyPatch, empty_database: str) -> None:
    monkeypatch.setenv("ZD_DATABASE", empty_database)
    checks = {check["name"]: check for check in said(doctor.app, code=1)["checks"]}
    assert checks["migrations"]["state"] == "failure"
    assert "zerodistance migrate" in checks["migrations"]["todo"]


@pytest.mark.parametrize(
    ("major", "minor", "extension", "expected"),
    [
        (18, 7, "2.29.2", True),
        (18, 6, "2.29.2", False),
        (15, 20, "2.27.2", True),
        (16, 17, "2.27.3", False),
        (17, 12, "2.28.3", True),
        (17, 12, "2.28.5", False),
        (17, 13, "2.31.1", True),
        (17, 13, "2.32.0", False),
        (19, 0, "2.29.2", False),
    ],
)
def test_releases_that_break_background_jobs(major: int, minor: int, extension: str, expected: bool) -> None:
    assert doctor.jobs_break(major, minor, extension) is expected


def now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)
