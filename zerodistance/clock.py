"""The one clock that everything which decides reads: windows, deadlines, quiet hours, tariffs.

``ZD_CLOCK`` is ``system`` or ``START@RATE`` or ``START@RATE@ANCHOR``: platform time is START at the
real moment ANCHOR and runs RATE times as fast as real time. Processes that are given the same anchor
agree on the time; without one the anchor is the moment the process reads the setting. That is how a
fleet at 200 × speed, a replay of 2013 and a test of a three-day deadline run through the real code.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from zerodistance.errors import SettingsError


class Clock(Protocol):
    """Platform time, UTC."""

    @property
    def rate(self) -> float:
        """How many times as fast as real time it runs."""
        ...

    def now(self) -> datetime:
        """Return the platform's time, timezone-aware, UTC."""
        ...

    def now_us(self) -> int:
        """Return the platform's time as microseconds since 1970-01-01 UTC."""
        ...

    def sleep_s(self, platform_seconds: float) -> float:
        """Return how many real seconds ``platform_seconds`` of platform time last."""
        ...


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Time that was ``start`` at the real moment ``anchor`` and runs ``rate`` times as fast."""

    start: datetime
    rate: float
    anchor: datetime

    def now(self) -> datetime:
        """Return the platform's time."""
        return self.start + (datetime.now(UTC) - self.anchor) * self.rate

    def now_us(self) -> int:
        """Return the platform's time in microseconds since 1970."""
        return to_us(self.now())

    def sleep_s(self, platform_seconds: float) -> float:
        """Return the real length of a platform duration, both in seconds."""
        return platform_seconds / self.rate

    def setting(self) -> str:
        """Return the text for ``ZD_CLOCK`` that makes another process agree with this one."""
        return f"{_text(self.start)}@{self.rate:g}@{_text(self.anchor)}"


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    @property
    def rate(self) -> float:
        """One: as fast as real time."""
        return 1.0

    def now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)

    def now_us(self) -> int:
        """Return the machine's time in microseconds since 1970."""
        return time.time_ns() // 1000

    def sleep_s(self, platform_seconds: float) -> float:
        """Return ``platform_seconds`` as it is."""
        return platform_seconds


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when told, for tests."""

    at: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    @property
    def rate(self) -> float:
        """One: what it measures between two calls is what passed."""
        return 1.0

    def now(self) -> datetime:
        """Return the time it was last set to."""
        return self.at

    def now_us(self) -> int:
        """Return that time in microseconds since 1970."""
        return to_us(self.at)

    def sleep_s(self, platform_seconds: float) -> float:
        """Return 0: a test never waits for this clock."""
        return 0.0

    def advance(self, **parts: float) -> datetime:
        """Move forward by ``timedelta(**parts)`` and return the new time."""
        self.at += timedelta(**parts)
        return self.at


def parse_clock(text: str) -> Clock:
    """Read a ``ZD_CLOCK`` setting.

    Raises:
        SettingsError: when the text is neither ``system`` nor ``START@RATE[@ANCHOR]``.

    >>> parse_clock("system")
    SystemClock()
    >>> parse_clock("2026-03-01T08:00:00Z@200@2026-11-21T00:00:00Z").setting()
    '2026-03-01T08:00:00Z@200@2026-11-21T00:00:00Z'
    """
    if text.strip().lower() in {"", "system"}:
        return SystemClock()
    parts = text.split("@")
    try:
        start = datetime.fromisoformat(parts[0])
        rate = float(parts[1]) if len(parts) > 1 else 1.0
        anchor = datetime.fromisoformat(parts[2]) if len(parts) > 2 else datetime.now(UTC)
        if len(parts) > 3 or not 0 < rate <= 1_000_000 or start.tzinfo is None or anchor.tzinfo is None:
            raise ValueError(text)
    except ValueError as error:
        raise SettingsError(
            f"ZD_CLOCK={text!r} is not understood: write 'system' or START@RATE[@ANCHOR] with times "
            "that carry a zone, for example 2026-03-01T08:00:00Z@200."
        ) from error
    return ScaledClock(start.astimezone(UTC), rate, anchor.astimezone(UTC))


def to_us(moment: datetime) -> int:
    """Return a timezone-aware moment as whole microseconds since 1970-01-01 UTC.

    >>> to_us(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the UTC moment that lies ``microseconds`` after 1970-01-01."""
    return _EPOCH + timedelta(microseconds=microseconds)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
