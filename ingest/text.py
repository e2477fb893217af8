"""JSON that may be wrong: read it as far as it goes, and say exactly what is wrong.

The quick way through :mod:`ingest.parse` refuses in one word whatever it does not expect. This reader
is the second look: slower, and it never gives up on a payload without a reason code. It tells apart what
is not JSON at all, what would be but for ``NaN`` and numbers that no double holds, names that occur twice
(RFC 8259, section 4: "an object whose names are not unique is unpredictable"), and it gives back the bytes
of each element of an array, so that one bad sample can be put aside without its neighbours.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

_BLANK = " \t\n\r"
# Every integer of up to 18 digits fits 64 bits; a longer one is read as a double.
_INTEGER_DIGITS = 18


class Doubled(dict[str, Any]):
    """An object in which ``name`` occurs more than once."""

    name: str = ""


class Element(NamedTuple):
    """One value and the bytes that it was read from."""

    value: Any
    raw: bytes


class Document(NamedTuple):
    """A payload: one element, or those of the array that it is."""

    elements: list[Element]
    is_array: bool


def read_document(payload: bytes) -> Document:
    """Read a payload, leniently: ``NaN`` and infinities become floats, doubled names a :class:`Doubled`.

    Raises:
        InvalidMessageError: ``malformed_json`` or, when nested too deeply to be read, ``wrong_shape``.
    """
    if not payload.strip():
        raise InvalidMessageError(Reason.MALFORMED_JSON, "The payload is empty.")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidMessageError(
            Reason.MALFORMED_JSON, f"The payload is not UTF-8 text (byte {error.start})."
        ) from None
    try:
        start = _skip(text, 0)
        if text[start] == "[":
            elements, end = _read_array(text, start)
            document = Document(elements, True)
        else:
            value, end = _DECODER.raw_decode(text, start)
            document = Document([Element(value, payload)], False)
        if _skip(text, end) != len(text):
            raise InvalidMessageError(Reason.MALFORMED_JSON, f"More text follows after character {end}.")
    except json.JSONDecodeError as error:
        raise InvalidMessageError(
            Reason.MALFORMED_JSON, f"The payload is not JSON: {error.msg} (character {error.pos})."
        ) from None
    except RecursionError:
        raise InvalidMessageError(Reason.WRONG_SHAPE, "The payload is nested too deeply.") from None
    return document


def describe(value: Any) -> str:
    """Return what kind of JSON value this is, for a sentence.

    >>> describe(True), describe("4"), describe([1])
    ('a boolean', 'a text', 'a list')
    """
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "null"


def show(name: str) -> str:
    """Return a name from a payload, cut and made harmless for logs and the database.

    >>> show("a" * 50 + chr(0))
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'"
    """
    return repr(clean_text(name, 40))


def clean_text(text: str, longest: int) -> str:
    """Return a text that every database and encoding takes: no NUL, no half characters, not too long."""
    if len(text) > longest:
        text = text[:longest] + "…"
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def _read_array(text: str, start: int) -> tuple[list[Element], int]:
    elements: list[Element] = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "]":
        return elements, at + 1
    while True:
        value, end = _DECODER.raw_decode(text, at)
        elements.append(Element(value, text[at:end].encode("utf-8")))
        at = _skip(text, end)
        mark = text[at : at + 1]
        if mark == "]":
            return elements, at + 1
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    seen: set[str] = set()
    doubled = Doubled(result)
    doubled.name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return doubled


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else _long_integer(digits)


def _long_integer(digits: str) -> int | float:
    if len(digits) <= 20:
        number = int(digits)
        if -(2**63) <= number < 2**63:
            return number
    return float(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer)
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "a text"),
    (list, "a list"),
    (dict, "an object"),
)
