"""The running platform that all scenarios share, and what people do with it over HTTP.

The embedded shape: a broker and a log from wheels, every process of the platform on its own, a simulated
fleet beside it, the clock 120 times as fast. Scenarios speak MQTT and HTTP to it and know nothing else.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from simulators.people import People, ServiceApi, SimulatedWorld
from tests.fixtures.amqtt import AmqttBroker
from tests.loop.shape import ENGINEER, PARTITIONS, TOKEN, Shape
from tests.scenarios.appliance import Appliance, Obey, carry_out
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import ScaledClock, parse_clock
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS
from zerodistance.store.database import connect
from zerodistance.store.devices import register_device, register_engineer, register_household
from zerodistance.store.migrate import migrate

Json = dict[str, Any]
SPEED = 120.0
TIMEOUT_S = 90.0
# Faults of the fleet: some began in its history, so that the diagnosis finds them as soon as it has read it;
# the quick ones are begun by their scenario.
FLEET = """
seed = 11
climate = "tropical"
time_zone = "UTC"
region = "north"
history_period_s = 300
step_s = 60
[[group]]
type = "refrigerator"
prefix = "fridge-"
count = 4
period_s = 120
[[group]]
type = "air_conditioner"
prefix = "ac-"
count = 3
period_s = 120
[[group]]
type = "water_heater"
prefix = "heater-"
count = 1
period_s = 120
[[group]]
type = "washing_machine"
prefix = "washer-"
count = 1
period_s = 120
[[group]]
type = "wine_cellar"
prefix = "wine-"
count = 1
period_s = 120
[[group]]
type = "air_purifier"
prefix = "airpurifier-"
count = 1
period_s = 120
[[fault]]
device = "ac-02"
fault = "refrigerant_leak"
at_hours = -144
hours = 120
[[fault]]
device = "heater-01"
fault = "element_lower_open"
at_hours = -30
[[fault]]
device = "washer-01"
fault = "drain_blocked"
at_hours = -144
hours = 130
[[fault]]
device = "wine-01"
fault = "compressor_failed"
at_hours = -8
[[fault]]
device = "airpurifier-01"
fault = "filter_clogged"
at_hours = -144
hours = 130
"""
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
CATALOGUE = Path(__file__).parents[1] / "loop" / "catalogue"


@dataclass
class Running:
    """Addresses of a platform that runs: all that a scenario needs."""

    api_url: str
    mqtt: str
    clock: str
    partner: str
    http: httpx.Client = field(init=False)
    patience_s: float = field(default=TIMEOUT_S, init=False)

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

    def wait(self, look: Callable[[], Any], what: str, timeout_s: float = 0.0) -> Any:
        """Poll until ``look`` gives something; fail with what was waited for."""
        timeout_s = timeout_s or self.patience_s
        deadline = time.monotonic() + timeout_s
        while not (found := look()):
            assert time.monotonic() < deadline, f"waited {timeout_s:g} s in vain for {what}"
            time.sleep(0.2)
        return found

    def simulate(self, device: str, fault: str, *, action: str = "start") -> None:
        """Begin or end a fault of the simulated fleet, over its own MQTT topic."""
        world = SimulatedWorld(self.mqtt)
        try:
            (world.start if action == "start" else world.clear)(device, fault)
        finally:
            world.close()

    def say(self, scenario: str, line: str) -> None:
        """Print the scenario's line."""
        print(f"\n{scenario}: {line}")


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
    """Starts and stops it all, with owners and an engineer who do their part."""

    def __init__(self, folder: Path, database: str) -> None:
        self.broker, self.partner = AmqttBroker(), Partner()
        self.broker.start()
        now = datetime.now(UTC)
        self.clock = ScaledClock(now.replace(hour=8, minute=50, second=0, microsecond=0), SPEED, now)
        self.shape = Shape(
            folder,
            log=f"sqlite:///{folder / 'log.sqlite'}",
            database=database,
            mqtt=self.broker.url,
            clock=self.clock,
            environment={
                "ZD_CATALOGUE_PATH": str(CATALOGUE),
                "ZD_ADAPTERS": "tasmota",
                "ZD_PARTNER_WEBHOOK_URL": self.partner.url,
                "ZD_PARTNER_WEBHOOK_SECRET": "secret-of-this-partner",
            },
        )
        self._folder = folder
        self._stop = threading.Event()
        self._people: threading.Thread | None = None
        self.people_error: BaseException | None = None

    def start(self) -> Running:
        """Start it and return its addresses."""
        shape = self.shape
        with connect(shape.database) as conn:
            migrate(conn, load_catalogue([CATALOGUE]), timescale=False)
        log = open_log(shape.environment["ZD_LOG"])
        log.create_topics(LOG_TOPICS, PARTITIONS)
        log.close()
        with connect(shape.database) as conn:
            register_engineer(conn, ENGINEER, "Test", skills=["appliance", "refrigeration", "plumbing"])
            for device, kind in PROBES.items():
                home = f"home-of-{device}"
                register_household(conn, home, region="south", owner_name="Li")
                register_device(conn, device, kind, household_id=home, name=device)
        shape.start("store", "diagnose", "ingest", "work", "serve")
        setting = self.clock.setting()
        return Running(shape.api_url, self.broker.url, setting, self.partner.url)

    def start_fleet(self) -> None:
        """Start the simulated fleet and wait until its appliances are there."""
        shape = self.shape
        fleet = self._folder / "fleet.toml"
        fleet.write_text(FLEET)
        shape.supervisor.start(
            "fleet", "simulate", "--fleet", str(fleet), "--register", "--history-days", "14",
            "--state", str(self._folder / "fleet.state"),
        )  # fmt: skip
        online = "SELECT count(DISTINCT device_id) FROM device_event WHERE code = 'online'"
        shape.wait_until(lambda: shape.query(online)[0][0] >= 11, "the fleet", 400)

    def let_people_act(self) -> None:
        """Let owners answer and an engineer repair, as the simulated people do."""

        def act() -> None:
            api, world = ServiceApi(self.shape.api_url, TOKEN), SimulatedWorld(self.broker.url)
            people = People(api, world, load_catalogue(), self.clock, ENGINEER)
            try:
                while not self._stop.wait(0.5):
                    people.step()
            except BaseException as error:
                self.people_error = error
            finally:
                world.close()
                api.close()

        self._people = threading.Thread(target=act, daemon=True)
        self._people.start()

    def stop(self) -> None:
        """Stop it."""
        self._stop.set()
        if self._people is not None:
            self._people.join(20)
        self.shape.stop()
        self.partner.close()
        self.broker.stop()
