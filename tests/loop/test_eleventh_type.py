"""An appliance type that is nothing but a file in a user's folder goes the whole way, without code.

From plain MQTT to table, rollups, finding, ticket, owner's question, command and dashboard; embedded
parts, every process on its own.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.dashboards.grafana import Request, expand
from tests.loop.shape import TOKEN, Shape
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import ScaledClock
from zerodistance.store.devices import register_household

FOLDER = Path(__file__).parent / "catalogue"
TYPE, DEVICE, HOME = "fish_tank_heater", "tank-1", "home-1"
FAULT = load_catalogue([FOLDER])[TYPE].faults["relay_welded"]
TABLE = f"telemetry_{TYPE}"

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
ONSET = NOW - timedelta(hours=2)
LIVE = NOW - timedelta(hours=3)
START = NOW - timedelta(days=14)
WATTS = 200.0


@pytest.fixture
def shape(tmp_path: Path, empty_database: str, amqtt_broker: Any) -> Iterator[Shape]:
    running = Shape(
        tmp_path,
        log=f"sqlite:///{tmp_path / 'log.sqlite'}",
        database=empty_database,
        mqtt=amqtt_broker.url,
        clock=ScaledClock(NOW, 1.0, datetime.now(UTC)),
        environment={"ZD_CATALOGUE_PATH": str(FOLDER)},
    )
    yield running
    running.stop()


def test_a_type_given_as_a_file_goes_from_mqtt_to_ticket_and_dashboard(shape: Shape, tmp_path: Path) -> None:
    assert f"ok      {TYPE}: 5 channels, 1 faults" in _command(shape, "catalogue", "check")
    _command(shape, "migrate", "--plain")
    with psycopg.connect(shape.database) as connection:
        register_household(connection, HOME, owner_name="Ada")
    _command(shape, "devices", "add", DEVICE, "--type", TYPE, "--household", HOME)
    shape.start("store", "diagnose", "ingest", "work", "serve")

    samples = _samples()
    past = [one for one in samples if one["ts"] < LIVE.isoformat()]
    tank = _Tank(shape.mqtt)

    def is_heard() -> bool:
        tank.publish(past[0])  # as a device does: again until there is a receipt
        return tank.stored >= 1

    shape.wait_until(is_heard, "the first receipt", 30)
    for first in range(1, len(past), 1000):
        tank.publish(past[first : first + 1000])
    for sample in samples[len(past) :]:
        tank.publish(sample)
    shape.wait_until(lambda: tank.stored == len(samples), "the receipt of the last sample", 60)
    _check_rows(shape, samples)

    api = httpx.Client(base_url=f"{shape.api_url}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"})
    shape.wait_until(lambda: bool(_get(api, "/tickets")["items"]), "the ticket", 60)
    (ticket,) = _get(api, "/tickets")["items"]
    _check_ticket(shape, api, ticket["id"])
    _check_command(shape, api, tank)
    _check_dashboard(shape, tmp_path)
    tank.close()
    api.close()
    shape.supervisor.check()
    assert shape.stop() == []


def test_the_reference_describes_it(tmp_path: Path) -> None:
    text = _run({"ZD_CATALOGUE_PATH": str(FOLDER)}, tmp_path, "catalogue", "docs")
    assert f"## {TYPE}\n" in text
    for name in ("water_temperature", "relay_welded", "set_temperature"):
        assert f"| `{name}` |" in text


def test_it_cannot_be_simulated_and_the_sentence_says_so(tmp_path: Path) -> None:
    fleet = tmp_path / "tanks.toml"
    fleet.write_text(f'[[group]]\ntype = "{TYPE}"\nprefix = "tank-"\ncount = 1\n')
    done = subprocess.run(
        [sys.executable, "-m", "zerodistance", "simulate", "--fleet", str(fleet)],
        env={**os.environ, "ZD_CATALOGUE_PATH": str(FOLDER), "ZD_DATA_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (sentence,) = done.stderr.strip().splitlines()
    assert done.returncode != 0
    assert f"no physics for '{TYPE}'" in sentence
    assert "refrigerator" in sentence, "it says what can be simulated"


class _Tank:
    """A plain MQTT client, as a maker of devices would write it."""

    def __init__(self, address: str) -> None:
        self.stored = 0
        self.commands: list[dict[str, Any]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=DEVICE)
        self._client.on_message = self._hear
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        place = urlsplit(address)
        self._client.connect(place.hostname or "", place.port or 1883)
        self._client.loop_start()
        self._client.subscribe([(f"zd/v1/{DEVICE}/stored", 1), (f"zd/v1/{DEVICE}/command", 1)])
        assert subscribed.wait(20)

    def publish(self, document: Any) -> None:
        """Send telemetry and wait until the broker has it."""
        self._client.publish(f"zd/v1/{DEVICE}/telemetry", json.dumps(document), qos=1).wait_for_publish(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        document = json.loads(message.payload)
        if message.topic.endswith("/stored"):
            self.stored = document["through"]
            return
        self.commands.append(document)
        reply = {"id": document["id"], "ts": NOW.isoformat(), "outcome": "done"}
        client.publish(f"zd/v1/{DEVICE}/reply", json.dumps(reply), qos=1)


def _samples() -> list[dict[str, Any]]:
    """Two weeks every five minutes; for the last two hours the heater does not switch off."""
    rng = random.Random(11)
    energy, heat, water = 0.0, 0.4, 25.0
    samples = []
    for number in range((NOW - START) // PERIOD):
        moment = START + number * PERIOD
        angle = math.tau * (moment.hour + moment.minute / 60) / 24
        room = 21.0 - 2.0 * math.cos(angle)
        # what the room takes, five minutes at a time: the heater owes it and pays with whole intervals
        heat += 0.35 - 0.03 * (room - 21.0)
        on = heat >= 1.0 or moment >= ONSET
        heat -= on
        water = water + 0.25 if moment >= ONSET else 25.0 + 0.2 * on
        energy += WATTS / 1000 / 12 * on
        samples.append(
            {
                "ts": moment.isoformat(),
                "boot": 1,
                "seq": number + 1,
                "values": {
                    "water_temperature": round(water + rng.gauss(0, 0.05), 2),
                    "room_temperature": round(room + rng.gauss(0, 0.1), 1),
                    "power": round(WATTS + rng.gauss(0, 2)) if on else 0,
                    "energy": round(energy, 3),
                    "lamp_on": 8 <= moment.hour < 20,
                },
            }
        )
    return samples


def _check_rows(shape: Shape, samples: list[dict[str, Any]]) -> None:
    values = [sample["values"] for sample in samples]
    (row,) = shape.query(
        f"SELECT count(*), sum(lamp_on::int), max(energy), max(water_temperature)::numeric(6, 2)::float8"
        f" FROM {TABLE} WHERE device_id = %s",
        DEVICE,
    )
    assert row == (
        len(samples),
        sum(one["lamp_on"] for one in values),
        values[-1]["energy"],
        max(one["water_temperature"] for one in values),
    )
    assert shape.query("SELECT count(*) FROM dead_letter") == [(0,)]
    shape.wait_until(lambda: shape.query("SELECT count(*) FROM dirty_range") == [(0,)], "the rollups", 30)
    grown = values[-1]["energy"] - values[0]["energy"]
    heat = sum(one["power"] for one in values)
    for level, width in {"5m": PERIOD, "1h": timedelta(hours=1), "1d": timedelta(days=1)}.items():
        buckets, n, growth, power = shape.query(
            f"SELECT count(*), sum(n), sum(energy_delta), sum(power_sum) FROM {TABLE}_{level}"
        )[0]
        first, last = (moment.timestamp() // width.total_seconds() for moment in (START, NOW - PERIOD))
        assert (buckets, n) == (last - first + 1, len(samples)), level
        assert growth == pytest.approx(grown, abs=1e-6), level
        assert power == pytest.approx(heat), level


def _check_ticket(shape: Shape, api: httpx.Client, ticket_id: str) -> None:
    assert shape.query("SELECT DISTINCT device_id, cause, state FROM finding") == [
        (DEVICE, "relay_welded", "open")
    ]
    ticket = _get(api, f"/tickets/{ticket_id}")
    assert (ticket["cause"], ticket["state"], ticket["urgency"]) == ("relay_welded", "owner_asked", "urgent")
    assert (ticket["cause_title"], ticket["advice"]) == (FAULT.title, FAULT.advice)
    assert ticket["part"] == "relay"
    assert abs(datetime.fromisoformat(ticket["onset_at"]) - ONSET) <= timedelta(minutes=45)
    evidence = {one["feature"]: one for one in ticket["evidence"]}
    assert {"water_mean", "duty"} <= set(evidence)
    assert all(evidence[name]["observed"] > evidence[name]["high"] for name in ("water_mean", "duty"))
    plots = {one["channel"]: one for one in _get(api, f"/tickets/{ticket_id}/evidence")["series"]}
    assert any(high is not None for high in plots["water_temperature"]["high"]), "the plot has its band"

    assert FAULT.question is not None
    told = {message["audience"]: message for message in ticket["messages"]}
    assert set(told) == {"owner", "engineer"}
    for language, text in FAULT.question.text.items():
        assert text in told["owner"]["body"][language]
    assert told["owner"]["answers"] == FAULT.question.answers
    link = _get(api, f"/devices/{DEVICE}")["owner_link"]
    page = httpx.get(shape.api_url + urlsplit(link).path).raise_for_status().text
    assert FAULT.question.answers["checked"]["en"] in page
    token = link.rsplit("/", 1)[1]
    answer = api.post(f"/owner/{token}/messages/{told['owner']['id']}/answer", json={"answer": "checked"})
    answer.raise_for_status()
    assert _get(api, f"/tickets/{ticket_id}")["state"] == "on_site"


def _check_command(shape: Shape, api: httpx.Client, tank: _Tank) -> None:
    wanted = {"name": "set_temperature", "arguments": {"set_point": 31}}
    assert api.post(f"/devices/{DEVICE}/commands", json=wanted).status_code == 422, "out of its range"
    wanted["arguments"] = {"set_point": 24}
    api.post(f"/devices/{DEVICE}/commands", json=wanted).raise_for_status()

    def is_done() -> bool:
        return [one["state"] for one in _get(api, f"/devices/{DEVICE}")["recent_commands"]] == ["done"]

    shape.wait_until(is_done, "the command's reply", 30)
    assert [(one["name"], one["arguments"]) for one in tank.commands] == [
        ("set_temperature", {"set_point": 24})
    ]


def _check_dashboard(shape: Shape, folder: Path) -> None:
    document = json.loads(_command(shape, "dashboards", "show", f"type-{TYPE}"))
    titles = {panel["title"] for panel in document["panels"]}
    assert {"Water temperature", "Electric power", "Energy since start", "Lamp: share of time"} <= titles
    request = Request(
        NOW - timedelta(days=1), NOW + timedelta(minutes=5), "5m", {"region": ["(none)"], "device": [DEVICE]}
    )
    with psycopg.connect(shape.database) as connection:
        for panel in document["panels"]:
            for target in panel.get("targets", []):
                rows = connection.execute(expand(target["rawSql"], request).replace("%", "%%")).fetchall()
                empty_by_right = panel["title"] == "Events and fault codes" or target["refId"] == "B"
                assert rows or empty_by_right, panel["title"]
        (water,) = [panel for panel in document["panels"] if panel["title"] == "Water temperature"]
        readings, band = (
            connection.execute(expand(target["rawSql"], request).replace("%", "%%")).fetchall()
            for target in water["targets"]
        )
    assert len(readings) == timedelta(days=1) // PERIOD
    assert band, "what was expected lies behind it"


def _get(api: httpx.Client, path: str) -> Any:
    return api.get(path).raise_for_status().json()


def _command(shape: Shape, *arguments: str) -> str:
    """Run ``zerodistance ARGUMENTS`` beside the platform and return what it printed."""
    return _run(shape.environment, Path(shape.environment["ZD_DATA_DIR"]), *arguments)


def _run(environment: dict[str, str], folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "zerodistance", *arguments],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
