"""Shelly: Gen2 and later (``<id>/status/switch:0``, ``<id>/events/rpc``), and Gen1 (``shellies/<id>/…``).

Payloads after https://shelly-api-docs.shelly.cloud/gen2/ ("Mqtt", "Notifications", "Switch", "PM1", "EM",
"EM1", "EM1Data", "Temperature", "Humidity") and https://shelly-api-docs.shelly.cloud/gen1/ ("MQTT
Support"). What matters here:

- ``aenergy.total`` is in Wh and counts on over a restart; ``apower`` in W; ``temperature.tC`` is the plug's
  own warmth;
- a notification carries what has changed, "to overlay the changes over a known status": the last power is
  laid under the minute's energy, or an appliance at constant power would seem to have none;
- ``params.ts`` is UTC epoch seconds. A status topic has no time but ``aenergy.minute_ts``, by which a
  message is recognised that the broker kept while ingest was away;
- Gen1 counts relay energy in watt-minutes and ``emeter`` totals in Wh; every value is a topic of its own,
  plain text.

The first output is ``shelly:<id>``, further ones ``shelly:<id>:1``, ….
"""

from __future__ import annotations

import re
from typing import Any

from ingest.adapters.contract import (
    NOTHING,
    Heard,
    Observation,
    Presence,
    Reading,
    Understood,
    external_id,
    is_on,
    number,
    read_object,
    read_text,
    truth,
)
from ingest.adapters.memory import Memory
from ingest.adapters.moments import moment_us
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

SYSTEM = "shelly"
GEN1 = "shellies"
_COMPONENT = re.compile(r"(switch|pm1|em|em1|emdata|em1data|temperature|humidity|cover|light):(\d{1,3})")
_STATUS = re.compile(rf"(?P<id>[^/]+)/status/(?P<component>{_COMPONENT.pattern})")
_OTHER = re.compile(r"(?P<id>[^/]+)/(?P<what>events/rpc|online)")
_GEN1 = re.compile(
    r"shellies/(?P<id>[^/]+)/(?:(?P<what>online|announce)|(?P<kind>relay|emeter|light|roller|sensor)/"
    r"(?:(?P<index>\d{1,3})/)?(?P<field>power|energy|total|voltage|current|temperature|humidity|state)"
    r"|ext_(?P<ext>temperature|humidity)/(?P<probe>\d{1,3}))"
)
# Field → our name, unit, device class.
_FIELDS = {
    "apower": ("power", "W", "power"),
    "act_power": ("power", "W", "power"),
    "total_act_power": ("power", "W", "power"),
    "voltage": ("voltage", "V", "voltage"),
    "current": ("current", "A", "current"),
    "pf": ("power_factor", "", "power_factor"),
    "total_act_energy": ("energy", "Wh", "energy"),
    "total_act": ("energy", "Wh", "energy"),
    "tC": ("temperature", "°C", "temperature"),
    "rh": ("humidity", "%", "humidity"),
}
_GEN1_UNITS = {
    "power": ("power", "W", "power"),
    "voltage": ("voltage", "V", "voltage"),
    "current": ("current", "A", "current"),
    "temperature": ("temperature", "°C", "temperature"),
    "humidity": ("humidity", "%", "humidity"),
}
_POWER = "shelly.power"
# A power that was not confirmed for so long is no longer known.
_POWER_HOLDS_US = 3_600 * 1_000_000
# A status this much later than the minute it was counted in was kept somewhere on its way.
_KEPT_US = 180 * 1_000_000


class Shelly:
    """The adapter, for all generations."""

    filters = (
        "+/status/+",
        "+/events/rpc",
        "+/online",
        f"{GEN1}/+/online",
        f"{GEN1}/+/announce",
        f"{GEN1}/+/relay/+/+",
        f"{GEN1}/+/emeter/+/+",
        f"{GEN1}/+/light/+/+",
        f"{GEN1}/+/roller/+/+",
        f"{GEN1}/+/sensor/+",
        f"{GEN1}/+/ext_temperature/+",
        f"{GEN1}/+/ext_humidity/+",
    )

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return ``shelly:<id>``, of a further output ``shelly:<id>:<n>``."""
        for pattern in (_STATUS, _OTHER, _GEN1):
            match = pattern.fullmatch(topic)
            if match is not None:
                groups = match.groupdict()
                if pattern is _STATUS:
                    return _output(match["id"], int(match["component"].split(":")[1]))
                return _output(match["id"], int(groups.get("index") or 0))
        return None

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message; see :class:`ingest.adapters.contract.Adapter`."""
        match = _STATUS.fullmatch(heard.topic)
        if match is not None:
            status = read_object(heard.payload)
            time_us = _kept_since(status, heard.received_us)
            found = _observe(match["id"], match["component"], status, time_us, heard, memory)
            return Understood((found,)) if found else NOTHING
        match = _OTHER.fullmatch(heard.topic)
        if match is not None:
            if match["what"] == "online":
                online = is_on(read_text(heard.payload), "true", "false")
                return Understood(presences=(Presence(_output(match["id"], 0), online),))
            return _notified(match["id"], heard, memory)
        match = _GEN1.fullmatch(heard.topic)
        return NOTHING if match is None else _first_generation(match, heard)


