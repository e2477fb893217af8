"""The running platform that all scenarios share, and what people do with it over HTTP.

The production shape where Mosquitto and Kafka are installed, else the embedded one; every process of the
platform on its own, simulated fleets beside it, the clock 300 times as fast. Scenarios speak MQTT and HTTP to
it and know nothing else.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from simulators.people import People, ServiceApi, SimulatedWorld
from tests.loop.shape import ENGINEER, PARTITIONS, TOKEN, Shape
from tests.scenarios.appliance import Appliance, Obey, carry_out
from tests.scenarios.fleet import Simulated, fleet_files
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import ScaledClock, parse_clock
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS
from zerodistance.store.database import connect
from zerodistance.store.devices import register_device, register_engineer, register_household
from zerodistance.store.migrate import migrate

Json = dict[str, Any]
SPEED = 300.0
TIMEOUT_S = 360.0
# A Monday morning: engineers work, owners are awake.
BEGIN = datetime(2026, 6, 15, 8, 30, tzinfo=UTC)
# Appliances that the scenarios are themselves: id → type. Each stands in a home of its own.
PROBES = {
    "food-fridge": "refrigerator",
    "away-ac": "air_conditioner",
    "remote-ac": "air_conditioner",
    "trip-heater": "water_heater",
    "home-heater": "water_heater",
    "city-purifier": "water_purifier",
    "use-washer": "washing_machine",
    "recipe-oven": "oven",
    "outage-fridge": "refrigerator",
    "tank-1": "fish_tank_heater",
    "told-ac": "air_conditioner",
}
# Food is spoken of at any hour: a night would be waited for.
POLICY = """
[scenarios.food_reminder]
at = "00:00"
"""
CATALOGUE = Path(__file__).parents[1] / "loop" / "catalogue"


@dataclass
class Running:
    """Addresses of a platform that runs: all that a scenario needs."""

    api_url: str
    mqtt: str
    clock: str
    partner: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=f"{self.api_url}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
        )
        self._clock = parse_clock(self.clock)

    def now(self) -> datetime:
        """Return platform time."""
        return self._clock.now()

    def appliance(self, device: str, obey: Obey = carry_out) -> Appliance:
        """Become an appliance."""
        return Appliance(self.mqtt, device, self.now, obey)

    def get(self, path: str, **query: Any) -> Any:
        """Read from the API as staff."""
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """Do something as staff."""
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def owner(self, device: str) -> str:
        """Return the API path of an appliance's owner."""
        link = self.get(f"/devices/{device}")["owner_link"]
        return f"/owner/{link.rstrip('/').rsplit('/', 1)[-1]}"

    def ticket(self, device: str, **wanted: Any) -> Json | None:
        """Return the latest ticket of an appliance if it is as wanted."""
        page = self.get("/tickets", state="all", device=device, limit=5)["items"]
        if not page:
            return None
        ticket: Json = self.get(f"/tickets/{page[0]['id']}")
        return ticket if all(ticket[key] in value for key, value in wanted.items()) else None

    def told(self, device: str, purpose_answers: set[str] | None = None) -> list[Json]:
        """Return what the owner of an appliance was told of it, the latest first."""
        found = [m for m in self.get(f"{self.owner(device)}/messages") if m["device_id"] == device]
        return [m for m in found if purpose_answers is None or purpose_answers <= set(m["answers"])]

    def wait(self, look: Callable[[], Any], what: str) -> Any:
        """Poll until ``look`` gives something; fail with what was waited for."""
        deadline = time.monotonic() + TIMEOUT_S
        while not (found := look()):
            assert time.monotonic() < deadline, f"waited {TIMEOUT_S:g} s in vain for {what}"
            time.sleep(0.2)
        return found


class Partner:
    """A partner's shop: takes webhooks, and says at ``/received`` what it took."""

    def __init__(self) -> None:
        received: list[Json] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append({"headers": dict(self.headers), "body": body.decode()})
                self.send_response(204)
                self.end_headers()

            def do_GET(self) -> None:
                content = json.dumps(received).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/received"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Close the shop."""
        self._server.shutdown()
        self._server.server_close()


