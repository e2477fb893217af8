"""Quiet hours: when a message that is not urgent may be sent. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone called ``name``; UTC for a name that nobody knows.

    >>> zone_of("Nowhere/Land").key
    'UTC'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def release(now: datetime, zone: ZoneInfo, quiet_from: time, quiet_until: time) -> datetime:
    """Return the first moment from ``now`` on that lies outside a household's quiet hours, in UTC.

    Args:
        now: timezone-aware.
        zone: the household's.
        quiet_from: local time at which the quiet hours begin; equal to ``quiet_until``: there are none.
        quiet_until: local time at which they end, on the next day if it is not later.

    >>> night = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    >>> release(night, ZoneInfo("UTC"), time(22), time(7)).isoformat()
    '2026-01-02T07:00:00+00:00'
    """
    local = now.astimezone(zone)
    clock = local.time()
    if quiet_from == quiet_until:
        return now.astimezone(UTC)
    if quiet_from < quiet_until:
        if not quiet_from <= clock < quiet_until:
            return now.astimezone(UTC)
        day = local.date()
    elif clock >= quiet_from:
        day = local.date() + timedelta(days=1)
    elif clock < quiet_until:
        day = local.date()
    else:
        return now.astimezone(UTC)
    end = datetime.combine(day, quiet_until, zone).astimezone(UTC)
    # On the night when clocks are set back the local end occurs twice; the second one may be the next.
    if end <= now:
        end = datetime.combine(day, quiet_until.replace(fold=1), zone).astimezone(UTC)
    return max(end, now.astimezone(UTC))
