"""Sparkplug B: births that name metrics, data that may carry only their aliases, deaths.

After the Eclipse Sparkplug specification 3.0.0 (https://sparkplug.eclipse.org/specification/version/3.0/):
topics ``spBv1.0/<group>/<type>/<node>[/<device>]`` (chapter 4), the payload's fields (6.4; read by
:mod:`ingest.adapters.protobuf`), aliases (6.4.6), ``seq`` 0…255 over a node and all its devices, and the
request for a new birth (``Node Control/Rebirth``) when a number is missing or an alias was never announced
(5.3, 5.6). ``bdSeq`` ties a node's death to its birth: the will of an earlier session is not believed.

A node's own metrics are readings of ``sparkplug:<group>:<node>``, a device's of
``sparkplug:<group>:<node>:<device>``. Units are taken from a metric's properties (``engUnit`` and its
spellings), which the specification leaves open.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ingest.adapters import protobuf
from ingest.adapters.contract import (
    NOTHING,
    Heard,
    Observation,
    PartlyUnderstoodError,
    Presence,
    Reading,
    Request,
    Understood,
    external_id,
    reading_name,
)
from ingest.adapters.memory import Memory
from ingest.text import clean_text
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason
from zerodistance.units import class_of_unit

SYSTEM = "sparkplug"
BIRTHS = "sparkplug.birth"
_SEQUENCES = "sparkplug.seq"
_ASKED = "sparkplug.asked"
_ASK_AGAIN_US = 60 * 1_000_000
_TOPIC = re.compile(
    r"spBv1\.0/(?P<group>[^/]+)/(?P<kind>[ND](?:BIRTH|DATA|DEATH))/(?P<node>[^/]+)(?:/(?P<device>[^/]+))?"
)
_MOST_METRICS = 1_000
_COMPRESSED = "SPBV1.0_COMPRESSED"
# DataType codes of the specification: width of signed integers, and those that are no numbers.
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_NUMERIC = range(1, 12)
_BOOLEAN = 11
_UNIT_NAMES = ("engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units")


class Metric(NamedTuple):
    """One metric of a payload; ``value`` None: null, or of a type that is no number."""

    name: str = ""
    alias: int | None = None
    time_ms: int | None = None
    datatype: int = 0
    is_null: bool = False
    unit: str = ""
    raw: int | None = None
    value: float | None = None


class Payload(NamedTuple):
    """A Sparkplug B payload, as far as it matters here."""

    time_ms: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


class Sparkplug:
    """The adapter."""

    filters = (
        "spBv1.0/+/NBIRTH/+",
        "spBv1.0/+/NDATA/+",
        "spBv1.0/+/NDEATH/+",
        "spBv1.0/+/DBIRTH/+/+",
        "spBv1.0/+/DDATA/+/+",
        "spBv1.0/+/DDEATH/+/+",
    )

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return ``sparkplug:<group>:<node>`` or ``sparkplug:<group>:<node>:<device>``."""
        match = _match(topic)
        return None if match is None else _id(match)

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message; see :class:`ingest.adapters.contract.Adapter`."""
        match = _match(heard.topic)
        if match is None:
            return NOTHING
        payload = read_payload(heard.payload)
        kind, device = match["kind"], _id(match)
        node = f"{match['group']}/{match['node']}"
        if kind == "NDEATH":
            died = next((metric.raw for metric in payload.metrics if metric.name == "bdSeq"), None)
            born = (memory.recall(BIRTHS, node) or {}).get("bdSeq")
            if died is not None and born is not None and died != born:
                return NOTHING  # the will of a session that another has followed already
            memory.note(_SEQUENCES, node, None)
            return Understood(presences=(Presence(device, False),))
        if kind == "DDEATH":
            _in_order(node, payload.seq, memory)
            return Understood(presences=(Presence(device, False),))
        if heard.retained:  # births and data are never retained; what is, says nothing of now
            return NOTHING
        base = external_id(SYSTEM, match["group"], match["node"])
        requests: tuple[Request, ...] = ()
        if kind in ("NBIRTH", "DBIRTH"):
            key = node if kind == "NBIRTH" else f"{node}/{match['device']}"
            _learn_birth(key, payload, memory)
            if kind == "NBIRTH":
                memory.note(_SEQUENCES, node, payload.seq)
            elif not _in_order(node, payload.seq, memory):
                requests = _ask(match, heard, memory)
            found, _ = _observe(payload, key, device, base, match, memory)
            return Understood(found, (Presence(device, True),), requests=requests)
        if not _in_order(node, payload.seq, memory):
            requests = _ask(match, heard, memory)
        key = node if kind == "NDATA" else f"{node}/{match['device']}"
        found, strange = _observe(payload, key, device, base, match, memory)
        if strange:
            requests = requests or _ask(match, heard, memory)
            if not found:
                raise PartlyUnderstoodError(
                    Reason.UNKNOWN_METRIC,
                    f"No birth certificate of {device} has named these aliases; it was asked for a new one.",
                    Understood(requests=requests),
                )
        return Understood(found, requests=requests)


def rebirth_request(group: str, node: str) -> Request:
    """Return the command by which an edge node is asked for its births (specification 5.6)."""
    metric = protobuf.field(1, b"Node Control/Rebirth") + protobuf.field(4, _BOOLEAN) + protobuf.field(14, 1)
    return Request(f"spBv1.0/{group}/NCMD/{node}", protobuf.field(2, metric))


def read_payload(message: bytes) -> Payload:
    """Read a Sparkplug B payload.

    Raises:
        InvalidMessageError: ``malformed_payload``, or ``wrong_shape`` for what is well-formed and cannot be
            used.
    """
    time_ms = seq = None
    metrics = []
    for number, wire, value in protobuf.read_fields(message):
        if number == 1:
            time_ms = _whole(wire, value)
        elif number == 2:
            metrics.append(_metric(_block(wire, value)))
            if len(metrics) > _MOST_METRICS:
                raise InvalidMessageError(
                    Reason.TOO_LARGE, "A payload of more than 1,000 metrics is not taken."
                )
        elif number == 3:
            seq = _whole(wire, value)
        elif number == 4 and _words(wire, value) == _COMPRESSED:
            raise InvalidMessageError(Reason.WRONG_SHAPE, "Compressed payloads are not taken: switch it off.")
    return Payload(time_ms, seq, tuple(metrics))


def _metric(message: bytes) -> Metric:
    found: dict[str, Any] = {}
    raw: int | None = None
    value: float | None = None
    for number, wire, content in protobuf.read_fields(message):
        if number == 1:
            found["name"] = clean_text(_words(wire, content), 255)
        elif number == 2:
            found["alias"] = _whole(wire, content)
        elif number == 3:
            found["time_ms"] = _whole(wire, content)
        elif number == 4:
            found["datatype"] = _whole(wire, content)
        elif number == 7:
            found["is_null"] = bool(_whole(wire, content))
        elif number == 9:
            found["unit"] = _unit(_block(wire, content))
        elif number in (10, 11):
            raw = _whole(wire, content)
        elif number == 12:
            value = protobuf.as_float(_fixed(wire, content, protobuf.FIXED32))
        elif number == 13:
            value = protobuf.as_double(_fixed(wire, content, protobuf.FIXED64))
        elif number == 14:
            raw = int(bool(_whole(wire, content)))
    return Metric(**found, raw=raw, value=value)


def _unit(properties: bytes) -> str:
    """Return the unit among a metric's properties: keys (1) and values (2) in the same order."""
    keys: list[str] = []
    values: list[str] = []
    for number, wire, content in protobuf.read_fields(properties):
        if number == 1:
            keys.append(_words(wire, content))
        elif number == 2:
            texts = [
                _words(inner_wire, inner)
                for inner_number, inner_wire, inner in protobuf.read_fields(_block(wire, content))
                if inner_number == 8
            ]
            values.append(texts[0] if texts else "")
    for key, value in zip(keys, values, strict=False):
        if key.lower().replace(" ", "").replace("_", "") in _UNIT_NAMES:
            return clean_text(value, 16)
    return ""


