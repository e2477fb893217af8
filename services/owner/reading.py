"""What the owner's page reads: one household with its appliances, tickets, messages and insights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from zerodistance.errors import NotFoundError, UnavailableError

# Closed tickets stay on the page that long, so that a visit can still be rated.
_CLOSED_FOR = timedelta(days=14)
_MESSAGES_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Appliance:
    """One appliance of the household."""

    id: str
    type: str
    name: str
    model: str
    online: bool
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class HouseholdTicket:
    """A ticket as its owner may see it; ``engineer`` is the assignee's name."""

    id: str
    number: int
    device_id: str
    state: str
    cause: str
    urgency: str
    outcome: str
    outcome_cause: str
    visit_from: datetime | None
    visit_until: datetime | None
    opened_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    rating: int | None
    scored: bool
    engineer: str | None


@dataclass(frozen=True, slots=True)
class OwnerMessage:
    """A message to the owner; texts by language. ``purpose``: check, confirm or consent, "" for news."""

    id: str
    ticket_id: str | None
    device_id: str | None
    kind: str
    purpose: str
    body: dict[str, str]
    answers: dict[str, dict[str, str]]
    created_at: datetime
    deadline_at: datetime | None
    answer: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnerInsight:
    """The newest insight of each kind for an appliance."""

    id: str
    device_id: str
    kind: str
    body: dict[str, str]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Household:
    """Everything that the page shows, newest first."""

    id: str
    language: str
    time_zone: str
    name: str
    appliances: list[Appliance]
    tickets: list[HouseholdTicket]
    messages: list[OwnerMessage]
    insights: list[OwnerInsight]


def read_household(conn: psycopg.Connection[Any], household_id: str, now: datetime) -> Household:
    """Read one household.

    Args:
        conn: a connection; nothing is written.
        household_id: as in the signed link.
        now: platform time; what is older than the page's horizon is left out.

    Raises:
        NotFoundError: the household does not exist (any more).
        UnavailableError: the database does not answer.
    """
    try:
        return _read(conn, household_id, now)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"The database does not answer: {error}.") from error


def choose_language(conn: psycopg.Connection[Any], household_id: str, language: str) -> str:
    """Keep the language in which a household is told things, on its page and in its messages; return it."""
    conn.execute("UPDATE household SET language = %s WHERE id = %s", (language, household_id))
    return language


def _read(conn: psycopg.Connection[Any], household_id: str, now: datetime) -> Household:
    home = conn.execute(
        "SELECT h.language, h.time_zone, coalesce(o.name, '') FROM household h"
        " LEFT JOIN private.owner o ON o.household_id = h.id WHERE h.id = %s",
        (household_id,),
    ).fetchone()
    if home is None:
        raise NotFoundError("This household is not known: ask your service team for a new link.")
    with conn.cursor(row_factory=class_row(Appliance)) as cursor:
        appliances = cursor.execute(
            "SELECT id, type, name, model, online, last_seen_at FROM device"
            " WHERE household_id = %s AND retired_at IS NULL ORDER BY type, name, id",
            (household_id,),
        ).fetchall()
    with conn.cursor(row_factory=class_row(HouseholdTicket)) as cursor:
        tickets = cursor.execute(
            "SELECT t.id, t.number, t.device_id, t.state, t.cause, t.urgency, t.outcome, t.outcome_cause,"
            " t.visit_from, t.visit_until, t.opened_at, t.resolved_at, t.closed_at, t.rating,"
            " EXISTS (SELECT FROM rating_score s WHERE s.ticket_id = t.id) AS scored,"
            " e.name AS engineer FROM ticket t LEFT JOIN engineer e ON e.id = t.assignee"
            # what was handed over is not this household's any more
            " JOIN device d ON d.id = t.device_id AND d.household_id = t.household_id"
            " WHERE t.household_id = %s AND t.state NOT IN ('cancelled', 'merged')"
            " AND (t.closed_at IS NULL OR t.closed_at > %s) ORDER BY t.opened_at DESC LIMIT 50",
            (household_id, now - _CLOSED_FOR),
        ).fetchall()
    with conn.cursor(row_factory=class_row(OwnerMessage)) as cursor:
        messages = cursor.execute(
            "SELECT id, ticket_id, device_id, kind, purpose, body, answers, created_at, deadline_at, answer,"
            " answered_at FROM message m WHERE household_id = %s AND audience = 'owner'"
            " AND kind <> 'digest' AND created_at > %s"
            " AND sent_at <= %s AND (device_id IS NULL OR EXISTS (SELECT 1 FROM device d"
            " WHERE d.id = m.device_id AND d.household_id = m.household_id))"
            " ORDER BY created_at DESC, id LIMIT 50",
            (household_id, now - _MESSAGES_FOR, now),
        ).fetchall()
    with conn.cursor(row_factory=class_row(OwnerInsight)) as cursor:
        insights = cursor.execute(
            "SELECT DISTINCT ON (i.device_id, i.kind) i.id, i.device_id, i.kind, i.body, i.figures"
            " FROM insight i JOIN device d ON d.id = i.device_id"
            " WHERE d.household_id = %s AND d.retired_at IS NULL AND i.household_id = d.household_id"
            " ORDER BY i.device_id, i.kind, i.day DESC",
            (household_id,),
        ).fetchall()
    return Household(household_id, home[0], home[1], home[2], appliances, tickets, messages, insights)
