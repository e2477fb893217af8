"""The payload parser: what goes on, what is refused and why, and that every sample has one fate."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from ingest import parse as parsing
from tests.ingest.helpers import NOW_MS, NOW_US, parse, sample
from zerodistance.messages import Quality, Reason, decode_samples, encode_samples


def test_a_good_sample_goes_on_as_it_is() -> None:
    parsed = parse(sample(oldest=4))
    (one,) = parsed.samples
    assert (one.tenant, one.device, one.type) == (1, "fridge", "refrigerator")
    assert (one.time_us, one.received_us) == (NOW_US, NOW_US)
    assert (one.boot, one.seq, one.oldest) == (2, 9, 4)
    assert one.values == {"power": 80.5, "door_open": 0.0}
    assert not one.quality
    assert not one.unknown
    assert not one.refused
    assert not parsed.letters
    assert decode_samples(encode_samples(parsed.samples)) == parsed.samples


@pytest.mark.parametrize(
    "ts",
    [
        "2026-03-01T00:00:00Z",
        "2026-03-01T08:00:00+08:00",
        "2026-03-01t00:00:00.000z",
        NOW_MS,
        float(NOW_MS),
    ],
)
def test_times_in_both_forms_mean_the_same(ts: Any) -> None:
    assert parse(sample(ts=ts)).samples[0].time_us == NOW_US


def test_devices_without_counters_are_taken() -> None:
    (one,) = parse(sample(boot=None, seq=None)).samples
    assert (one.boot, one.seq, one.oldest) == (None, None, None)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.MALFORMED_JSON),
        (b"   ", Reason.MALFORMED_JSON),
        (b"{", Reason.MALFORMED_JSON),
        (b'{"ts": 1} rest', Reason.MALFORMED_JSON),
        (b"[{}, ", Reason.MALFORMED_JSON),
        (b"[1 2]", Reason.MALFORMED_JSON),
        (b"\xff\xfe\x00rubbish", Reason.MALFORMED_JSON),
        (b"\xef\xbb\xbf{}", Reason.MALFORMED_JSON),
        (bytes(range(256)), Reason.MALFORMED_JSON),
        (b'{"ts": 1, "values": {"power": "\x01"}}', Reason.MALFORMED_JSON),
        (b"17", Reason.WRONG_SHAPE),
        (b'"text"', Reason.WRONG_SHAPE),
        (b"null", Reason.WRONG_SHAPE),
        (b"[" * 100_000, Reason.WRONG_SHAPE),
        (b"[]", Reason.NO_VALUES),
        (b" " * 1_000_000, Reason.TOO_LARGE),
        (b"x" * (256 * 1024 + 1), Reason.TOO_LARGE),
        (sample(ts=None), Reason.BAD_TIME),
        (sample(ts="yesterday"), Reason.BAD_TIME),
        (sample(ts="2026-03-01T00:00:00"), Reason.BAD_TIME),
        (sample(ts="2026-02-30T00:00:00Z"), Reason.BAD_TIME),
        (sample(ts=True), Reason.BAD_TIME),
        (sample(ts=str(NOW_MS)), Reason.BAD_TIME),
        (sample(ts=[NOW_MS]), Reason.BAD_TIME),
        (sample(ts=10**30), Reason.BAD_TIME),
        (sample(ts="1970-01-01T00:00:00Z"), Reason.TIME_TOO_OLD),
        (sample(ts=0), Reason.TIME_TOO_OLD),
        (sample(ts=NOW_MS // 1000), Reason.TIME_TOO_OLD),
        (sample(ts="2100-01-01T00:00:00Z"), Reason.TIME_IN_FUTURE),
        (sample(ts=NOW_MS + 600_001), Reason.TIME_IN_FUTURE),
        (sample(values=None), Reason.NO_VALUES),
        (sample(values={}), Reason.NO_VALUES),
        (sample(values=[1]), Reason.WRONG_SHAPE),
        (sample(values={"power": True}), Reason.WRONG_SHAPE),
        (sample(values={"power": "80"}), Reason.WRONG_SHAPE),
        (sample(values={"power": [80]}), Reason.WRONG_SHAPE),
        (sample(values={"power": {"w": 80}}), Reason.WRONG_SHAPE),
        (sample(values={"power": float("nan")}), Reason.NOT_FINITE),
        (sample(values={"power": float("-inf")}), Reason.NOT_FINITE),
        (sample(values={"power": 10**400}), Reason.NOT_FINITE),
        (b'{"ts": 1772323200000, "values": {"power": 1e999}}', Reason.NOT_FINITE),
        (sample(boot=-1), Reason.WRONG_SHAPE),
        (sample(seq=2**63), Reason.WRONG_SHAPE),
        (sample(seq=10**40), Reason.WRONG_SHAPE),
        (sample(seq="9"), Reason.WRONG_SHAPE),
        (sample(seq=1.5), Reason.WRONG_SHAPE),
        (sample(oldest=False), Reason.WRONG_SHAPE),
        (b'{"ts": 1772323200000, "ts": 1772323200001, "values": {"power": 1}}', Reason.WRONG_SHAPE),
        (b'{"ts": 1772323200000, "values": {"power": 1, "power": 2}}', Reason.WRONG_SHAPE),
        (b'{"ts": 1772323200000, "values": {"power": 1, "p\\u006fwer": 2}}', Reason.WRONG_SHAPE),
        (sample(device="neighbour"), Reason.NOT_A_CHILD),
    ],
)
def test_bad_payloads_are_refused_with_their_reason(payload: Any, reason: Reason) -> None:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    parsed = parse(raw)
    (letter,) = parsed.letters
    assert letter.reason == reason
    assert letter.raw == raw[: 64 * 1024]
    assert letter.length == len(raw)
    assert letter.sha256 == hashlib.sha256(raw).hexdigest()
    assert letter.source == "zd/v1/fridge/telemetry"
    assert letter.device == "fridge"
    assert all(one.refused for one in parsed.samples)
    assert letter.detail.endswith((".", "…"))


@pytest.mark.parametrize(
    ("topic", "reason", "unclaimed"),
    [
        ("zd/v1/nobody/telemetry", Reason.UNKNOWN_DEVICE, ("nobody",)),
        ("zd/v1/old/telemetry", Reason.UNKNOWN_DEVICE, ()),
        ("zd/v1/odd/telemetry", Reason.UNKNOWN_TYPE, ()),
        ("zd/v1/nobody/children", Reason.UNKNOWN_DEVICE, ("nobody",)),
        ("zd/v1/fridge/temperature", Reason.WRONG_TOPIC, ()),
        ("zd/v1/fridge", Reason.WRONG_TOPIC, ()),
        ("zd/v1/fridge/telemetry/more", Reason.WRONG_TOPIC, ()),
        ("zd/v1//telemetry", Reason.WRONG_TOPIC, ()),
        ("zd/v1/'; DROP TABLE device; --/telemetry", Reason.WRONG_TOPIC, ()),
        ("zd/v1/" + "x" * 65 + "/telemetry", Reason.WRONG_TOPIC, ()),
    ],
)
def test_where_a_message_comes_from_is_checked_first(topic: str, reason: str, unclaimed: tuple[str]) -> None:
    parsed = parse(sample(), topic)
    assert [letter.reason for letter in parsed.letters] == [reason]
    assert parsed.unclaimed == unclaimed
    assert not parsed.samples


@pytest.mark.parametrize("channel", ["command", "stored"])
def test_our_own_messages_on_their_way_down_are_passed_over(channel: str) -> None:
    assert parse(b"{}", f"zd/v1/fridge/{channel}") == parsing.Parsed([], [], [])


def test_readings_that_cannot_be_true_are_null_with_a_code() -> None:
    values = {"power": -1, "humidity": 101, "door_open": 0.5, "freezer_temperature": None, "energy": 3}
    (one,) = parse(sample(values=values)).samples
    assert one.values == {
        "power": None,
        "humidity": None,
        "door_open": None,
        "freezer_temperature": None,
        "energy": 3.0,
    }
    assert one.quality == {
        "power": Quality.BELOW_VALID,
        "humidity": Quality.ABOVE_VALID,
        "door_open": Quality.WRONG_TYPE,
        "freezer_temperature": Quality.WRONG_TYPE,
    }


def test_unknown_channels_are_kept_aside_and_refuse_nothing() -> None:
    values = {"power": 80, "ion_count": 12, "mode": "eco", "flag": True, "\0\ud800" + "n" * 99: 1}
    (one,) = parse(sample(values=values)).samples
    assert one.values == {"power": 80.0}
    assert (one.unknown["ion_count"], one.unknown["mode"], one.unknown["flag"]) == (12.0, None, 1.0)
    assert len(one.unknown) == 4
    assert decode_samples(encode_samples([one])) == [one]  # the odd name can be written
    assert "\0" not in "".join(one.unknown)


def test_unknown_channels_are_bounded() -> None:
    (one,) = parse(sample(values={f"c{n}": n for n in range(5_000)})).samples
    assert len(one.unknown) == 64


def test_a_boolean_channel_takes_booleans() -> None:
    (one,) = parse(sample(values={"door_open": True, "power": 1})).samples
    assert one.values == {"door_open": 1.0, "power": 1.0}


def test_fields_of_tomorrow_are_tolerated() -> None:
    parsed = parse(sample(signal=-70, note='said "hello"'))
    assert len(parsed.samples) == 1
    assert not parsed.letters


def test_an_array_is_refused_sample_by_sample() -> None:
    batch = [
        sample(seq=1),
        sample(seq=2, values={"power": "x"}),
        "rubbish",
        sample(seq=4, ts=0),
        sample(seq=5),
    ]
    parsed = parse(batch)
    assert [one.seq for one in parsed.samples if not one.refused] == [1, 5]
    assert [(letter.sample, letter.reason) for letter in parsed.letters] == [
        (1, Reason.WRONG_SHAPE),
        (2, Reason.WRONG_SHAPE),
        (3, Reason.TIME_TOO_OLD),
    ]
    assert [json.loads(letter.raw) for letter in parsed.letters] == batch[1:4]
    assert [one.seq for one in parsed.samples if one.refused] == [2, 4]
    assert len({letter.id for letter in parsed.letters}) == 3


def test_nan_in_an_array_costs_its_own_sample_only() -> None:
    raw = b'[{"ts": 1772323200000, "values": {"power": NaN}}, {"ts": 1772323200000, "values": {"power": 5}}]'
    parsed = parse(raw)
    assert [one.values for one in parsed.samples] == [{"power": 5.0}]
    assert parsed.letters[0].raw == b'{"ts": 1772323200000, "values": {"power": NaN}}'
    assert parsed.letters[0].reason == Reason.NOT_FINITE


def test_backfill_up_to_a_thousand_samples() -> None:
    assert len(parse([sample(seq=n) for n in range(1_000)]).samples) == 1_000
    parsed = parse([sample(seq=n) for n in range(1_001)])
    assert [letter.reason for letter in parsed.letters] == [Reason.TOO_MANY_SAMPLES]
    assert not parsed.samples  # not settled: the letter does not hold them all, the device must keep them


def test_a_refused_sample_is_settled_when_its_counters_can_be_read() -> None:
    (settled,) = parse(sample(ts="2100-01-01T00:00:00Z", oldest=3)).samples
    assert settled.refused
    assert (settled.boot, settled.seq, settled.oldest, settled.values) == (2, 9, 3, {})
    assert parse(sample(ts="rubbish")).samples[0].time_us == NOW_US
    assert not parse(sample(ts=0, seq="9")).samples
    assert not parse(sample(ts=0, boot=None)).samples
    assert not parse(b'{"seq": 1, "seq": 2, "boot": 1, "values": {}}').samples
    assert not parse(sample(device="neighbour")).samples


def test_a_gateway_speaks_for_its_children_only() -> None:
    batch = [
        sample(device="child", seq=1),
        sample(device="child", seq=2),
        sample(device="stray"),
        sample(device="nobody"),
        sample(device="old"),
        sample(),
        sample(device="a b"),
    ]
    parsed = parse(batch, "zd/v1/hub/children")
    assert [(one.device, one.seq) for one in parsed.samples] == [("child", 1), ("child", 2)]
    assert [(letter.device, letter.reason) for letter in parsed.letters] == [
        ("stray", Reason.NOT_A_CHILD),
        ("nobody", Reason.UNKNOWN_DEVICE),
        ("old", Reason.UNKNOWN_DEVICE),
        ("hub", Reason.WRONG_SHAPE),
        ("hub", Reason.WRONG_SHAPE),
    ]
    assert parsed.unclaimed == ("nobody",)
    assert parse(batch[:2], "zd/v1/hub/children").samples == parsed.samples  # the quick way, the same


def test_both_ways_give_the_same_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [
        sample(ts="2026-03-01T07:59:59.1234567+08:00", seq=1),
        sample(ts=NOW_MS - 0.25, boot=None, seq=None),
        sample(values={"power": 1e300, "new": 4, "humidity": 0}, oldest=0),
    ]
    quick = parse(batch)
    monkeypatch.setattr(parsing, "read_quickly", lambda *_: None)
    assert parse(batch) == quick


def test_a_retained_message_has_one_letter_however_often_it_comes() -> None:
    first, again = (parsing_at(NOW_US + n, retained=True).letters[0].id for n in range(2))
    fresh, other = (parsing_at(NOW_US + n, retained=False).letters[0].id for n in range(2))
    assert first == again
    assert len({first, fresh, other}) == 3


def parsing_at(moment: int, *, retained: bool) -> parsing.Parsed:
    from tests.ingest.helpers import PARSER

    return PARSER.parse("zd/v1/fridge/status", b"rubbish", received_us=moment, retained=retained)
