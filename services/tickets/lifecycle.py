"""The life cycle of a ticket: one table of allowed moves, who may make them and what they demand.

Nothing else decides whether a move is allowed: rules, API and diagram read this table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zerodistance.errors import IllegalMoveError


class State(StrEnum):
    """Where a ticket stands."""

    OWNER_ASKED = "owner_asked"
    OWNER_CHECKED = "owner_checked"
    UNANSWERED = "unanswered"
    RECOVERED = "recovered"
    REMOTE = "remote"
    ON_SITE = "on_site"
    PLANNED = "planned"
    VISITING = "visiting"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    CONFIRMED = "confirmed"
    ON_HOLD = "on_hold"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


class Role(StrEnum):
    """In which capacity somebody moves a ticket."""

    PLATFORM = "platform"
    OWNER = "owner"
    ENGINEER = "engineer"
    DISPATCHER = "dispatcher"


class Demand(StrEnum):
    """What a move must bring along."""

    NOTE = "note"
    ASSIGNEE = "assignee"
    WINDOW = "visit window"
    OUTCOME = "outcome"
    REPAIR = "outcome of a repair"
    MINUTES = "minutes"
    TARGET = "ticket or campaign to merge into"


TERMINAL = frozenset({State.CLOSED, State.CANCELLED, State.MERGED})
OPEN = frozenset(State) - TERMINAL
# Nobody is on the way yet: a ticket may become part of a campaign by itself.
CAMPAIGNABLE = frozenset(
    {State.OWNER_ASKED, State.OWNER_CHECKED, State.UNANSWERED, State.REMOTE, State.ON_SITE}
)
# An engineer's outcome after a repair; the others are set by the rules.
REPAIR_OUTCOMES = frozenset({"confirmed", "other_fault", "no_fault_found"})

_PLATFORM = frozenset({Role.PLATFORM})
_OWNER = frozenset({Role.OWNER})
_STAFF = frozenset({Role.ENGINEER, Role.DISPATCHER})
_DISPATCH = frozenset({Role.DISPATCHER})
_ALL_BUT_OWNER = _STAFF | _PLATFORM
_NOBODY: frozenset[Demand] = frozenset()
_REPAIR = frozenset({Demand.REPAIR, Demand.MINUTES})


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed move.

    Attributes:
        source: where the ticket stands; None: it is being opened.
        target: where it goes.
        who: roles that may make the move.
        why: when it is made, for the documentation and the diagram.
        demands: what the move must bring along.
    """

    source: State | None
    target: State
    who: frozenset[Role]
    why: str
    demands: frozenset[Demand] = _NOBODY


@dataclass(frozen=True, slots=True)
class Details:
    """What a move brings along; empty where nothing is given."""

    note: str = ""
    assignee: str | None = None
    visit_from: datetime | None = None
    visit_until: datetime | None = None
    outcome: str = ""
    outcome_cause: str = ""
    parts_used: tuple[str, ...] = field(default=())
    minutes: int | None = None
    merge_into: str | None = None
    campaign: str | None = None


