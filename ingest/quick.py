"""The quick way: a telemetry payload in which nothing at all is unusual, straight into samples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, cast

import msgspec
from msgspec import UNSET, UnsetType

from ingest.message import Directory, Entry, Message
from ingest.readings import Check, judge
from ingest.times import Window, window
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Sample

MAX_SAMPLES = 1_000
LARGEST_COUNT = 2**63 - 1

_Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_COUNT)]


class _Incoming(msgspec.Struct):
    ts: datetime | int | float | UnsetType = UNSET
    values: dict[str, float | bool | None] | UnsetType = UNSET
    boot: _Count | UnsetType | None = UNSET
    seq: _Count | UnsetType | None = UNSET
    oldest: _Count | UnsetType | None = UNSET
    device: str | UnsetType = UNSET


class _SurpriseError(Exception):
    """The quick way met what it does not know."""


_decoder = msgspec.json.Decoder(_Incoming | list[_Incoming])
_MISGIVINGS = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    RecursionError,
    OverflowError,
    InvalidMessageError,
    _SurpriseError,
)


def read_quickly(
    message: Message,
    entry: Entry | None,
    directory: Directory,
    catalogue: Catalogue,
    checks: Mapping[str, dict[str, Check]],
) -> list[Sample] | None:
    """Return a payload's samples, or None: it wants the second look.

    Args:
        message: of the topic ``telemetry`` or ``children``.
        entry: the device's own entry; None: the message is a gateway's, and each sample names its device.
        directory: for the children's entries.
        catalogue: the appliance types.
        checks: for each type, the check of each channel.
    """
    try:
        decoded = _decoder.decode(message.payload)
        incoming = decoded if isinstance(decoded, list) else [decoded]
        if not 0 < len(incoming) <= MAX_SAMPLES:
            return None
        samples = []
        quotes = 0
        name = message.device
        whose = entry
        believed: Window | None = None
        known: dict[str, Check] = {}
        for one in incoming:
            if one.device is not UNSET:
                quotes += 4
                if entry is None and (whose is None or one.device != name):
                    name, whose, believed = one.device, directory(one.device), None
                    if whose is None or whose.retired or whose.gateway_id != message.device:
                        return None
                elif one.device != name:
                    return None
            elif entry is None:
                return None
            assert whose is not None
            if believed is None:
                if whose.type not in catalogue:
                    return None
                known = checks[whose.type]
                believed = window(message.now_us, catalogue[whose.type].retention_days)
            sample, marks = _take(one, name, whose, known, believed, message.received_us)
            quotes += marks
            samples.append(sample)
    except _MISGIVINGS:
        return None
    # Each name and each text brings two quotation marks. More than these mean a name that came twice, an
    # escape, or a field that nobody knows: all of them seldom, all of them for the second look.
    return samples if message.payload.count(b'"') == quotes else None


def _take(
    one: _Incoming, name: str, whose: Entry, known: dict[str, Check], believed: Window, received_us: int
) -> tuple[Sample, int]:
    """Return the sample and how many quotation marks its JSON has at the least."""
    ts, values, boot, seq, oldest = one.ts, one.values, one.boot, one.seq, one.oldest
    if ts is UNSET or values is UNSET or not values:
        raise _SurpriseError
    marks = 4 + 2 * len(values)
    if isinstance(ts, datetime):
        if ts.tzinfo is None:
            raise _SurpriseError
        time_us = to_us(ts)
        marks += 2
    else:
        time_us = ts * 1000 if isinstance(ts, int) else round(ts * 1000)
    if not believed.first_us <= time_us <= believed.last_us:
        raise _SurpriseError
    if boot is UNSET:
        boot = None
    else:
        marks += 2
    if seq is UNSET:
        seq = None
    else:
        marks += 2
    if oldest is UNSET:
        oldest = None
    else:
        marks += 2
    quality: dict[str, int] = {}
    unknown: dict[str, float | None] = {}
    good = cast(dict[str, float | None], values)
    for channel, value in values.items():
        check = known.get(channel)
        if (
            check is None
            or value.__class__ is not float
            or not check.low <= value <= check.high
            or (check.whole and value != int(value))
        ):
            good, quality, unknown = judge(values, known)
            break
    sample = Sample(
        whose.tenant,
        name,
        whose.type,
        time_us,
        received_us,
        boot,
        seq,
        oldest,
        good,
        quality,
        unknown,
    )
    return sample, marks
