"""What devices and platform say to each other over MQTT, as JSON.

Times are RFC 3339 text or epoch milliseconds. The telemetry payload has a parser of its own in the
room ``ingest``, because it is refused sample by sample, never as a whole.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Time = str | int | float


class FaultPayload(msgspec.Struct, frozen=True):
    """``zd/v1/{device}/fault``: the appliance raised a code of its own, or took it back."""

    ts: Time
    code: str
    active: bool = True
    detail: dict[str, Any] = {}


class EventPayload(msgspec.Struct, frozen=True):
    """``zd/v1/{device}/event``: something happened (programme, door, inventory, presence)."""

    ts: Time
    event: str
    data: dict[str, Any] = {}


class StatusPayload(msgspec.Struct, frozen=True):
    """``zd/v1/{device}/status``: retained, and the Last Will with ``online`` false."""

    online: bool
    ts: Time | None = None
    firmware: str = ""


class CommandPayload(msgspec.Struct, frozen=True):
    """``zd/v1/{device}/command``: do this, unless ``expires`` (RFC 3339) has passed."""

    id: str
    name: str
    arguments: dict[str, Any]
    expires: str


class ReplyPayload(msgspec.Struct, frozen=True):
    """``zd/v1/{device}/reply``: what became of a command."""

    id: str
    ts: Time
    outcome: Literal["done", "refused", "failed"]
    reason: str = ""


class StoredPayload(msgspec.Struct, frozen=True, omit_defaults=True):
    """``zd/v1/{device}/stored``: all samples of ``boot`` up to ``through`` are safe and may be forgotten.

    ``device``: on a gateway's topic, the child that it is about.
    """

    boot: int
    through: int
    device: str = ""
