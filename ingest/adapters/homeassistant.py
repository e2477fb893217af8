"""Home Assistant's MQTT discovery: what a device announces of itself, and what it then says.

After https://www.home-assistant.io/integrations/mqtt/ ("MQTT Discovery", "Supported abbreviations in MQTT
discovery messages", "Using availability topics"), sensor.mqtt and binary_sensor.mqtt. A configuration names
a state topic, a value template (paths only: :mod:`ingest.adapters.templates`), unit and device class;
ESPHome, OpenMQTTGateway, Tasmota with ``SetOption19`` and many more speak it. Forms met: one component in a
message, with names in full or abbreviated and ``~`` for the base topic; since 2024.12 one message for a
whole device (``<prefix>/device/…/config`` with ``components``); an empty payload takes a configuration
away. Sensors and binary sensors are taken, everything else passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ingest.adapters.contract import (
    NOTHING,
    Heard,
    Observation,
    PartlyUnderstoodError,
    Presence,
    Reading,
    Understood,
    external_id,
    number,
    read_json,
    read_object,
    reading_name,
)
from ingest.adapters.memory import Memory
from ingest.adapters.templates import look_up, parse_template
from ingest.text import show
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.messages import Reason

SYSTEM = "homeassistant"
PREFIX = "homeassistant"
CONFIG = "homeassistant.config"
TOPICS = "homeassistant.topic"
_LONGEST_TOPIC = 256
_MOST_COMPONENTS = 200
# One topic may serve many entities (a plug's whole JSON), but not any number of them.
_MOST_BY_TOPIC = 200
_FULL_NAMES = {
    "stat_t": "state_topic",
    "val_tpl": "value_template",
    "unit_of_meas": "unit_of_measurement",
    "dev_cla": "device_class",
    "dev": "device",
    "ids": "identifiers",
    "cns": "connections",
    "sw": "sw_version",
    "mdl": "model",
    "mf": "manufacturer",
    "avty": "availability",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "t": "topic",
    "pl_on": "payload_on",
    "pl_off": "payload_off",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "uniq_id": "unique_id",
    "cmps": "components",
    "p": "platform",
}


class HomeAssistant:
    """The adapter for discovery.

    Args:
        prefix: Home Assistant's discovery prefix.

    Raises:
        SettingsError: the prefix holds a wildcard.
    """

    def __init__(self, prefix: str = PREFIX) -> None:
        if not prefix or "+" in prefix or "#" in prefix:
            raise SettingsError(f"ZD_ADAPTERS: homeassistant={prefix} is no prefix: it holds a wildcard.")
        self.filters = (f"{prefix}/+/+/config", f"{prefix}/+/+/+/config")
        self._config = re.compile(
            rf"{re.escape(prefix)}/(?P<component>[^/]+)/(?:(?P<node>[^/]+)/)?(?P<object>[^/]+)/config"
        )

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return "" for configurations, the device's id for topics that one of them has named."""
        if self._config.fullmatch(topic):
            return ""
        uses = memory.recall(TOPICS, topic)
        if not uses:
            return None
        config = memory.recall(CONFIG, uses[0])
        return str(config["device"]) if config else ""

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message; see :class:`ingest.adapters.contract.Adapter`."""
        match = self._config.fullmatch(heard.topic)
        if match is None:
            return _states(heard, memory)
        if not heard.payload.strip():
            _unlearn_all(heard.topic, memory)
            return NOTHING
        body = _in_full(read_object(heard.payload))
        whole = match["component"] == "device"
        if whole:
            parts = body.get("components")
            if not isinstance(parts, dict) or len(parts) > _MOST_COMPONENTS:
                raise InvalidMessageError(Reason.WRONG_SHAPE, "components is not an object of up to 200.")
        else:
            parts = {"": {**body, "platform": match["component"]}}
        _unlearn_all(heard.topic, memory)
        topics: dict[str, None] = {}
        learnt = []
        refused: InvalidMessageError | None = None
        for name, part in parts.items():
            if not isinstance(part, dict):
                refused = InvalidMessageError(Reason.WRONG_SHAPE, "A component is not an object.")
                continue
            part = {**body, **_in_full(part)} if whole else part
            if part.get("platform") not in ("sensor", "binary_sensor") or "state_topic" not in part:
                continue
            called = name or match["object"]
            key = f"{heard.topic} {name}"
            try:
                entity = _entity(part, match["node"] or match["object"], called)
            except InvalidMessageError as error:
                refused = error  # the others of the device are good all the same
                continue
            used = (entity["topic"], *(entity["presence"] or ())[:1])
            if not memory.learn(CONFIG, key, entity):
                continue
            learnt.append(key)
            for topic in used:
                uses = list(memory.recall(TOPICS, topic) or ())
                if key not in uses and len(uses) < _MOST_BY_TOPIC:
                    memory.learn(TOPICS, topic, [*uses, key])
                topics[topic] = None
        memory.learn(CONFIG, heard.topic, {"parts": learnt, "device": ""})
        if refused is not None:
            raise PartlyUnderstoodError(refused.reason, str(refused), Understood(topics=tuple(topics)))
        return Understood(topics=tuple(topics))


def _entity(part: Mapping[str, Any], node: str, called: str) -> dict[str, Any]:
    """Return what is remembered of a sensor.

    Raises:
        InvalidMessageError: ``wrong_shape``: a template that is more than a path, a topic that is none.
    """
    base = _text(part, "~")
    topic = _topic(_text(part, "state_topic"), base)
    template = parse_template(_text(part, "value_template"))
    if template is None:
        raise InvalidMessageError(
            Reason.WRONG_SHAPE,
            f"The value template of {show(called)} is more than a path, and templates are not executed.",
        )
    device = part.get("device")
    device = _in_full(device) if isinstance(device, dict) else {}
    identifiers = device.get("identifiers")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers else identifiers
    presence_topic, yes, no, presence_path = _availability(part, base)
    return {
        "device": external_id(
            SYSTEM, str(first)[:255] if isinstance(first, str | int) and first != "" else node
        ),
        "label": " ".join(
            str(one)[:100]
            for one in (device.get("name"), device.get("manufacturer"), device.get("model"), part.get("name"))
            if isinstance(one, str)
        ),
        "firmware": _text(device, "sw_version")[:64],
        "name": reading_name(called) or "value",
        "topic": topic,
        "path": None if template.path is None else list(template.path),
        "factor": template.factor,
        "unit": _text(part, "unit_of_measurement")[:16],
        "class": _text(part, "device_class")[:40],
        "binary": part.get("platform") == "binary_sensor",
        "on": _text(part, "payload_on", "ON"),
        "off": _text(part, "payload_off", "OFF"),
        "presence": [presence_topic, yes, no, presence_path] if presence_topic else None,
    }


def _availability(part: Mapping[str, Any], base: str) -> tuple[str, str, str, list[str | int] | None]:
    source: Mapping[str, Any] = part
    listed = part.get("availability")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        source = _in_full(listed[0])
        topic = _text(source, "topic")
        template = parse_template(_text(source, "value_template"))
    else:
        topic = _text(part, "availability_topic")
        template = parse_template(_text(part, "availability_template"))
    if not topic or template is None:
        return "", "", "", None
    yes, no = _text(source, "payload_available", "online"), _text(source, "payload_not_available", "offline")
    return _topic(topic, base), yes, no, None if template.path is None else list(template.path)


def _states(heard: Heard, memory: Memory) -> Understood:
    found: dict[str, list[Reading]] = {}
    labels: dict[str, str] = {}
    presences: dict[str, Presence] = {}
    parsed: list[Any] = []

    def as_json() -> Any:
        if not parsed:
            parsed.append(read_json(heard.payload))
        return parsed[0]

    plain = heard.payload.decode("utf-8", "replace").strip()[:1024]
    for key in memory.recall(TOPICS, heard.topic) or ():
        entity = memory.recall(CONFIG, key)
        if entity is None:
            continue
        device = entity["device"]
        if entity["presence"] and entity["presence"][0] == heard.topic:
            _, yes, no, path = entity["presence"]
            state = look_up(None if path is None else tuple(path), plain, as_json)
            if str(state) in (yes, no):
                presences[device] = Presence(device, str(state) == yes, entity["firmware"])
        if entity["topic"] == heard.topic:
            path = entity["path"]
            value = look_up(None if path is None else tuple(path), plain, as_json)
            reading = _reading(entity, value)
            if reading is not None:
                found.setdefault(device, []).append(reading)
                labels[device] = entity["label"]
    return Understood(
        tuple(
            Observation(device, tuple(readings), label=labels[device]) for device, readings in found.items()
        ),
        tuple(presences.values()),
    )


def _reading(entity: Mapping[str, Any], value: Any) -> Reading | None:
    if value is None or value in ("", "unknown", "unavailable", "None"):
        return None
    name, unit, device_class = entity["name"], entity["unit"], entity["class"]
    if entity["binary"]:
        said = ("ON" if value else "OFF") if isinstance(value, bool) else str(value)
        if said not in (entity["on"], entity["off"]):
            return None
        return Reading(name, float(said == entity["on"]), unit, device_class)
    if not unit and not device_class:  # words, times, counters of the device's own
        return None
    found = number(value)
    if found is None:
        if device_class in ("enum", "timestamp", "date"):
            return None
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"The state of {show(name)} is not a number.")
    return Reading(name, found * entity["factor"], unit, device_class)


def _unlearn_all(topic: str, memory: Memory) -> None:
    for key in (memory.recall(CONFIG, topic) or {}).get("parts", ()):
        _unlearn(key, memory)
    memory.forget(CONFIG, topic)


def _unlearn(key: str, memory: Memory) -> None:
    entity = memory.recall(CONFIG, key)
    if entity is None:
        return
    for topic in (entity["topic"], *(entity["presence"] or ())[:1]):
        uses = [one for one in memory.recall(TOPICS, topic) or () if one != key]
        if uses:
            memory.learn(TOPICS, topic, uses)
        else:
            memory.forget(TOPICS, topic)
    memory.forget(CONFIG, key)


def _in_full(part: Mapping[str, Any]) -> dict[str, Any]:
    return {_FULL_NAMES.get(name, name): value for name, value in part.items()}


def _text(part: Mapping[str, Any], field: str, default: str = "") -> str:
    value = part.get(field, default)
    if not isinstance(value, str):
        return default
    return value


def _topic(topic: str, base: str) -> str:
    if topic.startswith("~"):
        topic = base + topic[1:]
    elif topic.endswith("~"):
        topic = topic[:-1] + base
    # Wildcards would have us listen to everything, and our own topics have a parser of their own.
    odd = any(letter in "+#\0" or "\ud800" <= letter <= "\udfff" for letter in topic)
    if odd or not 0 < len(topic) <= _LONGEST_TOPIC or topic.startswith(("zd/", "$")):
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"{show(topic)} is no topic that can be listened to.")
    return topic


def topics_of(memory: Memory) -> list[str]:
    """Return the topics that configurations have named so far."""
    return [topic for topic, _ in memory.entries(TOPICS)]
