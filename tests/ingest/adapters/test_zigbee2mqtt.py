"""Zigbee2MQTT's payloads, after https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.adapters.contract import Presence
from ingest.adapters.memory import Memory
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from tests.ingest.adapters.hearing import hear, values
from tests.ingest.helpers import NOW_MS, NOW_US
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

Z2M = Zigbee2Mqtt()
PLUG = {
    "current": 0.37,
    "device_temperature": 31,
    "energy": 57.01,
    "linkquality": 120,
    "power": 83.1,
    "power_on_behavior": "restore",
    "state": "ON",
    "update": {"state": "idle"},
    "voltage": 230,
}


def test_a_plug() -> None:
    understood = hear(Z2M, "zigbee2mqtt/fridge-plug", PLUG)
    assert values(understood) == {
        "zigbee2mqtt:fridge-plug": {
            "current": 0.37,
            "device_temperature": 31.0,
            "energy": 57.01,
            "power": 83.1,
            "voltage": 230.0,
        }
    }
    assert understood.observations[0].time_us is None
    warmth = next(one for one in understood.observations[0].readings if one.name == "device_temperature")
    assert warmth.device_class == ""


def test_sensors_null_and_a_battery() -> None:
    body = {"temperature": -18.4, "humidity": 61.5, "pressure": None, "battery": 97, "voltage": 3005}
    found = values(hear(Z2M, "zigbee2mqtt/0x00158d0001dc126a", body))
    assert found == {"zigbee2mqtt:0x00158d0001dc126a": {"temperature": -18.4, "humidity": 61.5}}


@pytest.mark.parametrize(("contact", "door_open"), [(True, 0.0), (False, 1.0)])
def test_contact_means_closed(contact: bool, door_open: float) -> None:
    understood = hear(Z2M, "zigbee2mqtt/fridge door", {"contact": contact})
    assert understood.observations[0].readings == (("contact", door_open, "", "door"),)


@pytest.mark.parametrize(
    ("last_seen", "expected_us"),
    [
        ("2026-03-01T00:00:00.000Z", NOW_US),
        ("2026-03-01T08:00:00+08:00", NOW_US),
        ("2026-03-01T08:00:00", NOW_US),  # ISO_8601_local of old, in the host's zone
        (NOW_MS, NOW_US),
        (None, None),
        ("never", None),
    ],
)
def test_last_seen(last_seen: Any, expected_us: int | None) -> None:
    adapter = Zigbee2Mqtt(zone=ZoneInfo("Asia/Shanghai"))
    understood = hear(adapter, "zigbee2mqtt/plug", {"power": 1, "last_seen": last_seen})
    assert understood.observations[0].time_us == expected_us


def test_outlets() -> None:
    found = values(
        hear(Z2M, "zigbee2mqtt/strip", {"power_l1": 80, "energy_l1": 1.5, "power_left": 3, "voltage": 230})
    )
    assert found["zigbee2mqtt:strip:l1"] == {"power": 80.0, "energy": 1.5}
    assert found["zigbee2mqtt:strip:left"] == {"power": 3.0}


def test_attributes_one_by_one() -> None:  # output: attribute
    assert values(hear(Z2M, "zigbee2mqtt/kitchen/plug/power", "83.1")) == {
        Z2M.device_of("zigbee2mqtt/kitchen/plug", Memory()): {"power": 83.1}
    }


@pytest.mark.parametrize(
    ("payload", "online"),
    [(b"online", True), (b"offline", False), (b'{"state":"online"}', True), (b'{"state":"offline"}', False)],
)
def test_availability_in_both_forms(payload: bytes, online: bool) -> None:
    understood = hear(Z2M, "zigbee2mqtt/fridge-plug/availability", payload, retained=True)
    assert understood.presences == (Presence("zigbee2mqtt:fridge-plug", online),)


@pytest.mark.parametrize("name", ["kitchen/fridge plug", "Kühlschrank", "冰箱", "x" * 200])
def test_any_name_makes_an_id(name: str) -> None:
    from zerodistance.messages.topics import DEVICE_ID

    (device,) = values(hear(Z2M, f"zigbee2mqtt/{name}", PLUG))
    assert DEVICE_ID.fullmatch(device)
    (other,) = values(hear(Z2M, f"zigbee2mqtt/{name}_", PLUG))
    assert other != device


@pytest.mark.parametrize(
    "topic", ["bridge/devices", "bridge/state", "plug/set", "plug/get", "plug/set/power", "plug/action"]
)
def test_what_is_no_state_is_passed_over(topic: str) -> None:
    assert hear(Z2M, f"zigbee2mqtt/{topic}", b"[]") == ((), (), (), ())


def test_a_lamp_measures_nothing() -> None:
    assert hear(Z2M, "zigbee2mqtt/lamp", {"state": "ON", "brightness": 200}).observations == ()


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("zigbee2mqtt/plug", b"{", Reason.MALFORMED_JSON),
        ("zigbee2mqtt/plug", b"12", Reason.WRONG_SHAPE),
        ("zigbee2mqtt/plug", b'{"power":{}}', Reason.WRONG_SHAPE),
        ("zigbee2mqtt/plug", b'{"contact":"ajar"}', Reason.WRONG_SHAPE),
        ("zigbee2mqtt/plug/availability", b"who knows", Reason.WRONG_SHAPE),
        ("zigbee2mqtt/plug/availability", b'{"state":1', Reason.MALFORMED_JSON),
    ],
)
def test_what_is_refused(topic: str, payload: bytes, reason: Reason) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        hear(Z2M, topic, payload)
    assert refused.value.reason == reason


def test_another_base_topic_is_in_the_id() -> None:
    other = Zigbee2Mqtt("home/zigbee")
    (device,) = values(hear(other, "home/zigbee/plug", PLUG))
    assert device.startswith("zigbee2mqtt:home_zigbee:plug-")
    with pytest.raises(SettingsError, match="wildcard"):
        Zigbee2Mqtt("+/zigbee")
