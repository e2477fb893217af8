"""How tickets, times and figures are said to staff: order, words, tones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.schemas import EngineerPublic, MessagePublic, TicketPublic, TicketSummary
from services.tickets.lifecycle import MOVES, TERMINAL, Demand, Role, State

Tone = Literal["critical", "warn", "ok", "info", "accent", "neutral"]

STATES: dict[str, tuple[str, Tone]] = {
    "owner_asked": ("Owner asked", "info"),
    "owner_checked": ("Owner checked", "info"),
    "unanswered": ("No answer", "warn"),
    "recovered": ("Recovered", "ok"),
    "remote": ("Remote", "accent"),
    "on_site": ("Needs a visit", "warn"),
    "planned": ("Visit planned", "accent"),
    "visiting": ("Engineer on site", "accent"),
    "resolved": ("Resolved", "ok"),
    "verified": ("Verified", "ok"),
    "confirmed": ("Confirmed", "ok"),
    "on_hold": ("On hold", "neutral"),
    "closed": ("Closed", "neutral"),
    "cancelled": ("Cancelled", "neutral"),
    "merged": ("Merged", "neutral"),
}
URGENCIES: dict[str, tuple[str, Tone]] = {
    "urgent": ("Urgent", "critical"),
    "soon": ("Soon", "warn"),
    "routine": ("Routine", "neutral"),
}
ORIGINS = {
    "predicted": "Predicted",
    "detected": "Detected",
    "fault_code": "Fault code",
    "owner": "Reported by owner",
    "inspection": "Found at inspection",
}
OUTCOMES = {
    "confirmed": "Cause confirmed",
    "other_fault": "Another fault",
    "no_fault_found": "No fault found",
    "owner_fixed": "Put right by the owner",
    "recovered": "Recovered by itself",
    "cancelled": "Called off",
}
REPAIR_OUTCOMES = ("confirmed", "other_fault", "no_fault_found")
COMMAND_STATES: dict[str, tuple[str, Tone]] = {
    "awaiting_consent": ("Waits for the owner", "info"),
    "queued": ("Queued", "neutral"),
    "sent": ("Sent", "accent"),
    "done": ("Done", "ok"),
    "refused": ("Refused", "warn"),
    "failed": ("Failed", "critical"),
    "expired": ("Expired", "warn"),
    "declined": ("Declined", "warn"),
}
# The inbox's views: key → (title, states of the ticket, what the API is asked for).
VIEWS: dict[str, tuple[str, frozenset[str], str]] = {
    "open": ("Open", frozenset(), "open"),
    "asked": ("Owner asked", frozenset({"owner_asked", "owner_checked", "unanswered"}), "open"),
    "site": ("On site", frozenset({"on_site", "planned", "visiting"}), "open"),
    "closed": ("Closed", frozenset(), "closed"),
    "all": ("All", frozenset(), "all"),
}
# What is waited for at the first deadline; from a planned visit on, it is the resolution that counts.
_TO_RESOLVE = frozenset({"planned", "visiting", "resolved", "verified", "confirmed"})
_URGENCY_RANK = {"urgent": 0, "soon": 1, "routine": 2}
# Within one urgency and deadline, what waits for us comes before what waits for somebody else.
_STATE_RANK = {
    name: rank
    for rank, name in enumerate(
        ("on_site", "unanswered", "remote", "visiting", "planned", "owner_asked", "owner_checked", "on_hold")
    )
}
_SOON = timedelta(minutes=30)
_FAR = datetime.max.replace(tzinfo=None)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class MoveForm:
    """A move that the ticket's page offers, and what its form asks for."""

    to: str
    label: str
    hint: str
    tone: Literal["primary", "plain", "danger"]
    note: bool
    assignee: bool
    window: bool
    repair: bool
    target: bool


def deadline(ticket: TicketSummary) -> datetime | None:
    """Return the deadline that runs now; None for a ticket that is closed or on hold."""
    if ticket.state in TERMINAL or ticket.state in ("on_hold", "recovered"):
        return None
    if ticket.state in _TO_RESOLVE:
        return ticket.resolve_by
    return ticket.respond_by or ticket.resolve_by


def order_tickets(tickets: list[TicketSummary]) -> list[TicketSummary]:
    """Order by what matters: open first, then urgency, then the deadline that runs, then whose turn it is.

    Closed tickets follow, the latest first.
    """

    def key(ticket: TicketSummary) -> tuple[int, int, datetime, int, float]:
        if ticket.state in TERMINAL:
            closed = ticket.closed_at or ticket.opened_at
            return (1, 0, _FAR, 0, -closed.timestamp())
        due = deadline(ticket)
        return (
            0,
            _URGENCY_RANK[ticket.urgency],
            due.replace(tzinfo=None) - (due.utcoffset() or timedelta()) if due else _FAR,
            _STATE_RANK.get(ticket.state, 99),
            ticket.opened_at.timestamp(),
        )

    return sorted(tickets, key=key)


def due_tone(due: datetime | None, now: datetime) -> Tone:
    """Return the tone of a countdown."""
    if due is None:
        return "neutral"
    if due <= now:
        return "critical"
    return "warn" if due - now <= _SOON else "neutral"


def say_span(span: timedelta) -> str:
    """Say a length of time in its largest unit, two for hours and days.

    >>> say_span(timedelta(minutes=3, seconds=20)), say_span(timedelta(hours=5, minutes=4))
    ('3 min', '5 h 4 min')
    """
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours and days < 7 else f"{days} d"


def say_ago(moment: datetime, now: datetime) -> str:
    """Say how far away a moment is.

    >>> say_ago(datetime(2026, 3, 1, 12, 0), datetime(2026, 3, 1, 12, 5))
    '5 min ago'
    """
    span = now - moment
    if abs(span) < timedelta(minutes=1):
        return "just now"
    return f"{say_span(span)} ago" if span > timedelta() else f"in {say_span(span)}"


