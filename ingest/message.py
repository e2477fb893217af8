"""What the parser is given: a message, and what the registry says of devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Entry(Protocol):
    """What the registry says of a device."""

    @property
    def tenant(self) -> int:
        """Tenant that owns it."""
        ...

    @property
    def type(self) -> str:
        """Its appliance type."""
        ...

    @property
    def gateway_id(self) -> str | None:
        """The gateway that may speak for it, None: it speaks for itself."""
        ...

    @property
    def retired(self) -> bool:
        """It is out of use: nothing is taken from it any more."""
        ...


Directory = Callable[[str], Entry | None]


class Message(NamedTuple):
    """One MQTT message. ``now_us``: the platform time against which ``ts`` is checked."""

    topic: str
    device: str
    payload: bytes
    received_us: int
    now_us: int
    retained: bool
