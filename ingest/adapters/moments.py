"""Times as other systems write them: with a zone or without, as epoch seconds or milliseconds, or not set."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from zerodistance.clock import to_us

# Before this a clock has not been set: plugs begin in 1970, some chips in 2000.
_NOT_SET_US = to_us(datetime(2016, 1, 1, tzinfo=UTC))
_FIRST_MS = 10**11  # a number beyond it is milliseconds: as seconds it would be the year 5138


def moment_us(value: Any, zone: tzinfo | None, received_us: int) -> int | None:
    """Return a device's time in microseconds since 1970, None where it does not say when.

    Text without a zone is local time of ``zone``. The hour that comes twice in autumn is the one nearer to
    the arrival. Without ``zone`` such text says nothing, and neither does a clock that was never set.

    Args:
        value: ISO 8601 text (also ``2018.02.15 01:00:50``, Tasmota's before 6.0), epoch seconds or
            milliseconds.
        zone: the devices' time zone, None: not known.
        received_us: when the message arrived.

    >>> moment_us("2026-03-01T09:00:00+01:00", None, 0) == moment_us(1772352000, None, 0)
    True
    >>> moment_us("1970-01-01T00:00:09", UTC, 0) is None
    True
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if not math.isfinite(value) or abs(value) > 1e14:
            return None
        found = round(value * 1_000) if abs(value) >= _FIRST_MS else round(value * 1_000_000)
    elif isinstance(value, str):
        local = _read(value)
        if local is None:
            return None
        if local.tzinfo is not None:
            found = to_us(local)
        elif zone is None:
            return None
        else:
            try:
                both = {to_us(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)}
            except (OverflowError, ValueError):
                return None
            found = min(both, key=lambda one: abs(one - received_us))
    else:
        return None
    return found if found >= _NOT_SET_US else None


def _read(text: str) -> datetime | None:
    text = text.strip()
    if len(text) > 40:
        return None
    if text[4:5] == "." and text[7:8] == ".":
        text = text.replace(".", "-", 2)
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.utcoffset() in (None, timedelta(0)) else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
