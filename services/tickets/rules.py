"""What happens next: pure functions from what is known of a ticket, and what came in, to decisions.

No database, no clock, no message: services/tickets/desk.py carries the decisions out. Every state that
a decision names is checked there against the table of services/tickets/lifecycle.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from services.policy import Waits, default_policy
from services.tickets.lifecycle import Role, State
from zerodistance.catalogue.model import Fault
from zerodistance.errors import ConflictError, InvalidMessageError

# States in which the readings may end a ticket by themselves: nobody is at the appliance.
_WAITING = frozenset(
    {
        State.OWNER_ASKED,
        State.OWNER_CHECKED,
        State.UNANSWERED,
        State.REMOTE,
        State.ON_SITE,
        State.PLANNED,
        State.ON_HOLD,
    }
)
# Dispatch waits for the owner in these.
_WITH_OWNER = frozenset({State.OWNER_ASKED, State.OWNER_CHECKED, State.UNANSWERED})


class Wait(StrEnum):
    """What a ticket waits for, each with a timer."""

    ANSWER = "answer"
    RECOVERY = "recovery"
    CONFIRMATION = "confirmation"


class News(StrEnum):
    """What people are told; services/messages/texts.py has the words."""

    ASKED = "asked"
    REPORTED = "reported"
    ADDED = "added"
    REMOTE = "remote"
    DISPATCHED = "dispatched"
    OFFERED = "offered"
    REVISED = "revised"
    PLANNED = "planned"
    UNPLANNED = "unplanned"
    REOPENED = "reopened"
    RECOVERED = "recovered"
    VERIFIED = "verified"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules know of a ticket.

    Attributes:
        state: where it stands.
        cause: fault of the catalogue, or ``unknown``.
        fault: that fault's description; None for ``unknown``.
        owner: there is somebody to ask.
        abnormal: at least one of its findings is open, after what came in.
        commanded: a command of this ticket was carried out.
        outcome: as an engineer gave it.
        waits: how long the platform waits for people and readings.
    """

    state: State
    cause: str
    fault: Fault | None
    owner: bool = True
    abnormal: bool = True
    commanded: bool = False
    outcome: str = ""
    waits: Waits = field(default_factory=lambda: default_policy().waits)


@dataclass(frozen=True, slots=True)
class Open:
    """Open a ticket in ``state``."""

    state: State
    note: str


@dataclass(frozen=True, slots=True)
class Go:
    """Move the ticket; every wait of it ends."""

    to: State
    note: str
    role: Role = Role.PLATFORM
    outcome: str = ""
    visit_avoided: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Write into the history without moving."""

    note: str
    role: Role = Role.PLATFORM


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell owner and engineer by one event."""

    news: News


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Come back after ``span`` of platform time, unless the ticket has moved on by then."""

    what: Wait
    span: timedelta


@dataclass(frozen=True, slots=True)
class Command:
    """Tell the appliance to do ``name``; ``approved``: the owner has just allowed it."""

    name: str
    approved: bool = False


Decision = Open | Go | Note | Tell | WaitFor | Command


def on_new_incident(fault: Fault | None, *, owner: bool, unexplained: bool = False) -> list[Decision]:
    """Decide about an open finding of a device without an open ticket.

    Args:
        fault: the cause as the catalogue has it; None for an unknown cause.
        owner: there is somebody to ask.
        unexplained: all that is known is a code that the catalogue does not have.
    """
    if unexplained and fault is None:
        note = "A code that nobody knows: an engineer looks at it from afar."
        return [Open(State.REMOTE, note), Tell(News.REMOTE)]
    if fault is not None and fault.question is not None and owner:
        wait = timedelta(minutes=fault.question.deadline_minutes)
        return [
            Open(State.OWNER_ASKED, "The owner is asked; dispatch waits for the answer or its deadline."),
            Tell(News.ASKED),
            WaitFor(Wait.ANSWER, wait),
        ]
    if _afar(fault):
        return [
            Open(State.REMOTE, "It can be dealt with from afar."),
            Tell(News.REMOTE),
            *_remote_work(fault),
        ]
    return [Open(State.ON_SITE, "A visit is needed."), Tell(News.DISPATCHED)]


def on_report() -> list[Decision]:
    """Decide about an owner's report of an appliance without an open ticket."""
    return [
        Open(State.REMOTE, "The owner reports it: an engineer looks at the readings first."),
        Tell(News.REPORTED),
    ]


def on_words(words: str) -> list[Decision]:
    """Decide about an owner's report of an appliance whose ticket is open."""
    return [Note(f"The owner adds: {words}", Role.OWNER), Tell(News.ADDED)]


