"""Tasmota's payloads, after https://tasmota.github.io/docs/JSON-Status-Responses/, /MQTT/ and /Commands/."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.adapters.contract import Presence
from ingest.adapters.memory import Memory
from ingest.adapters.tasmota import Tasmota
from tests.ingest.adapters.hearing import NOW_S, hear, values
from tests.ingest.helpers import NOW_US
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

PLAIN = Tasmota()
BERLIN = Tasmota(zone=ZoneInfo("Europe/Berlin"))
SENSOR = "tele/fridge-plug/SENSOR"
# As tasmota.github.io prints it for a plug of version 9 and later.
PLUG = {
    "Time": "2026-03-01T01:00:00",
    "ENERGY": {
        "TotalStartTime": "2025-12-01T10:00:00",
        "Total": 41.237,
        "Yesterday": 0.912,
        "Today": 0.031,
        "Period": 1,
        "Power": 83,
        "ApparentPower": 110,
        "ReactivePower": 72,
        "Factor": 0.75,
        "Voltage": 231,
        "Current": 0.476,
    },
}


def test_a_plug() -> None:
    understood = hear(BERLIN, SENSOR, PLUG)
    assert values(understood) == {
        "tasmota:fridge-plug": {
            "power": 83.0,
            "voltage": 231.0,
            "current": 0.476,
            "power_factor": 0.75,
            "energy": 41.237,
        }
    }
    units = {reading.name: reading.unit for reading in understood.observations[0].readings}
    assert (units["power"], units["energy"]) == ("W", "kWh")
    assert understood.observations[0].time_us == NOW_US  # 01:00 in Berlin is midnight UTC


@pytest.mark.parametrize(
    ("time", "adapter", "expected_us"),
    [
        ({"Time": "2026-03-01T01:00:00"}, PLAIN, None),  # no zone anywhere: arrival counts
        ({"Time": "2026-03-01T01:00:00+01:00"}, PLAIN, NOW_US),  # SetOption52 1
        ({"Time": "2026-03-01T00:00:00Z"}, PLAIN, NOW_US),
        ({"Time": "2026-03-01T01:00:00", "Epoch": NOW_S}, PLAIN, NOW_US),  # Time 2
        ({"Time": NOW_S}, PLAIN, NOW_US),  # Time 3
        ({"Time": "2026-03-01T01:00:00.500"}, BERLIN, NOW_US + 500_000),  # Time 4
        ({"Time": "2026.03.01 01:00:00"}, BERLIN, NOW_US),  # before 6.0
        ({"Time": "1970-01-01T00:00:09"}, BERLIN, None),  # no NTP yet
        ({"Time": "soon"}, BERLIN, None),
        ({"Time": None}, BERLIN, None),
        ({}, BERLIN, None),
    ],
)
def test_what_time_it_is(time: dict[str, Any], adapter: Tasmota, expected_us: int | None) -> None:
    understood = hear(adapter, SENSOR, {**time, "ENERGY": {"Power": 1}})
    assert understood.observations[0].time_us == expected_us


@pytest.mark.parametrize(("arrives_at", "expected"), [("00:30", "00:30"), ("01:30", "01:30")])
def test_the_hour_that_comes_twice_is_the_one_nearer_to_the_arrival(arrives_at: str, expected: str) -> None:
    from datetime import UTC, datetime

    from zerodistance.clock import to_us

    def at(text: str) -> int:
        return to_us(datetime.fromisoformat(f"2026-10-25T{text}:00").replace(tzinfo=UTC))

    body = {"Time": "2026-10-25T02:30:00", "ENERGY": {"Power": 1}}
    understood = hear(BERLIN, SENSOR, body, at_us=at(arrives_at))
    assert understood.observations[0].time_us == at(expected)


def test_several_channels_are_outlets_and_a_sum() -> None:
    energy = {"Total": 3.5, "Today": 0.2, "Power": [80, 1200], "Voltage": 230, "Current": [0.4, 5.2]}
    found = values(hear(PLAIN, "tele/strip/SENSOR", {"ENERGY": energy}))
    assert found["tasmota:strip"] == {
        "power": 1280.0,
        "voltage": 230.0,
        "current": pytest.approx(5.6),
        "energy": 3.5,
    }
    assert found["tasmota:strip:1"] == {"power": 80.0, "voltage": 230.0, "current": 0.4}
    assert found["tasmota:strip:2"] == {"power": 1200.0, "voltage": 230.0, "current": 5.2}


def test_totals_by_channel() -> None:  # SetOption129 1
    energy = {"Total": [1.5, 2.0], "Power": [80, 1200, None], "Voltage": [230, 231]}
    found = values(hear(PLAIN, "tele/strip/SENSOR", {"ENERGY": energy}))
    assert found["tasmota:strip:1"] == {"power": 80.0, "voltage": 230.0, "energy": 1.5}
    assert found["tasmota:strip:2"] == {"power": 1200.0, "voltage": 231.0, "energy": 2.0}
    assert found["tasmota:strip"]["energy"] == 3.5
    assert "tasmota:strip:3" not in found


def test_old_firmware_has_a_topic_of_its_own_and_numbers_as_text() -> None:
    body = {"Time": "2017-05-01T12:00:00", "Total": "1.956", "Today": "0.049", "Power": "9", "Voltage": "231"}
    assert values(hear(PLAIN, "tele/pow/ENERGY", body))["tasmota:pow"] == {
        "power": 9.0,
        "voltage": 231.0,
        "energy": 1.956,
    }


def test_without_a_total_today_is_the_counter() -> None:
    assert values(hear(PLAIN, SENSOR, {"ENERGY": {"Today": 0.3}}))["tasmota:fridge-plug"] == {"energy": 0.3}


def test_sensors_at_the_plug() -> None:
    body = {
        "DS18B20-1": {"Id": "01131B", "Temperature": 39.2},
        "AM2301": {"Temperature": None, "Humidity": 51.0, "DewPoint": 10.0},
        "Switch1": "ON",
        "ESP32": {"Temperature": 128.1},
        "TempUnit": "F",
    }
    understood = hear(PLAIN, SENSOR, body)
    readings = {reading.name: reading for reading in understood.observations[0].readings}
    assert readings["ds18b20_1_temperature"][1:] == (39.2, "°F", "temperature")
    assert readings["am2301_humidity"].value == 51.0
    assert readings["switch1"].value == 1.0
    assert readings["esp32_temperature"].device_class == ""  # the chip's own warmth is nobody's channel
    assert "am2301_temperature" not in readings


def test_an_answer_to_status_8() -> None:
    found = values(hear(PLAIN, "stat/fridge-plug/STATUS8", {"StatusSNS": PLUG}))
    assert found["tasmota:fridge-plug"]["power"] == 83.0


def test_coming_and_going() -> None:
    assert hear(PLAIN, "tele/plug/LWT", "Online").presences == (Presence("tasmota:plug", True),)
    assert hear(PLAIN, "tele/plug/LWT", "Offline", retained=True).presences == (
        Presence("tasmota:plug", False),
    )
    new = {"Info1": {"Module": "Plug", "Version": "13.4.0(tasmota)"}}
    old = {"Module": "Plug", "Version": "6.5.0(basic)"}
    for body, version in ((new, "13.4.0(tasmota)"), (old, "6.5.0(basic)")):
        assert hear(PLAIN, "tele/plug/INFO1", body).presences == (Presence("tasmota:plug", True, version),)


def test_state_measures_nothing() -> None:
    assert hear(PLAIN, "tele/plug/STATE", {"Time": "x", "Vcc": 3.1, "POWER": "ON"}).observations == ()


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (SENSOR, b"", Reason.MALFORMED_JSON),
        (SENSOR, b'{"Time":"2018-01-17T18:59:50","ENERGY":{"Total":1.9,"Po', Reason.MALFORMED_JSON),  # cut
        (SENSOR, b'{"ENERGY":{"Power":nan}}', Reason.MALFORMED_JSON),
        (SENSOR, b"\xff\xfe", Reason.MALFORMED_JSON),
        (SENSOR, b"[1]", Reason.WRONG_SHAPE),
        (SENSOR, b'{"ENERGY":[1]}', Reason.WRONG_SHAPE),
        (SENSOR, b'{"ENERGY":{"Power":"much"}}', Reason.WRONG_SHAPE),
        (SENSOR, b'{"ENERGY":{"Power":1},"ENERGY":{}}', Reason.WRONG_SHAPE),
        ("tele/plug/LWT", b"Maybe", Reason.WRONG_SHAPE),
        ("tele/plug/LWT", b"\xff", Reason.WRONG_SHAPE),
        ("tele/plug/STATE", b"on", Reason.MALFORMED_JSON),
        ("stat/plug/STATUS8", b'{"StatusSNS":7}', Reason.WRONG_SHAPE),
    ],
)
def test_what_is_refused(topic: str, payload: bytes, reason: Reason) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        hear(PLAIN, topic, payload)
    assert refused.value.reason == reason


def test_another_full_topic() -> None:
    other = Tasmota("home/%topic%/%prefix%")
    assert other.filters[0] == "home/+/tele/SENSOR"
    assert "tasmota:plug" in values(hear(other, "home/plug/tele/SENSOR", PLUG))
    assert other.device_of("tele/plug/SENSOR", Memory()) is None
    for wrong in ("%prefix%", "home/%topic%", "%prefix%/%topic%/#", "%prefix%%topic%"):
        with pytest.raises(SettingsError, match="FullTopic"):
            Tasmota(wrong)


def test_other_topics_are_not_its_own() -> None:
    for topic in (
        "tele/plug/UPTIME",
        "stat/plug/RESULT",
        "tele/a/b/SENSOR",
        "cmnd/plug/POWER",
        "zd/v1/a/status",
    ):
        assert PLAIN.device_of(topic, Memory()) is None