def say_due(due: datetime, now: datetime) -> str:
    """Say how much time a deadline leaves."""
    return f"{say_span(due - now)} left" if due > now else f"{say_span(now - due)} over"


def say_moment(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment on the wall clock of ``zone``; the date only when it is not today.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    >>> say_moment(at, at, ZoneInfo("Asia/Shanghai"))
    '07:30'
    """
    here, today = moment.astimezone(zone), now.astimezone(zone)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    day = f"{_WEEKDAYS[here.weekday()]} {here.day} {_MONTHS[here.month - 1]}"
    return f"{day}, {here:%H:%M}" if here.year == today.year else f"{day} {here.year}, {here:%H:%M}"


def say_number(value: float | None, unit: str = "", *, bare: bool = False) -> str:
    """Return a reading for people: no more digits than its size bears, a true minus sign.

    ``bare`` leaves the unit out, for the first of two figures that share it.

    >>> say_number(-17.963, "°C"), say_number(None), say_number(1250.0, "W")
    ('−18.0 °C', '—', '1250 W')
    """
    if value is None:
        return "—"
    size = abs(value)
    places = 0 if size >= 1000 or float(value).is_integer() else 1 if size >= 10 else 2
    if unit in ("°C", "%"):
        places = min(places, 1) or 1
    text = f"{value:.{places}f}".replace("-", "−")
    return f"{text} {unit}" if unit and not bare else text


def say_reading(value: float | None, unit: str, device_class: str, *, switch: bool) -> str:
    """Return a reading as a word where it is a switch, else as a figure.

    >>> say_reading(1.0, "", "door", switch=True), say_reading(0.0, "", "", switch=True)
    ('Open', 'Off')
    """
    if switch and value in (0, 1):
        off, on = ("Closed", "Open") if device_class in ("door", "window", "opening") else ("Off", "On")
        return on if value else off
    return say_number(value, unit)


def told_apart_ms(messages: list[MessagePublic], rate: float = 1.0) -> float | None:
    """Return how many real milliseconds lie between telling the owner and the engineer of the same event.

    ``rate``: how many times as fast as real time the platform's clock runs.
    """
    owner = {m.created_at: m.sent_at for m in messages if m.audience == "owner" and m.sent_at}
    apart = [
        abs((m.sent_at - owner[m.created_at]).total_seconds()) * 1000 / rate
        for m in messages
        if m.audience == "engineer" and m.sent_at and m.created_at in owner
    ]
    return max(apart, default=None)


def suited_first(engineers: Sequence[EngineerPublic], ticket: TicketPublic) -> list[EngineerPublic]:
    """Return the engineers, those with the skill that the ticket demands and of its region first."""

    def rank(engineer: EngineerPublic) -> tuple[bool, bool]:
        far = bool(ticket.device.region) and engineer.region not in ("", ticket.device.region)
        return bool(ticket.skill) and ticket.skill not in engineer.skills, far

    return sorted(engineers, key=rank)


def offered_moves(state: str, targets: list[str]) -> list[MoveForm]:
    """Return the forms for the moves that the API says are possible, the expected one first."""
    forms = []
    for target in targets:
        move = MOVES.get((State(state), State(target)))
        demands = move.demands if move else frozenset()
        label = _LABELS.get((state, target)) or _LABELS.get(("", target), STATES[target][0])
        forms.append(
            MoveForm(
                to=target,
                label=label,
                # Where the owner may make the move too, the table speaks of the owner.
                hint=f"{move.why[:1].upper()}{move.why[1:]}." if move and Role.OWNER not in move.who else "",
                tone="danger" if target == "cancelled" else "plain",
                note=Demand.NOTE in demands,
                assignee=Demand.ASSIGNEE in demands,
                window=Demand.WINDOW in demands,
                repair=Demand.REPAIR in demands,
                target=Demand.TARGET in demands,
            )
        )
    forms.sort(key=lambda f: _EXPECTED.index(f.to) if f.to in _EXPECTED else 99)
    if forms and forms[0].tone == "plain":
        first = forms[0]
        forms[0] = MoveForm(
            first.to, first.label, first.hint, "primary", first.note, first.assignee, first.window,
            first.repair, first.target,
        )  # fmt: skip
    return forms


_LABELS = {
    ("", "on_site"): "Needs a visit",
    ("owner_asked", "on_site"): "Send an engineer",
    ("unanswered", "on_site"): "Send an engineer",
    ("owner_checked", "on_site"): "Send an engineer",
    ("planned", "on_site"): "Visit falls through",
    ("visiting", "on_site"): "Another visit is needed",
    ("on_hold", "on_site"): "Go on: visit",
    ("on_hold", "remote"): "Go on: remote",
    ("resolved", "on_site"): "Reopen",
    ("verified", "on_site"): "Reopen",
    ("closed", "on_site"): "Reopen",
    ("", "remote"): "Deal with it remotely",
    ("", "planned"): "Plan the visit",
    ("planned", "planned"): "Move the visit",
    ("", "visiting"): "Start the visit",
    ("", "resolved"): "Resolve",
    ("", "verified"): "Mark as verified",
    ("", "confirmed"): "Confirm",
    ("", "closed"): "Close",
    ("", "on_hold"): "Put on hold",
    ("", "cancelled"): "Call off",
    ("", "merged"): "Merge into another",
}
_EXPECTED = (
    "resolved", "visiting", "planned", "confirmed", "closed", "on_site", "remote", "verified", "on_hold",
    "merged", "cancelled",
)  # fmt: skip
