"""A ticket's service level: which columns follow from a move, and when people are to be reminded. Pure.

The arithmetic is :mod:`services.sla`; this is where it meets the ticket's columns.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.policy import Policy
from services.sla import clock
from services.sla.calendar import WorkingCalendar, calendar_for
from services.sla.clock import Deadlines, Spans
from services.tickets.lifecycle import TERMINAL, State
from services.tickets.repository import Ticket

# Timers of the clock: they outlive moves, unlike a ticket's waits.
RESPOND_WARNING, RESPOND_BREACH = "respond_warning", "respond_breach"
RESOLVE_WARNING, RESOLVE_BREACH = "resolve_warning", "resolve_breach"
ESCALATE = "escalate"
CLOCK_KINDS = (RESPOND_WARNING, RESPOND_BREACH, RESOLVE_WARNING, RESOLVE_BREACH, ESCALATE)
# The clock has stopped: the repair is done, or there is nothing to repair.
_STOPPED = TERMINAL | {State.RESOLVED, State.VERIFIED, State.CONFIRMED, State.RECOVERED}
# Somebody has planned it, or is there.
_RESPONSES = frozenset({State.PLANNED, State.VISITING, State.RESOLVED})


class TicketClock:
    """The clock of one household's tickets.

    Args:
        policy: levels and calendars.
        region: of the household: its public holidays.
        zone: of the household.
    """

    def __init__(self, policy: Policy, region: str, zone: ZoneInfo) -> None:
        self._policy = policy
        self._region = region
        self._zone = zone

    def calendar(self, urgency: str) -> WorkingCalendar:
        """Return the calendar on which the clock of this priority runs."""
        return calendar_for(self._policy, self._policy.levels[urgency].calendar, self._region, self._zone)

    def opened(self, urgency: str, now: datetime, *, warranty: bool) -> dict[str, Any]:
        """Return the columns of a ticket that is opened, or opened again."""
        spans = clock.spans_of(self._policy, urgency, warranty=warranty)
        return {
            **_columns(clock.start(self.calendar(urgency), spans, now)),
            "responded_at": None,
            "escalation": 0,
            "warranty": warranty,
        }

    def tightened(self, ticket: Ticket, urgency: str, now: datetime) -> dict[str, Any]:
        """Return the columns of a ticket whose priority rises to ``urgency``."""
        at, responded = _deadlines(ticket), ticket.responded_at is not None
        spans = self._spans(ticket, urgency)
        return _columns(clock.tighten(self.calendar(urgency), at, spans, now, responded=responded))

    def moved(self, ticket: Ticket, to: State, now: datetime) -> dict[str, Any]:
        """Return the columns that a move changes: a response, a hold, going on."""
        changes: dict[str, Any] = {}
        responded = ticket.responded_at is not None
        if to in _RESPONSES and not responded:
            changes["responded_at"], responded = now, True
        calendar, at = self.calendar(ticket.urgency), _deadlines(ticket)
        if to is State.ON_HOLD:
            changes |= _columns(clock.hold(calendar, at, now, responded=responded))
        elif at.held:
            changes |= _columns(clock.resume(calendar, at, now))
        return changes

    def timers(self, ticket: Ticket, now: datetime) -> dict[str, datetime]:
        """Return when people are to be reminded of a ticket, by kind of timer."""
        if State(ticket.state) in _STOPPED or ticket.resolve_by is None:
            return {}
        rule, calendar = self._policy.escalation, self.calendar(ticket.urgency)
        spans, wanted = self._spans(ticket, ticket.urgency), {}
        missed = ticket.resolve_by
        pairs = [(RESOLVE_WARNING, RESOLVE_BREACH, ticket.resolve_by, spans.resolve)]
        if ticket.responded_at is None and ticket.respond_by is not None:
            missed = min(ticket.respond_by, missed)
            pairs.append((RESPOND_WARNING, RESPOND_BREACH, ticket.respond_by, spans.respond))
        for warning, breach, due, span in pairs:
            wanted[breach] = due
            if due > now:
                wanted[warning] = clock.warn_at(calendar, due, span, rule.warn_left, now)
        if 1 <= ticket.escalation < rule.levels and missed <= now:
            wanted[ESCALATE] = calendar.add(missed, timedelta(hours=rule.next_level_h * ticket.escalation))
        return wanted

    def _spans(self, ticket: Ticket, urgency: str) -> Spans:
        return clock.spans_of(self._policy, urgency, warranty=ticket.warranty)


def runs(ticket: Ticket) -> bool:
    """Return whether a ticket's clock runs."""
    return State(ticket.state) not in _STOPPED and ticket.resolve_left_s is None


def _deadlines(ticket: Ticket) -> Deadlines:
    respond, resolve = (
        None if left is None else timedelta(seconds=left)
        for left in (ticket.respond_left_s, ticket.resolve_left_s)
    )
    return Deadlines(ticket.respond_by, ticket.resolve_by, respond, resolve)


def _columns(at: Deadlines) -> dict[str, Any]:
    return {
        "respond_by": at.respond_by,
        "resolve_by": at.resolve_by,
        "respond_left_s": None if at.respond_left is None else at.respond_left.total_seconds(),
        "resolve_left_s": None if at.resolve_left is None else at.resolve_left.total_seconds(),
    }
