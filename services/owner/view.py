"""From a household's rows to what its page says: pure, in the owner's language and time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.figures import ASPECTS
from services.owner.reading import Appliance, Household, HouseholdTicket, OwnerInsight, OwnerMessage
from services.owner.texts import LANGUAGES, TEXTS, pick, say_moment, say_window
from zerodistance.catalogue.model import Catalogue

Badge = Literal["ok", "attention", "handled", "offline"]
_CLOSED = frozenset({"closed"})
# The visit has taken place and telemetry agrees (or the platform waited long enough): time for a rating.
_RATEABLE = frozenset({"verified", "confirmed", "closed"})
# Answered late, a check still stops a visit that nobody has planned.
_CHECKABLE = frozenset({"owner_asked", "unanswered", "on_site"})
_VISIT_OUTCOMES = frozenset({"confirmed", "other_fault", "no_fault_found"})


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with its one-tap answers: (key, text) each; ``approval``: nothing is done without a yes."""

    message_id: str
    text: str
    answers: list[tuple[str, str]]
    answer_by: str
    approval: bool


@dataclass(frozen=True, slots=True)
class RatingView:
    """A visit to rate from 1 to 5, or the rating given; ``wanted``: the platform waits for a word.

    ``aspects`` are (key, text) of the sub-scores that may be added to a rating that was given.
    """

    ticket_id: str
    given: str
    wanted: bool
    rating: int | None
    aspects: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class InsightView:
    """An insight; ``bars`` are (label, figure as text, share of the larger one, 0 to 100)."""

    text: str
    bars: list[tuple[str, str, float]]


