"""Working calendars: when a service level's clock runs. Pure, but for the table of public holidays."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from services.policy import CalendarRule, Policy, time_of
from zerodistance.errors import SettingsError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A span that does not end within ten years is a mistake in the policy, not a deadline.
_MOST_DAYS = 3660


@dataclass(frozen=True)
class WorkingCalendar:
    """The hours in which a clock runs.

    Attributes:
        zone: in which the hours of the day are told.
        days: weekdays (Monday is 0) on which it runs; empty: it always runs.
        begin: local time at which it starts to run.
        until: local time at which it stops, on the same day.
        closed: days on which it does not run.
    """

    zone: ZoneInfo
    days: frozenset[int] = frozenset()
    begin: time = time(0)
    until: time = time(0)
    closed: Container[date] = field(default_factory=frozenset)

    def running(self, begin: datetime, end: datetime) -> timedelta:
        """Return for how long the clock runs from ``begin`` to ``end``; nothing if that is not later.

        >>> office = WorkingCalendar(ZoneInfo("UTC"), frozenset(range(5)), time(9), time(17))
        >>> friday, monday = datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC)
        >>> office.running(friday, monday)
        datetime.timedelta(seconds=7200)
        """
        if end <= begin:
            return timedelta(0)
        if not self.days:
            return end - begin
        total = timedelta(0)
        for opens, closes in self._windows(begin):
            if opens >= end:
                break
            total += max(min(closes, end) - max(opens, begin), timedelta(0))
        return total

    def add(self, begin: datetime, span: timedelta) -> datetime:
        """Return the moment at which the clock has run for ``span`` since ``begin``, in UTC.

        Raises:
            SettingsError: the calendar never runs for so long.
        """
        if not self.days:
            return (begin + span).astimezone(UTC)
        left = max(span, timedelta(0))
        for opens, closes in self._windows(begin):
            start = max(opens, begin)
            if closes > start:
                if start + left <= closes:
                    return start + left
                left -= closes - start
        raise SettingsError("A calendar of the policy does not run often enough for its service level.")

    def open_days(self, begin: datetime, most: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield the (opening, closing) in UTC of the next ``most`` days of the calendar from ``begin`` on."""
        if not self.days:
            day = begin.astimezone(self.zone).date()
            for number in range(most):
                opens = datetime.combine(day + timedelta(days=number), time(8), self.zone).astimezone(UTC)
                yield opens, opens + timedelta(hours=10)
            return
        count = 0
        for opens, closes in self._windows(begin):
            if closes > begin:
                yield opens, closes
                count += 1
            if count >= most:
                return

    def _windows(self, begin: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the (opening, closing) in UTC of each day that runs, from the day of ``begin`` on."""
        first = begin.astimezone(self.zone).date()
        for number in range(_MOST_DAYS):
            day = first + timedelta(days=number)
            if day.weekday() in self.days and day not in self.closed:
                opens = datetime.combine(day, self.begin, self.zone).astimezone(UTC)
                closes = datetime.combine(day, self.until, self.zone).astimezone(UTC)
                if closes > opens:
                    yield opens, closes


def calendar_for(policy: Policy, name: str, region: str, zone: ZoneInfo) -> WorkingCalendar:
    """Return a calendar of the policy for a region.

    Args:
        policy: has the calendar ``name`` (its check says so).
        name: of the calendar.
        region: of the household: which public holidays it keeps.
        zone: of the household.

    Raises:
        SettingsError: a country of the policy is none that the holidays are known of.
    """
    rule: CalendarRule = policy.calendars[name]
    days = frozenset(_DAYS.index(day) for day in rule.days)
    if not days:
        return WorkingCalendar(zone)
    country = rule.country or policy.regions.get(region, "")
    closed = _holidays_of(country) if country else frozenset()
    return WorkingCalendar(zone, days, time_of(rule.begin), time_of(rule.until), closed)


@lru_cache(maxsize=64)
def _holidays_of(country: str) -> Container[date]:
    name, _, part = country.partition("-")
    try:
        return holidays.country_holidays(name, subdiv=part or None)
    except NotImplementedError as error:  # what the library raises for a country or part that it lacks
        raise SettingsError(f"The policy names {country!r}, whose public holidays are not known.") from error
