"""Hundreds of appliances behind a few gateways, on a real broker and through ingest's own parser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.parse import Parser
from simulators.fleet import load_fleet
from simulators.registering import register_fleet
from simulators.running import RunOptions
from tests.simulators.test_live import Fleet, settings_for, until
from zerodistance.catalogue import Catalogue
from zerodistance.clock import SystemClock
from zerodistance.errors import SettingsError
from zerodistance.settings import Settings
from zerodistance.store.devices import DeviceEntry

FLEET = """
name = "estate"
seed = 5
climate = "tropical"
step_s = 60
lost = 0.0
[[group]]
type = "refrigerator"
count = 200
prefix = "f-"
gateway = "hub-"
gateways = 3
[[group]]
type = "air_conditioner"
count = 100
prefix = "a-"
gateway = "tower"
[[group]]
type = "freezer"
count = 1
prefix = "alone-"
"""


class Platform:
    """Parses as ingest does, and gives receipts as the store does."""

    def __init__(self, port: int, catalogue: Catalogue) -> None:
        plan = load_fleet(FLEET, catalogue)
        gateways = plan.gateways()
        entries = {
            device: DeviceEntry(1, group.type, gateways.get(device), False)
            for group in plan.group
            for device in group.ids()
        }
        entries |= {gateway: DeviceEntry(1, "gateway", None, False) for gateway in gateways.values()}
        self.parser = Parser(catalogue, entries.get)
        self.seen: Counter[tuple[str, int]] = Counter()
        self.by_topic: Counter[str] = Counter()
        self.letters: list[Any] = []
        self.heard: dict[str, Any] = {}
        self.biggest = 0
        self._ahead: dict[str, set[int]] = {}
        self._through: Counter[str] = Counter()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="platform", clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [("zd/v1/+/+", 1), ("zdsim/v1/+/truth", 1)]
        )
        self.client.on_message = self._message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        _, _, name, channel = message.topic.split("/")
        if channel in ("stored", "command"):
            return
        if channel not in ("telemetry", "children"):
            self.heard[f"{name}/{channel}"] = json.loads(message.payload)
            return
        parsed = self.parser.parse(message.topic, message.payload, received_us=_ts(message.payload))
        self.letters += parsed.letters
        self.biggest = max(self.biggest, len(parsed.samples))
        self.by_topic[message.topic] += 1
        due = {}
        for sample in parsed.samples:
            assert sample.seq is not None
            self.seen[sample.device, sample.seq] += 1
            ahead = self._ahead.setdefault(sample.device, set())
            ahead.add(sample.seq)
            while self._through[sample.device] + 1 in ahead:
                self._through[sample.device] += 1
            due[sample.device] = {"boot": sample.boot, "through": self._through[sample.device]}
        for device, receipt in due.items():
            client.publish(f"zd/v1/{device}/stored", json.dumps(receipt), qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def _ts(payload: bytes) -> int:
    document = json.loads(payload)
    return int((document[-1] if isinstance(document, list) else document)["ts"]) * 1000


@pytest.fixture
def platform(mosquitto: Any, catalogue: Catalogue) -> Iterator[Platform]:
    listening = Platform(mosquitto.port, catalogue)
    yield listening
    listening.close()


@pytest.mark.mosquitto
def test_hundreds_of_appliances_speak_through_four_gateways_over_an_outage(
    tmp_path: Path, mosquitto: Any, platform: Platform, catalogue: Catalogue
) -> None:
    fleet = Fleet(settings_for(tmp_path, mosquitto, rate=60.0), catalogue, RunOptions(), FLEET)
    until(lambda: len({device for device, _ in list(platform.seen)}) == 301, "every appliance", 60)
    assert set(platform.by_topic) == {
        "zd/v1/hub-01/children",
        "zd/v1/hub-02/children",
        "zd/v1/hub-03/children",
        "zd/v1/tower/children",
        "zd/v1/alone-01/telemetry",
    }
    for name in ("hub-02", "f-007", "a-100", "alone-01"):
        until(lambda: platform.heard.get(f"{name}/status", {}).get("online"), f"{name} online")  # noqa: B023
    platform.client.publish("zdsim/v1/a-100/fault", '{"fault": "refrigerant_leak"}', qos=1)
    platform.client.publish(
        "zd/v1/f-150/command",
        json.dumps(
            {
                "id": "c1",
                "name": "set_temperature",
                "arguments": {"set_point": 6},
                "expires": "2030-01-01T00:00:00Z",
            }
        ),
        qos=1,
    )
    until(lambda: platform.heard.get("f-150/reply", {}).get("id") == "c1", "the child's reply")
    until(lambda: platform.heard.get("a-100/truth") == ["refrigerant_leak"], "the child's fault")
    mosquitto.kill()
    mosquitto.start()
    before = max(seq for _, seq in platform.seen)
    until(lambda: max(seq for _, seq in list(platform.seen)) > before + 4, "samples after the outage", 60)

    def none_missing() -> bool:
        numbers: dict[str, set[int]] = {}
        for device, seq in list(platform.seen):
            numbers.setdefault(device, set()).add(seq)
        return all(mine == set(range(1, max(mine) + 1)) for mine in numbers.values())

    until(none_missing, "every sample, without a gap", 60)
    figures = fleet.stop()
    assert figures["connected"] in (0, 301)  # it has said goodbye
    assert figures["given_up"] == 0
    assert figures["settled"] > 301 * 4
    assert platform.letters == []
    assert platform.biggest > 20  # many appliances in one payload
    until(lambda: platform.heard["a-100/status"]["online"] is False, "the child's goodbye")
    until(lambda: platform.heard["tower/status"]["online"] is False, "the gateway's goodbye")


def test_registering_gives_gateways_their_children(
    tmp_path: Path, database: str, catalogue: Catalogue
) -> None:
    plan = load_fleet(FLEET.replace("200", "4").replace("100", "2"), catalogue)
    settings = Settings(data_dir=tmp_path, database=database)
    for _ in range(2):
        assert register_fleet(settings, plan, catalogue, SystemClock()) == 7
    with psycopg.connect(database) as conn:
        rows = dict(conn.execute("SELECT id, gateway_id FROM device").fetchall())
        kinds = {row[0] for row in conn.execute("SELECT id FROM device WHERE type = 'gateway'")}
    assert kinds == {"hub-01", "hub-02", "hub-03", "tower"}
    assert [rows[f"f-0{n}"] for n in (1, 2, 3, 4)] == ["hub-01", "hub-02", "hub-03", "hub-01"]
    assert rows["a-02"] == "tower"
    assert rows["alone-01"] is None


@pytest.mark.parametrize(
    "gateway", ['gateway = "alone-01"', 'gateway = "no good"', "gateways = 2", 'gateway = "g"\ngateways = 0']
)
def test_a_gateway_that_cannot_be_is_refused(gateway: str, catalogue: Catalogue) -> None:
    with pytest.raises(SettingsError, match="gateway"):
        load_fleet(FLEET + gateway + "\n", catalogue)
