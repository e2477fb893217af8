"""Axes: where ticks stand and what they say. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.console.words import ENGLISH, Words

_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_STEPS_DAYS = (1, 2, 7, 14, 28, 91, 182, 364)


class Tick(NamedTuple):
    """A tick of a time axis; ``strong`` where a new day begins."""

    at: datetime
    label: str
    strong: bool


def value_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return about ``count`` round numbers (steps of 1, 2 or 5 times a power of ten) inside the range.

    >>> value_ticks(2.3, 12.9)
    [4.0, 6.0, 8.0, 10.0, 12.0]
    >>> value_ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((power * m for m in (1, 2, 5, 10)), key=lambda s: abs(math.log(s / raw)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def decimals(ticks: list[float]) -> int:
    """Return how many decimals tell the ticks apart.

    >>> decimals([0.0, 0.5, 1.0])
    1
    """
    for places in range(7):
        if all(abs(round(t, places) - t) < 1e-9 for t in ticks):
            return places
    return 7


def time_ticks(
    start: datetime, end: datetime, zone: ZoneInfo, count: int = 6, words: Words = ENGLISH
) -> list[Tick]:
    """Return about ``count`` ticks that fall on round local times, midnight shown as the date.

    A day on which the clock changes keeps its round local hours.
    """
    span_min = (end - start).total_seconds() / 60
    if span_min <= 0:
        return []
    wanted = span_min / max(count, 1)
    step_min = next((s for s in _STEPS_MIN if s >= wanted), None)
    if step_min is None:
        days = next((s for s in _STEPS_DAYS if s * 1440 >= wanted), _STEPS_DAYS[-1])
        return _day_ticks(start, end, zone, days, words)
    ticks: list[Tick] = []
    # Walk in wall-clock time from the local midnight before the start, and convert each to an instant.
    wall = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment > end:
            return ticks
        # A wall time that the change to summer time skips comes back as another hour: it has no tick.
        if moment >= start and moment.astimezone(zone).replace(tzinfo=None) == wall:
            midnight = wall.hour == 0 and wall.minute == 0
            ticks.append(Tick(moment, words.date(wall) if midnight else f"{wall:%H:%M}", midnight))
        wall += timedelta(minutes=step_min)


def _day_ticks(start: datetime, end: datetime, zone: ZoneInfo, days: int, words: Words) -> list[Tick]:
    ticks: list[Tick] = []
    wall = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while (moment := wall.replace(tzinfo=zone).astimezone(UTC)) <= end:
        if moment >= start and (wall.toordinal() % days == 0):
            ticks.append(Tick(moment, words.date(wall), wall.day == 1))
        wall += timedelta(days=1)
    return ticks
