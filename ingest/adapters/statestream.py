"""Home Assistant's MQTT Statestream: every entity's state and attributes, each a topic of its own.

After https://www.home-assistant.io/integrations/mqtt_statestream/: ``<base>/<domain>/<object>/state`` in
plain text, attributes (with ``publish_attributes``) beside it as JSON, everything retained. Entities belong
to no device here; those of one appliance are told by their names: ``sensor.fridge_plug_power`` and
``sensor.fridge_plug_energy`` are readings of ``statestream:fridge_plug``. An entity's first state is not a
reading: its attributes come right after it, and without the unit 2 kW would be 2 W. If none come, watts,
kilowatt-hours, degrees Celsius and percent are meant.
"""

from __future__ import annotations

import re

from ingest.adapters.contract import (
    NOTHING,
    Heard,
    Observation,
    Reading,
    Understood,
    external_id,
    number,
    read_json,
    read_text,
    reading_name,
    truth,
)
from ingest.adapters.memory import Memory
from ingest.text import show
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

SYSTEM = "statestream"
BASE = "homeassistant"
KIND = "statestream.entity"
# How entities are called → unit that is meant, device class. The longest ending that fits is taken.
_ENDINGS = {
    "power": ("W", "power"),
    "power_consumption": ("W", "power"),
    "energy": ("kWh", "energy"),
    "energy_total": ("kWh", "energy"),
    "total_energy": ("kWh", "energy"),
    "voltage": ("V", "voltage"),
    "current": ("A", "current"),
    "temperature": ("°C", "temperature"),
    "humidity": ("%", "humidity"),
    "carbon_dioxide": ("ppm", "carbon_dioxide"),
    "co2": ("ppm", "carbon_dioxide"),
    "pm25": ("µg/m³", "pm25"),
    "pressure": ("hPa", "pressure"),
    "door": ("", "door"),
    "contact": ("", "door"),
    "running": ("", "running"),
}
_LEARNT = {"unit_of_measurement": "unit", "device_class": "class", "friendly_name": "label"}


class Statestream:
    """The adapter.

    Args:
        base: ``base_topic`` of the integration.

    Raises:
        SettingsError: the base topic holds a wildcard.
    """

    def __init__(self, base: str = BASE) -> None:
        if not base or "+" in base or "#" in base:
            raise SettingsError(f"ZD_ADAPTERS: statestream={base} is no base topic: it holds a wildcard.")
        self.filters = tuple(
            f"{base}/{domain}/+/{what}"
            for domain in ("sensor", "binary_sensor")
            for what in ("state", *_LEARNT)
        )
        self._topic = re.compile(
            rf"{re.escape(base)}/(?P<domain>sensor|binary_sensor)/(?P<object>[^/]+)"
            rf"/(?P<what>state|{'|'.join(_LEARNT)})"
        )

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return ``statestream:`` with the entity's name without its ending."""
        match = self._topic.fullmatch(topic)
        return None if match is None else external_id(SYSTEM, _split(match["object"])[0])

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message; see :class:`ingest.adapters.contract.Adapter`."""
        match = self._topic.fullmatch(heard.topic)
        if match is None:
            return NOTHING
        entity = f"{match['domain']}.{match['object']}"
        known: dict[str, str] = memory.recall(KIND, entity) or {}
        if match["what"] != "state":
            said = read_json(heard.payload) if heard.payload.strip() else ""
            if isinstance(said, str):
                memory.learn(KIND, entity, {**known, _LEARNT[match["what"]]: said[:100]})
            return NOTHING
        text = read_text(heard.payload)
        name, ending = _split(match["object"])
        unit, device_class = _ENDINGS.get(ending, ("", ""))
        if not known:
            memory.learn(KIND, entity, {"seen": "1"})
            return NOTHING
        unit, device_class = known.get("unit", unit), known.get("class", device_class)
        if text in ("", "unknown", "unavailable", "None") or not (unit or device_class):
            return NOTHING
        if match["domain"] == "binary_sensor":
            value = truth(text)
            if value is None:
                raise InvalidMessageError(Reason.WRONG_SHAPE, f"{show(entity)} is neither on nor off.")
        else:
            value = number(text)
            if value is None:
                if device_class in ("enum", "timestamp", "date"):
                    return NOTHING
                raise InvalidMessageError(Reason.WRONG_SHAPE, f"The state of {show(entity)} is not a number.")
        reading = Reading(reading_name(ending) or "value", value, unit, device_class)
        label = known.get("label", "") or match["object"]
        return Understood((Observation(external_id(SYSTEM, name), (reading,), label=label),))


def _split(called: str) -> tuple[str, str]:
    """Return an entity's name without its ending, and the ending (all of it, if none is known)."""
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if called.endswith(f"_{ending}"):
            return called[: -len(ending) - 1], ending
    return called, called