def on_inspection() -> list[Decision]:
    """Decide about a measurement out of its range, at an appliance without an open ticket."""
    return [Open(State.ON_SITE, "Found by an inspection."), Tell(News.DISPATCHED)]


def on_revision(now: Situation, previous_cause: str, *, came_back: bool) -> list[Decision]:
    """Decide about a further open finding, or a revision, of a ticket.

    Args:
        now: with the cause as it is revised.
        previous_cause: what it was before.
        came_back: all findings had been cleared, and now one is open (again).
    """
    if came_back and now.state in (State.VERIFIED, State.CLOSED):
        return [Go(State.ON_SITE, "Reopened: the readings are off again."), Tell(News.REOPENED)]
    if now.cause == previous_cause:
        return []
    note = Note(f"The cause is now thought to be {now.cause}, no longer {previous_cause}.")
    if now.state is State.REMOTE and not _afar(now.fault):
        return [note, Go(State.ON_SITE, "The revised cause needs a visit."), Tell(News.DISPATCHED)]
    if now.state in _WITH_OWNER | {State.REMOTE, State.ON_SITE, State.PLANNED, State.VISITING, State.ON_HOLD}:
        return [note, Tell(News.REVISED)]
    return [note]


def on_clear(now: Situation) -> list[Decision]:
    """Decide when the last open finding of a ticket has cleared."""
    if now.state is State.RESOLVED:
        return _verified(now, "The readings are back to normal.")
    if now.state is State.VISITING:
        return [Note("The readings are back to normal.")]
    if now.state not in _WAITING:
        return []
    fixed = now.state is State.OWNER_CHECKED
    return [
        Go(State.RECOVERED, "The readings are back to normal."),
        Go(
            State.CLOSED,
            "The owner put it right." if fixed else "It recovered.",
            outcome="owner_fixed" if fixed else "recovered",
            visit_avoided=fixed or _avoided(now),
        ),
        Tell(News.RECOVERED),
    ]


def on_check_answer(now: Situation, answer: str) -> list[Decision]:
    """Decide about the owner's answer to the question that a fault asks.

    Answering after the deadline still counts: a visit that nobody has planned yet waits once more.
    """
    if answer == "fixed":
        if now.state in (State.OWNER_ASKED, State.UNANSWERED, State.ON_SITE):
            return [
                Go(State.OWNER_CHECKED, "The owner put it right.", Role.OWNER),
                WaitFor(Wait.RECOVERY, _recovery(now)),
            ]
        return [Note("The owner says that it was put right.", Role.OWNER)]
    if now.state is not State.OWNER_ASKED:
        return [Note(f"The owner answered: {answer}.", Role.OWNER)]
    if answer == "decline":
        return [
            Go(State.CANCELLED, "The owner declined.", Role.OWNER, outcome="cancelled"),
            Tell(News.CANCELLED),
        ]
    if answer == "approve" and now.fault is not None and now.fault.command:
        return [
            Go(State.REMOTE, "The owner approved.", Role.OWNER),
            Command(now.fault.command, approved=True),
        ]
    return _dispatch(now, "The owner looked: it is something else.", Role.OWNER)


def on_confirm_answer(now: Situation, answer: str) -> list[Decision]:
    """Decide about the owner's word after a repair."""
    if now.state is not State.VERIFIED:
        return [Note(f"The owner answered: {answer}.", Role.OWNER)]
    if answer == "still_wrong":
        return [
            Go(State.ON_SITE, "Reopened: the owner says that it is still not right.", Role.OWNER),
            Tell(News.REOPENED),
        ]
    return _confirmed(now, "The owner confirms.", Role.OWNER)


def on_rating(now: Situation, rating: int) -> list[Decision]:
    """Decide about a rating: three or better, given while the platform waits for a word, is that word."""
    if now.state is State.VERIFIED and rating >= 3:
        return _confirmed(now, f"The owner rates the service {rating} of 5.", Role.OWNER)
    return [Note(f"The owner rates the service {rating} of 5.", Role.OWNER)]


