"""Messages of other systems into our records: who owns them, when they were, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.adapters.choose import choose_adapters
from ingest.adapters.memory import Memory
from ingest.adapters.translate import Translator
from ingest.parse import Parsed, Parser
from tests.ingest.helpers import NOW_US
from zerodistance.catalogue import Catalogue
from zerodistance.errors import SettingsError
from zerodistance.messages import Quality, Reason
from zerodistance.store.devices import DeviceEntry

ALL = "tasmota,shelly,zigbee2mqtt,homeassistant,statestream,sparkplug"
DEVICES = {
    "tasmota:plug": DeviceEntry(7, "refrigerator", None, False),
    "tasmota:strip:2": DeviceEntry(1, "oven", None, False),
    "tasmota:old": DeviceEntry(1, "refrigerator", None, True),
    "tasmota:odd": DeviceEntry(1, "time_machine", None, False),
    "shelly:shellyplug-A": DeviceEntry(1, "refrigerator", None, False),
    "shelly:shellypro-B": DeviceEntry(1, "freezer", None, False),
    "shelly:shellypro-B:1": DeviceEntry(1, "oven", None, False),
    "zigbee2mqtt:probe": DeviceEntry(1, "refrigerator", None, False),
}
ENERGY = {"Total": 41.237, "Power": 83, "Voltage": 231}


class Ear:
    """A parser with all adapters and a memory of its own."""

    def __init__(self, catalogue: Catalogue, **chosen: dict[str, str]) -> None:
        by_device = {name.replace("__", ":"): mapping for name, mapping in chosen.items()}
        self.memory = Memory()
        foreign = Translator(
            choose_adapters(ALL),
            catalogue,
            DEVICES.get,
            self.memory,
            lambda device: by_device.get(device, {}),
        )
        self.parser = Parser(catalogue, DEVICES.get, foreign)

    def hear(self, topic: str, payload: Any, at_us: int = NOW_US, **options: Any) -> Parsed:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.parser.parse(topic, raw, received_us=at_us, **options)


@pytest.fixture
def ear(catalogue: Catalogue) -> Ear:
    return Ear(catalogue)


def test_a_refrigerator_behind_a_plug(ear: Ear) -> None:
    body = {"Time": "2026-02-28T23:59:50Z", "ENERGY": ENERGY}
    (sample,) = ear.hear("tele/plug/SENSOR", body).samples
    assert (sample.tenant, sample.device, sample.type) == (7, "tasmota:plug", "refrigerator")
    assert (sample.time_us, sample.received_us) == (NOW_US - 10_000_000, NOW_US)
    assert sample.values == {"power": 83.0, "energy": 41.237}
    assert sample.unknown == {"voltage": 231.0}
    assert (sample.boot, sample.seq, sample.quality) == (None, None, {})


def test_an_impossible_reading_is_null_with_a_code(ear: Ear) -> None:
    (sample,) = ear.hear("tele/plug/SENSOR", {"ENERGY": {"Power": -5}}).samples
    assert sample.values == {"power": None}
    assert sample.quality == {"power": Quality.BELOW_VALID}


def test_a_retained_state_is_no_reading(ear: Ear) -> None:
    parsed = ear.hear("tele/plug/SENSOR", {"ENERGY": ENERGY}, retained=True)
    assert parsed == Parsed([], [], [])
    waiting = ear.hear("tele/fridge-2/SENSOR", {"ENERGY": ENERGY}, retained=True)
    assert (waiting.samples, waiting.letters) == ([], [])
    assert [one.device for one in waiting.strangers] == ["tasmota:fridge-2"]


def test_an_unknown_device_waits_with_what_it_sent_and_a_guess(ear: Ear) -> None:
    parsed = ear.hear("tele/fridge-2/SENSOR", {"ENERGY": ENERGY})
    (stranger,) = parsed.strangers
    assert stranger.device == "tasmota:fridge-2"
    assert stranger.guessed_type == "refrigerator"
    assert json.loads(stranger.text)["readings"]["power"] == "83 W"
    (letter,) = parsed.letters
    assert (letter.reason, letter.device, letter.source) == (
        Reason.UNKNOWN_DEVICE,
        "tasmota:fridge-2",
        "tele/fridge-2/SENSOR",
    )
    assert parsed.samples == []


def test_a_lamp_does_not_wait(ear: Ear) -> None:
    assert ear.hear("zigbee2mqtt/lamp", {"state": "ON", "linkquality": 90}) == Parsed([], [], [])
    assert ear.hear("zigbee2mqtt/dimmer", {"device_temperature": 40}) == Parsed([], [], [])


def test_outlets_that_nobody_adopted_are_passed_over_beside_one_with_an_owner(ear: Ear) -> None:
    body = {"ENERGY": {"Power": [80, 1200], "Total": [1.0, 2.0]}}
    parsed = ear.hear("tele/strip/SENSOR", body)
    assert [(one.device, one.values) for one in parsed.samples] == [
        ("tasmota:strip:2", {"power": 1200.0, "energy": 2.0})
    ]
    assert parsed.letters == []
    nobodys = ear.hear("tele/strip-2/SENSOR", body).letters
    assert [(one.device, one.sample) for one in nobodys] == [
        ("tasmota:strip-2", 0),
        ("tasmota:strip-2:1", 1),
        ("tasmota:strip-2:2", 2),
    ]
    assert len({one.id for one in nobodys}) == 3


def test_a_replay_takes_what_is_of_one_device(ear: Ear) -> None:
    body = {"ENERGY": {"Power": [80, 1200], "Total": [1.0, 2.0]}}
    assert ear.hear("tele/strip/SENSOR", body, only="tasmota:strip:1").samples == []
    assert len(ear.hear("tele/strip/SENSOR", body, only="tasmota:strip:2").samples) == 1


def test_values_that_come_one_by_one_make_one_instant(ear: Ear) -> None:
    topic = "shellies/shellyplug-A/relay/0"
    first = ear.hear(f"{topic}/power", b"83.1").samples
    second = ear.hear(f"{topic}/energy", b"60000", NOW_US + 200_000).samples
    assert [one.time_us for one in (*first, *second)] == [NOW_US, NOW_US]
    assert second[0].values == {"energy": 1.0}
    third = ear.hear(f"{topic}/power", b"84.0", NOW_US + 300_000).samples
    assert third[0].time_us == NOW_US + 300_000  # a second power is another instant
    late = ear.hear(f"{topic}/energy", b"60001", NOW_US + 5_000_000).samples
    assert late[0].time_us == NOW_US + 5_000_000


def test_presence_reaches_all_outlets_and_is_told_once(ear: Ear) -> None:
    assert [event.device for event in ear.hear("shellypro-B/online", b"true").events] == [
        "shelly:shellypro-B"
    ]
    ear.hear("shellypro-B/status/switch:1", {"apower": 900.0})
    offline = ear.hear("shellypro-B/online", b"false").events
    assert [(event.device, event.code, event.kind) for event in offline] == [
        ("shelly:shellypro-B", "offline", "status"),
        ("shelly:shellypro-B:1", "offline", "status"),
    ]
    assert ear.hear("shellypro-B/online", b"false", NOW_US + 1).events == []
    assert ear.hear("shelly-unknown/online", b"false") == Parsed([], [], [])


def test_firmware_comes_with_presence(ear: Ear) -> None:
    ear.hear("tele/plug/LWT", b"Online", retained=True)
    (event,) = ear.hear("tele/plug/INFO1", {"Info1": {"Version": "13.4.0"}}).events
    assert (event.code, event.data) == ("online", {"firmware": "13.4.0"})
    assert ear.hear("tele/plug/LWT", b"Online").events == []


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("tele/plug/SENSOR", b"{", Reason.MALFORMED_JSON),
        ("tele/plug/SENSOR", b'{"Time":"2100-01-01T00:00:00Z","ENERGY":{"Power":1}}', Reason.TIME_IN_FUTURE),
        ("tele/plug/SENSOR", b'{"Time":"2020-01-01T00:00:00Z","ENERGY":{"Power":1}}', Reason.TIME_TOO_OLD),
        ("tele/plug/SENSOR", b'{"ENERGY":{"Power":NaN}}', Reason.NOT_FINITE),
        ("tele/plug/SENSOR", b'{"ENERGY":{"Power":1e400}}', Reason.NOT_FINITE),
        ("tele/plug/SENSOR", b"[" * 60_000, Reason.WRONG_SHAPE),
        ("tele/plug/SENSOR", b" " * 70_000, Reason.TOO_LARGE),
        ("tele/old/SENSOR", b'{"ENERGY":{"Power":1}}', Reason.UNKNOWN_DEVICE),
        ("tele/odd/SENSOR", b'{"ENERGY":{"Power":1}}', Reason.UNKNOWN_TYPE),
        ("spBv1.0/home/NDATA/gate", b"{}", Reason.MALFORMED_PAYLOAD),
        ("spBv1.0/home/NDATA/gate", bytes.fromhex("12041001500a"), Reason.UNKNOWN_METRIC),
        ("somebody/elses", b"1", Reason.WRONG_TOPIC),
        ("zd/v1/status/switch:0", b"{}", Reason.WRONG_TOPIC),
    ],
)
def test_every_refusal_has_a_reason(ear: Ear, topic: str, payload: bytes, reason: Reason) -> None:
    parsed = ear.hear(topic, payload)
    assert [letter.reason for letter in parsed.letters] == [reason]
    assert (parsed.samples, parsed.events) == ([], [])
    if reason == Reason.UNKNOWN_METRIC:
        assert parsed.requests[0].topic == "spBv1.0/home/NCMD/gate"


def test_a_doubtful_reading_is_counted_until_somebody_chooses(catalogue: Catalogue) -> None:
    body = {"temperature": -18.0, "humidity": 60}
    (sample,) = Ear(catalogue).hear("zigbee2mqtt/probe", body).samples
    assert (sample.values, sample.unknown) == ({"humidity": 60.0}, {"temperature": -18.0})
    chosen = Ear(catalogue, zigbee2mqtt__probe={"temperature": "freezer_temperature", "humidity": ""})
    (sample,) = chosen.hear("zigbee2mqtt/probe", body).samples
    assert (sample.values, sample.unknown) == ({"freezer_temperature": -18.0}, {})


def test_settings() -> None:
    assert choose_adapters("") == []
    assert (
        choose_adapters(" shelly , homeassistant=ha,zigbee2mqtt=a,zigbee2mqtt=b,")[-1].filters[0]
        == "ha/+/+/config"
    )
    for wrong in ("tasmotta", "shelly=x", "tasmota=x"):
        with pytest.raises(SettingsError, match="ZD_ADAPTERS"):
            choose_adapters(wrong)
    with pytest.raises(SettingsError, match="ZD_ADAPTERS_ZONE"):
        choose_adapters("tasmota", "Mars/Olympus")


def test_presence_from_before_the_adoption_is_told_with_the_first_reading(catalogue: Catalogue) -> None:
    owned: dict[str, DeviceEntry] = {}
    parser = Parser(catalogue, owned.get, Translator(choose_adapters(ALL), catalogue, owned.get))
    for topic, body in (
        ("tele/new/LWT", b"Online"),
        ("tele/new/INFO1", b'{"Version":"13.4.0"}'),
        ("tele/new/SENSOR", b'{"ENERGY":{"Power":1}}'),
    ):
        assert parser.parse(topic, body, received_us=NOW_US).events == []
    owned["tasmota:new"] = DeviceEntry(1, "refrigerator", None, False)
    parsed = parser.parse("tele/new/SENSOR", b'{"ENERGY":{"Power":1}}', received_us=NOW_US + 1)
    assert [(event.code, event.data) for event in parsed.events] == [("online", {"firmware": "13.4.0"})]
    assert parser.parse("tele/new/SENSOR", b'{"ENERGY":{"Power":1}}', received_us=NOW_US + 2).events == []