def _learn_birth(key: str, payload: Payload, memory: Memory) -> None:
    memory.learn(
        BIRTHS,
        key,
        {
            "bdSeq": next((metric.raw for metric in payload.metrics if metric.name == "bdSeq"), None),
            "aliases": {
                str(one.alias): one.name for one in payload.metrics if one.alias is not None and one.name
            },
            "metrics": {one.name: [one.datatype, one.unit] for one in payload.metrics if one.name},
        },
    )


def _observe(
    payload: Payload, key: str, device: str, base: str, match: re.Match[str], memory: Memory
) -> tuple[tuple[Observation, ...], bool]:
    """Return the observations, one for each instant, and whether an alias is not known.

    A node's aliases are unique over all its devices, but each is announced in its own birth.
    """
    birth = memory.recall(BIRTHS, key) or {"aliases": {}, "metrics": {}}
    instants: dict[int | None, list[Reading]] = {}
    strange = False
    for metric in payload.metrics:
        name = metric.name or birth["aliases"].get(str(metric.alias), "")
        if not name:
            strange = True
            continue
        datatype, unit = birth["metrics"].get(name, [0, ""])
        datatype, unit = metric.datatype or datatype, metric.unit or unit
        if name == "bdSeq" or name.startswith(
            ("Node Control/", "Device Control/", "Node Info/", "Properties/")
        ):
            continue
        if datatype not in _NUMERIC:
            continue
        value = None if metric.is_null else _value(metric, datatype)
        if value is None and not metric.is_null:
            continue
        time_ms = metric.time_ms if metric.time_ms is not None else payload.time_ms
        reading = Reading(reading_name(*name.split("/")), value, unit, class_of_unit(unit))
        if reading.name:
            instants.setdefault(time_ms, []).append(reading)
    label = " ".join(part for part in (match["node"], match["device"]) if part)
    return (
        tuple(
            Observation(device, tuple(readings), None if at is None else at * 1_000, base=base, label=label)
            for at, readings in instants.items()
        ),
        strange,
    )


