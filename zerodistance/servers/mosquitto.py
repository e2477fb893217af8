"""A Mosquitto of our own on 127.0.0.1."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from zerodistance.errors import HostError, UnavailableError
from zerodistance.servers.processes import accepts, await_server, end_server, free_port, start_server

# As deploy/mosquitto.conf has them: queues that hold a busy quarter of an hour, saved every five seconds.
SETTINGS = {
    "persistence": "true",
    "autosave_interval": "5",
    "autosave_on_changes": "false",
    "max_queued_messages": "1000000",
    "max_queued_bytes": "805306368",
    "max_inflight_messages": "10000",
    "max_packet_size": "2097152",
}


def find_mosquitto() -> str:
    """Return the path of the program.

    Raises:
        HostError: it is not installed.
    """
    program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        raise HostError("Mosquitto is not installed: `apt install mosquitto`, or name a broker by --mqtt.")
    return program


class MosquittoServer:
    """One broker with anonymous access and a persistent session store in ``folder``.

    Args:
        program: of :func:`find_mosquitto`.
        folder: of its files.
        settings: beside :data:`SETTINGS`.
        rules: lines of an access file; "": everybody may do everything.

    Attributes:
        host: always 127.0.0.1.
        port: the same one over every restart.
        url: what ``ZD_MQTT`` takes.
    """

    host = "127.0.0.1"

    def __init__(
        self, program: str, folder: Path, settings: Mapping[str, str] | None = None, *, rules: str = ""
    ) -> None:
        self._program = program
        self._rules = rules
        self._folder = folder
        self._settings = {**SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"mqtt://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it; after a kill it has the state that it saved last.

        Raises:
            UnavailableError: it does not come up; shows the end of its log.
        """
        for _ in range(5):
            self._configure()
            process = start_server(
                [self._program, "-c", self._folder / "mosquitto.conf"], self._output, new_session=True
            )
            self._process = process
            if await_server(process, lambda: accepts(self.port), name="Mosquitto") and process.poll() is None:
                return
            if "in use" not in self._output.read_text(errors="replace"):
                break
            self.port = free_port()  # somebody took the port between the probe and the start
            self.url = f"mqtt://{self.host}:{self.port}"
        said = self._output.read_text(errors="replace")[-2000:]
        raise UnavailableError(f"Mosquitto does not start: {said}")

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in order: it saves its sessions first."""
        if self._process is not None:
            end_server(self._process)
            self._process = None

    @property
    def _output(self) -> Path:
        return self._folder / "mosquitto.log"

    def _configure(self) -> None:
        lines = [
            f"listener {self.port} {self.host}",
            "allow_anonymous true",
            # As root it would become the user "mosquitto", who may not write into our folder.
            f"user {getpass.getuser()}",
            f"persistence_location {self._folder}/",
            *(f"{name} {value}" for name, value in self._settings.items()),
            "log_type error\nlog_type warning\nlog_type notice",
        ]
        if self._rules:
            access = self._folder / "acl"
            access.write_text(self._rules)
            access.chmod(0o600)
            lines.append(f"acl_file {access}")
        (self._folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
