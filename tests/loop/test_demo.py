"""The demo as its user starts it, on embedded parts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.fixtures.processes import free_port

TIMEOUT_S = 280.0


def _command(folder: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    environment = {
        **os.environ,
        "ZD_API_PORT": str(free_port()),
        "ZD_CONSOLE_PORT": str(free_port()),
    }
    command = [
        sys.executable,
        "-m",
        "zerodistance",
        "demo",
        "--data",
        str(folder),
        "--mqtt-port",
        str(free_port()),
    ]
    return [*command, *arguments], environment


def test_a_ticket_is_raised_told_to_both_sides_and_closed(tmp_path: Path) -> None:
    command, environment = _command(tmp_path / "data", "--until-ticket", "--json", "--timeout", "240")
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    ticket = json.loads(run.stdout)["ticket"]
    assert ticket["state"] == "closed"
    assert (ticket["cause"], ticket["outcome"]) == ("compressor_failed", "confirmed")
    assert {message["audience"] for message in ticket["messages"]} == {"owner", "engineer"}
    assert not _processes_of(tmp_path), "nothing is left behind"


def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    command, environment = _command(tmp_path / "data")
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as demo:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "data" / "logs").glob("fleet.log")):
            assert demo.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.killpg(demo.pid, signal.SIGINT)
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, output.decode()[-3000:]
    assert b"Stopped." in output
    assert not _processes_of(tmp_path)


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    command, environment = _command(tmp_path / "data")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment["ZD_CONSOLE_PORT"] = str(taken.getsockname()[1])
        run = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert run.returncode == 4
    assert run.stderr.strip().splitlines() == [
        f"host: Port {environment['ZD_CONSOLE_PORT']} for the console is taken by another program: "
        "stop what uses it, or choose another with ZD_CONSOLE_PORT."
    ]


@pytest.mark.parametrize("place", ["file/data", "/proc/data"])
def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    command, environment = _command(tmp_path / place)
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 4
    assert len(run.stderr.strip().splitlines()) == 1
    assert "choose another with --data" in run.stderr


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that still speak of ``folder``."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = [*(process.info["cmdline"] or ()), *(process.info["environ"] or {}).values()]
        if process.pid != os.getpid() and any(str(folder) in word for word in words):
            found.append(" ".join(process.info["cmdline"] or ()))
    return found
