"""Telling an owner something about one appliance, in one event of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.messages import repository as messages
from services.messages.texts import fill
from services.tickets.repository import Device
from services.titles import Titles
from zerodistance.catalogue.model import Text
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class Question:
    """What an owner is asked along with a message.

    Attributes:
        purpose: consent or action: who takes the answer.
        answers: that are offered, with their words.
        options: answer → what it stands for (a command).
        deadline_at: until when it may be answered; None: ``within`` counts from when it may be sent.
        within: how long there is for the answer.
    """

    purpose: str
    answers: Mapping[str, Text]
    options: Mapping[str, Any] | None = None
    deadline_at: datetime | None = None
    within: timedelta | None = None


def tell_owner(
    conn: Connection,
    titles: Titles,
    device: Device,
    words: Text,
    values: Mapping[str, Text],
    *,
    kind: str,
    event_id: str,
    now: datetime,
    question: Question | None = None,
    digest: bool = False,
    ticket_id: str | None = None,
    command_id: str | None = None,
    channels: tuple[str, ...] = (),
) -> bool:
    """Write a message to the owner of an appliance, outside the quiet hours; once for each ``event_id``.

    Args:
        conn: inside the transaction that decided it.
        titles: names for people.
        device: the appliance; ``{appliance}`` in the words is what its owner calls it.
        words: templates by language.
        values: what fills their other fields.
        kind: as in :class:`~services.messages.repository.Draft`.
        event_id: told before under this id, it is not told again.
        now: platform time.
        question: what the owner is asked.
        digest: it can wait for the digest of the day on further channels.
        ticket_id: the ticket that it belongs to.
        command_id: the command that it belongs to.
        channels: further channels than the inbox.

    Returns:
        Whether there is an owner to tell.
    """
    if device.household_id is None:
        return False
    home = messages.household(conn, device.household_id)
    released = home.release(now)
    deadline = question.deadline_at if question is not None else None
    if question is not None and question.within is not None:
        deadline = released + question.within
    draft = messages.Draft(
        audience="owner",
        kind=kind,
        purpose=question.purpose if question is not None else "",
        body=fill(words, {"appliance": titles.appliance(device.type, device.name), **values}),
        answers=question.answers if question is not None else None,
        options=question.options if question is not None else None,
        not_before=released,
        deadline_at=deadline,
        digest=digest,
    )
    messages.put_event(
        conn,
        [draft],
        tenant=device.tenant_id,
        now=now,
        urgent=False,
        household_id=home.id,
        device_id=device.id,
        ticket_id=ticket_id,
        command_id=command_id,
        event_id=event_id,
        channels=channels,
    )
    return True
