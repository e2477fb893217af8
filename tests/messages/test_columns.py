"""Telemetry as columns: what is written is read, in both versions, and damage is told in one way."""

from __future__ import annotations

import contextlib
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Sample, decode_columns, decode_samples, encode_columns, encode_samples

CHANNELS = ("power", "energy", "door_open")
COUNTS = st.none() | st.integers(0, 2**63 - 1)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Draw a sample as ingest makes them: a reading that is missing has a quality code."""
    said = draw(st.lists(st.sampled_from(CHANNELS), unique=True))
    bad = draw(st.dictionaries(st.sampled_from(CHANNELS), st.integers(1, 3)))
    values: dict[str, float | None] = {name: draw(st.floats(allow_nan=False)) for name in said}
    values.update(dict.fromkeys(bad))
    return Sample(
        draw(st.integers(1, 3)),
        draw(st.sampled_from(["a", "b", "device-é"])),
        draw(st.sampled_from(["refrigerator", "oven"])),
        draw(st.integers(-(2**62), 2**62)),
        draw(st.integers(0, 2**62)),
        draw(COUNTS),
        draw(COUNTS),
        draw(COUNTS),
        values,
        bad,
        draw(st.dictionaries(st.just("novel"), st.none() | st.floats(allow_nan=False), max_size=1)),
        draw(st.booleans()),
    )


def by_device(found: list[Sample]) -> dict[tuple[object, ...], list[Sample]]:
    """Return the samples as a reader sees them: in order for each device, type and tenant."""
    grouped: dict[tuple[object, ...], list[Sample]] = defaultdict(list)
    for one in found:
        plain = not one.refused and not one.unknown
        grouped[one.tenant, one.type, one.device, plain].append(one)
    return grouped


@given(st.lists(samples(), max_size=30))
def test_both_versions_say_the_same(written: list[Sample]) -> None:
    record = encode_columns(written)
    assert by_device(decode_samples(record)) == by_device(written)
    assert decode_samples(encode_samples(written)) == written
    batch = decode_columns(record)
    assert sum(len(block.device) for block in batch.blocks) + len(batch.rest) == len(written)


@given(data=st.binary(max_size=200), version=st.sampled_from([b"\x01", b"\x02"]))
def test_any_bytes_are_refused_in_one_way(data: bytes, version: bytes) -> None:
    with contextlib.suppress(InvalidMessageError):
        decode_columns(version + data)


@given(st.lists(samples(), min_size=1, max_size=5), st.data())
def test_a_record_that_was_cut_or_changed_is_refused_or_read(
    written: list[Sample], data: st.DataObject
) -> None:
    record = bytearray(encode_columns(written))
    record[data.draw(st.integers(1, len(record) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(InvalidMessageError):
        for block in decode_columns(bytes(record)).blocks:
            assert len(block.samples()) == len(block.device) == len(block.values)
    with pytest.raises(InvalidMessageError):
        decode_columns(bytes(record[: len(record) // 2]))


def test_columns_are_arrays_of_one_type() -> None:
    values = {"power": 1.5, "energy": 2.0}
    some = [
        Sample(1, device, "oven", at, at + 1, 3, at, None, values, {}, {})
        for at, device in enumerate(["x", "y", "x"], 1)
    ]
    (block,) = decode_columns(encode_columns(some)).blocks
    assert (block.tenant, block.type, list(block.channels), list(block.devices)) == (
        1,
        "oven",
        ["power", "energy"],
        ["x", "y"],
    )
    np.testing.assert_array_equal(block.device, [0, 1, 0])
    np.testing.assert_array_equal(block.seq, [1, 2, 3])
    np.testing.assert_array_equal(block.oldest, [-1, -1, -1])
    np.testing.assert_array_equal(block.values, [[1.5, 2.0]] * 3)
    assert block.samples([2]) == [some[2]]


def test_a_matrix_beyond_the_logs_records_goes_as_samples() -> None:
    wide = {f"channel_{n}": float(n) for n in range(100)}
    some = [Sample(1, "x", "oven", at, at, None, None, None, wide, {}, {}) for at in range(700)]
    batch = decode_columns(encode_columns(some))
    assert batch.blocks == []
    assert batch.rest == some


def test_another_version_is_named() -> None:
    with pytest.raises(InvalidMessageError, match="knows 1 and 2"):
        decode_columns(b"\x03abc")
