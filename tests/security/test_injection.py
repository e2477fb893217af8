"""What a device may write into ids, names, codes and firmware does nothing where it ends up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse import Parsed, Parser
from tests.ingest.helpers import DIRECTORY
from zerodistance.catalogue import Catalogue
from zerodistance.clock import SystemClock
from zerodistance.errors import StoreError
from zerodistance.messages.topics import DEVICE_ID
from zerodistance.printable import printable
from zerodistance.store import arrivals, letters
from zerodistance.store.database import Pool, connect
from zerodistance.store.devices import note_unclaimed, register_device
from zerodistance.store.telemetry import write_samples

NASTY = (
    "'; DROP TABLE device; --",
    '"); DELETE FROM ticket; --',
    "%s %(id)s {columns} $1 \\copy",
    "=cmd|' /C calc'!A0",
    "fine\n2026-01-01 [info] all is well",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202eesrever",
    "<script>alert(1)</script>{{7*7}}",
    "../../etc/passwd",
    "x" * 5_000,
)


def _parse(catalogue: Catalogue, channel: str, payload: dict[str, Any]) -> Parsed:
    now = SystemClock().now_us()
    body = {"ts": now // 1000, **payload}
    topic = f"zd/v1/fridge/{channel}"
    return Parser(catalogue, DIRECTORY.get).parse(topic, json.dumps(body).encode(), received_us=now)


def test_it_is_stored_as_it_came_and_nothing_else_happens(pool: Pool, catalogue: Catalogue) -> None:
    with pool.connection() as conn:
        register_device(conn, "fridge", "refrigerator")
        before = _tables(conn)
        for text in NASTY:
            parsed = [
                _parse(catalogue, "telemetry", {"values": {"power": 1.0, text: 2.0}}),
                _parse(catalogue, "status", {"online": True, "firmware": text}),
                _parse(catalogue, "fault", {"code": text[:128], "detail": {text: text}}),
                _parse(catalogue, "event", {"event": text[:128], "data": {"item": text}}),
                _parse(catalogue, "telemetry", {"values": text}),
            ]
            samples = [sample for one in parsed for sample in one.samples]
            write_samples(conn, catalogue, samples)
            arrivals.add_unknown(conn, samples)
            arrivals.add_events(conn, [event for one in parsed for event in one.events])
            letters.add(conn, [letter for one in parsed for letter in one.letters])
            note_unclaimed(conn, "stranger", SystemClock().now(), text)
            firmware = conn.execute("SELECT firmware FROM device WHERE id = 'fridge'").fetchone()
            assert firmware == (text[:128],)
            kept = conn.execute("SELECT sample FROM unclaimed_device").fetchone()
            assert kept == (text[:2000],)
        assert _tables(conn) == before
        channels = {row[0] for row in conn.execute("SELECT channel FROM unknown_channel")}
        assert channels >= set(NASTY[:-1])
        assert max(map(len, channels)) <= 65  # names are bounded
        codes = {row[0] for row in conn.execute("SELECT code FROM device_event WHERE kind = 'event'")}
        assert codes == {text[:128] for text in NASTY}


def test_a_device_id_cannot_be_any_of_it(pool: Pool, catalogue: Catalogue) -> None:
    for text in NASTY:
        assert DEVICE_ID.fullmatch(text) is None
        with pool.connection() as conn, pytest.raises(StoreError):
            register_device(conn, text, "refrigerator")
        parsed = Parser(catalogue, DIRECTORY.get).parse(f"zd/v1/{text}/telemetry", b"{}", received_us=1)
        assert [letter.reason for letter in parsed.letters] == ["wrong_topic"]
        assert parsed.unclaimed == ()


@given(st.text(max_size=60))
def test_whatever_is_logged_stays_on_its_line(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    assert printable(shown) == shown
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize("as_json", ["false", "true"])
def test_logs_are_one_line_for_each_entry(as_json: str) -> None:
    script = (
        "import logging, structlog\n"
        "from zerodistance.observability import configure\n"
        "from zerodistance.settings import Settings\n"
        "configure(Settings(_env_file=None), 'test')\n"
        f"nasty = {list(NASTY[4:7])!r}\n"
        "for text in nasty:\n"
        "    structlog.get_logger().warning('a.thing', firmware=text, many=[text], by={text: text})\n"
        "    logging.getLogger('library').warning('said %s', text)\n"
        "try:\n    raise ValueError(nasty[1])\n"
        "except ValueError:\n    structlog.get_logger().exception('failed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"ZD_LOG_JSON": as_json},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stderr.splitlines()
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert [line for line in lines if line.startswith("2026-01-01 [info] all is well")] == []
    if as_json == "true":
        assert all(json.loads(line) for line in lines if line.startswith("{"))
        assert len([line for line in lines if line.startswith("{")]) == 4


def test_the_terminal_of_an_operator_is_not_steered(database: str, tmp_path: Path) -> None:
    with connect(database) as conn:
        register_device(conn, "fridge", "refrigerator", name=NASTY[5])
        conn.execute("UPDATE device SET firmware = %s", (NASTY[5] + NASTY[6] + NASTY[4],))
        note_unclaimed(conn, "stranger", SystemClock().now(), NASTY[5])
    for words in (("devices", "list"), ("devices", "unclaimed"), ("dead-letters", "list")):
        done = subprocess.run(
            [sys.executable, "-m", "zerodistance", *words],
            env=os.environ | {"ZD_DATABASE": database, "ZD_DATA_DIR": str(tmp_path), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout


def _tables(conn: Any) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = conn.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('public', 'private')"
        " ORDER BY 1"
    ).fetchall()
    return found
