"""Telemetry as columns: version 2 of the records of ``zd.telemetry``, described in docs/messages.md.

A record carries the samples of a few milliseconds. Those of one tenant and appliance type stand together as
columns, which NumPy reads without touching a single sample; what does not fit (samples that only settle their
number, readings of unknown channels) follows as samples, as version 1 has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from zerodistance.errors import InvalidMessageError
from zerodistance.messages.reasons import Reason
from zerodistance.messages.records import VERSION, Sample, decode_version_1

VERSION_2 = b"\x02"
# A matrix beyond this goes as samples: the log takes records of up to a megabyte.
LARGEST_MATRIX = 512 * 1024
ABSENT = -1
"""Stands for a ``boot``, ``seq`` or ``oldest`` that a device did not send."""

Ints = NDArray[np.int64]


class _Wire(msgspec.Struct, frozen=True, array_like=True):
    """One block as it is encoded: numbers are little-endian, 64 bits each but for ``device`` (32)."""

    tenant: int
    type: str
    channels: list[str]
    devices: list[str]
    device: bytes
    time_us: bytes
    received_us: bytes
    boot: bytes
    seq: bytes
    oldest: bytes
    values: bytes
    quality: list[tuple[int, int, int]]


class _Record(msgspec.Struct, frozen=True, array_like=True):
    blocks: list[_Wire]
    rest: list[Sample]


class Block(NamedTuple):
    """N samples of one tenant and appliance type, in the order in which they came.

    Attributes:
        tenant: of all of them.
        type: appliance type of all of them.
        channels: names of the C columns of ``values``.
        devices: ids, each once.
        device: (N,) place in ``devices``.
        time_us: (N,) the appliances' clocks, microseconds since 1970.
        received_us: (N,) the platform's clock on arrival.
        boot: (N,) restarts, :data:`ABSENT` where the device does not count.
        seq: (N,) number since then, :data:`ABSENT` likewise.
        oldest: (N,) lowest number still kept, :data:`ABSENT` likewise.
        values: (N, C) readings, NaN where there is none.
        quality: (row, column, :class:`Quality` code) of the readings that are not good; they are NaN.
    """

    tenant: int
    type: str
    channels: Sequence[str]
    devices: Sequence[str]
    device: Ints
    time_us: Ints
    received_us: Ints
    boot: Ints
    seq: Ints
    oldest: Ints
    values: NDArray[np.float64]
    quality: Sequence[tuple[int, int, int]]

    def samples(self, rows: Iterable[int] | None = None) -> list[Sample]:
        """Return the samples, or some rows of them, one by one: the slow way, for whoever needs each."""
        codes: dict[int, dict[str, int]] = defaultdict(dict)
        for row, column, code in self.quality:
            codes[row][self.channels[column]] = code
        columns = [c.tolist() for c in (self.time_us, self.received_us, self.boot, self.seq, self.oldest)]
        device, values = self.device.tolist(), self.values.tolist()
        found = []
        for row in range(len(device)) if rows is None else rows:
            time_us, received_us, boot, seq, oldest = (column[row] for column in columns)
            quality = codes.get(row, {})
            found.append(
                Sample(
                    self.tenant,
                    self.devices[device[row]],
                    self.type,
                    time_us,
                    received_us,
                    None if boot < 0 else boot,
                    None if seq < 0 else seq,
                    None if oldest < 0 else oldest,
                    {
                        name: None if value != value else value
                        for name, value in zip(self.channels, values[row], strict=True)
                        if value == value or name in quality
                    },
                    quality,
                    {},
                )
            )
        return found


class Batch(NamedTuple):
    """What one record carries: columns, and samples that do not fit into columns."""

    blocks: list[Block]
    rest: list[Sample]

    def samples(self) -> list[Sample]:
        """Return all of it as samples."""
        return [*(sample for block in self.blocks for sample in block.samples()), *self.rest]


def encode_columns(samples: Sequence[Sample]) -> bytes:
    """Return the record (version 2) for samples of one partition; order is kept within tenant and type."""
    groups: dict[tuple[int, str], list[Sample]] = {}
    rest: list[Sample] = []
    for sample in samples:
        if sample.refused or sample.unknown:
            rest.append(sample)
            continue
        key = (sample.tenant, sample.type)
        group = groups.get(key)
        if group is None:
            groups[key] = [sample]
        else:
            group.append(sample)
    blocks = []
    for (tenant, name), group in groups.items():
        block = _wire(tenant, name, group)
        if block is None:
            rest += group
        else:
            blocks.append(block)
    return VERSION_2 + _encoder.encode(_Record(blocks, rest))


def decode_columns(record: bytes) -> Batch:
    """Read a record of ``zd.telemetry`` of either version; one of version 1 has no blocks.

    Raises:
        InvalidMessageError: (``unreadable_record``) for another version or damaged bytes.
    """
    if record[:1] == VERSION:
        return Batch([], decode_version_1(record))
    if record[:1] != VERSION_2:
        raise InvalidMessageError(
            Reason.UNREADABLE_RECORD,
            f"The record has version byte {record[:1]!r}; this reader knows 1 and 2.",
        )
    try:
        found = _decoder.decode(memoryview(record)[1:])
        return Batch([_block(wire) for wire in found.blocks], found.rest)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise InvalidMessageError(Reason.UNREADABLE_RECORD, f"The record is damaged: {error}.") from error


def decode_samples(record: bytes) -> list[Sample]:
    """Read a record of ``zd.telemetry`` of either version as samples.

    Raises:
        InvalidMessageError: (``unreadable_record``) for another version or damaged bytes.
    """
    return decode_columns(record).samples()


def _wire(tenant: int, name: str, group: Sequence[Sample]) -> _Wire | None:
    """Return the samples as columns; None if some channel's NULL has no reason, or there are too many."""
    first = tuple(group[0].values)
    odd = False
    places: dict[str, int] = {}
    device = []
    for sample in group:
        place = places.get(sample.device)
        if place is None:
            place = places[sample.device] = len(places)
        device.append(place)
        if sample.quality or tuple(sample.values) != first:
            odd = True
    quality: list[tuple[int, int, int]] = []
    if odd:
        columns: dict[str, int] = {}
        for sample in group:
            for channel in (*sample.values, *sample.quality):
                columns.setdefault(channel, len(columns))
        channels = list(columns)
    else:
        channels = list(first)
    if 8 * len(group) * len(channels) > LARGEST_MATRIX:
        return None
    if odd:
        values = np.full((len(group), len(channels)), np.nan)
        for row, sample in enumerate(group):
            for channel, value in sample.values.items():
                if value is not None and value == value:
                    values[row, columns[channel]] = value
                elif channel not in sample.quality:
                    return None
            for channel, code in sample.quality.items():
                if sample.values.get(channel) is not None:
                    return None
                quality.append((row, columns[channel], code))
    else:
        try:
            values = np.array([[*sample.values.values()] for sample in group], np.float64)
        except TypeError:  # a None without a reason
            return None
        if np.isnan(values).any():
            return None
    return _Wire(
        tenant,
        name,
        channels,
        list(places),
        np.array(device, "<u4").tobytes(),
        _numbers([sample.time_us for sample in group]),
        _numbers([sample.received_us for sample in group]),
        _numbers([ABSENT if sample.boot is None else sample.boot for sample in group]),
        _numbers([ABSENT if sample.seq is None else sample.seq for sample in group]),
        _numbers([ABSENT if sample.oldest is None else sample.oldest for sample in group]),
        values.astype("<f8", copy=False).tobytes(),
        quality,
    )


