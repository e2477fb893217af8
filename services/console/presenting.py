"""How tickets, times and figures are said to staff: order, words, tones. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from services.console.words import ENGLISH, Words
from services.schemas import EngineerPublic, MessagePublic, TicketPublic, TicketSummary
from services.tickets.lifecycle import MOVES, TERMINAL, Demand, State

Tone = Literal["critical", "warn", "ok", "info", "accent", "neutral"]

# A code's tone; its name is a text of the same section (``state.on_hold``).
STATES: dict[str, Tone] = {
    "owner_asked": "info",
    "owner_checked": "info",
    "unanswered": "warn",
    "recovered": "ok",
    "remote": "accent",
    "on_site": "warn",
    "planned": "accent",
    "visiting": "accent",
    "resolved": "ok",
    "verified": "ok",
    "confirmed": "ok",
    "on_hold": "neutral",
    "closed": "neutral",
    "cancelled": "neutral",
    "merged": "neutral",
}
URGENCIES: dict[str, Tone] = {"urgent": "critical", "soon": "warn", "routine": "neutral"}
ORIGINS = ("predicted", "detected", "fault_code", "owner", "inspection")
REPAIR_OUTCOMES = ("confirmed", "other_fault", "no_fault_found")
COMMAND_STATES: dict[str, Tone] = {
    "awaiting_consent": "info",
    "queued": "neutral",
    "sent": "accent",
    "done": "ok",
    "refused": "warn",
    "failed": "critical",
    "expired": "warn",
    "declined": "warn",
}
# The inbox's views: key → (states of the ticket, what the API is asked for).
VIEWS: dict[str, tuple[frozenset[str], str]] = {
    "open": (frozenset(), "open"),
    "asked": (frozenset({"owner_asked", "owner_checked", "unanswered"}), "open"),
    "site": (frozenset({"on_site", "planned", "visiting"}), "open"),
    "closed": (frozenset(), "closed"),
    "all": (frozenset(), "all"),
}
# Of a product issue, which engineers' findings open and people of the product side move.
ISSUE_STATES: dict[str, Tone] = {
    "open": "warn",
    "investigating": "accent",
    "mended": "ok",
    "dismissed": "neutral",
}


class Section(NamedTuple):
    """A place of the console.

    Attributes:
        letter: the key that goes there, after ``g``.
        permission: without it the place is not offered.
    """

    key: str
    path: str
    icon: str
    letter: str
    permission: str


SECTIONS = (
    Section("tickets", "/", "inbox", "t", "tickets:read"),
    Section("plan", "/plan", "plan", "p", "plan:read"),
    Section("campaigns", "/campaigns", "campaign", "c", "campaigns:read"),
    Section("issues", "/product-issues", "pattern", "r", "issues:read"),
    Section("inspections", "/inspections", "gauge", "i", "tickets:read"),
    Section("devices", "/devices", "fleet", "d", "devices:read"),
    Section("unclaimed", "/unclaimed", "unclaimed", "u", "devices:claim"),
    Section("figures", "/figures", "chart", "f", "figures:read"),
)
# What stands in a phone's bar, as far as a role may go there; the rest is behind "more".
_FIRST = ("tickets", "plan", "devices", "issues", "campaigns", "figures")
_IN_BAR = 3
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


def sections_for(may: Callable[[str], bool]) -> list[Section]:
    """Return the places that somebody may go to."""
    return [section for section in SECTIONS if may(section.permission)]


def bar_for(may: Callable[[str], bool]) -> list[Section]:
    """Return the places in a phone's bar, what matters most to a role first."""
    open_to = sorted(
        (section for section in sections_for(may) if section.key in _FIRST),
        key=lambda section: _FIRST.index(section.key),
    )
    return open_to[:_IN_BAR]


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


