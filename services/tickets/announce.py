"""Tell owner and engineer: one event, both messages, one ``created_at``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.messages import repository as messages
from services.messages.quiet import zone_of
from services.messages.texts import NEWS, WINDOW_QUESTION, fill
from services.tickets.repository import Device, Ticket
from services.tickets.rules import News
from services.titles import Titles
from zerodistance.catalogue.model import Text
from zerodistance.store.database import Connection

# News that may wake a household if the ticket is urgent; everything else waits for the morning.
_MAY_WAKE = frozenset(
    {News.ASKED, News.REMOTE, News.DISPATCHED, News.PLANNED, News.UNPLANNED, News.REOPENED, News.RECOVERED}
)


def announce(
    conn: Connection,
    titles: Titles,
    device: Device,
    ticket: Ticket,
    news: News,
    *,
    now: datetime,
    answer_within: timedelta | None = None,
    channels: tuple[str, ...] = (),
    offers: tuple[Mapping[str, Text], Mapping[str, Any]] | None = None,
) -> datetime:
    """Write the messages of one event and return when the owner's may be sent (``now`` without an owner).

    Args:
        conn: inside the transaction that decided it.
        titles: names for people.
        device: the ticket's appliance.
        ticket: as it stands now.
        news: what happened.
        now: platform time, the ``created_at`` of both.
        answer_within: how long the owner has for the answer, from the moment it may be sent.
        channels: further channels than the inbox.
        offers: visit windows as answers, and what each stands for; None or empty: none.
    """
    words = NEWS[news]
    urgent = ticket.urgency == "urgent" and news in _MAY_WAKE
    home = messages.household(conn, device.household_id) if device.household_id else None
    fault = titles.fault(device.type, ticket.cause)
    question = fault.question if fault is not None and news is News.ASKED else None
    values: dict[str, Text] = {
        "appliance": titles.appliance(device.type, device.name),
        "device": {"en": label_of(device)},
        "cause": titles.cause(device.type, ticket.cause),
        "summary": ticket.summary or {"en": ""},
        "advice": fault.advice if fault is not None else {"en": ""},
        "question": question.text if question is not None else {"en": ""},
        "window": {"en": _window(ticket, home.time_zone if home else "UTC")},
    }
    drafts = [
        messages.Draft(audience="engineer", kind="ticket", body=fill(words.engineer, values), not_before=now)
    ]
    released = now
    if home is not None:
        windows, options = offers if offers is not None else ({}, {})
        answers = question.answers if question is not None else (windows or words.answers)
        purpose = "check" if question is not None else "window" if windows else "confirm"
        body = fill(words.owner, values)
        if windows:
            body = {language: f"{text} {WINDOW_QUESTION[language]}" for language, text in body.items()}
        released = now if urgent else home.release(now)
        drafts.insert(
            0,
            messages.Draft(
                audience="owner",
                kind="question" if answers else "notice",
                purpose=purpose if answers else "",
                body=body,
                answers=answers,
                options=options,
                not_before=released,
                deadline_at=released + answer_within if answers and answer_within else None,
            ),
        )
    messages.put_event(
        conn,
        drafts,
        tenant=ticket.tenant_id,
        now=now,
        urgent=urgent,
        household_id=device.household_id,
        device_id=device.id,
        ticket_id=ticket.id,
        channels=channels,
    )
    return released


def label_of(device: Device) -> str:
    """Return what staff call an appliance: its name and id."""
    return f"{device.name} ({device.id})" if device.name else device.id


def _window(ticket: Ticket, zone_name: str) -> str:
    """Say the visit window in the household's own time."""
    if ticket.visit_from is None or ticket.visit_until is None:
        return ""
    return say_window(ticket.visit_from, ticket.visit_until, zone_of(zone_name))


def say_window(begin: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Say a window in a time zone; the day once where it is the same.

    >>> from datetime import UTC
    >>> say_window(datetime(2026, 3, 3, 8, tzinfo=UTC), datetime(2026, 3, 3, 10, tzinfo=UTC), ZoneInfo("UTC"))
    '2026-03-03 08:00–10:00'
    """
    first, last = begin.astimezone(zone), until.astimezone(zone)
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M}–{end}"
