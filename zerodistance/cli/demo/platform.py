"""The platform on embedded parts: database, broker and every process, started in order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from zerodistance.catalogue import load_catalogue
from zerodistance.cli.demo.supervisor import Supervisor
from zerodistance.clock import ScaledClock
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS, TELEMETRY
from zerodistance.settings import Settings
from zerodistance.store.devices import register_engineer
from zerodistance.store.migrate import migrate

HISTORY_DAYS = 14
ENGINEER = "engineer-1"
_START_TIMEOUT_S = 60.0
_LOAD_TIMEOUT_S = 240.0


@dataclass(frozen=True)
class Ports:
    """Where the demo listens, on ``host``."""

    host: str
    mqtt: int
    api: int
    console: int


class Platform:
    """All processes of one demo run; made once, then :meth:`start` and :meth:`stop`."""

    def __init__(self, folder: Path, ports: Ports, speed: float, dsn: str, stop: threading.Event) -> None:
        self.folder, self.ports, self.dsn = folder, ports, dsn
        self.clock = _resume_clock(folder, speed)
        self.log_address = f"sqlite:///{(folder / 'log.sqlite').absolute()}"
        self.supervisor = Supervisor(folder / "logs", self._environment(), stop)

    def _environment(self) -> dict[str, str]:
        return {
            "ZD_PROFILE": "demo",
            "ZD_DATA_DIR": str(self.folder),
            "ZD_CLOCK": self.clock.setting(),
            "ZD_LOG": self.log_address,
            "ZD_DATABASE": self.dsn,
            "ZD_MQTT": self.mqtt_url,
            "ZD_API_HOST": self.ports.host,
            "ZD_API_PORT": str(self.ports.api),
            "ZD_API_URL": self.api_url,
            "ZD_CONSOLE_HOST": self.ports.host,
            "ZD_CONSOLE_PORT": str(self.ports.console),
            "ZD_METRICS_PORT": "0",
            "PYTHONUNBUFFERED": "1",
            # One thread each: ten processes share the cores, and the arrays are small.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    @property
    def mqtt_url(self) -> str:
        """Address of the embedded broker."""
        return f"mqtt://{self.ports.host}:{self.ports.mqtt}"

    @property
    def api_url(self) -> str:
        """Address of the API."""
        return f"http://{self.ports.host}:{self.ports.api}"

    @property
    def console_url(self) -> str:
        """Address of the console."""
        return f"http://{self.ports.host}:{self.ports.console}"

    def prepare_store(self, settings: Settings) -> list[str]:
        """Bring the database to what the code needs; return what was done."""
        with psycopg.connect(self.dsn) as connection:
            done = migrate(connection, load_catalogue(settings.catalogue_folders()))
            register_engineer(connection, ENGINEER, name="Lin Wei", skills=["appliance", "refrigeration"])
            connection.commit()
        log = open_log(self.log_address)
        try:
            log.create_topics(LOG_TOPICS, settings.log_partitions)
        finally:
            log.close()
        return done

    def start(self, fleet: Path) -> None:
        """Start every process; the fleet last, so that everybody listens when it speaks."""
        host, ports = self.ports.host, self.ports
        self.supervisor.start("broker", "broker", "--host", host, "--port", str(ports.mqtt))
        self.supervisor.wait_until(
            lambda: _speaks_mqtt(host, ports.mqtt), "The MQTT broker's start", _START_TIMEOUT_S
        )
        for name, *arguments in (
            ("store", "stream", "store"),
            ("diagnose", "stream", "diagnose"),
            ("ingest", "ingest"),
            ("work", "work"),
            ("serve", "serve"),
            ("console", "console"),
        ):
            self.supervisor.start(name, *arguments)
        self.supervisor.start(
            "fleet",
            *("simulate", "--fleet", str(fleet), "--register", "--history-days", str(HISTORY_DAYS)),
            *("--state", str(self.folder / "fleet.state"), "--truth", str(self.folder / "truth.jsonl")),
        )
        self.supervisor.wait_until(
            lambda: _answers(f"{self.api_url}/health") and _answers(f"{self.console_url}/login"),
            "The start of API and console",
            _START_TIMEOUT_S,
        )

    def load(self, devices: int, on_progress: Callable[[int, int, int], None]) -> None:
        """Wait until the history is stored and diagnosed and the fleet is live.

        Args:
            devices: how many appliances must have come online.
            on_progress: told (records on the log, stored, diagnosed).
        """
        log = open_log(self.log_address)
        goal = 0  # records on the log when the last appliance came online: the history is among them
        with psycopg.connect(self.dsn, autocommit=True) as connection:

            def ready() -> bool:
                nonlocal goal
                self.remember_clock()
                end = sum(log.end_offsets(TELEMETRY).values())
                stored, diagnosed = (_done(connection, consumer) for consumer in ("store", "diagnose"))
                if not goal and _came_online(connection, self.clock.start) >= devices:
                    goal = end
                on_progress(goal or end, stored, diagnosed)
                return 0 < goal <= min(stored, diagnosed)

            try:
                self.supervisor.wait_until(ready, "Loading the history", _LOAD_TIMEOUT_S)
            finally:
                log.close()

    def remember_clock(self) -> None:
        """Write down the platform's time: a later start goes on from there."""
        path = self.folder / "demo.json"
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps({"clock": self.clock.now().isoformat()}))
        partial.replace(path)


def _done(connection: psycopg.Connection[tuple[int | None]], consumer: str) -> int:
    """Return how many records of telemetry a consumer has behind it."""
    row = connection.execute(
        "SELECT sum(next_offset)::bigint FROM log_offset WHERE topic = %s AND consumer = %s",
        (TELEMETRY, consumer),
    ).fetchone()
    return (row and row[0]) or 0


def _came_online(connection: psycopg.Connection[tuple[int | None]], since: datetime) -> int:
    """Return how many devices said over MQTT that they are online, since a moment of platform time."""
    row = connection.execute(
        "SELECT count(DISTINCT device_id) FROM device_event"
        " WHERE kind = 'status' AND code = 'online' AND received_at >= %s",
        (since,),
    ).fetchone()
    return (row and row[0]) or 0


def _resume_clock(folder: Path, speed: float) -> ScaledClock:
    """Return a clock that starts at eight in the morning, or goes on where the last run stopped."""
    now = datetime.now(UTC)
    start = now.replace(hour=8, minute=0, second=0, microsecond=0)
    path = folder / "demo.json"
    if path.exists():
        start = datetime.fromisoformat(json.loads(path.read_text())["clock"]) + timedelta(seconds=1)
    return ScaledClock(start, speed, now)


def _speaks_mqtt(host: str, port: int) -> bool:
    """Whether a broker answers; a bare connection would leave a complaint in its log."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="zd-demo-probe")
    try:
        client.connect(host, port)
        client.disconnect()
    except OSError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.HTTPError:
        return False