def say_span(span: timedelta, words: Words = ENGLISH) -> str:
    """Say a length of time in its largest unit, two for hours and days.

    >>> say_span(timedelta(minutes=3, seconds=20)), say_span(timedelta(hours=5, minutes=4))
    ('3 min', '5 h 4 min')
    """
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 1:
        return words("time.under_minute")
    if minutes < 60:
        return words("time.minutes", n=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return words("time.hours_minutes", n=hours, m=minutes) if minutes else words("time.hours", n=hours)
    days, hours = divmod(hours, 24)
    return words("time.days_hours", n=days, h=hours) if hours and days < 7 else words("time.days", n=days)


def say_ago(moment: datetime, now: datetime, words: Words = ENGLISH) -> str:
    """Say how far away a moment is.

    >>> say_ago(datetime(2026, 3, 1, 12, 0), datetime(2026, 3, 1, 12, 5))
    '5 min ago'
    """
    span = now - moment
    if abs(span) < timedelta(minutes=1):
        return words("time.now")
    return words("time.ago" if span > timedelta() else "time.ahead", span=say_span(span, words))


def say_due(due: datetime, now: datetime, words: Words = ENGLISH) -> str:
    """Say how much time a deadline leaves."""
    return words("time.left" if due > now else "time.over", span=say_span(due - now, words))


def say_moment(moment: datetime, now: datetime, zone: ZoneInfo, words: Words = ENGLISH) -> str:
    """Return a moment on the wall clock of ``zone``; the date only when it is not today.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    >>> say_moment(at, at, ZoneInfo("Asia/Shanghai"))
    '07:30'
    """
    here, today = moment.astimezone(zone), now.astimezone(zone)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return words("time.moment", day=words.day(here, year=here.year != today.year), clock=f"{here:%H:%M}")


def say_window(
    begin: datetime, until: datetime, now: datetime, zone: ZoneInfo, words: Words = ENGLISH
) -> str:
    """Return a visit window on the wall clock of ``zone``.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> say_window(at, at + timedelta(hours=2), at - timedelta(days=1), ZoneInfo("UTC"))
    'tomorrow, 09:00 to 11:00'
    """
    here, end, today = (moment.astimezone(zone) for moment in (begin, until, now))
    away = (here.date() - today.date()).days
    day = words(("time.today", "time.tomorrow")[away]) if away in (0, 1) else words.day(here)
    return words("time.window", day=day, start=f"{here:%H:%M}", end=f"{end:%H:%M}")


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


def say_reading(
    value: float | None, unit: str, device_class: str, *, switch: bool, words: Words = ENGLISH
) -> str:
    """Return a reading as a word where it is a switch, else as a figure.

    >>> say_reading(1.0, "", "door", switch=True), say_reading(0.0, "", "", switch=True)
    ('Open', 'Off')
    """
    if switch and value in (0, 1):
        pair = ("closed", "open") if device_class in ("door", "window", "opening") else ("off", "on")
        return words(f"reading.{pair[1] if value else pair[0]}")
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


def offered_moves(state: str, targets: list[str], words: Words = ENGLISH) -> list[MoveForm]:
    """Return the forms for the moves that the API says are possible, the expected one first."""
    forms = []
    for target in targets:
        move = MOVES.get((State(state), State(target)))
        demands = move.demands if move else frozenset()
        hint = f"hint.{state}_{target}" if words.knows(f"hint.{state}_{target}") else f"hint.{target}"
        label = f"{state}_{target}" if words.knows(f"move.{state}_{target}") else target
        forms.append(
            MoveForm(
                to=target,
                label=words.named("move", label),
                hint=words(hint) if words.knows(hint) else "",
                tone="danger" if target == "cancelled" else "plain",
                note=Demand.NOTE in demands,
                assignee=Demand.ASSIGNEE in demands,
                window=Demand.WINDOW in demands,
                repair=Demand.REPAIR in demands,
                target=Demand.TARGET in demands,
            )
        )
    # A visit that nobody has planned is planned; one that is agreed is begun.
    first = "planned" if state == "on_site" else ""
    forms.sort(key=lambda f: -1 if f.to == first else _EXPECTED.index(f.to) if f.to in _EXPECTED else 99)
    if forms and forms[0].tone == "plain":
        forms[0] = replace(forms[0], tone="primary")
    return forms


_EXPECTED = (
    "resolved", "visiting", "planned", "confirmed", "closed", "on_site", "remote", "verified", "on_hold",
    "merged", "cancelled",
)  # fmt: skip
