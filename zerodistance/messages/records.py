"""What stands on the log.

Telemetry and events are MessagePack behind one version byte (docs/messages.md describes them for
readers in other languages); findings, ticket changes and dead letters are JSON. All times are integer
microseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

from zerodistance.errors import InvalidMessageError
from zerodistance.messages.reasons import Reason

VERSION = b"\x01"
_T = TypeVar("_T")


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One device's readings at one instant.

    Attributes:
        tenant: tenant that owns the device.
        device: device id.
        type: appliance type.
        time_us: the appliance's own clock, never rewritten.
        received_us: when ingest had it, platform clock.
        boot: restarts of the appliance, None for devices that do not count.
        seq: messages since that restart, from 1; None for devices that do not count.
        oldest: lowest seq of this boot that the device still keeps: anything below it counts as settled.
        values: channel → reading; None where ``quality`` says why.
        quality: channel → :class:`Quality` code, for readings that are not good.
        unknown: readings of channels that the catalogue does not have, kept aside; None: not a number.
        refused: the sample itself went to the dead letters; the record only settles its seq.
    """

    tenant: int
    device: str
    type: str
    time_us: int
    received_us: int
    boot: int | None
    seq: int | None
    oldest: int | None
    values: dict[str, float | None]
    quality: dict[str, int]
    unknown: dict[str, float | None]
    refused: bool = False


class DeviceEvent(msgspec.Struct, frozen=True):
    """A fault code, event, status change or command reply of one device.

    Attributes:
        id: hash over device, time, kind, code and data: the same event twice has the same id.
        code: the fault code, the event's name, ``online``/``offline``, or the command's id.
        active: for faults: raised (True) or taken back (False).
    """

    id: str
    tenant: int
    device: str
    type: str
    kind: Literal["fault", "event", "status", "reply"]
    code: str
    time_us: int
    received_us: int
    active: bool = True
    data: dict[str, Any] = {}


class Candidate(msgspec.Struct, frozen=True):
    """A possible cause (a fault of the catalogue, or ``unknown``) and its probability, 0 to 1."""

    cause: str
    probability: float


class RuledOut(msgspec.Struct, frozen=True):
    """A cause that the evidence speaks against, and why, by language."""

    cause: str
    reason: dict[str, str]


