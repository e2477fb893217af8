"""Tasmota: ``tele/<topic>/SENSOR`` with ENERGY and sensors, ``LWT``, and what older firmware sends.

Payloads after the pages "MQTT", "JSON Status Responses", "Commands" (``Time``, ``SetOption52``,
``SetOption129``) and "Power Monitoring Calibration" of https://tasmota.github.io/docs/. Forms met:

- ``ENERGY`` within SENSOR; until 5.x a topic ``tele/<topic>/ENERGY`` of its own, with numbers as text at
  times;
- several channels: ``Power``, ``Current`` (with ``SetOption129`` also ``Total``) are arrays. Each channel
  is an outlet of its own, ``tasmota:<topic>:1``…; the sum stays under ``tasmota:<topic>`` for one appliance
  on several phases;
- ``Time``: local without zone (default), with offset (``SetOption52 1``), epoch seconds (``Time 3``),
  ``Epoch`` beside it (``Time 2``); before 6.0 ``2018.02.15 01:00:50``;
- ``stat/<topic>/STATUS8`` and ``STATUS10``: the same below ``StatusSNS``, when somebody asked for it;
- ``tele/<topic>/STATE``: Wi-Fi and relay state; of old firmware with the supply voltage. Nothing an
  appliance measures.
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
    read_object,
    read_text,
    reading_name,
    truth,
)
from ingest.adapters.memory import Memory
from ingest.adapters.moments import moment_us
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

SYSTEM = "tasmota"
FULL_TOPIC = "%prefix%/%topic%"
_TELE = ("SENSOR", "STATE", "LWT", "ENERGY", "INFO1")
_STAT = ("STATUS8", "STATUS10")
_MOST_CHANNELS = 16
# ENERGY's field → our name, unit, device class. Yesterday and Period say nothing that Total does not.
_ENERGY = {
    "Power": ("power", "W", "power"),
    "Voltage": ("voltage", "V", "voltage"),
    "Current": ("current", "A", "current"),
    "Factor": ("power_factor", "", "power_factor"),
}
_SENSORS = {
    "Temperature": ("temperature", "temperature"),
    "Humidity": ("humidity", "humidity"),
    "Pressure": ("pressure", "pressure"),
    "CarbonDioxide": ("carbon_dioxide", "carbon_dioxide"),
    "eCO2": ("carbon_dioxide", "carbon_dioxide"),
    "PM2.5": ("pm25", "pm25"),
    "PB2.5": ("pm25", "pm25"),
    "TVOC": ("tvoc", "volatile_organic_compounds_parts"),
    "Distance": ("distance", "distance"),
}
_UNITS = {
    "humidity": "%",
    "carbon_dioxide": "ppm",
    "pm25": "µg/m³",
    "tvoc": "ppb",
    "distance": "cm",
}


class Tasmota:
    """The adapter.

    Args:
        full_topic: the devices' FullTopic, with ``%prefix%`` and ``%topic%``.
        zone: the devices' time zone for times without one, None: not known.

    Raises:
        SettingsError: the full topic has not both, or %topic% is not a level of its own.
    """

    def __init__(self, full_topic: str = FULL_TOPIC, zone: tzinfo | None = None) -> None:
        levels = full_topic.strip("/").split("/")
        if levels.count("%prefix%") != 1 or levels.count("%topic%") != 1 or "+" in levels or "#" in levels:
            raise SettingsError(
                f"ZD_ADAPTERS: tasmota={full_topic} is no FullTopic: write it as the plugs have it, "
                "for example tasmota=%prefix%/%topic%."
            )
        self._zone = zone
        base = "/".join(levels)
        self.filters = tuple(
            f"{base.replace('%prefix%', prefix).replace('%topic%', '+')}/{last}"
            for prefix, lasts in (("tele", _TELE), ("stat", _STAT))
            for last in lasts
        )
        self._topic = re.compile(
            re.escape(base)
            .replace("%prefix%", "(?P<prefix>tele|stat)")
            .replace("%topic%", "(?P<topic>[^/]+)")
            + "/(?P<last>[A-Z0-9]+)"
        )

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return ``tasmota:<topic>``."""
        match = self._topic.fullmatch(topic)
        if match is None or match["last"] not in (_TELE if match["prefix"] == "tele" else _STAT):
            return None
        return external_id(SYSTEM, match["topic"])

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message; see :class:`ingest.adapters.contract.Adapter`."""
        match = self._topic.fullmatch(heard.topic)
        if match is None:
            return NOTHING
        topic, last = match["topic"], match["last"]
        device = external_id(SYSTEM, topic)
        if last == "LWT":
            return Understood(
                presences=(Presence(device, is_on(read_text(heard.payload), "online", "offline")),)
            )
        if last == "STATE":
            read_object(heard.payload)
            return NOTHING
        body = read_object(heard.payload)
        if last == "INFO1":
            info = body.get("Info1", body)
            version = info.get("Version") if isinstance(info, dict) else None
            return Understood(
                presences=(Presence(device, True, version[:64] if isinstance(version, str) else ""),)
            )
        if last in _STAT:
            body = body.get("StatusSNS", body.get("StatusPWR", {}))
            if not isinstance(body, dict):
                raise InvalidMessageError(Reason.WRONG_SHAPE, "StatusSNS is not an object.")
        time_us = moment_us(body.get("Epoch", body.get("Time")), self._zone, heard.received_us)
        if last == "ENERGY":
            body = {"ENERGY": body}
        return Understood(tuple(self._observations(body, topic, device, time_us)))

    def _observations(
        self, body: Mapping[str, Any], topic: str, device: str, time_us: int | None
    ) -> list[Observation]:
        energy = body.get("ENERGY", body.get("Energy", {}))
        if not isinstance(energy, dict):
            raise InvalidMessageError(Reason.WRONG_SHAPE, "ENERGY is not an object.")
        found = []
        whole = _whole(energy) + _sensors(body)
        if whole:
            found.append(Observation(device, tuple(whole), time_us, label=topic))
        for channel, readings in _channels(energy):
            outlet = external_id(SYSTEM, topic, str(channel))
            found.append(Observation(outlet, readings, time_us, base=device, label=topic))
        return found


def _whole(energy: Mapping[str, Any]) -> list[Reading]:
    """Return the readings of the plug as a whole; of several channels the sum, where it means something."""
    readings = []
    for field, (name, unit, device_class) in _ENERGY.items():
        value = energy.get(field)
        if isinstance(value, list):
            total = _sum(value) if field in ("Power", "Current") else None
        else:
            total = _measured(value, field)
        if total is not None:
            readings.append(Reading(name, total, unit, device_class))
    # a counter that begins anew at midnight is still a counter, should Total be missing
    counted = energy.get("Total", energy.get("Today"))
    total = _sum(counted) if isinstance(counted, list) else _measured(counted, "Total")
    if total is not None:
        readings.append(Reading("energy", total, "kWh", "energy"))
    return readings


def _channels(energy: Mapping[str, Any]) -> list[tuple[int, tuple[Reading, ...]]]:
    count = max((len(value) for value in energy.values() if isinstance(value, list)), default=0)
    channels = []
    for place in range(min(count, _MOST_CHANNELS)):
        readings = []
        for field, (name, unit, device_class) in {**_ENERGY, "Total": ("energy", "kWh", "energy")}.items():
            value = energy.get(field)
            if isinstance(value, list):
                one = _measured(value[place], field) if place < len(value) else None
            else:  # one voltage serves all; one total is everybody's
                one = _measured(value, field) if field == "Voltage" else None
            if one is not None:
                readings.append(Reading(name, one, unit, device_class))
        if readings:
            channels.append((place + 1, tuple(readings)))
    return channels


def _sensors(body: Mapping[str, Any]) -> list[Reading]:
    readings = []
    for sensor, values in body.items():
        if sensor in ("ENERGY", "Energy"):
            continue
        if not isinstance(values, dict):
            state = truth(values) if sensor.startswith("Switch") else None
            if state is not None:
                readings.append(Reading(reading_name(sensor), state))
            continue
        for field, (name, device_class) in _SENSORS.items():
            value = values.get(field)
            if value is None:
                continue
            if sensor == "ESP32":  # the plug's own chip
                device_class = ""
            unit = _UNITS.get(name, "")
            if name == "temperature":
                unit = "°F" if body.get("TempUnit") == "F" else "°C"
            elif name == "pressure":
                unit = str(body.get("PressureUnit", "hPa"))[:8]
            readings.append(
                Reading(reading_name(sensor, name), _measured(value, f"{sensor} {field}"), unit, device_class)
            )
    return readings


def _sum(values: list[Any]) -> float | None:
    numbers = [one for one in (_measured(value, "a channel") for value in values) if one is not None]
    return sum(numbers) if numbers else None


def _measured(value: Any, field: str) -> float | None:
    if value is None:
        return None
    found = number(value)
    if found is None:
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"{field} is not a number.")
    return found
