"""What every command has in common: known trouble is one sentence, and standard output stays clean."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import zerodistance.cli
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.observability import configure
from zerodistance.settings import Settings, load_settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail_with(monkeypatch: pytest.MonkeyPatch, sentence: str) -> None:
    def fail() -> None:
        structlog.get_logger().warning("something.on.the.way")
        raise UnavailableError(sentence)

    monkeypatch.setattr(zerodistance.cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        zerodistance.cli.main()
    assert ended.value.code == UnavailableError.exit_code


def test_a_sentence_with_brackets_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["zerodistance", "ingest"])
    fail_with(monkeypatch, "Cannot read [/etc/x] at [::1]:80 [Errno 2]")
    assert "unavailable: Cannot read [/etc/x] at [::1]:80 [Errno 2]" in capsys.readouterr().err


def test_only_json_reaches_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["zerodistance", "migrate", "--json"])
    fail_with(monkeypatch, "Not now.")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"error": "unavailable", "message": "Not now."}
    assert "something.on.the.way" in printed.err


def test_a_taken_metrics_port_is_named(taken_port: int) -> None:
    with pytest.raises(UnavailableError, match="ZD_METRICS_PORT"):
        configure(Settings(metrics_port=taken_port), "test")


def test_the_broker_names_a_taken_port(taken_port: int) -> None:
    command = [sys.executable, "-m", "zerodistance", "broker", "--port", str(taken_port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == UnavailableError.exit_code
    assert f"cannot listen on 127.0.0.1:{taken_port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unreadable_settings_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"\.env"):
        load_settings()


@pytest.mark.parametrize("name", ["ZD_SECRET_KEY", "ZD_STAFF_TOKEN", "ZD_STAFF_PASSWORD"])
def test_an_empty_secret_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An empty token would let everybody in who sends none."""
    monkeypatch.setenv(name, "")
    with pytest.raises(SettingsError, match=name):
        load_settings()