class Evidence(msgspec.Struct, frozen=True):
    """One feature that is not as expected: observed against the expected band, in ``unit``."""

    feature: str
    channel: str
    unit: str
    observed: float
    expected: float
    low: float
    high: float
    score: float


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the diagnosis says of one device and incident. A revision replaces the one before it.

    Attributes:
        id: deterministic: the same incident found again after a restart has the same id.
        revision: counts up with each change of state, cause or evidence.
        state: open, or cleared (readings are back to normal).
        cause: most probable fault of the catalogue, or ``unknown``.
        origin: detected (it is so), predicted (it will be so).
        onset_us: since when.
        time_us: event time at which this revision was concluded.
        summary: the sentence that an engineer would write, by language.
        predicted_failure_us: when the function will be lost, for predicted findings.
    """

    id: str
    revision: int
    tenant: int
    device: str
    type: str
    state: Literal["open", "cleared"]
    cause: str
    probability: float
    candidates: list[Candidate] = []
    ruled_out: list[RuledOut] = []
    evidence: list[Evidence] = []
    origin: Literal["detected", "predicted"] = "detected"
    urgency: Literal["urgent", "soon", "routine"] = "soon"
    onset_us: int
    time_us: int
    summary: dict[str, str] = {}
    model: str = ""
    predicted_failure_us: int | None = None


class TicketChange(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket was opened or moved; consumers upsert by ``ticket`` and ``version``."""

    ticket: str
    version: int
    tenant: int
    device: str
    state: str
    cause: str
    time_us: int
    actor: str
    note: str = ""
    outcome: str = ""


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """Appliances of one firmware, model or region deviate together, and the others of their type do not.

    Attributes:
        dimension: firmware, model or region; ``value``: which.
        cause: the fault that they look like most.
        feature: what deviates; ``direction``: +1 or −1.
        devices: those that do.
        share: of the cohort's appliances that report the feature.
        time_us: end of the days that show it.
    """

    tenant: int
    type: str
    dimension: Literal["firmware", "model", "region"]
    value: str
    cause: str
    feature: str
    direction: int
    devices: list[str]
    share: float
    time_us: int


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or one sample of it, that was refused.

    Attributes:
        id: hash of topic, arrival and raw bytes.
        source: the MQTT topic or ``log topic/partition/offset`` that it came from.
        device: the device it claims to be from, "" where the topic tells none.
        sample: index within a payload that carried several, else None.
        raw: the first 64 KiB of the payload; of one sample of several, that sample's own bytes.
        length: length in bytes of what ``raw`` is the beginning of.
        sha256: of the same, whole, hexadecimal.
    """

    id: str
    reason: str
    detail: str
    source: str
    device: str
    received_us: int
    sample: int | None = None
    raw: bytes
    length: int
    sha256: str


_samples_out = msgspec.msgpack.Encoder()
_samples_in = msgspec.msgpack.Decoder(list[Sample])
_event_in = msgspec.msgpack.Decoder(DeviceEvent)
_json_out = msgspec.json.Encoder()
_finding_in = msgspec.json.Decoder(Finding)
_deviation_in = msgspec.json.Decoder(Deviation)
_ticket_in = msgspec.json.Decoder(TicketChange)
_letter_in = msgspec.json.Decoder(DeadLetter)


def encode_samples(samples: list[Sample]) -> bytes:
    """Return the record (version 1) of ``zd.telemetry`` for samples of one partition."""
    return VERSION + _samples_out.encode(samples)


def decode_version_1(record: bytes) -> list[Sample]:
    """Read a record of ``zd.telemetry`` of version 1.

    Raises:
        InvalidMessageError: (``unreadable_record``) for another version or damaged bytes.
    """
    return _decode(_samples_in, record)


def encode_event(event: DeviceEvent) -> bytes:
    """Return the record of ``zd.events``."""
    return VERSION + _samples_out.encode(event)


def decode_event(record: bytes) -> DeviceEvent:
    """Read a record of ``zd.events``; raises InvalidMessageError as :func:`decode_version_1` does."""
    return _decode(_event_in, record)


def encode_finding(finding: Finding) -> bytes:
    """Return the record of ``zd.findings``."""
    return _json_out.encode(finding)


def decode_finding(record: bytes) -> Finding:
    """Read a record of ``zd.findings``; raises InvalidMessageError for damaged bytes."""
    return _decode_json(_finding_in, record)


def encode_ticket_change(change: TicketChange) -> bytes:
    """Return the record of ``zd.tickets``."""
    return _json_out.encode(change)


def decode_ticket_change(record: bytes) -> TicketChange:
    """Read a record of ``zd.tickets``; raises InvalidMessageError for damaged bytes."""
    return _decode_json(_ticket_in, record)


def encode_deviation(deviation: Deviation) -> bytes:
    """Return the record of ``zd.cohorts``."""
    return _json_out.encode(deviation)


def decode_deviation(record: bytes) -> Deviation:
    """Read a record of ``zd.cohorts``; raises InvalidMessageError for damaged bytes."""
    return _decode_json(_deviation_in, record)


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Return the record of ``zd.dead-letter``."""
    return _json_out.encode(letter)


def decode_dead_letter(record: bytes) -> DeadLetter:
    """Read a record of ``zd.dead-letter``; raises InvalidMessageError for damaged bytes."""
    return _decode_json(_letter_in, record)


def _decode(decoder: msgspec.msgpack.Decoder[_T], record: bytes) -> _T:
    if record[:1] != VERSION:
        raise InvalidMessageError(
            Reason.UNREADABLE_RECORD, f"The record has version byte {record[:1]!r}; this reader knows 1."
        )
    try:
        return decoder.decode(memoryview(record)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidMessageError(Reason.UNREADABLE_RECORD, f"The record is damaged: {error}.") from error


def _decode_json(decoder: msgspec.json.Decoder[_T], record: bytes) -> _T:
    try:
        return decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidMessageError(Reason.UNREADABLE_RECORD, f"The record is damaged: {error}.") from error
