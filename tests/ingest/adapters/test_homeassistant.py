"""Discovery, statestream: after https://www.home-assistant.io/integrations/mqtt/ and …/mqtt_statestream."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.adapters.contract import PartlyUnderstoodError, Presence
from ingest.adapters.homeassistant import HomeAssistant, topics_of
from ingest.adapters.memory import Memory
from ingest.adapters.statestream import Statestream
from ingest.adapters.templates import Template, parse_template
from tests.ingest.adapters.hearing import hear, values
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

HA = HomeAssistant()
STREAM = Statestream()
POWER = {
    "name": "Power",
    "uniq_id": "esp1_power",
    "stat_t": "~/state",
    "~": "esp/fridge",
    "val_tpl": "{{ value_json.ENERGY['Power'] | float }}",
    "unit_of_meas": "W",
    "dev_cla": "power",
    "avty_t": "~/status",
    "dev": {"ids": ["fridge-esp-1"], "name": "Fridge plug", "mf": "Espressif", "sw": "2026.2"},
}
CONFIG = "homeassistant/sensor/fridge-esp-1/power/config"
DEVICE = "homeassistant:fridge-esp-1"


def test_a_sensor_is_learnt_and_then_read() -> None:
    memory = Memory()
    assert HA.device_of("esp/fridge/state", memory) is None
    learnt = hear(HA, CONFIG, POWER, memory, retained=True)
    assert set(learnt.topics) == {"esp/fridge/state", "esp/fridge/status"}
    energy = {
        **POWER,
        "val_tpl": "{{ value_json.ENERGY.Total / 1000 }}",
        "unit_of_meas": "kWh",
        "dev_cla": "energy",
    }
    hear(HA, CONFIG.replace("power", "energy"), energy, memory, retained=True)
    understood = hear(HA, "esp/fridge/state", {"ENERGY": {"Power": 83.5, "Total": 41237}}, memory)
    assert values(understood) == {DEVICE: {"power": 83.5, "energy": pytest.approx(41.237)}}
    assert "Fridge plug" in understood.observations[0].label
    came = hear(HA, "esp/fridge/status", "online", memory)
    assert came.presences == (Presence(DEVICE, True, "2026.2"),)
    assert hear(HA, "esp/fridge/status", "asleep", memory).presences == ()


def test_it_is_remembered_over_a_restart_and_forgotten_when_taken_away() -> None:
    memory = Memory()
    hear(HA, CONFIG, POWER, memory, retained=True)
    again = Memory(memory.drain())
    assert sorted(topics_of(again)) == ["esp/fridge/state", "esp/fridge/status"]
    assert values(hear(HA, "esp/fridge/state", {"ENERGY": {"Power": 1}}, again))[DEVICE] == {"power": 1.0}
    hear(HA, CONFIG, b"", again)
    assert topics_of(again) == []
    assert HA.device_of("esp/fridge/state", again) is None


def test_a_whole_device_in_one_message() -> None:
    memory = Memory()
    body = {
        "device": {"identifiers": "fridge-7", "name": "Fridge"},
        "origin": {"name": "x"},
        "state_topic": "fridge7/state",
        "components": {
            "watts": {"platform": "sensor", "device_class": "power", "unit_of_measurement": "W",
                      "value_template": "{{ value_json.w }}"},
            "door": {"p": "binary_sensor", "dev_cla": "door", "val_tpl": "{{ value_json.door }}",
                     "pl_on": "open", "pl_off": "shut"},
            "relay": {"platform": "switch", "command_topic": "fridge7/set"},
        },
    }  # fmt: skip
    learnt = hear(HA, "homeassistant/device/fridge-7/config", body, memory)
    assert learnt.topics == ("fridge7/state",)
    understood = hear(HA, "fridge7/state", {"w": 12, "door": "open"}, memory)
    assert values(understood) == {"homeassistant:fridge-7": {"watts": 12.0, "door": 1.0}}
    # a second announcement without the door
    del body["components"]["door"]  # type: ignore[attr-defined]
    hear(HA, "homeassistant/device/fridge-7/config", body, memory)
    assert values(hear(HA, "fridge7/state", {"w": 12, "door": "open"}, memory)) == {
        "homeassistant:fridge-7": {"watts": 12.0}
    }


def test_a_component_that_is_refused_does_not_cost_the_others() -> None:
    memory = Memory()
    good = {"p": "sensor", "dev_cla": "power", "unit_of_meas": "W", "stat_t": "f/power"}
    bad = {**good, "val_tpl": "{% set x = 1 %}"}
    body = {"dev": {"ids": ["f"]}, "cmps": {"a": bad, "b": good, "c": 7}}
    with pytest.raises(PartlyUnderstoodError) as refused:
        hear(HA, "homeassistant/device/f/config", body, memory)
    assert refused.value.understood.topics == ("f/power",)
    assert values(hear(HA, "f/power", "5", memory)) == {"homeassistant:f": {"b": 5.0}}
    with pytest.raises(InvalidMessageError):  # a damaged message later takes nothing away
        hear(HA, "homeassistant/device/f/config", b"{", memory)
    assert topics_of(memory) == ["f/power"]
    hear(HA, "homeassistant/device/f/config", b"", memory)
    assert set(memory.drain().values()) == {None}


def test_plain_payloads_and_words() -> None:
    memory = Memory()
    plain = {"state_topic": "t/temp", "device_class": "temperature", "unit_of_measurement": "°C"}
    hear(HA, "homeassistant/sensor/probe/config", plain, memory)
    assert values(hear(HA, "t/temp", "-18.5", memory)) == {"homeassistant:probe": {"probe": -18.5}}
    for silent in ("unavailable", "unknown", ""):
        assert hear(HA, "t/temp", silent, memory).observations == ()
    with pytest.raises(InvalidMessageError) as refused:
        hear(HA, "t/temp", "cold", memory)
    assert refused.value.reason == Reason.WRONG_SHAPE
    with pytest.raises(InvalidMessageError):
        hear(
            HA,
            CONFIG,
            {**POWER, "val_tpl": "{{ cycler.__init__.__globals__.os.popen('id').read() }}"},
            memory,
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Template(None)),
        ("{{ value }}", Template(None)),
        ("{{value_json.temperature}}", Template(("temperature",))),
        ("{{ value_json['a b'][\"c\"][0].d }}", Template(("a b", "c", 0, "d"))),
        ("{{ value_json.energy | float(0) | round(2) }}", Template(("energy",))),
        ("{{ (value_json.mw | float) / 1000 }}", Template(("mw",), 0.001)),
        ("{{ value | float * 10 }}", Template(None, 10.0)),
        ("{% if true %}{{ value }}{% endif %}", None),
        ("{{ value_json.a + 1 }}", None),
        ("{{ value_json.a / 0 }}", None),
        ("{{ value_json.a.b() }}", None),
        ("{{ value_json.a | map('upper') }}", None),
        ("{{ value_jsonx }}", None),
        ("{{ states('sensor.x') }}", None),
        ("{{ value_json.a }} {{ value_json.b }}", None),
        ("{{ value }}" + " " * 10 + "x" * 300, None),
    ],
)
def test_templates_are_paths_or_nothing(text: str, expected: Template | None) -> None:
    assert parse_template(text) == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stat_t": "#", "~": ""}, Reason.WRONG_SHAPE),
        ({"stat_t": "zd/v1/fridge/command"}, Reason.WRONG_SHAPE),
        ({"stat_t": "$SYS/broker/load"}, Reason.WRONG_SHAPE),
        ({"stat_t": "a" * 300}, Reason.WRONG_SHAPE),
        ({"stat_t": ""}, Reason.WRONG_SHAPE),
        ({"stat_t": "a\ud800"}, Reason.WRONG_SHAPE),
    ],
)
def test_nobody_makes_us_listen_to_what_is_not_a_state(change: dict[str, Any], reason: Reason) -> None:
    memory = Memory()
    with pytest.raises(InvalidMessageError) as refused:
        hear(HA, CONFIG, {**POWER, **change}, memory)
    assert refused.value.reason == reason
    assert topics_of(memory) == []


def test_configurations_that_are_none() -> None:
    for payload, reason in ((b"{", Reason.MALFORMED_JSON), (b"[]", Reason.WRONG_SHAPE)):
        with pytest.raises(InvalidMessageError) as refused:
            hear(HA, CONFIG, payload)
        assert refused.value.reason == reason
    with pytest.raises(InvalidMessageError):
        hear(HA, "homeassistant/device/x/config", {"components": [1]})
    assert hear(HA, "homeassistant/light/lamp/config", {"stat_t": "x"}) == ((), (), (), ())
    assert hear(HA, CONFIG, {"name": "no topic"}).topics == ()


# Statestream


def test_a_stream_of_states() -> None:
    memory = Memory()
    base = "homeassistant/sensor/fridge_plug_power"
    assert hear(STREAM, f"{base}/state", "0.083", memory).observations == ()  # its unit comes next
    hear(STREAM, f"{base}/unit_of_measurement", '"kW"', memory)
    hear(STREAM, f"{base}/device_class", '"power"', memory)
    hear(STREAM, f"{base}/friendly_name", '"Fridge plug power"', memory)
    understood = hear(STREAM, f"{base}/state", "0.085", memory)
    (observation,) = understood.observations
    assert observation.device == "statestream:fridge_plug"
    assert observation.readings == (("power", 0.085, "kW", "power"),)
    assert observation.label == "Fridge plug power"
    energy = "homeassistant/sensor/fridge_plug_energy/state"
    hear(STREAM, energy, "41.2", memory)
    assert values(hear(STREAM, energy, "41.3", memory)) == {"statestream:fridge_plug": {"energy": 41.3}}


def test_streams_of_doors_and_of_what_is_unavailable() -> None:
    memory = Memory()
    door = "homeassistant/binary_sensor/fridge_door"
    hear(STREAM, f"{door}/device_class", '"door"', memory)
    assert values(hear(STREAM, f"{door}/state", "on", memory)) == {"statestream:fridge": {"door": 1.0}}
    assert hear(STREAM, f"{door}/state", "unavailable", memory).observations == ()
    with pytest.raises(InvalidMessageError):
        hear(STREAM, f"{door}/state", "ajar", memory)
    sensor = "homeassistant/sensor/fridge_temperature/state"
    hear(STREAM, sensor, "4.0", memory)
    with pytest.raises(InvalidMessageError):
        hear(STREAM, sensor, "cold", memory)
    with pytest.raises(InvalidMessageError) as refused:
        hear(STREAM, "homeassistant/sensor/fridge_temperature/unit_of_measurement", "°C", memory)
    assert refused.value.reason == Reason.MALFORMED_JSON  # attributes are JSON
    sentence = "homeassistant/sensor/weather_text"
    hear(STREAM, f"{sentence}/friendly_name", '"Weather"', memory)
    assert hear(STREAM, f"{sentence}/state", "sunny", memory).observations == ()


def test_wildcards_are_refused() -> None:
    for make in (HomeAssistant, Statestream):
        with pytest.raises(SettingsError, match="wildcard"):
            make("#")
