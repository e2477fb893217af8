"""The production shape in a test: every process on its own, against servers that are given."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import psycopg

from tests.fixtures.processes import free_port
from zerodistance.catalogue import load_catalogue
from zerodistance.cli.demo.supervisor import Supervisor
from zerodistance.clock import Clock, SystemClock
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS
from zerodistance.store.devices import register_engineer
from zerodistance.store.migrate import migrate

TOKEN = "staff-token-of-this-test"
PARTITIONS = 8
ENGINEER = "engineer-1"
COMMANDS = {
    "store": ("stream", "store"),
    "diagnose": ("stream", "diagnose"),
    "ingest": ("ingest",),
    "work": ("work",),
    "serve": ("serve",),
    "console": ("console",),
}
# What a process writes once it works. What is published before ingest has subscribed reaches nobody, and its
# sender waits for a receipt in vain until it sends again.
SIGNS = {"ingest": "mqtt.connected", "store": "store.runs", "diagnose": "diagnosis.assigned"}


class Shape:
    """Processes against ``log``, ``database`` and ``mqtt``, in the production profile.

    ``environment``: further variables of all of them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        log: str,
        database: str,
        mqtt: str,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.database, self.mqtt = database, mqtt
        self._log_address = log
        api_port, console_port = free_port(), free_port()
        self.api_url = f"http://127.0.0.1:{api_port}"
        self.console_url = f"http://127.0.0.1:{console_port}"
        self.environment = {
            "ZD_PROFILE": "production",
            "ZD_DATA_DIR": str(folder),
            "ZD_CLOCK": getattr(clock, "setting", lambda: "system")(),
            "ZD_LOG": log,
            "ZD_LOG_PARTITIONS": str(PARTITIONS),
            "ZD_DATABASE": database,
            "ZD_MQTT": mqtt,
            "ZD_API_URL": self.api_url,
            "ZD_API_PORT": str(api_port),
            "ZD_CONSOLE_PORT": str(console_port),
            "ZD_SECRET_KEY": "secret-key-of-this-test",
            "ZD_STAFF_TOKEN": TOKEN,
            "ZD_STAFF_PASSWORD": "staff-password-of-this-test",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **(environment or {}),
        }
        self._logs = folder / "logs"
        self.supervisor = Supervisor(self._logs, self.environment)

    def prepare(self) -> None:
        """Migrate the database and make the topics, as the first start in production does."""
        with psycopg.connect(self.database) as connection:
            migrate(connection, load_catalogue())
            register_engineer(connection, ENGINEER, name="Test", skills=["appliance", "refrigeration"])
        log = open_log(self._log_address)
        log.create_topics(LOG_TOPICS, PARTITIONS)
        log.close()

    def start(self, *names: str) -> None:
        """Start the named processes, all by default, and wait until they work."""
        chosen = names or tuple(COMMANDS)
        for name in chosen:
            self.supervisor.start(name, *COMMANDS[name])
        for name, sign in SIGNS.items():
            if name in chosen:
                self.wait_until(lambda: sign in self.said(name), f"{name} to work", 60)  # noqa: B023 - this turn only
        if "serve" in chosen:
            self.wait_until(lambda: answers(f"{self.api_url}/health"), "the API's start", 60)

    def said(self, name: str) -> str:
        """Return what a process has written since its start."""
        return (self._logs / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        pid = self.supervisor.pid(name)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def wait_until(self, ready: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Poll ``ready``; fail with the last words of a process that ended meanwhile."""
        self.supervisor.wait_until(ready, what, timeout_s)

    def query(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        """Run one statement and return its rows."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql, arguments).fetchall()

    def stop(self) -> list[str]:
        """Stop everything; return the names of those that had to be killed."""
        return self.supervisor.stop()


def answers(url: str) -> bool:
    """Whether an HTTP server answers there without an error of its own."""
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.HTTPError:
        return False
