"""Sparkplug B, after the Eclipse Sparkplug specification 3.0.0; payloads are built field by field here."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from ingest.adapters.contract import PartlyUnderstoodError, Presence
from ingest.adapters.memory import Memory
from ingest.adapters.protobuf import field, read_fields, varint
from ingest.adapters.sparkplug import Sparkplug, read_payload, rebirth_request
from tests.ingest.adapters.hearing import hear, values
from tests.ingest.helpers import NOW_MS, NOW_US
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

PLUG = Sparkplug()
INT8, INT16, INT32, INT64, UINT32, FLOAT, DOUBLE, BOOLEAN, STRING = 1, 2, 3, 4, 7, 9, 10, 11, 12
NODE, DEVICE = "sparkplug:home:gate", "sparkplug:home:gate:fridge"


def metric(name: str = "", value: Any = None, datatype: int = 0, **more: Any) -> bytes:
    """Build one metric; ``alias``, ``at`` (ms), ``null``, ``unit``."""
    out = field(1, name.encode()) if name else b""
    if "alias" in more:
        out += field(2, more["alias"])
    if "at" in more:
        out += field(3, more["at"])
    if datatype:
        out += field(4, datatype)
    if more.get("null"):
        out += field(7, 1)
    if "unit" in more:
        prop = field(1, STRING) + field(8, more["unit"].encode())
        out += field(9, field(1, b"engUnit") + field(2, prop))
    kind = more.get("encoded_as", datatype)
    if value is None:
        return out
    if kind == FLOAT:
        return out + varint(12 << 3 | 5) + struct.pack("<f", value)
    if kind == DOUBLE:
        return out + varint(13 << 3 | 1) + struct.pack("<d", value)
    if kind == BOOLEAN:
        return out + field(14, int(value))
    if kind == STRING:
        return out + field(15, value.encode())
    if kind == INT64:
        return out + field(11, value & (1 << 64) - 1)
    return out + field(10, value & (1 << 32) - 1)


def payload(*metrics: bytes, seq: int | None = None, at: int = NOW_MS) -> bytes:
    out = field(1, at) + b"".join(field(2, one) for one in metrics)
    return out if seq is None else out + field(3, seq)


def topic(kind: str) -> str:
    return f"spBv1.0/home/{kind}/gate" + ("/fridge" if kind[0] == "D" else "")


BIRTH = payload(
    metric("Electrical/Power", 83.5, FLOAT, alias=1, unit="W"),
    metric("Energy", 41237.0, DOUBLE, alias=2, unit="Wh"),
    metric("Temperature", -18, INT16, alias=3, unit="°C"),
    metric("Door Open", True, BOOLEAN, alias=4),
    metric("Model", "KS-1", STRING, alias=5),
    metric("Device Control/Reboot", False, BOOLEAN),
    seq=1,
)


def born() -> Memory:
    memory = Memory()
    hear(PLUG, topic("NBIRTH"), payload(metric("bdSeq", 7, INT64), seq=0), memory)
    hear(PLUG, topic("DBIRTH"), BIRTH, memory)
    return memory


def test_a_birth_is_a_reading_too() -> None:
    memory = Memory()
    first = hear(PLUG, topic("NBIRTH"), payload(metric("bdSeq", 7, INT64), seq=0), memory)
    assert first.presences == (Presence(NODE, True),)
    understood = hear(PLUG, topic("DBIRTH"), BIRTH, memory)
    assert values(understood) == {
        DEVICE: {"electrical_power": 83.5, "energy": 41237.0, "temperature": -18.0} | {"door_open": 1.0}
    }
    (observation,) = understood.observations
    assert (observation.time_us, observation.base) == (NOW_US, NODE)
    assert observation.readings[0][2:] == ("W", "power")
    assert understood.requests == ()


def test_data_by_alias_remembered_over_a_restart() -> None:
    memory = Memory(born().drain())
    data = payload(metric(value=90.25, encoded_as=FLOAT, alias=1), metric(value=-20, alias=3), seq=2)
    understood = hear(PLUG, topic("DDATA"), data, memory)
    assert values(understood) == {DEVICE: {"electrical_power": 90.25, "temperature": -20.0}}
    assert understood.requests == ()


def test_metrics_of_several_instants_and_null() -> None:
    data = payload(
        metric(value=1.0, encoded_as=FLOAT, alias=1, at=NOW_MS - 5_000),
        metric(value=2.0, encoded_as=FLOAT, alias=1, at=NOW_MS),
        metric(alias=2, null=True, at=NOW_MS),
        seq=2,
    )
    found = hear(PLUG, topic("DDATA"), data, born()).observations
    assert [one.time_us for one in found] == [NOW_US - 5_000_000, NOW_US]
    assert [(one.name, one.value) for one in found[1].readings] == [
        ("electrical_power", 2.0),
        ("energy", None),
    ]


@pytest.mark.parametrize(
    ("datatype", "number"),
    [(INT8, -1), (INT16, -300), (INT32, -70_000), (INT64, -(2**40)), (UINT32, 2**32 - 1)],
)
def test_whole_numbers_of_each_width(datatype: int, number: int) -> None:
    body = payload(metric("Level", number, datatype, unit="L"), seq=0)
    assert values(hear(PLUG, topic("NBIRTH"), body)) == {NODE: {"level": float(number)}}


def test_an_alias_without_a_birth_asks_for_one_once_a_minute() -> None:
    memory = Memory()
    data = payload(metric(value=1.0, encoded_as=FLOAT, alias=1), seq=9)
    with pytest.raises(PartlyUnderstoodError) as refused:
        hear(PLUG, topic("DDATA"), data, memory)
    assert refused.value.reason == Reason.UNKNOWN_METRIC
    (request,) = refused.value.understood.requests
    assert request.topic == "spBv1.0/home/NCMD/gate"
    (asked,) = read_payload(request.payload).metrics
    assert (asked.name, asked.raw, asked.datatype) == ("Node Control/Rebirth", 1, BOOLEAN)
    with pytest.raises(PartlyUnderstoodError) as again:
        hear(PLUG, topic("DDATA"), data, memory, at_us=NOW_US + 30_000_000)
    assert again.value.understood.requests == ()


def test_a_missing_number_asks_for_a_birth_and_keeps_the_data() -> None:
    memory = born()
    data = payload(metric(value=1.0, encoded_as=FLOAT, alias=1), seq=4)
    understood = hear(PLUG, topic("DDATA"), data, memory)
    assert understood.requests == (rebirth_request("home", "gate"),)
    assert values(understood)[DEVICE] == {"electrical_power": 1.0}


def test_the_numbers_go_round() -> None:
    memory = born()
    for seq in [*range(2, 256), 0, 1]:
        data = payload(metric(value=1.0, encoded_as=FLOAT, alias=1), seq=seq)
        assert hear(PLUG, topic("DDATA"), data, memory).requests == ()


def test_deaths() -> None:
    memory = born()
    assert hear(PLUG, topic("DDEATH"), payload(seq=2), memory).presences == (Presence(DEVICE, False),)
    stale = field(2, metric("bdSeq", 6, INT64))
    assert hear(PLUG, topic("NDEATH"), stale, memory).presences == ()
    will = field(2, metric("bdSeq", 7, INT64))
    assert hear(PLUG, topic("NDEATH"), will, memory).presences == (Presence(NODE, False),)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x08", Reason.MALFORMED_PAYLOAD),
        (b'{"power": 1}', Reason.MALFORMED_PAYLOAD),
        (field(2, b"\xff\xff"), Reason.MALFORMED_PAYLOAD),
        (BIRTH[:-9], Reason.MALFORMED_PAYLOAD),
        (field(2, 5), Reason.MALFORMED_PAYLOAD),
        (b"\x0b\x0c", Reason.MALFORMED_PAYLOAD),  # a group
        (b"\xff" * 11, Reason.MALFORMED_PAYLOAD),
        (field(4, b"SPBV1.0_COMPRESSED") + field(5, b"x"), Reason.WRONG_SHAPE),
        (field(2, b"") * 1_001, Reason.TOO_LARGE),
    ],
)
def test_what_is_refused(body: bytes, reason: Reason) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        hear(PLUG, topic("NBIRTH"), body)
    assert refused.value.reason == reason


def test_topics() -> None:
    memory = Memory()
    assert PLUG.device_of("spBv1.0/home/DDATA/gate/fridge", memory) == DEVICE
    for other in (
        "spBv1.0/home/DDATA/gate",
        "spBv1.0/home/NCMD/gate",
        "spBv1.0/STATE/host",
        "spBv1.0/h/NDATA/g/d",
    ):
        assert PLUG.device_of(other, memory) is None


def test_a_retained_birth_teaches_and_says_nothing() -> None:
    assert hear(PLUG, topic("NBIRTH"), BIRTH, retained=True) == ((), (), (), ())


def test_the_wire_format_as_its_documentation_shows_it() -> None:
    assert list(read_fields(bytes.fromhex("089601"))) == [(1, 0, 150)]
    assert list(read_fields(bytes.fromhex("120774657374696e67"))) == [(2, 2, b"testing")]
    assert list(read_fields(bytes.fromhex("1a03089601"))) == [(3, 2, bytes.fromhex("089601"))]