class Everything:
    """Starts and stops it all, with owners and an engineer who do their part.

    Args:
        folder: for files and logs.
        database: empty.
        log: what ``ZD_LOG`` takes.
        mqtt: address of a broker.
        appliances: that are simulated.
    """

    def __init__(
        self, folder: Path, database: str, log: str, mqtt: str, appliances: Sequence[Simulated]
    ) -> None:
        self._appliances = appliances
        self._folder = folder
        self.partner = Partner()
        self.clock = ScaledClock(BEGIN, SPEED, datetime.now(UTC))
        policy = folder / "policy.toml"
        policy.write_text(POLICY)
        self.shape = Shape(
            folder,
            log=log,
            database=database,
            mqtt=mqtt,
            clock=self.clock,
            environment={
                "ZD_CATALOGUE_PATH": str(CATALOGUE),
                "ZD_POLICY_PATH": str(policy),
                "ZD_ADAPTERS": "tasmota",
                "ZD_PARTNER_WEBHOOK_URL": self.partner.url,
                "ZD_PARTNER_WEBHOOK_SECRET": "secret-of-this-partner",
            },
        )
        self._stop = threading.Event()
        self._stopping = threading.Lock()
        self._people: threading.Thread | None = None
        self.people_error: BaseException | None = None

    def start(self) -> Running:
        """Start it and return its addresses; the fleets write their past and go live meanwhile."""
        shape = self.shape
        with connect(shape.database) as conn:
            migrate(conn, load_catalogue([CATALOGUE]), timescale=False)
            # Nobody is woken, and nobody waits for the morning: a night would last a minute here.
            for column in ("quiet_from", "quiet_until"):
                conn.execute(f"ALTER TABLE household ALTER COLUMN {column} SET DEFAULT '00:00'")
            # Refrigeration is what nobody here has learned: repairs of it cannot be planned in time.
            register_engineer(conn, ENGINEER, "Test", skills=["appliance", "plumbing"])
            for device, kind in PROBES.items():
                home = f"home-of-{device}"
                register_household(conn, home, region="south", owner_name="Li")
                register_device(conn, device, kind, household_id=home, name=device)
        log = open_log(shape.environment["ZD_LOG"])
        log.create_topics(LOG_TOPICS, PARTITIONS)
        log.close()
        for days, text in fleet_files(self._appliances).items():
            fleet = self._folder / f"fleet-{days}.toml"
            fleet.write_text(text)
            shape.supervisor.start(
                f"fleet-{days}", "simulate", "--fleet", str(fleet), "--register", "--history-days", str(days)
            )
        shape.start("store", "diagnose", "ingest", "work", "serve")
        return Running(shape.api_url, shape.mqtt, self.clock.setting(), self.partner.url)

    def let_live(self) -> None:
        """Begin the fleets' sudden faults once they are live, and let people act, until it is stopped."""
        self._people = threading.Thread(target=self._act, daemon=True)
        self._people.start()

    def _act(self) -> None:
        alone = {one.device for one in self._appliances if one.left_alone}
        sudden = [one for one in self._appliances if one.since_h <= 0]
        world = SimulatedWorld(self.shape.mqtt)
        api = _Some(self.shape.api_url, alone)
        people = People(api, world, load_catalogue(), self.clock, ENGINEER)
        try:
            while not self._stop.wait(0.3):
                for one in [one for one in sudden if self._is_live(one.device)]:
                    world.start(one.device, one.fault)
                    sudden.remove(one)
                people.step()
        except BaseException as error:
            self.people_error = error
        finally:
            world.close()
            api.close()

    def _is_live(self, device: str) -> bool:
        online = "SELECT EXISTS (SELECT FROM device_event WHERE device_id = %s AND code = 'online')"
        return self.shape.query(online, device) == [(True,)]

    @property
    def stopped(self) -> bool:
        """It was told to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Stop it; the second time there is nothing to do."""
        with self._stopping:
            if self._stop.is_set():
                return
            self._stop.set()
            if self._people is not None:
                self._people.join(20)
            self.shape.stop()
            self.partner.close()


class _Some(ServiceApi):
    """The API for people who leave the tickets of some appliances alone."""

    def __init__(self, base: str, alone: set[str]) -> None:
        super().__init__(base, TOKEN)
        self._alone = alone

    def tickets(self, state: str = "open") -> list[Json]:
        """Return whole tickets, the newest hundred at most."""
        return [one for one in super().tickets(state) if one["device"]["id"] not in self._alone]
