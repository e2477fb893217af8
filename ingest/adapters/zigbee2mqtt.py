"""Zigbee2MQTT: ``<base>/<friendly name>`` with the device's JSON, ``<base>/<friendly name>/availability``.

Payloads after https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html and
".../configuration/": "mqtt" (``output: attribute``), "advanced" (``last_seen``), "device-availability".
Forms met:

- availability as text (``online``; before 1.31 and with ``legacy_availability_payload``) and as ``{"state":
  "online"}``;
- a friendly name may hold slashes and spaces;
- ``contact`` is true while the door is *closed*;
- ``null`` for what has not been reported since Zigbee2MQTT started: not evidence of anything;
- several outlets: ``power_l1``, ``energy_left``; each is a device of its own, ``zigbee2mqtt:<name>:l1``;
- ``last_seen`` as ISO 8601 with or without zone, or epoch milliseconds, or absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
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
    read_json,
    read_object,
    truth,
)
from ingest.adapters.memory import Memory
from ingest.adapters.moments import moment_us
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

SYSTEM = "zigbee2mqtt"
BASE = "zigbee2mqtt"
# Exposed name → unit, device class (https://www.zigbee2mqtt.io/guide/usage/exposes.html).
_NUMBERS = {
    "power": ("W", "power"),
    "energy": ("kWh", "energy"),
    "voltage": ("V", "voltage"),
    "current": ("A", "current"),
    "temperature": ("°C", "temperature"),
    "local_temperature": ("°C", "temperature"),
    "soil_temperature": ("°C", "temperature"),
    "device_temperature": ("°C", ""),
    "humidity": ("%", "humidity"),
    "pressure": ("hPa", "pressure"),
    "co2": ("ppm", "carbon_dioxide"),
    "pm25": ("µg/m³", "pm25"),
    "pm10": ("µg/m³", "pm10"),
    "voc": ("ppb", "volatile_organic_compounds_parts"),
    "flow": ("m³/h", "volume_flow_rate"),
    "water_consumed": ("L", "water"),
    "occupied_heating_setpoint": ("°C", ""),
}
_STATES = {"contact": "door", "water_leak": "moisture", "vibration": "vibration"}
_OUTLET = re.compile(r"(power|energy|voltage|current)_(l?\d{1,2}|left|right|center|top|bottom)")
# What follows a name in a topic and is not a state.
_ASIDE = ("set", "get", "action")


class Zigbee2Mqtt:
    """The adapter.

    Args:
        base: ``mqtt.base_topic`` of Zigbee2MQTT.
        zone: the time zone of its host, for ``last_seen: ISO_8601_local`` without offset.

    Raises:
        SettingsError: the base topic holds a wildcard.
    """

    def __init__(self, base: str = BASE, zone: tzinfo | None = None) -> None:
        if not base or "+" in base or "#" in base:
            raise SettingsError(f"ZD_ADAPTERS: zigbee2mqtt={base} is no base topic: it holds a wildcard.")
        self._base = base
        self._zone = zone
        self.filters = (f"{base}/#",)

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return ``zigbee2mqtt:<friendly name>``, with the base topic before it if unusual."""
        if not topic.startswith(f"{self._base}/"):
            return None
        name = topic[len(self._base) + 1 :]
        if not name or name == "bridge" or name.startswith("bridge/"):
            return ""
        return self._id(name.removesuffix("/availability"))

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message; see :class:`ingest.adapters.contract.Adapter`."""
        name = heard.topic[len(self._base) + 1 :]
        if not name or name == "bridge" or name.startswith("bridge/") or not heard.payload:
            return NOTHING  # an empty payload takes a retained message away
        above, _, last = name.rpartition("/")
        if last == "availability" and above:
            return Understood(presences=(Presence(self._id(above), _is_available(heard.payload)),))
        if above and (last in _ASIDE or _ASIDE[0] in name.split("/")[1:]):
            return NOTHING
        if above and (last in _NUMBERS or last in _STATES or _OUTLET.fullmatch(last)):
            # output: attribute. A device of that very name would send an object.
            value = read_json(heard.payload)
            if not isinstance(value, dict):
                return self._observe(above, {last: value}, heard)
        return self._observe(name, read_object(heard.payload), heard)

    def _observe(self, name: str, body: Mapping[str, Any], heard: Heard) -> Understood:
        device = self._id(name)
        own: list[Reading] = []
        outlets: dict[str, list[Reading]] = {}
        mains = "power" in body or "energy" in body or "current" in body
        for field, value in body.items():
            if value is None:
                continue
            outlet = _OUTLET.fullmatch(field)
            if outlet is not None:
                unit, device_class = _NUMBERS[outlet[1]]
                reading = Reading(outlet[1], _measured(value, field), unit, device_class)
                outlets.setdefault(outlet[2], []).append(reading)
            elif field in _STATES:
                state = truth(value)
                if state is None:
                    raise InvalidMessageError(Reason.WRONG_SHAPE, f"{field} is not a state.")
                own.append(Reading(field, 1.0 - state if field == "contact" else state, "", _STATES[field]))
            elif field in _NUMBERS:
                unit, device_class = _NUMBERS[field]
                if field == "voltage" and not mains:  # a battery's, in millivolts
                    continue
                own.append(Reading(field, _measured(value, field), unit, device_class))
        time_us = moment_us(body.get("last_seen"), self._zone, heard.received_us)
        found = [Observation(device, tuple(own), time_us, label=name)] if own else []
        for outlet_name, readings in outlets.items():
            found.append(
                Observation(
                    self._id(name, outlet_name),
                    tuple(readings),
                    time_us,
                    base=device,
                    label=f"{name} {outlet_name}",
                )
            )
        return Understood(tuple(found))

    def _id(self, *names: str) -> str:
        return external_id(SYSTEM, *names) if self._base == BASE else external_id(SYSTEM, self._base, *names)


def _is_available(payload: bytes) -> bool:
    text = payload.strip()
    if text[:1] == b"{":
        state = read_object(payload).get("state")
    else:
        state = text.strip(b'"').decode("utf-8", "replace")
    return is_on(str(state)[:40], "online", "offline")


def _measured(value: Any, field: str) -> float:
    found = number(value)
    if found is None:
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"{field} is not a number.")
    return found