def on_timer(now: Situation, what: Wait) -> list[Decision]:
    """Decide when a wait is over; a ticket that has moved on in the meantime is left alone."""
    match what, now.state:
        case Wait.ANSWER, State.OWNER_ASKED:
            return [
                Go(State.UNANSWERED, "Nobody answered by the deadline."),
                *_dispatch(now, "Dispatched without an answer.", Role.PLATFORM),
            ]
        case Wait.RECOVERY, State.OWNER_CHECKED | State.REMOTE:
            return [Go(State.ON_SITE, "The readings did not recover in time."), Tell(News.DISPATCHED)]
        case Wait.RECOVERY, State.RESOLVED:
            return [
                Go(State.ON_SITE, "Reopened: the readings did not recover after the repair."),
                Tell(News.REOPENED),
            ]
        case Wait.CONFIRMATION, State.VERIFIED:
            return _confirmed(now, "The owner did not object in time.", Role.PLATFORM)
    return []


def on_command_end(now: Situation, name: str, state: str, reason: str) -> list[Decision]:
    """Decide when a command of a ticket came to its end."""
    if state == "done":
        done = Note(f"The appliance carried out {name}.")
        return [done, WaitFor(Wait.RECOVERY, _recovery(now))] if now.state is State.REMOTE else [done]
    why = f"The command {name} ended as {state}{f': {reason}' if reason else ''}."
    if now.state is State.REMOTE and now.abnormal:
        return [Go(State.ON_SITE, why), Tell(News.DISPATCHED)]
    return [Note(why)]


def after_staff_move(before: State, now: Situation) -> list[Decision]:
    """Decide what follows once a person has moved a ticket from ``before`` to where it stands."""
    match now.state:
        case State.RESOLVED if not now.abnormal:
            return _verified(now, "The readings are normal.")
        case State.RESOLVED:
            return [WaitFor(Wait.RECOVERY, _recovery(now))]
        case State.PLANNED:
            return [Tell(News.PLANNED)]
        case State.ON_SITE if before in _WITH_OWNER or before is State.REMOTE:
            return [Tell(News.DISPATCHED)]
        case State.ON_SITE if before is State.PLANNED:
            return [Tell(News.UNPLANNED)]
        case State.ON_SITE if before in (State.RESOLVED, State.VERIFIED, State.CLOSED, State.CANCELLED):
            return [Tell(News.REOPENED)]
        case State.CONFIRMED:
            return [Go(State.CLOSED, "Done.", outcome=now.outcome), Tell(News.CLOSED)]
        case State.CANCELLED:
            return [Tell(News.CANCELLED)]
    return []


def check_offered(offered: Collection[str], answer: str) -> None:
    """Return if this answer was offered.

    Raises:
        InvalidMessageError: it was not; says what can be answered.
    """
    if not offered:
        raise InvalidMessageError("wrong_shape", "This message asks nothing: it takes no answer.")
    if answer not in offered:
        raise InvalidMessageError(
            "wrong_shape", f"{answer!r} is not an answer to this question: choose {' or '.join(offered)}."
        )


def check_repeat(given: str | None, answer: str) -> bool:
    """Return whether this answer has been given before.

    Raises:
        ConflictError: another answer has been given.
    """
    if given is not None and given != answer:
        raise ConflictError(f"This question was answered already, with {given!r}.")
    return given is not None


def _afar(fault: Fault | None) -> bool:
    return fault is not None and fault.remedy in ("remote", "owner")


def _remote_work(fault: Fault | None) -> list[Decision]:
    if fault is None or not fault.command:
        return []  # an engineer looks at it
    return [Command(fault.command)]  # once it is done, the readings get time to recover


def _dispatch(now: Situation, note: str, role: Role) -> list[Decision]:
    if now.fault is not None and now.fault.remedy == "remote":
        return [Go(State.REMOTE, note, role), Tell(News.REMOTE), *_remote_work(now.fault)]
    return [Go(State.ON_SITE, note, role), Tell(News.DISPATCHED)]


def _verified(now: Situation, note: str) -> list[Decision]:
    return [
        Go(State.VERIFIED, note),
        Tell(News.VERIFIED),
        WaitFor(Wait.CONFIRMATION, timedelta(hours=now.waits.confirmation_h)),
    ]


def _confirmed(now: Situation, note: str, role: Role) -> list[Decision]:
    return [
        Go(State.CONFIRMED, note, role),
        Go(State.CLOSED, "Done.", outcome=now.outcome),
        Tell(News.CLOSED),
    ]


def _avoided(now: Situation) -> bool:
    """Whether somebody's doing, not chance, saved a visit: an owner who was asked, or a command."""
    if now.state is State.OWNER_ASKED:
        return now.fault is not None and now.fault.remedy == "owner"
    return now.state is State.REMOTE and now.commanded


def _recovery(now: Situation) -> timedelta:
    if now.fault is None:
        return timedelta(hours=now.waits.unknown_recovery_h)
    return timedelta(minutes=now.fault.recovery_minutes)
