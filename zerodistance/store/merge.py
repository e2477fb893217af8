"""What happens when two samples have the same device and time. Pure.

Adapters split one instant over several messages, devices send again, firmware corrects itself: NULLs are
filled, equal is a duplicate, different means that the later (boot, seq) wins and the old value is kept
aside.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from zerodistance.messages import Sample

_FLOAT = struct.Struct("f")


class Conflict(NamedTuple):
    """One channel on which two samples of one instant disagree."""

    channel: str
    kept: float
    dropped: float


class Merged(NamedTuple):
    """What two samples of one instant make.

    Attributes:
        sample: the outcome; the stored one itself when its row need not change.
        outcome: duplicate (nothing new), merged (gaps filled), conflict (values differ).
        conflicts: the channels that differ.
        winner: the sample whose values were kept in the conflicts.
        loser: the other one.
    """

    sample: Sample
    outcome: Literal["duplicate", "merged", "conflict"]
    conflicts: list[Conflict]
    winner: Sample
    loser: Sample


def merge(stored: Sample, new: Sample) -> Merged:
    """Merge ``new`` into ``stored``; both must be :func:`rounded` alike.

    A reading beats a quality code: NULL is filled whatever the reason for it. The outcome does not depend
    on which of the two came first, except that equal (boot, seq) lets the later arrival win.
    """
    winner, loser = (new, stored) if _age(new) >= _age(stored) else (stored, new)
    values: dict[str, float | None] = {}
    quality: dict[str, int] = {}
    conflicts: list[Conflict] = []
    for channel in {**stored.values, **new.values, **stored.quality, **new.quality}:
        kept, other = winner.values.get(channel), loser.values.get(channel)
        value = other if kept is None else kept
        if value is None:
            code = winner.quality.get(channel, loser.quality.get(channel))
            if code is not None:
                values[channel], quality[channel] = None, code
            continue
        values[channel] = value
        if kept is not None and other is not None and kept != other:
            conflicts.append(Conflict(channel, kept, other))
    changed = quality != stored.quality or _readings(values) != _readings(stored.values)
    if not changed and not conflicts:
        # confirmed by a later message, the row is as young as that one when an older one contradicts it
        older = _age(stored)[:2] < _age(new)[:2]
        kept_row = msgspec.structs.replace(stored, boot=new.boot, seq=new.seq) if older else stored
        return Merged(kept_row, "duplicate", [], winner, loser)
    sample = msgspec.structs.replace(winner, values=values, quality=quality, unknown={})
    return Merged(sample, "conflict" if conflicts else "merged", conflicts, winner, loser)


def rounded(sample: Sample, wire_types: Mapping[str, str]) -> Sample:
    """Return the sample with its readings as the columns will hold them, so that equal is equal."""
    values = {
        channel: None if value is None else as_stored(value, wire_types[channel])
        for channel, value in sample.values.items()
    }
    return msgspec.structs.replace(sample, values=values)


def as_stored(value: float, wire_type: str) -> float:
    """Return ``value`` as a column of ``wire_type`` (float4, float8, int4, bool) holds it."""
    if wire_type == "float4":
        return float(_FLOAT.unpack(_FLOAT.pack(value))[0])
    if wire_type == "int4":
        return round(value)
    if wire_type == "bool":
        return bool(value)
    return value


def _age(sample: Sample) -> tuple[int, int, int]:
    """Order of samples of one device: later is greater; devices that do not count come first."""
    boot = -1 if sample.boot is None else sample.boot
    return boot, -1 if sample.seq is None else sample.seq, sample.received_us


def _readings(values: Mapping[str, float | None]) -> dict[str, float]:
    return {channel: value for channel, value in values.items() if value is not None}
