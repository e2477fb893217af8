"""The wire format of Protocol Buffers, as far as Sparkplug needs it, read by hand.

After https://protobuf.dev/programming-guides/encoding/. Why not the
protobuf package: docs/decisions/0005-sparkplug-read-by-hand.md.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_FLOAT, _DOUBLE = struct.Struct("<f"), struct.Struct("<d")


def read_fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Go through a message's fields as (number, wire type, value).

    Varints and fixed-width fields come as unsigned integers, the rest as bytes.

    Raises:
        InvalidMessageError: ``malformed_payload``: cut off, or a wire type that proto2 and proto3 no longer
            have.

    >>> list(read_fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02]) + b"hi"))
    [(1, 0, 150), (2, 2, b'hi')]
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        value: int | bytes
        if wire == VARINT:
            value, at = _varint(message, at)
        elif wire in (FIXED64, FIXED32):
            width = 8 if wire == FIXED64 else 4
            value = int.from_bytes(_take(message, at, width), "little")
            at += width
        elif wire == BYTES:
            length, at = _varint(message, at)
            value = _take(message, at, length)
            at += length
        else:
            raise _malformed(f"wire type {wire} at byte {at}")
        if not field:
            raise _malformed(f"field number 0 at byte {at}")
        yield field, wire, value


def as_float(bits: int) -> float:
    """Return a fixed 32-bit field as the float that it holds."""
    return float(_FLOAT.unpack(bits.to_bytes(4, "little"))[0])


def as_double(bits: int) -> float:
    """Return a fixed 64-bit field as the double that it holds."""
    return float(_DOUBLE.unpack(bits.to_bytes(8, "little"))[0])


def varint(number: int) -> bytes:
    """Return a non-negative number as a varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: int | bytes) -> bytes:
    """Return a field of wire type varint (for a number) or bytes."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    for place in range(at, min(at + _LONGEST_VARINT, len(message))):
        byte = message[place]
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise _malformed(f"a varint without end at byte {at}")


def _take(message: bytes, at: int, length: int) -> bytes:
    if at + length > len(message):
        raise _malformed(f"cut off: {length} bytes are due at byte {at}")
    return message[at : at + length]


def _malformed(what: str) -> InvalidMessageError:
    return InvalidMessageError(Reason.MALFORMED_PAYLOAD, f"The payload is not Protocol Buffers: {what}.")