def _notified(name: str, heard: Heard, memory: Memory) -> Understood:
    body = read_object(heard.payload)
    if body.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
        return NOTHING  # NotifyEvent: buttons, updates
    params = body.get("params")
    if not isinstance(params, dict):
        raise InvalidMessageError(Reason.WRONG_SHAPE, "params is not an object.")
    time_us = moment_us(params.get("ts"), None, heard.received_us)
    found = []
    presences: tuple[Presence, ...] = ()
    for component, status in params.items():
        if _COMPONENT.fullmatch(component):
            if not isinstance(status, dict):
                raise InvalidMessageError(Reason.WRONG_SHAPE, f"{component} is not an object.")
            observation = _observe(name, component, status, time_us, heard, memory)
            if observation is not None:
                found.append(observation)
    return Understood(tuple(found), presences)


def _observe(
    name: str, component: str, status: dict[str, Any], time_us: int | None, heard: Heard, memory: Memory
) -> Observation | None:
    """Return what a component's status, whole or in part, says."""
    match = _COMPONENT.fullmatch(component)
    assert match is not None
    kind, index = match[1], int(match[2])
    device = _output(name, index if kind not in ("temperature", "humidity") else 0)
    readings: dict[str, Reading] = {}
    for field, (called, unit, device_class) in _FIELDS.items():
        if field not in status:
            continue
        if kind in ("temperature", "humidity"):  # an add-on's probes, by number (100, 101, …)
            called = f"{called}_{index}"
        value = _measured(status[field], field)
        if value is not None:
            readings[called] = Reading(called, value, unit, device_class)
    counted = status.get("aenergy")
    if counted is not None:
        if not isinstance(counted, dict):
            raise InvalidMessageError(Reason.WRONG_SHAPE, "aenergy is not an object.")
        total = _measured(counted.get("total"), "aenergy.total")
        if total is not None:
            readings["energy"] = Reading("energy", total, "Wh", "energy")
    warmth = status.get("temperature")
    if isinstance(warmth, dict):
        value = _measured(warmth.get("tC"), "temperature.tC")
        if value is not None:
            readings["plug_temperature"] = Reading("plug_temperature", value, "°C")
    if not readings:
        return None
    if not heard.retained and kind in ("switch", "pm1", "em", "em1", "light", "cover"):
        _overlay(device, readings, heard.received_us, memory)
    base = _output(name, 0)
    return Observation(device, tuple(readings.values()), time_us, base=base, label=name)


def _overlay(device: str, readings: dict[str, Reading], received_us: int, memory: Memory) -> None:
    """Note the power, or lay the last one under a notification that carries energy alone."""
    power = readings.get("power")
    if power is not None:
        memory.note(_POWER, device, (received_us, power.value))
    elif "energy" in readings:
        known = memory.last(_POWER, device)
        if known is not None and 0 <= received_us - known[0] <= _POWER_HOLDS_US:
            readings["power"] = Reading("power", known[1], "W", "power")
            memory.note(_POWER, device, (received_us, known[1]))


def _kept_since(status: dict[str, Any], received_us: int) -> int | None:
    """Return when a status was counted if that was long before it arrived, None: just now."""
    counted = status.get("aenergy")
    minute_us = moment_us(counted.get("minute_ts"), None, received_us) if isinstance(counted, dict) else None
    return minute_us if minute_us is not None and received_us - minute_us > _KEPT_US else None


def _first_generation(match: re.Match[str], heard: Heard) -> Understood:
    name, base = match["id"], _output(match["id"], 0)
    if match["what"] == "online":
        return Understood(presences=(Presence(base, is_on(read_text(heard.payload), "true", "false")),))
    if match["what"] == "announce":
        version = read_object(heard.payload).get("fw_ver")
        return Understood(presences=(Presence(base, True, version[:64] if isinstance(version, str) else ""),))
    text = read_text(heard.payload)
    if match["ext"]:
        called, unit, device_class = _GEN1_UNITS[match["ext"]]
        reading = Reading(f"{called}_{match['probe']}", _plain(text), unit, device_class)
        return Understood((Observation(base, (reading,), base=base, label=name),))
    device = _output(name, int(match["index"] or 0))
    field, kind = match["field"], match["kind"]
    if field == "state":
        state = truth(text)
        if kind != "sensor" or state is None:  # a roller's words, a motion sensor's
            return NOTHING
        reading = Reading("contact", state, "", "door")
    elif field == "energy":
        reading = Reading("energy", _plain(text), "Wmin", "energy")
    elif field == "total":
        reading = Reading("energy", _plain(text), "Wh", "energy")
    else:
        called, unit, device_class = _GEN1_UNITS[field]
        if field == "temperature" and kind != "sensor":
            called, device_class = "plug_temperature", ""
        reading = Reading(called, _plain(text), unit, device_class)
    if kind == "emeter" and field == "energy":  # of an interval, not a total
        return NOTHING
    return Understood((Observation(device, (reading,), base=base, label=name),))


def _output(name: str, index: int) -> str:
    return external_id(SYSTEM, name, str(index)) if index else external_id(SYSTEM, name)


def _plain(text: str) -> float:
    value = number(text)
    if value is None:
        raise InvalidMessageError(Reason.WRONG_SHAPE, "The payload is not a number.")
    return value


def _measured(value: Any, field: str) -> float | None:
    if value is None:  # "null": the sensor gives nothing, and errors say why
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"{field} is not a number.")
    return number(value)
