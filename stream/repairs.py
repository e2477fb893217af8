"""What closed tickets tell the diagnosis: an appliance that was repaired is not the one that was known."""

from __future__ import annotations

from typing import NamedTuple

from zerodistance.messages import TicketChange

RESOLVED = "resolved"
# What an engineer found and put right; one who found nothing has changed nothing.
REPAIRED = frozenset({"confirmed", "other_fault"})


class Repair(NamedTuple):
    """An appliance that was put right, when, and of what (as far as it was what it was thought to be)."""

    device: str
    time_us: int
    cause: str = ""


def repair_of(change: TicketChange) -> Repair | None:
    """Return the repair that a change of a ticket tells of, None if it tells of none.

    A ticket is resolved once, by whoever repaired; what follows (verified, closed) is paper.
    """
    if change.state != RESOLVED or change.outcome not in REPAIRED:
        return None
    return Repair(change.device, change.time_us, change.cause if change.outcome == "confirmed" else "")
