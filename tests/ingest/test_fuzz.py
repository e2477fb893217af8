"""The parser under any bytes: it never raises, and no sample is lost without a letter."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import parse as parsing
from ingest.parse import Parsed
from tests.ingest.helpers import DIRECTORY, NOW_MS, PARSER, parse
from zerodistance.messages import (
    decode_dead_letter,
    decode_event,
    decode_samples,
    encode_dead_letter,
    encode_event,
    encode_samples,
)

TOPICS = st.one_of(
    st.sampled_from(
        [
            f"zd/v1/{device}/{channel}"
            for device in (*DIRECTORY, "nobody")
            for channel in ("telemetry", "children", "fault", "event", "status", "reply", "nonsense")
        ]
    ),
    st.text(max_size=40),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([NOW_MS, 0, 10**30, -(2**64), "2026-03-01T00:00:00Z", "1e5", "fridge", "child"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
CHANNELS = st.sampled_from(["power", "door_open", "humidity", "energy", "new", "\0"])
SAMPLES = st.fixed_dictionaries(
    {},
    optional={
        "ts": st.one_of(st.just(NOW_MS), ANYTHING),
        "boot": st.one_of(st.integers(0, 5), ANYTHING),
        "seq": st.one_of(st.integers(0, 99), ANYTHING),
        "oldest": st.one_of(st.integers(0, 99), ANYTHING),
        "device": st.one_of(st.sampled_from([*DIRECTORY, "nobody"]), ANYTHING),
        "values": st.one_of(st.dictionaries(CHANNELS, st.one_of(st.floats(-10, 200), SCALARS)), ANYTHING),
        "extra": ANYTHING,
    },
)
GOOD = st.fixed_dictionaries(
    {
        "ts": st.one_of(
            st.integers(NOW_MS - 10**9, NOW_MS),
            st.floats(NOW_MS - 10**9, NOW_MS),
            st.datetimes().map(lambda t: t.replace(year=2026, month=2, day=3).isoformat() + "Z"),
        ),
        "values": st.dictionaries(CHANNELS, st.floats(allow_nan=False, allow_infinity=False), min_size=1),
    },
    optional={
        "boot": st.integers(0, 2**63 - 1),
        "seq": st.integers(0, 2**63 - 1),
        "oldest": st.integers(0, 9),
    },
)


def writable(parsed: Parsed) -> None:
    """Everything that leaves the parser can be written and read back."""
    assert decode_samples(encode_samples(parsed.samples)) == parsed.samples
    for event in parsed.events:
        assert decode_event(encode_event(event)).id == event.id
    for letter in parsed.letters:
        assert decode_dead_letter(encode_dead_letter(letter)) == letter


@settings(max_examples=400, deadline=None)
@given(TOPICS, st.binary(max_size=300))
def test_any_bytes_under_any_topic(topic: str, payload: bytes) -> None:
    parsed = PARSER.parse(topic, payload, received_us=NOW_MS * 1000)
    writable(parsed)
    if parsed.samples or parsed.events:
        return
    down = topic.endswith(("/command", "/stored"))
    assert down or parsed.letters[0].sha256 == hashlib.sha256(payload).hexdigest()


@settings(max_examples=600, deadline=None)
@given(st.one_of(SAMPLES, st.lists(SAMPLES, max_size=5), ANYTHING), st.sampled_from(["fridge", "hub"]))
def test_every_sample_has_exactly_one_fate(document: Any, device: str) -> None:
    topic = f"zd/v1/{device}/{'children' if device == 'hub' else 'telemetry'}"
    raw = json.dumps(document).encode()
    parsed = parse(raw, topic)
    writable(parsed)
    due = len(document) if isinstance(document, list) and document else 1
    whole = [letter for letter in parsed.letters if letter.sample is None and isinstance(document, list)]
    taken = sum(not one.refused for one in parsed.samples)
    if whole:
        assert (len(parsed.letters), taken) == (1, 0)
        assert whole[0].raw == raw
    else:
        assert taken + len(parsed.letters) == due
        items = document if isinstance(document, list) else [document]
        for letter in parsed.letters:
            again = json.dumps(json.loads(letter.raw))
            assert again == json.dumps(items[letter.sample or 0])
    assert sum(one.refused for one in parsed.samples) <= len(parsed.letters)


@settings(max_examples=300, deadline=None)
@given(st.lists(GOOD, min_size=1, max_size=4))
def test_the_quick_way_and_the_second_look_agree(batch: list[dict[str, Any]]) -> None:
    raw = json.dumps(batch).encode()
    quick = parse(raw)
    with mock.patch.object(parsing, "read_quickly", return_value=None):
        assert parse(raw) == quick


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_payload_is_still_accounted_for(data: st.DataObject) -> None:
    raw = bytearray(
        json.dumps([{"ts": NOW_MS, "seq": n, "boot": 1, "values": {"power": n}} for n in range(3)]).encode()
    )
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    parsed = parse(bytes(raw))
    writable(parsed)
    taken = sum(not one.refused for one in parsed.samples)
    assert taken + len(parsed.letters) == 3 or (len(parsed.letters) == 1 and taken == 0)
