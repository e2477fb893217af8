"""Programmes as they were run: water, count, duration, intensity, and those that were broken off (W1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from services.service_schemas import CyclePublic
from zerodistance.store.database import Connection

_CODES = ("programme_started", "programme_finished", "programme_aborted")
# What was started longer ago than this belongs to another programme.
_LONGEST = timedelta(hours=24)


def pair(events: Iterable[tuple[datetime, str, dict[str, Any]]]) -> list[CyclePublic]:
    """Return the programmes that ended, in the order of their ends.

    Args:
        events: (time, code, data) in the order of time.
    """
    cycles: list[CyclePublic] = []
    started: tuple[datetime, dict[str, Any]] | None = None
    for time, code, data in events:
        if code == "programme_started":
            started = (time, data)
            continue
        begun = started[1] if started is not None and time - started[0] <= _LONGEST else {}
        minutes = _number(data.get("minutes"))
        if minutes is None and started is not None and begun:
            minutes = (time - started[0]).total_seconds() / 60
        cycles.append(
            CyclePublic(
                ended_at=time,
                programme=_text(data.get("programme")) or _text(begun.get("programme")),
                minutes=minutes,
                litres=_number(data.get("litres")),
                kwh=_number(data.get("energy")),
                intensity=_text(begun.get("intensity")),
                temperature=_number(begun.get("temperature")),
                spin=_number(begun.get("spin")),
                completed=code == "programme_finished",
            )
        )
        started = None
    return cycles


def cycles_of(conn: Connection, device_id: str, since: datetime, until: datetime) -> list[CyclePublic]:
    """Return the programmes of an appliance that ended between two moments."""
    rows = conn.execute(
        "SELECT time, code, data FROM device_event WHERE device_id = %s AND kind = 'event'"
        " AND code = ANY(%s) AND time > %s AND time <= %s ORDER BY time, code, id LIMIT 10000",
        (device_id, list(_CODES), since - _LONGEST, until),
    ).fetchall()
    return [cycle for cycle in pair(rows) if cycle.ended_at > since]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
