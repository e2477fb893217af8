"""MQTT packets of a subscriber, as bytes: versions 3.1.1 and 5. Pure.

Only what ingest says and hears: it connects, subscribes, acknowledges QoS 1, and publishes with QoS 0.
Reading is the pipeline's busiest spot, so PUBLISH is taken apart in one place without an object for each
field. Numbers of packets and properties: MQTT Version 5.0, OASIS Standard (2019), sections 2.1.2, 2.2.2.2, 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 11, 13, 14
PINGREQ = b"\xc0\x00"
GOODBYE = b"\xe0\x00"
PUBACK_HEAD = b"\x40\x02"
LONGEST_TEXT = 65_535
# Far beyond what is taken as a payload (deploy/mosquitto.conf lets half a megabyte in). A broker of MQTT 5 is
# told, and keeps longer ones to itself; one of 3.1.1 must have such a bound of its own.
LONGEST_PACKET = 16 * 1024 * 1024
_SERVER_KEEP_ALIVE = 0x13
# Property → how many bytes its value has; -1: a string or binary data, -2: a pair of strings, -3: a varint.
_PROPERTY_SIZES = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), -1),
    0x26: -2,
    0x0B: -3,
}
# What a reason code of CONNACK or SUBACK means where it is worth a word; MQTT 3.1.1 first.
REASONS = {
    0x01: "unacceptable protocol version",
    0x02: "identifier rejected",
    0x03: "server unavailable",
    0x04: "bad user name or password",
    0x05: "not authorized",
    0x80: "unspecified error",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8D: "keep alive timeout",
    0x8E: "session taken over",
    0x8F: "topic filter invalid",
    0x93: "receive maximum exceeded",
    0x95: "packet too large",
    0x97: "quota exceeded",
    0x9E: "shared subscriptions not supported",
    0xA1: "subscription identifiers not supported",
    0xA2: "wildcard subscriptions not supported",
}


class PacketError(ValueError):
    """The bytes are no MQTT."""


class Publication(NamedTuple):
    """A message as it came; ``mid`` is 0 with QoS 0."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    mid: int


class Accepted(NamedTuple):
    """CONNACK: 0 is yes. ``keepalive_s``: what the broker asks for instead of ours, None: nothing."""

    reason: int
    session_present: bool
    keepalive_s: int | None


class Answer(NamedTuple):
    """SUBACK or UNSUBACK: one reason code for each filter; from 0x80 on it was refused."""

    mid: int
    reasons: bytes


def reason_text(code: int) -> str:
    """Return a reason code in words.

    >>> reason_text(0x87)
    'not authorized'
    """
    return REASONS.get(code, f"reason code 0x{code:02X}")


def connect(
    client_id: str,
    *,
    five: bool,
    keepalive_s: int,
    session_s: int,
    window: int,
    user: str | None = None,
    password: str | None = None,
) -> bytes:
    """Return CONNECT for a session that is kept.

    Args:
        client_id: fixed.
        five: MQTT 5, else 3.1.1.
        keepalive_s: longest silence of ours.
        session_s: how long the broker keeps the session (MQTT 5; 3.1.1 has no word for it).
        window: unacknowledged messages that may be under way to us (MQTT 5).
        user: name, None: anonymous.
        password: of that user.
    """
    flags = (0x80 if user is not None else 0) | (0x40 if user is not None and password is not None else 0)
    parts = [_text("MQTT"), bytes([5 if five else 4, flags]), keepalive_s.to_bytes(2, "big")]
    if five:
        properties = (
            (b"\x11" + session_s.to_bytes(4, "big"))
            + (b"\x21" + window.to_bytes(2, "big"))
            + (b"\x27" + LONGEST_PACKET.to_bytes(4, "big"))
        )
        parts += [length(len(properties)), properties]
    parts.append(_text(client_id))
    if user is not None:
        parts.append(_text(user))
        if password is not None:
            parts.append(_text(password))
    return _packet(0x10, b"".join(parts))


def subscribe(mid: int, filters: Sequence[str], *, five: bool, retained_once: bool = False) -> bytes:
    """Return SUBSCRIBE with QoS 1.

    Args:
        mid: message id.
        filters: topic filters.
        five: MQTT 5, else 3.1.1.
        retained_once: retained messages only if the subscription is new (MQTT 5).
    """
    option = bytes([0x11 if five and retained_once else 0x01])
    body = mid.to_bytes(2, "big") + (b"\0" if five else b"")
    return _packet(0x82, body + b"".join(_text(one) + option for one in filters))


def unsubscribe(mid: int, filters: Sequence[str], *, five: bool) -> bytes:
    """Return UNSUBSCRIBE."""
    body = mid.to_bytes(2, "big") + (b"\0" if five else b"")
    return _packet(0xA2, body + b"".join(map(_text, filters)))


def publish(topic: str, payload: bytes, *, five: bool) -> bytes:
    """Return PUBLISH with QoS 0.

    Raises:
        ValueError: no broker takes such a topic.
    """
    if not topic or any(mark in topic for mark in "+#\0"):
        raise ValueError(f"{topic!r} is no topic to publish to.")
    return _packet(0x30, _text(topic) + (b"\0" if five else b"") + payload)