@dataclass(frozen=True, slots=True)
class ApplianceView:
    """One appliance's card, from the most pressing downwards."""

    id: str
    type: str
    title: str
    subtitle: str
    badge: Badge
    badge_text: str
    health: str
    cause: str
    visit: str
    questions: list[QuestionView]
    answered: list[str]
    ratings: list[RatingView]
    insights: list[InsightView]
    past: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page."""

    language: str
    greeting: str
    headline: str
    needs_you: bool
    appliances: list[ApplianceView]
    messages: list[tuple[str, str]]


def build_page(home: Household, catalogue: Catalogue, now: datetime) -> PageView:
    """Return what the page shows of ``home`` at time ``now``; appliances that need the owner first."""
    teller = _Teller(home, catalogue, now)
    cards = sorted((teller.card(a) for a in home.appliances), key=lambda c: _ORDER[c.badge])
    t = teller.texts
    waiting = sum(len(c.questions) or any(r.wanted for r in c.ratings) for c in cards)
    if waiting:
        headline = t["one_needs_you"] if waiting == 1 else t["some_need_you"].format(count=waiting)
    elif any(c.badge == "handled" for c in cards):
        headline = t["being_handled"]
    elif any(c.badge == "offline" for c in cards) or not cards:
        headline = ""
    else:
        headline = t["all_well"]
    return PageView(
        language=teller.language,
        greeting=t["greeting"].format(name=home.name) if home.name else t["greeting_nameless"],
        headline=headline,
        needs_you=waiting > 0,
        appliances=cards,
        messages=[(teller.text(m.body), teller.moment(m.created_at)) for m in home.messages[:10]],
    )


_ORDER: dict[Badge, int] = {"attention": 0, "handled": 1, "offline": 2, "ok": 3}


class _Teller:
    """Says things about one household in its language and time zone."""

    def __init__(self, home: Household, catalogue: Catalogue, now: datetime) -> None:
        self.home = home
        self.catalogue = catalogue
        self.language = home.language if home.language in LANGUAGES else "en"
        self.texts = TEXTS[self.language]
        try:
            self.zone = ZoneInfo(home.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            self.zone = ZoneInfo("UTC")
        self.now = now.astimezone(self.zone)

    def text(self, text: dict[str, str]) -> str:
        return pick(text, self.language)

    def moment(self, moment: datetime) -> str:
        return say_moment(moment.astimezone(self.zone), self.now, self.language)

    def card(self, appliance: Appliance) -> ApplianceView:
        kind = self.catalogue.get(appliance.type)
        type_title = self.text(kind.title) if kind else appliance.type
        tickets = [t for t in self.home.tickets if t.device_id == appliance.id]
        current = next((t for t in tickets if t.state not in _CLOSED), None)
        latest = current or next(iter(tickets), None)
        messages = [m for m in self.home.messages if m.device_id == appliance.id]
        current_id = current.id if current else None
        questions = [self.question(m) for m in messages if m.answers and m.answer is None and self._open(m)]
        answered = [
            self.answered(m)
            for m in messages
            if m.answer is not None and m.ticket_id is not None and m.ticket_id == current_id
        ]
        ratings = [self.rating(t) for t in tickets if self._rateable(t)]
        badge: Badge = "ok"
        if questions or any(r.wanted for r in ratings):
            badge = "attention"
        elif current is not None:
            badge = "handled"
        elif not appliance.online:
            badge = "offline"
        return ApplianceView(
            id=appliance.id,
            type=appliance.type,
            title=appliance.name or type_title,
            subtitle=" · ".join(p for p in (type_title if appliance.name else "", appliance.model) if p),
            badge=badge,
            badge_text=self.texts[f"badge_{badge}"],
            health=self.health(appliance, latest, bool(questions)),
            cause=self.cause(latest) if latest else "",
            visit=self.visit(current) if current else "",
            questions=questions,
            answered=answered,
            ratings=ratings,
            insights=[self.insight(i) for i in self.home.insights if i.device_id == appliance.id],
            past=[self.past(t) for t in tickets if t.state in _CLOSED and t is not latest],
        )

    def health(self, appliance: Appliance, ticket: HouseholdTicket | None, asked: bool) -> str:
        t = self.texts
        if ticket is not None and ticket.state not in _CLOSED:
            if ticket.state == "owner_asked" and not asked:
                return t["state_owner_asked_answered"]
            return t[f"state_{ticket.state}"]
        if not appliance.online:
            if appliance.last_seen_at is None:
                return t["health_never"]
            return t["health_offline"].format(when=self.moment(appliance.last_seen_at))
        if ticket is not None and (self.now - ticket.opened_at).days < 2:
            kind = ticket.outcome if ticket.outcome in ("recovered", "owner_fixed") else "visit"
            return t[f"state_closed_{kind}"]
        return t["health_ok"]

    def cause(self, ticket: HouseholdTicket) -> str:
        """Say the cause of a ticket that is past asking: while the owner looks, nothing is certain."""
        if ticket.state in ("owner_asked", "owner_checked", "recovered") or ticket.outcome in (
            "recovered",
            "owner_fixed",
            "no_fault_found",
        ):
            return ""
        if ticket.state in _CLOSED and (self.now - ticket.opened_at).days >= 2:
            return ""
        found = ticket.outcome_cause or (ticket.cause if ticket.outcome == "confirmed" else "")
        appliance = next((a for a in self.home.appliances if a.id == ticket.device_id), None)
        kind = self.catalogue.get(appliance.type) if appliance else None
        fault = kind.faults.get(found or ticket.cause) if kind else None
        if fault is None:
            return ""
        key = "found_cause" if found else "likely_cause"
        return self.texts[key].format(cause=self.text(fault.title))

    def visit(self, ticket: HouseholdTicket) -> str:
        if (
            ticket.visit_from is None
            or ticket.visit_until is None
            or ticket.state not in ("planned", "visiting")
        ):
            return ""
        window = say_window(
            ticket.visit_from.astimezone(self.zone),
            ticket.visit_until.astimezone(self.zone),
            self.now,
            self.language,
        )
        key = "visit_by" if ticket.engineer else "visit_when"
        line = self.texts[key].format(engineer=ticket.engineer, when=window)
        return line[:1].upper() + line[1:]

    def question(self, message: OwnerMessage) -> QuestionView:
        return QuestionView(
            message_id=message.id,
            text=self.text(message.body),
            answers=[(key, self.text(text)) for key, text in message.answers.items()],
            answer_by=self.texts["answer_by"].format(when=self.moment(message.deadline_at))
            if message.deadline_at
            else "",
            approval=message.purpose == "consent" or "approve" in message.answers,
        )

    def answered(self, message: OwnerMessage) -> str:
        given = self.text(message.answers.get(message.answer or "", {})) or (message.answer or "")
        when = self.moment(message.answered_at or message.created_at)
        return self.texts["you_answered"].format(answer=given, when=when)

    def rating(self, ticket: HouseholdTicket) -> RatingView:
        given = self.texts["rated"].format(count=ticket.rating) if ticket.rating else ""
        asked = ASPECTS if ticket.rating and not ticket.scored else ()
        return RatingView(
            ticket.id,
            given,
            wanted=ticket.state == "verified" and not given,
            rating=ticket.rating,
            aspects=[(aspect, self.texts[f"aspect_{aspect}"]) for aspect in asked],
        )

    def past(self, ticket: HouseholdTicket) -> tuple[str, str]:
        """Return what a finished ticket was about, and when it ended."""
        appliance = next((a for a in self.home.appliances if a.id == ticket.device_id), None)
        kind = self.catalogue.get(appliance.type) if appliance else None
        fault = kind.faults.get(ticket.outcome_cause or ticket.cause) if kind else None
        cause = self.text(fault.title) if fault else ""
        done = self.texts["past_visit" if ticket.outcome in _VISIT_OUTCOMES else "past_recovered"]
        between = ": " if self.language == "en" else "，"
        said = between.join(part for part in (cause, done) if part)
        return said, self.moment(ticket.closed_at or ticket.opened_at)

    def insight(self, insight: OwnerInsight) -> InsightView:
        usual, latest = insight.figures.get("usual_kwh"), insight.figures.get("kwh")
        bars: list[tuple[str, str, float]] = []
        if isinstance(usual, (int, float)) and isinstance(latest, (int, float)) and max(usual, latest) > 0:
            top = max(usual, latest)
            bars = [
                (self.texts["insight_now"], f"{latest:.2f} kWh", 100 * latest / top),
                (self.texts["insight_usual"], f"{usual:.2f} kWh", 100 * usual / top),
            ]
        return InsightView(self.text(insight.body), bars)

    def _open(self, message: OwnerMessage) -> bool:
        """Say whether an answer still changes anything, as the rules of tickets have it."""
        if message.purpose == "consent" or message.ticket_id is None:
            return message.deadline_at is None or message.deadline_at > self.now
        ticket = next((t for t in self.home.tickets if t.id == message.ticket_id), None)
        if ticket is None:
            return False
        return ticket.state == "verified" if message.purpose == "confirm" else ticket.state in _CHECKABLE

    def _rateable(self, ticket: HouseholdTicket) -> bool:
        return (
            ticket.state in _RATEABLE and ticket.outcome in _VISIT_OUTCOMES and ticket.resolved_at is not None
        )