def _numbers(values: list[int]) -> bytes:
    return np.array(values, "<i8").tobytes()


def _block(wire: _Wire) -> Block:
    """Return the block of what was decoded.

    Raises:
        ValueError: its columns do not fit together.
    """
    device = np.frombuffer(wire.device, "<u4").astype(np.int64)
    columns = [
        np.frombuffer(column, "<i8").astype(np.int64, copy=False)
        for column in (wire.time_us, wire.received_us, wire.boot, wire.seq, wire.oldest)
    ]
    size = len(device)
    values = np.frombuffer(wire.values, "<f8").astype(np.float64, copy=False)
    values = values.reshape(size, len(wire.channels))
    if any(len(column) != size for column in columns):
        raise ValueError("its columns differ in length")
    if size and int(device.max()) >= len(wire.devices):
        raise ValueError("a row is of a device that is not named")
    if len(set(wire.devices)) != len(wire.devices) or len(set(wire.channels)) != len(wire.channels):
        raise ValueError("a device or a channel is named twice")
    for row, column, _ in wire.quality:
        if not (0 <= row < size and 0 <= column < len(wire.channels)):
            raise ValueError("a quality code is of no reading")
    time_us, received_us, boot, seq, oldest = columns
    return Block(
        wire.tenant,
        wire.type,
        wire.channels,
        wire.devices,
        device,
        time_us,
        received_us,
        boot,
        seq,
        oldest,
        values,
        wire.quality,
    )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Record)
