"""Cursors: opaque to callers, and nothing in them is trusted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from zerodistance.errors import InvalidMessageError


def encode_cursor(order: str, key: Sequence[Any]) -> str:
    """Return a cursor for ``key``, good for lists of the same ``order``."""
    values = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps([order, *values]).encode()).decode().rstrip("=")


def decode_cursor(order: str, cursor: str, kinds: Sequence[Callable[[Any], Any]]) -> tuple[Any, ...] | None:
    """Return the key in a cursor, None for an empty one.

    Args:
        order: of the list that is asked for.
        cursor: as the caller gave it.
        kinds: one reader for each part of the key; raises ValueError or TypeError for what it is not.

    Raises:
        InvalidMessageError: it is not a cursor of such a list.
    """
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        given, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if given != order or len(values) != len(kinds):
            raise ValueError(cursor)
        return tuple(kind(value) for kind, value in zip(kinds, values, strict=True))
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError, OverflowError) as error:
        raise InvalidMessageError(
            "wrong_shape", "This cursor is not one of this list: begin again without it."
        ) from error


def moment(value: Any) -> datetime:
    """Read a moment of a cursor."""
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError(value)
    return read


def number(value: Any) -> int:
    """Read a whole number of a cursor that a database column can hold."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(value)
    return value


def text(value: Any) -> str:
    """Read a text of a cursor that a database column can hold."""
    if not isinstance(value, str) or "\0" in value or len(value) > 200:
        raise ValueError(value)
    return value
