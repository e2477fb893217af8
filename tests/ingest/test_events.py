"""Faults, events, status and replies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.helpers import NOW_MS, NOW_US, parse
from zerodistance.messages import Reason, decode_event, encode_event


def test_each_kind_becomes_its_record() -> None:
    fault = parse({"ts": NOW_MS, "code": "E5", "active": False, "detail": {"n": 1}}, "zd/v1/ac/fault").events[
        0
    ]
    assert (fault.kind, fault.code, fault.active, fault.data) == ("fault", "E5", False, {"n": 1})
    assert (fault.tenant, fault.device, fault.type, fault.time_us) == (7, "ac", "air_conditioner", NOW_US)
    event = parse({"ts": NOW_MS, "event": "door_opened"}, "zd/v1/fridge/event").events[0]
    assert (event.kind, event.code, event.data) == ("event", "door_opened", {})
    status = parse({"online": False}, "zd/v1/fridge/status").events[0]
    assert (status.kind, status.code, status.time_us) == ("status", "offline", NOW_US)
    status = parse({"online": True, "ts": NOW_MS - 5, "firmware": "1.2"}, "zd/v1/fridge/status").events[0]
    assert (status.code, status.data, status.time_us) == ("online", {"firmware": "1.2"}, NOW_US - 5000)
    reply = parse(
        {"id": "c1", "ts": NOW_MS, "outcome": "refused", "reason": "busy"}, "zd/v1/ac/reply"
    ).events[0]
    assert (reply.kind, reply.code, reply.data) == ("reply", "c1", {"outcome": "refused", "reason": "busy"})


def test_the_same_event_twice_has_the_same_id() -> None:
    one = parse(b'{"ts":1772323200000,"event":"e","data":{"a":1,"b":[2]}}', "zd/v1/fridge/event").events[0]
    two = parse(
        b'{"data":{"b":[2],"a":1},"event":"e","ts":"2026-03-01T00:00:00Z"}', "zd/v1/fridge/event"
    ).events[0]
    assert one.id == two.id
    raised = parse({"ts": NOW_MS, "code": "E5"}, "zd/v1/fridge/fault").events[0]
    cleared = parse({"ts": NOW_MS, "code": "E5", "active": False}, "zd/v1/fridge/fault").events[0]
    assert raised.id != cleared.id


@pytest.mark.parametrize(
    ("channel", "payload", "reason"),
    [
        ("event", b"", Reason.MALFORMED_JSON),
        ("status", b"", Reason.MALFORMED_JSON),
        ("event", b"\x00\x01", Reason.MALFORMED_JSON),
        ("event", [{"ts": NOW_MS, "event": "e"}], Reason.WRONG_SHAPE),
        ("event", {"event": "e"}, Reason.BAD_TIME),
        ("event", {"ts": True, "event": "e"}, Reason.BAD_TIME),
        ("event", {"ts": "soon", "event": "e"}, Reason.BAD_TIME),
        ("event", {"ts": 0, "event": "e"}, Reason.TIME_TOO_OLD),
        ("fault", {"ts": NOW_MS * 2, "code": "e"}, Reason.TIME_IN_FUTURE),
        ("event", {"ts": NOW_MS}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": 5}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": ""}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "e" * 129}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "nul\0"}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "half\ud800"}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "e", "data": {"k\0": 1}}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "e", "data": {"deep": [[[[[[[[1]]]]]]]]}}, Reason.WRONG_SHAPE),
        ("event", b'{"ts":1772323200000,"event":"a","event":"b"}', Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "e", "data": {"x": float("nan")}}, Reason.NOT_FINITE),
        ("fault", {"ts": NOW_MS, "code": "E", "active": "yes"}, Reason.WRONG_SHAPE),
        ("status", {"online": 1}, Reason.WRONG_SHAPE),
        ("reply", {"id": "c", "ts": NOW_MS, "outcome": "maybe"}, Reason.WRONG_SHAPE),
        ("event", {"ts": NOW_MS, "event": "e", "data": {"x": "y" * 70_000}}, Reason.TOO_LARGE),
    ],
)
def test_bad_events_are_refused_with_their_reason(channel: str, payload: Any, reason: Reason) -> None:
    parsed = parse(payload, f"zd/v1/fridge/{channel}")
    assert [letter.reason for letter in parsed.letters] == [reason]
    assert not parsed.events


def test_numbers_beyond_64_bits_can_be_written() -> None:
    event = parse(
        {"ts": NOW_MS, "event": "e", "data": {"n": 10**30, "m": -(2**63)}}, "zd/v1/fridge/event"
    ).events[0]
    assert decode_event(encode_event(event)).data == {"n": 1e30, "m": -(2**63)}
