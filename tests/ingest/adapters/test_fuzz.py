"""Every adapter under anything: it never raises, and nothing that leaves it cannot be written."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapters.choose import _MAKERS, choose_adapters
from ingest.adapters.contract import NOTHING, Heard
from ingest.adapters.memory import Memory
from ingest.adapters.protobuf import field
from ingest.adapters.templates import parse_template
from ingest.adapters.translate import Translator
from ingest.parse import Parsed, Parser
from tests.ingest.helpers import NOW_MS, NOW_US
from zerodistance.catalogue import load_catalogue
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import (
    decode_dead_letter,
    decode_event,
    decode_samples,
    encode_dead_letter,
    encode_event,
    encode_samples,
)
from zerodistance.messages.topics import DEVICE_ID
from zerodistance.store.devices import DeviceEntry

CATALOGUE = load_catalogue()
ADAPTERS = choose_adapters("tasmota,shelly,zigbee2mqtt,homeassistant,statestream,sparkplug", "Europe/Berlin")
WORDS = st.text(max_size=12)
TOPICS = st.one_of(
    st.sampled_from(
        [
            *(f"tele/a/{last}" for last in ("SENSOR", "STATE", "LWT", "ENERGY", "INFO1")),
            "stat/a/STATUS8",
            *(f"a/status/{one}:0" for one in ("switch", "pm1", "em", "em1data", "temperature")),
            "a/events/rpc",
            "a/online",
            *(
                f"shellies/a/{one}"
                for one in ("online", "announce", "relay/0/power", "relay/1/energy", "sensor/state")
            ),
            *(f"zigbee2mqtt/{one}" for one in ("a", "a/availability", "a/power", "bridge/devices")),
            "homeassistant/sensor/a/config",
            "homeassistant/device/a/config",
            "t/1",
            "t/2",
            *(
                f"homeassistant/sensor/a_power/{one}"
                for one in ("state", "unit_of_measurement", "device_class")
            ),
            "homeassistant/binary_sensor/a_door/state",
            *(f"spBv1.0/g/{one}/n" for one in ("NBIRTH", "NDATA", "NDEATH")),
            *(f"spBv1.0/g/{one}/n/d" for one in ("DBIRTH", "DDATA", "DDEATH")),
        ]
    ),
    WORDS.map(lambda word: f"zigbee2mqtt/{word}"),
    WORDS.map(lambda word: f"tele/{word}/SENSOR"),
)
NAMES = st.sampled_from(
        ["Time", "Epoch", "ENERGY", "Power", "Total", "Today", "Voltage", "Current", "Switch1",
     "Temperature", "TempUnit", "StatusSNS", "Info1", "Version", "method", "params", "ts",
     "switch:0", "apower", "aenergy", "total", "minute_ts", "temperature", "tC", "power", "energy",
     "contact", "power_l1", "last_seen", "state", "humidity", "state_topic", "stat_t", "val_tpl",
     "value_template", "unit_of_meas", "dev_cla", "device", "ids", "identifiers", "components",
     "cmps", "p", "platform", "~", "avty", "availability", "t", "pl_on", "NotifyStatus", "fw_ver"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [NOW_MS, "2026-03-01T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "1e400", "nan",
         "NotifyStatus", "{{ value_json.power }}", "t/1", "t/2", "sensor", "binary_sensor", "power", "W",
         "°F", 10**400, -1]
    ),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(NAMES, WORDS), inner, max_size=6)
    ),
    max_leaves=14,
)
FIELDS = st.recursive(
    st.one_of(
        st.integers(0, 2**64 - 1),
        st.binary(max_size=12),
        WORDS.map(lambda word: word.encode("utf-8", "replace")),
    ),
    lambda inner: st.lists(st.tuples(st.integers(1, 19), inner), max_size=6).map(
        lambda fields: b"".join(field(number, value) for number, value in fields)
    ),
    max_leaves=20,
).filter(lambda value: isinstance(value, bytes))
PAYLOADS = st.one_of(
    ANYTHING.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    FIELDS,
    st.sampled_from([b"", b"Online", b"true", b"open", b"12.5", b"nan", b'{"a":1}{', b"\x00", "°".encode()]),
)
MESSAGES = st.lists(
    st.tuples(TOPICS, PAYLOADS, st.booleans(), st.integers(0, 10**10)), min_size=1, max_size=8
)


def directory(device: str) -> DeviceEntry | None:
    if len(device) % 3 == 0:
        return None
    return DeviceEntry(1, sorted(CATALOGUE)[len(device) % len(CATALOGUE)], None, len(device) % 11 == 0)


def writable(parsed: Parsed) -> None:
    assert decode_samples(encode_samples(parsed.samples)) == parsed.samples
    for event in parsed.events:
        assert decode_event(encode_event(event)) == event
    for letter in parsed.letters:
        assert decode_dead_letter(encode_dead_letter(letter)) == letter
    for stranger in parsed.strangers:
        assert DEVICE_ID.fullmatch(stranger.device)
        json.loads(stranger.text)


def test_no_adapter_is_left_out_here() -> None:
    assert len({type(adapter) for adapter in ADAPTERS}) == len(_MAKERS)


@settings(max_examples=250, deadline=None)
@given(MESSAGES)
def test_no_conversation_breaks_the_parser(messages: list[tuple[str, bytes, bool, int]]) -> None:
    memory = Memory()
    parser = Parser(CATALOGUE, directory, Translator(ADAPTERS, CATALOGUE, directory, memory))
    for topic, payload, retained, later in messages:
        parsed = parser.parse(topic, payload, received_us=NOW_US + later, retained=retained)
        writable(parsed)
        for one in parsed.samples:
            assert DEVICE_ID.fullmatch(one.device)
            assert not retained
            assert all(value is None or abs(value) < float("inf") for value in one.values.values())
    again = Memory({key: json.loads(json.dumps(value)) for key, value in memory.drain().items()})
    parser = Parser(CATALOGUE, directory, Translator(ADAPTERS, CATALOGUE, directory, again))
    for topic, payload, retained, later in messages:
        writable(parser.parse(topic, payload, received_us=NOW_US + later, retained=retained))


@settings(max_examples=200, deadline=None)
@given(TOPICS, PAYLOADS)
def test_an_adapter_refuses_in_one_way_only(topic: str, payload: bytes) -> None:
    for adapter in ADAPTERS:
        memory = Memory()
        if adapter.device_of(topic, memory) is None:
            continue
        understood = NOTHING
        with contextlib.suppress(InvalidMessageError):
            understood = adapter.read(Heard(topic, payload, NOW_US), memory)
        assert all(one.readings for one in understood.observations)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60),
    st.lists(st.sampled_from(["value_json", ".a", "['b']", "[0]", "|float", "*2", "(", ")"])),
)
def test_templates_never_raise(text: str, pieces: list[Any]) -> None:
    for template in (text, "{{" + text + "}}", "{{ " + "".join(pieces) + " }}"):
        found = parse_template(template)
        assert found is None or abs(found.factor) > 0
