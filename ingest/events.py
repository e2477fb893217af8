"""Fault codes, events, status and replies: one message, one record."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, cast

import msgspec

from ingest.text import Doubled, describe, read_document, show
from ingest.times import Window, check_time, read_time
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import (
    DeviceEvent,
    EventPayload,
    FaultPayload,
    Reason,
    ReplyPayload,
    StatusPayload,
)

Kind = Literal["fault", "event", "status", "reply"]

LONGEST_CODE = 128
# Deeper structures than this are a mistake or an attack on whoever walks them later.
DEEPEST_DATA = 8
_PAYLOADS: dict[str, Any] = {
    "fault": FaultPayload,
    "event": EventPayload,
    "status": StatusPayload,
    "reply": ReplyPayload,
}
_canonical = msgspec.json.Encoder(order="deterministic")


def read_event(
    channel: str,
    payload: bytes,
    device: str,
    tenant: int,
    appliance: str,
    *,
    received_us: int,
    believed: Window,
) -> DeviceEvent:
    """Read a message of one of the topics ``fault``, ``event``, ``status`` and ``reply``.

    Raises:
        InvalidMessageError: with the reason why it is refused.
    """
    document = read_document(payload)
    value = document.elements[0].value if len(document.elements) == 1 else None
    if document.is_array or not isinstance(value, dict):
        raise InvalidMessageError(
            Reason.WRONG_SHAPE,
            f"A message here is one object, not {'a list' if document.is_array else describe(value)}.",
        )
    _check_plain(value, DEEPEST_DATA)
    try:
        message = msgspec.convert(value, _PAYLOADS[channel])
    except msgspec.ValidationError as error:
        about_time = str(error).endswith("`$.ts`") or "field `ts`" in str(error)
        reason = Reason.BAD_TIME if about_time else Reason.WRONG_SHAPE
        raise InvalidMessageError(reason, f"{error}.") from None
    time_us = received_us if message.ts is None else read_time(message.ts)
    check_time(time_us, believed)
    code, active, data = _parts(message)
    if not 0 < len(code) <= LONGEST_CODE:
        raise InvalidMessageError(
            Reason.WRONG_SHAPE, f"The code or name has {len(code)} characters; 1 to {LONGEST_CODE} are taken."
        )
    return DeviceEvent(
        id=event_id(device, time_us, channel, code, active, data),
        tenant=tenant,
        device=device,
        type=appliance,
        kind=cast(Kind, channel),
        code=code,
        time_us=time_us,
        received_us=received_us,
        active=active,
        data=data,
    )


def event_id(device: str, time_us: int, kind: str, code: str, active: bool, data: dict[str, Any]) -> str:
    """Return the hash by which the same event, sent twice, is the same.

    >>> event_id("d", 1, "fault", "E1", True, {"a": 1, "b": 2}) == event_id(
    ...     "d", 1, "fault", "E1", True, {"b": 2, "a": 1}
    ... )
    True
    """
    text = _canonical.encode([device, time_us, kind, code, active, data])
    return hashlib.sha256(text).hexdigest()[:32]


def _parts(message: Any) -> tuple[str, bool, dict[str, Any]]:
    if isinstance(message, FaultPayload):
        return message.code, message.active, message.detail
    if isinstance(message, EventPayload):
        return message.event, True, message.data
    if isinstance(message, StatusPayload):
        data = {"firmware": message.firmware[:LONGEST_CODE]} if message.firmware else {}
        return ("online" if message.online else "offline"), True, data
    return message.id, True, {"outcome": message.outcome, "reason": message.reason}


def _check_plain(value: Any, depth: int) -> None:
    """Refuse what JSON allows and no database column or MessagePack field can hold."""
    if isinstance(value, Doubled):
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"The name {show(value.name)} occurs more than once.")
    if isinstance(value, dict):
        _descend(depth)
        for name, inner in value.items():
            _check_plain(name, depth)
            _check_plain(inner, depth - 1)
    elif isinstance(value, list):
        _descend(depth)
        for inner in value:
            _check_plain(inner, depth - 1)
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise InvalidMessageError(
                Reason.WRONG_SHAPE, "A text holds a NUL or half a character, which cannot be stored."
            )
    elif isinstance(value, float) and not -float("inf") < value < float("inf"):
        raise InvalidMessageError(Reason.NOT_FINITE, "The message holds a number that is not finite.")


def _descend(depth: int) -> None:
    if depth <= 0:
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"The message is nested deeper than {DEEPEST_DATA}.")
