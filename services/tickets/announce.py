"""Tell owner and engineer: one event, both messages, one ``created_at``."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.messages import repository as messages
from services.messages.quiet import zone_of
from services.messages.texts import NEWS, fill
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
    """
    words = NEWS[news]
    urgent = ticket.urgency == "urgent" and news in _MAY_WAKE
    home = messages.household(conn, device.household_id) if device.household_id else None
    fault = titles.fault(device.type, ticket.cause)
    question = fault.question if fault is not None and news is News.ASKED else None
    values: dict[str, Text] = {
        "appliance": {"en": device.name} if device.name else titles.type(device.type),
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
        answers = question.answers if question is not None else words.answers
        released = now if urgent else home.release(now)
        drafts.insert(
            0,
            messages.Draft(
                audience="owner",
                kind="question" if answers else "notice",
                purpose=("check" if question is not None else "confirm") if answers else "",
                body=fill(words.owner, values),
                answers=answers,
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
    zone = zone_of(zone_name)
    begin, end = ticket.visit_from.astimezone(zone), ticket.visit_until.astimezone(zone)
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M}–{until}"