def check_filter(topic_filter: str) -> None:
    """Make sure that a topic filter can be subscribed to.

    Raises:
        ValueError: it cannot; a broker would close the connection.

    >>> check_filter("tele/+/SENSOR")
    """
    levels = topic_filter.split("/")
    if not topic_filter or "\0" in topic_filter or len(topic_filter.encode()) > LONGEST_TEXT:
        raise ValueError(f"{topic_filter!r} is no topic filter.")
    for place, level in enumerate(levels):
        if ("#" in level and (level != "#" or place < len(levels) - 1)) or ("+" in level and level != "+"):
            raise ValueError(f"{topic_filter!r} is no topic filter: a wildcard stands for a whole level.")


def frame(data: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Return where the body of the packet at ``start`` begins and ends, None if it is not whole yet.

    Raises:
        PacketError: its length is none, or beyond all bounds.
    """
    size, shift, place, end = 0, 0, start + 1, len(data)
    while place < end:
        byte = data[place]
        size |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            if size > LONGEST_PACKET:
                raise PacketError(f"A packet of {size:,} bytes is longer than any that is expected.")
            return (place, place + size) if place + size <= end else None
        shift += 7
        if shift > 21:
            raise PacketError("A packet's length has more than four bytes.")
    return None


class Topics:
    """Topics by their bytes: a device says the same one again and again."""

    MOST = 200_000
    LONGEST = 256
    """Longer ones are not remembered: whoever invents topics could fill the memory with them."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def __call__(self, raw: bytes) -> str:
        """Return the topic as text, replacing what is no UTF-8."""
        topic = self._known.get(raw)
        if topic is None:
            if len(raw) > self.LONGEST:
                return raw.decode("utf-8", "replace")
            if len(self._known) >= self.MOST:
                self._known.clear()
            topic = self._known[raw] = raw.decode("utf-8", "replace")
        return topic


def read_publish(first: int, data: bytes, start: int, end: int, *, five: bool, topics: Topics) -> Publication:
    """Return the message in a PUBLISH.

    Args:
        first: the packet's first byte.
        data: where it stands.
        start: of its body.
        end: of its body.
        five: MQTT 5, else 3.1.1.
        topics: remembers topics.

    Raises:
        PacketError: the body is shorter than it says, or an id is missing.
    """
    place = start + 2 + (data[start] << 8 | data[start + 1]) if end - start >= 2 else end + 1
    topic = data[start + 2 : place]
    qos, mid = first >> 1 & 3, 0
    if qos:
        place += 2
        if place <= end:
            mid = data[place - 2] << 8 | data[place - 1]
    if five and place < end:
        size = data[place]
        place += 1
        if size:
            if size > 0x7F:
                size, place = _varint(data, place - 1, end)
            place += size
    elif five:
        place = end + 1
    if place > end or qos == 3 or (qos and not mid):
        raise PacketError("A PUBLISH is not whole.")
    return Publication(topics(topic), data[place:end], qos, bool(first & 1), mid)


def read_connack(data: bytes, *, five: bool) -> Accepted:
    """Return the answer to CONNECT from its body.

    Raises:
        PacketError: it is not whole.
    """
    if len(data) < 2:
        raise PacketError("A CONNACK is not whole.")
    keepalive = _properties(data, 2).get(_SERVER_KEEP_ALIVE) if five and len(data) > 2 else None
    return Accepted(data[1], bool(data[0] & 1), keepalive)


def read_answer(data: bytes, *, five: bool) -> Answer:
    """Return the answer to SUBSCRIBE or UNSUBSCRIBE from its body.

    Raises:
        PacketError: it is not whole.
    """
    if len(data) < 2:
        raise PacketError("An answer is not whole.")
    place = 2
    if five:
        size, place = _varint(data, 2, len(data))
        place += size
        if place > len(data):
            raise PacketError("An answer is not whole.")
    return Answer(data[0] << 8 | data[1], data[place:])


def _properties(data: bytes, start: int) -> dict[int, int]:
    """Return the properties that are numbers of two bytes; the others are stepped over."""
    size, place = _varint(data, start, len(data))
    end = place + size
    found: dict[int, int] = {}
    if end > len(data):
        raise PacketError("Properties are not whole.")
    while place < end:
        name, place = data[place], place + 1
        width = _PROPERTY_SIZES.get(name)
        if width is None:
            raise PacketError(f"There is no property 0x{name:02X}.")
        if width == 2 and place + 2 <= end:
            found[name] = data[place] << 8 | data[place + 1]
        if width == -3:
            _, place = _varint(data, place, end)
        elif width > 0:
            place += width
        else:
            for _ in range(-width):
                if place + 2 > end:
                    raise PacketError("A property is not whole.")
                place += 2 + (data[place] << 8 | data[place + 1])
    if place > end:
        raise PacketError("A property is not whole.")
    return found


def length(value: int) -> bytes:
    """Return a variable byte integer.

    >>> length(321).hex()
    'c102'
    """
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in (0, 7, 14, 21):
        if place >= end:
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise PacketError("A length is not whole.")


def _text(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > LONGEST_TEXT:
        raise ValueError(f"MQTT carries texts of up to {LONGEST_TEXT:,} bytes, not {len(raw):,}.")
    return len(raw).to_bytes(2, "big") + raw


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + length(len(body)) + body