def _value(metric: Metric, datatype: int) -> float | None:
    if metric.raw is None:
        return metric.value
    width = _SIGNED.get(datatype)
    if width is None:
        return float(metric.raw)
    number = metric.raw & (1 << width) - 1
    return float(number - (1 << width) if number >> (width - 1) else number)


def _in_order(node: str, seq: int | None, memory: Memory) -> bool:
    """Return whether a message follows the one before it; the first that is seen has no predecessor."""
    if seq is None:
        return True
    before = memory.last(_SEQUENCES, node)
    memory.note(_SEQUENCES, node, seq)
    return before is None or seq == (before + 1) % 256


def _ask(match: re.Match[str], heard: Heard, memory: Memory) -> tuple[Request, ...]:
    node = f"{match['group']}/{match['node']}"
    asked = memory.last(_ASKED, node)
    if asked is not None and 0 <= heard.received_us - asked < _ASK_AGAIN_US:
        return ()
    memory.note(_ASKED, node, heard.received_us)
    return (rebirth_request(match["group"], match["node"]),)


def _match(topic: str) -> re.Match[str] | None:
    match = _TOPIC.fullmatch(topic)
    if match is None or (match["kind"][0] == "D") != (match["device"] is not None):
        return None
    return match


def _id(match: re.Match[str]) -> str:
    names = (match["group"], match["node"], match["device"])
    return external_id(SYSTEM, *(name for name in names if name is not None))


def _whole(wire: int, value: int | bytes) -> int:
    return _fixed(wire, value, protobuf.VARINT)


def _fixed(wire: int, value: int | bytes, wanted: int) -> int:
    if wire != wanted or not isinstance(value, int):
        raise _other_wire()
    return value


def _block(wire: int, value: int | bytes) -> bytes:
    if wire != protobuf.BYTES or not isinstance(value, bytes):
        raise _other_wire()
    return value


def _words(wire: int, value: int | bytes) -> str:
    return _block(wire, value).decode("utf-8", "replace")


def _other_wire() -> InvalidMessageError:
    return InvalidMessageError(
        Reason.MALFORMED_PAYLOAD, "The payload is not Sparkplug B: a field has another wire type."
    )
