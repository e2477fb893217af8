"""The clock of one ticket: its two deadlines, what is left of them on hold, when to warn. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.policy import Policy
from services.sla.calendar import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Spans:
    """How much running time a ticket has until somebody has responded, and until it is resolved."""

    respond: timedelta
    resolve: timedelta


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Where a ticket's clock stands.

    While it runs the two moments are set and nothing is left aside; on hold it is the other way round.

    Attributes:
        respond_by: somebody has to have planned it, taken it on or be there by then.
        resolve_by: it has to be resolved by then.
        respond_left: running time to the response when the hold began; None once responded.
        resolve_left: running time to the resolution when the hold began; None: it is not on hold.
    """

    respond_by: datetime | None
    resolve_by: datetime | None
    respond_left: timedelta | None = None
    resolve_left: timedelta | None = None

    @property
    def held(self) -> bool:
        """The clock stands still."""
        return self.resolve_left is not None


def spans_of(policy: Policy, urgency: str, *, warranty: bool) -> Spans:
    """Return the running times of a priority, in or out of warranty."""
    level = policy.levels[urgency]
    more = policy.out_of_warranty
    respond, resolve = (1.0, 1.0) if warranty else (more.respond_factor, more.resolve_factor)
    return Spans(timedelta(hours=level.respond_h * respond), timedelta(hours=level.resolve_h * resolve))


def start(calendar: WorkingCalendar, spans: Spans, now: datetime) -> Deadlines:
    """Return the deadlines of a ticket that is opened, or opened again, at ``now``."""
    return Deadlines(calendar.add(now, spans.respond), calendar.add(now, spans.resolve))


def hold(calendar: WorkingCalendar, at: Deadlines, now: datetime, *, responded: bool) -> Deadlines:
    """Return the clock stopped at ``now``: what is left is kept, less than nothing is nothing."""
    if at.held:
        return at
    return Deadlines(
        respond_by=at.respond_by if responded else None,
        resolve_by=None,
        respond_left=None if responded or at.respond_by is None else calendar.running(now, at.respond_by),
        resolve_left=timedelta(0) if at.resolve_by is None else calendar.running(now, at.resolve_by),
    )


def resume(calendar: WorkingCalendar, at: Deadlines, now: datetime) -> Deadlines:
    """Return the clock running again from ``now`` on, with what was left."""
    if at.resolve_left is None:
        return at
    return Deadlines(
        respond_by=at.respond_by if at.respond_left is None else calendar.add(now, at.respond_left),
        resolve_by=calendar.add(now, at.resolve_left),
    )


def tighten(
    calendar: WorkingCalendar, at: Deadlines, spans: Spans, now: datetime, *, responded: bool
) -> Deadlines:
    """Return the deadlines of a ticket that has become more pressing: never later than they were."""
    if at.held:
        return replace(
            at,
            respond_left=None if at.respond_left is None else min(at.respond_left, spans.respond),
            resolve_left=min(at.resolve_left or timedelta(0), spans.resolve),
        )
    fresh = start(calendar, spans, now)
    return Deadlines(
        respond_by=at.respond_by if responded else _earlier(at.respond_by, fresh.respond_by),
        resolve_by=_earlier(at.resolve_by, fresh.resolve_by),
    )


def warn_at(
    calendar: WorkingCalendar, due: datetime, span: timedelta, left: float, now: datetime
) -> datetime:
    """Return when people are warned of a deadline: once no more than a share ``left`` of ``span`` remains."""
    remaining = calendar.running(now, due)
    return calendar.add(now, max(remaining - span * left, timedelta(0)))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
