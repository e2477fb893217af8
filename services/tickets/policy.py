"""Policy as data: how quickly a ticket is answered and resolved, and how long the platform waits.

All durations are platform time. A working calendar would replace :func:`deadlines`, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Within what time a ticket is responded to (planned or taken on) and resolved."""

    respond: timedelta
    resolve: timedelta


SERVICE_LEVELS: dict[str, ServiceLevel] = {
    "urgent": ServiceLevel(timedelta(hours=4), timedelta(hours=24)),
    "soon": ServiceLevel(timedelta(hours=24), timedelta(hours=72)),
    "routine": ServiceLevel(timedelta(hours=72), timedelta(hours=336)),
}
URGENCIES = ("urgent", "soon", "routine")  # the most pressing first
# After the readings are back to normal the owner has that long to object.
CONFIRMATION = timedelta(hours=24)
# How long an owner may take to allow a command that a ticket asks for.
CONSENT = timedelta(hours=24)
# For a cause that the catalogue does not know.
UNKNOWN_RECOVERY = timedelta(hours=4)


def deadlines(urgency: str, opened_at: datetime) -> tuple[datetime, datetime]:
    """Return (respond by, resolve by) of a ticket.

    >>> from datetime import UTC
    >>> deadlines("urgent", datetime(2026, 1, 1, tzinfo=UTC))[0].hour
    4
    """
    level = SERVICE_LEVELS[urgency]
    return opened_at + level.respond, opened_at + level.resolve


def more_pressing(one: str, other: str) -> str:
    """Return the more pressing of two urgencies."""
    return min(one, other, key=URGENCIES.index)
