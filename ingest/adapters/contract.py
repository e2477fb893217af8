"""What an adapter is given and what it gives back.

An adapter knows one system's topics and payloads and nothing of our catalogue, registry or database. It
turns a message into readings under the system's own names with unit and device class (as Home Assistant
names them); which channel a reading belongs to is decided later (:mod:`ingest.adapters.mapping`), because
only then it is known what stands behind the plug.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple, Protocol

from ingest.adapters.memory import Memory
from ingest.text import Doubled, describe, read_document
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

_FOREIGN = re.compile(r"[^A-Za-z0-9_.-]")
_NOT_A_NAME = re.compile(r"[^0-9a-z]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# A device id has 64 characters; a system's longest prefix here and a hash must fit beside the name.
_LONGEST_ID = 64
LONGEST_READING_NAME = 64


class Reading(NamedTuple):
    """One value under the name that its system gives it.

    Attributes:
        name: in small letters, digits and underscores.
        value: a number, states as 0 and 1; None: the device says that it has no reading.
        unit: as Home Assistant writes it, "" for none.
        device_class: Home Assistant's; "" marks what no channel should be guessed for (a plug's own warmth).
    """

    name: str
    value: float | None
    unit: str = ""
    device_class: str = ""


class Observation(NamedTuple):
    """What one external device measured at one instant.

    Attributes:
        device: our id of it, from :func:`external_id`.
        readings: at least one.
        time_us: the device's clock; None: it has said nothing of the time, so that of arrival counts.
        base: the device whose presence covers this one (the outlets of a power strip); "" is itself.
        label: what people call it, for the guess of its type.
    """

    device: str
    readings: tuple[Reading, ...]
    time_us: int | None = None
    base: str = ""
    label: str = ""


class Presence(NamedTuple):
    """A device, with all whose base it is, came or went."""

    device: str
    online: bool
    firmware: str = ""


class Request(NamedTuple):
    """Something to be published, such as Sparkplug's request for a birth certificate."""

    topic: str
    payload: bytes


class Understood(NamedTuple):
    """What an adapter makes of one message; nothing at all is a good answer.

    Attributes:
        topics: topics (no wildcards) that must be subscribed to from now on.
    """

    observations: tuple[Observation, ...] = ()
    presences: tuple[Presence, ...] = ()
    topics: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()


NOTHING = Understood()


class PartlyUnderstoodError(InvalidMessageError):
    """A message is refused, and something of it counts all the same."""

    def __init__(self, reason: str, detail: str, understood: Understood) -> None:
        super().__init__(reason, detail)
        self.understood = understood


class Heard(NamedTuple):
    """One message as an adapter sees it. ``retained``: the broker kept it, nobody knows since when."""

    topic: str
    payload: bytes
    received_us: int
    retained: bool = False


class Adapter(Protocol):
    """One system. Everything that it must remember lives in the memory that it is handed."""

    @property
    def filters(self) -> tuple[str, ...]:
        """MQTT topic filters to subscribe to."""
        ...

    def device_of(self, topic: str, memory: Memory) -> str | None:
        """Return the id of the device that speaks under a topic, "" if none can be named, None: not ours."""
        ...

    def read(self, heard: Heard, memory: Memory) -> Understood:
        """Read one message of a topic for which :meth:`device_of` is not None.

        Raises:
            InvalidMessageError: with the reason why it is refused; nothing else, whatever the bytes.
        """
        ...


def external_id(system: str, *names: str) -> str:
    """Return our id of an external device: stable, and two different devices never share one.

    What a device id cannot hold is replaced, and a piece of a hash over the real names then keeps the id
    unique.

    >>> external_id("tasmota", "plug-7")
    'tasmota:plug-7'
    >>> external_id("zigbee2mqtt", "kitchen/fridge plug")
    'zigbee2mqtt:kitchen_fridge_plug-5811c2dd'
    """
    plain = [_FOREIGN.sub("_", name) for name in names]
    whole = ":".join((system, *plain))
    if plain == list(names) and len(whole) <= _LONGEST_ID:
        return whole
    digest = hashlib.sha256("\x1f".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{whole[: _LONGEST_ID - 9]}-{digest}"


def reading_name(*parts: str) -> str:
    """Return a system's name as ours are written.

    >>> reading_name("DS18B20-1", "Temperature"), reading_name("ApparentPower")
    ('ds18b20_1_temperature', 'apparent_power')
    """
    words = "_".join(_CAMEL.sub("_", part) if part[:2].upper() != part[:2] else part for part in parts)
    return _NOT_A_NAME.sub("_", words.lower()).strip("_")[:LONGEST_READING_NAME].strip("_")


def read_object(payload: bytes) -> dict[str, Any]:
    """Return the JSON object that a payload is.

    Raises:
        InvalidMessageError: ``malformed_json`` or ``wrong_shape``.
    """
    value = read_json(payload)
    if not isinstance(value, dict):
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"The payload is {describe(value)}, not an object.")
    if isinstance(value, Doubled):
        raise InvalidMessageError(Reason.WRONG_SHAPE, "A name occurs more than once.")
    return value


def read_json(payload: bytes) -> Any:
    """Return the JSON value that a payload is; raises as :func:`read_object` does."""
    document = read_document(payload)
    if document.is_array:
        return [element.value for element in document.elements]
    return document.elements[0].value


def read_text(payload: bytes) -> str:
    """Return a payload of plain text.

    Raises:
        InvalidMessageError: ``wrong_shape`` for bytes that are no text, and for more than a line of it.
    """
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise InvalidMessageError(Reason.WRONG_SHAPE, "The payload is not text.") from None
    if len(text) > 255:
        raise InvalidMessageError(Reason.WRONG_SHAPE, "The payload is longer than any reading.")
    return text


def number(value: Any) -> float | None:
    """Return a JSON value as a number; old firmware writes numbers as text. None: it is none.

    >>> number("12.5"), number(3), number(True), number("nan")
    (12.5, 3.0, None, nan)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 32:
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def truth(value: Any) -> float | None:
    """Return a state as 0 or 1, in the spellings that are about; None: it is none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return {
            "on": 1.0,
            "off": 0.0,
            "true": 1.0,
            "false": 0.0,
            "open": 1.0,
            "close": 0.0,
            "closed": 0.0,
        }.get(value.strip().lower())
    return None


def is_on(text: str, yes: str, no: str) -> bool:
    """Return whether a presence text says yes.

    Raises:
        InvalidMessageError: ``wrong_shape``, it says neither.
    """
    if text.lower() == yes:
        return True
    if text.lower() == no:
        return False
    raise InvalidMessageError(Reason.WRONG_SHAPE, f"The payload is neither {yes} nor {no}.")
