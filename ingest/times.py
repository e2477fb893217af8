"""A device's ``ts``: RFC 3339 with a zone, or epoch milliseconds; and the window in which it is believed."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from zerodistance.clock import to_us
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason

# A clock that is ahead by more than this is wrong, not skewed: such a row would stand for "now" for hours.
AHEAD_US = 10 * 60 * 1_000_000
DAY_US = 86_400 * 1_000_000

# What datetime can hold, in milliseconds: years 1 to 9999.
_FIRST_MS = -62_135_596_800_000
_LAST_MS = 253_402_300_799_999


class Window(NamedTuple):
    """Closed interval of event times that are taken, microseconds since 1970."""

    first_us: int
    last_us: int


@lru_cache(maxsize=64)  # messages that arrive together are judged by one time
def window(now_us: int, retention_days: int) -> Window:
    """Return what is believed at platform time ``now_us`` of a type whose rows live ``retention_days``."""
    return Window(now_us - retention_days * DAY_US, now_us + AHEAD_US)


def read_time(value: Any) -> int:
    """Return ``ts`` in microseconds since 1970.

    Raises:
        InvalidMessageError: ``bad_time``.

    >>> read_time("2026-03-01T08:00:00.5+08:00") == read_time(1772323200500)
    True
    """
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad("ts is neither RFC 3339 text nor a number of milliseconds.")
    if not math.isfinite(value) or not _FIRST_MS <= value <= _LAST_MS:
        raise _bad("ts is not a number of milliseconds since 1970.")
    return value * 1000 if isinstance(value, int) else round(value * 1000)


def check_time(time_us: int, believed: Window) -> None:
    """Check that an event time lies in the window.

    Raises:
        InvalidMessageError: ``time_in_future`` or ``time_too_old``.
    """
    if time_us > believed.last_us:
        ahead = (time_us - believed.last_us + AHEAD_US) / 1e6
        raise InvalidMessageError(
            Reason.TIME_IN_FUTURE, f"ts is {ahead:.0f} s ahead of the platform's clock; 600 s are tolerated."
        )
    if time_us < believed.first_us:
        # Epoch seconds taken for milliseconds end in January 1970, and are the commonest mistake here.
        seconds = time_us > 0 and believed.first_us <= time_us * 1000 <= believed.last_us
        hint = " It looks like seconds: send milliseconds." if seconds else ""
        raise InvalidMessageError(
            Reason.TIME_TOO_OLD, f"ts is older than what is kept of this type of appliance.{hint}"
        )


def _read_text(text: str) -> int:
    try:
        # The same reader as the quick way's: both must round a long fraction of a second alike.
        moment = msgspec.convert(text, datetime)
        if moment.tzinfo is not None:
            return to_us(moment)
    except (msgspec.ValidationError, OverflowError):
        pass
    raise _bad("ts is not RFC 3339 with a zone, such as 2026-03-01T08:00:00Z.")


def _bad(detail: str) -> InvalidMessageError:
    return InvalidMessageError(Reason.BAD_TIME, detail)