def _moves() -> Iterable[Move]:
    s = State
    yield Move(None, s.OWNER_ASKED, _PLATFORM, "a finding whose fault has a question for the owner")
    yield Move(
        None, s.REMOTE, _OWNER | _ALL_BUT_OWNER, "a finding that can be dealt with from afar, or a report"
    )
    yield Move(None, s.ON_SITE, _ALL_BUT_OWNER, "a finding that needs a visit and no question")

    yield Move(s.OWNER_ASKED, s.OWNER_CHECKED, _OWNER, "the owner put it right")
    yield Move(s.OWNER_ASKED, s.UNANSWERED, _PLATFORM, "no answer by the deadline")
    yield Move(s.OWNER_ASKED, s.ON_SITE, _OWNER | _DISPATCH, "the owner looked, it is something else")
    yield Move(s.OWNER_ASKED, s.REMOTE, _OWNER | _STAFF, "the owner approved, or an engineer takes over")
    yield Move(s.UNANSWERED, s.ON_SITE, _ALL_BUT_OWNER, "dispatched without an answer")
    yield Move(s.UNANSWERED, s.REMOTE, _ALL_BUT_OWNER, "tried from afar without an answer")
    yield Move(s.UNANSWERED, s.OWNER_CHECKED, _OWNER, "answered late: the owner put it right")
    yield Move(s.OWNER_CHECKED, s.ON_SITE, _PLATFORM | _DISPATCH, "readings did not recover in time")
    yield Move(s.OWNER_CHECKED, s.REMOTE, _STAFF, "an engineer takes over")
    yield Move(s.REMOTE, s.ON_SITE, _ALL_BUT_OWNER, "it cannot be dealt with from afar")
    yield Move(s.REMOTE, s.RESOLVED, _STAFF, "an engineer dealt with it from afar", _REPAIR)
    yield Move(s.ON_SITE, s.OWNER_CHECKED, _OWNER, "answered late: the owner put it right")
    yield Move(s.ON_SITE, s.REMOTE, _STAFF, "an engineer tries from afar")

    window = frozenset({Demand.WINDOW, Demand.ASSIGNEE})
    yield Move(s.ON_SITE, s.PLANNED, _OWNER | _STAFF, "a visit is agreed", window)
    yield Move(s.PLANNED, s.PLANNED, _STAFF, "the visit is moved", window)
    yield Move(s.PLANNED, s.ON_SITE, _STAFF, "the visit falls through", frozenset({Demand.NOTE}))
    yield Move(s.ON_SITE, s.VISITING, _STAFF, "an engineer is there, unplanned")
    yield Move(s.PLANNED, s.VISITING, _STAFF, "the engineer is there")
    yield Move(s.VISITING, s.RESOLVED, _STAFF, "repaired, or nothing found", _REPAIR)
    yield Move(s.VISITING, s.ON_SITE, _STAFF, "another visit is needed", frozenset({Demand.NOTE}))
    yield Move(s.VISITING, s.ON_HOLD, _STAFF, "a part is missing on site", frozenset({Demand.NOTE}))

    yield Move(s.RESOLVED, s.VERIFIED, _PLATFORM, "readings are back to normal")
    yield Move(s.RESOLVED, s.ON_SITE, _ALL_BUT_OWNER, "reopened: readings did not recover")
    yield Move(s.VERIFIED, s.CONFIRMED, _OWNER | _PLATFORM | _DISPATCH, "the owner confirms, or is content")
    yield Move(
        s.VERIFIED, s.ON_SITE, _OWNER | _PLATFORM | _DISPATCH, "reopened: it is not right, or it came back"
    )
    yield Move(s.CONFIRMED, s.CLOSED, _PLATFORM, "done", frozenset({Demand.OUTCOME}))
    yield Move(s.CLOSED, s.ON_SITE, _PLATFORM | _DISPATCH, "reopened: it came back", frozenset({Demand.NOTE}))
    yield Move(s.CANCELLED, s.ON_SITE, _DISPATCH, "reopened: called off in error", frozenset({Demand.NOTE}))

    for waiting in (s.OWNER_ASKED, s.OWNER_CHECKED, s.UNANSWERED, s.REMOTE, s.ON_SITE, s.PLANNED, s.ON_HOLD):
        yield Move(waiting, s.RECOVERED, _PLATFORM, "readings are back to normal")
    yield Move(s.RECOVERED, s.CLOSED, _PLATFORM, "no visit was needed", frozenset({Demand.OUTCOME}))

    for working in (s.REMOTE, s.ON_SITE, s.PLANNED):
        yield Move(working, s.ON_HOLD, _STAFF, "waits for a part or for the owner", frozenset({Demand.NOTE}))
        if working is not s.PLANNED:  # a planned visit is agreed anew after a hold
            yield Move(s.ON_HOLD, working, _STAFF, "goes on")

    for state in State:
        if state in TERMINAL or state in (s.RECOVERED, s.CONFIRMED):
            continue
        yield Move(state, s.CANCELLED, _cancellers(state), "called off", frozenset({Demand.NOTE}))
        common = state in CAMPAIGNABLE
        yield Move(
            state,
            s.MERGED,
            _DISPATCH | _PLATFORM if common else _DISPATCH,
            "one and the same as another, or part of a campaign" if common else "one and the same as another",
            frozenset({Demand.TARGET}),
        )


def _cancellers(state: State) -> frozenset[Role]:
    """Return who may call a ticket off: an owner, who was asked for approval, may say no."""
    return _DISPATCH | _OWNER if state is State.OWNER_ASKED else _DISPATCH


TABLE: tuple[Move, ...] = tuple(_moves())
MOVES: dict[tuple[State | None, State], Move] = {(move.source, move.target): move for move in TABLE}


def targets(state: State, roles: Collection[Role]) -> list[State]:
    """Return where a ticket in ``state`` may be moved to by somebody with ``roles``, in the table's order."""
    return [m.target for m in TABLE if m.source is state and not m.who.isdisjoint(roles)]


def check_move(
    source: State | None, target: State, roles: Collection[Role], details: Details | None = None
) -> Move:
    """Return the move if the table allows it.

    Args:
        source: where the ticket stands; None to open one.
        target: where it shall go.
        roles: in which capacities the mover acts.
        details: what the move brings along.

    Raises:
        IllegalMoveError: with the reason, and what would be possible instead.
    """
    details = details or Details()
    here = "A new ticket" if source is None else f"A ticket that is {_say(source)}"
    move = MOVES.get((source, target))
    if move is None:
        possible = sorted(_say(m.target) for m in TABLE if m.source is source)
        instead = f"it may become {', '.join(possible)}" if possible else "it is finished"
        raise IllegalMoveError(f"{here} cannot become {_say(target)}: {instead}.")
    if move.who.isdisjoint(roles):
        able = " or ".join(sorted(move.who))
        raise IllegalMoveError(f"{here} becomes {_say(target)} only through the {able} ({move.why}).")
    missing = [demand for demand in Demand if demand in move.demands and not _met(demand, details)]
    if missing:
        raise IllegalMoveError(f"To become {_say(target)} a ticket needs {' and '.join(missing)}.")
    if (details.visit_from is None) != (details.visit_until is None):
        raise IllegalMoveError("A visit window needs both its beginning and its end.")
    if details.visit_from and details.visit_until and details.visit_from >= details.visit_until:
        raise IllegalMoveError("A visit window must end after it begins.")
    return move


def _met(demand: Demand, details: Details) -> bool:
    match demand:
        case Demand.NOTE:
            return bool(details.note.strip())
        case Demand.ASSIGNEE:
            return bool(details.assignee)
        case Demand.WINDOW:
            return details.visit_from is not None and details.visit_until is not None
        case Demand.OUTCOME:
            return bool(details.outcome)
        case Demand.REPAIR:
            return details.outcome in REPAIR_OUTCOMES
        case Demand.MINUTES:
            return details.minutes is not None
        case Demand.TARGET:
            return bool(details.merge_into) != bool(details.campaign)


def _say(state: State) -> str:
    return state.value.replace("_", " ")


# Within one transaction the rules lead a ticket through these; none is left standing there.
PASSING = frozenset({State.RECOVERED, State.UNANSWERED, State.CONFIRMED})
