"""Shelly's payloads, after https://shelly-api-docs.shelly.cloud/gen2/ and https://shelly-api-docs.shelly.cloud/gen1/."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.adapters.contract import Presence
from ingest.adapters.memory import Memory
from ingest.adapters.shelly import Shelly
from tests.ingest.adapters.hearing import NOW_S, hear, values
from tests.ingest.helpers import NOW_US
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

SHELLY = Shelly()
ID = "shellyplusplugs-e86beae5a1b4"
DEVICE = f"shelly:{ID}"
SWITCH = {
    "id": 0,
    "source": "init",
    "output": True,
    "apower": 83.4,
    "voltage": 231.2,
    "current": 0.476,
    "aenergy": {"total": 41237.0, "by_minute": [1380.0, 1391.2, 1402.1], "minute_ts": NOW_S},
    "temperature": {"tC": 47.3, "tF": 117.1},
}


def notify(ts: float = NOW_S, method: str = "NotifyStatus", **components: Any) -> dict[str, Any]:
    params = {name.replace("_", ":"): status for name, status in components.items()}
    return {"src": ID, "dst": f"{ID}/events", "method": method, "params": {"ts": ts, **params}}


def test_a_status() -> None:
    understood = hear(SHELLY, f"{ID}/status/switch:0", SWITCH)
    assert values(understood)[DEVICE] == {
        "power": 83.4,
        "voltage": 231.2,
        "current": 0.476,
        "energy": 41237.0,
        "plug_temperature": 47.3,
    }
    readings = {reading.name: reading for reading in understood.observations[0].readings}
    assert readings["energy"].unit == "Wh"
    assert readings["plug_temperature"].device_class == ""
    assert understood.observations[0].time_us is None


def test_a_status_that_the_broker_kept_has_the_minute_it_was_counted_in() -> None:
    understood = hear(SHELLY, f"{ID}/status/switch:0", SWITCH, at_us=NOW_US + 3_600_000_000)
    assert understood.observations[0].time_us == NOW_US


def test_a_notification_is_laid_over_the_last_known_power() -> None:
    memory = Memory()
    topic = f"{ID}/events/rpc"
    first = hear(SHELLY, topic, notify(switch_0={"id": 0, "apower": 83.4}), memory)
    assert values(first)[DEVICE] == {"power": 83.4}
    assert first.observations[0].time_us == NOW_US
    minute = {"id": 0, "aenergy": {"total": 41238.4, "by_minute": [1.0], "minute_ts": NOW_S}}
    later = hear(SHELLY, topic, notify(NOW_S + 60.5, switch_0=minute), memory, at_us=NOW_US + 60_500_000)
    assert values(later)[DEVICE] == {"energy": 41238.4, "power": 83.4}
    assert later.observations[0].time_us == NOW_US + 60_500_000
    hours_later = NOW_US + 3 * 3_600_000_000
    assert values(hear(SHELLY, topic, notify(switch_0=minute), memory, at_us=hours_later))[DEVICE] == {
        "energy": 41238.4
    }


def test_retained_power_is_not_laid_under_anything() -> None:
    memory = Memory()
    hear(SHELLY, f"{ID}/status/switch:0", SWITCH, memory, retained=True)
    minute = notify(switch_0={"id": 0, "aenergy": {"total": 1.0}})
    assert values(hear(SHELLY, f"{ID}/events/rpc", minute, memory))[DEVICE] == {"energy": 1.0}


def test_a_full_status_has_an_output_each() -> None:
    body = notify(
        method="NotifyFullStatus",
        switch_0=SWITCH,
        switch_1={**SWITCH, "id": 1, "apower": 3.0},
        wifi={"rssi": -60},
        sys={"uptime": 12},
    )
    found = values(hear(SHELLY, f"{ID}/events/rpc", body))
    assert (found[DEVICE]["power"], found[f"{DEVICE}:1"]["power"]) == (83.4, 3.0)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("component", "status", "expected"),
    [
        ("pm1:0", {"id": 0, "apower": 9.5, "aenergy": {"total": 12.0}}, {"power": 9.5, "energy": 12.0}),
        ("em1:0", {"id": 0, "act_power": 800.1, "pf": 0.9}, {"power": 800.1, "power_factor": 0.9}),
        ("em1data:0", {"id": 0, "total_act_energy": 129.7}, {"energy": 129.7}),
        ("em:0", {"id": 0, "total_act_power": 2413.8}, {"power": 2413.8}),
        ("temperature:100", {"id": 100, "tC": 4.1, "tF": 39.4}, {"temperature_100": 4.1}),
        ("humidity:0", {"id": 0, "rh": 55.0}, {"humidity_0": 55.0}),
        ("switch:0", {"id": 0, "output": True}, {}),  # a relay that measures nothing
        ("temperature:100", {"id": 100, "tC": None, "errors": ["read"]}, {}),
    ],
)
def test_other_components(component: str, status: Any, expected: dict[str, float]) -> None:
    assert values(hear(SHELLY, f"{ID}/status/{component}", status)).get(DEVICE, {}) == expected


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("relay/0/power", "83.42", ("power", 83.42, "W", "power")),
        ("relay/0/energy", "5412", ("energy", 5412.0, "Wmin", "energy")),
        ("emeter/0/total", "12837.1", ("energy", 12837.1, "Wh", "energy")),
        ("emeter/0/voltage", "229.9", ("voltage", 229.9, "V", "voltage")),
        ("sensor/temperature", "5.12", ("temperature", 5.12, "°C", "temperature")),
        ("sensor/humidity", "61.0", ("humidity", 61.0, "%", "humidity")),
        ("sensor/state", "open", ("contact", 1.0, "", "door")),
        ("ext_temperature/0", "-18.2", ("temperature_0", -18.2, "°C", "temperature")),
    ],
)
def test_first_generation(topic: str, payload: str, expected: tuple[Any, ...]) -> None:
    understood = hear(SHELLY, f"shellies/shellyplug-s-7A9F/{topic}", payload)
    assert understood.observations[0].device == "shelly:shellyplug-s-7A9F"
    assert understood.observations[0].readings == (expected,)


def test_first_generation_has_outputs_too() -> None:
    assert "shelly:shelly25-A:1" in values(hear(SHELLY, "shellies/shelly25-A/relay/1/power", "1.5"))


def test_coming_and_going() -> None:
    assert hear(SHELLY, f"{ID}/online", "true").presences == (Presence(DEVICE, True),)
    assert hear(SHELLY, "shellies/shelly1-A/online", "false").presences == (
        Presence("shelly:shelly1-A", False),
    )
    announced = {"id": "shelly1-A", "model": "SHSW-1", "fw_ver": "20230913-112003/v1.14.0"}
    assert hear(SHELLY, "shellies/shelly1-A/announce", announced).presences == (
        Presence("shelly:shelly1-A", True, "20230913-112003/v1.14.0"),
    )


def test_events_of_buttons_say_nothing() -> None:
    body = {"src": ID, "method": "NotifyEvent", "params": {"ts": NOW_S, "events": []}}
    assert hear(SHELLY, f"{ID}/events/rpc", body) == ((), (), (), ())


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (f"{ID}/status/switch:0", b"{", Reason.MALFORMED_JSON),
        (f"{ID}/status/switch:0", b"7", Reason.WRONG_SHAPE),
        (f"{ID}/status/switch:0", b'{"apower":"83"}', Reason.WRONG_SHAPE),
        (f"{ID}/status/switch:0", b'{"aenergy":5}', Reason.WRONG_SHAPE),
        (f"{ID}/events/rpc", b'{"method":"NotifyStatus","params":3}', Reason.WRONG_SHAPE),
        (f"{ID}/events/rpc", b'{"method":"NotifyStatus","params":{"switch:0":1}}', Reason.WRONG_SHAPE),
        (f"{ID}/online", b"perhaps", Reason.WRONG_SHAPE),
        ("shellies/x/relay/0/power", b"on", Reason.WRONG_SHAPE),
        ("shellies/x/announce", b"", Reason.MALFORMED_JSON),
    ],
)
def test_what_is_refused(topic: str, payload: bytes, reason: Reason) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        hear(SHELLY, topic, payload)
    assert refused.value.reason == reason


def test_other_topics_are_not_its_own() -> None:
    for topic in (
        "zd/v1/fridge/status",
        "a/status/wifi",
        "a/b/online",
        "shellies/x/relay/0",
        "shellies/command",
    ):
        assert SHELLY.device_of(topic, Memory()) is None
