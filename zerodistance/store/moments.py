"""Moments and time zones as people give them to the API and the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Reason


def read_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        InvalidMessageError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidMessageError(
            Reason.WRONG_SHAPE,
            f"{name!r} is not a time zone: give an IANA name such as Europe/Madrid, UTC, or home.",
        ) from error


def read_moment(text: str, zone: ZoneInfo, *, name: str) -> datetime:
    """Return a moment, in UTC: RFC 3339, a date, or a date and time by the clocks of ``zone``.

    Args:
        text: as it was given.
        zone: for what has no offset of its own.
        name: of the parameter, for the sentence.

    Raises:
        InvalidMessageError: it cannot be read.

    >>> read_moment("2026-03-01", ZoneInfo("Asia/Shanghai"), name="since").isoformat()
    '2026-02-28T16:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
        return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidMessageError(
            Reason.WRONG_SHAPE,
            f"{name} is not a moment: {text[:40]!r}. Write 2026-03-01, 2026-03-01T12:00 or "
            "2026-03-01T12:00:00Z.",
        ) from error
