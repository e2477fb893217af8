"""Messages in the database: written in pairs by one event, answered once, marked when sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.messages import quiet
from zerodistance.catalogue.model import Text
from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class Household:
    """What is needed to tell a household something at the right time."""

    id: str
    time_zone: str
    language: str
    quiet_from: time
    quiet_until: time

    def release(self, now: datetime) -> datetime:
        """Return the first moment from ``now`` on outside the quiet hours."""
        return quiet.release(now, quiet.zone_of(self.time_zone), self.quiet_from, self.quiet_until)


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the table ``message``."""

    id: str
    event_id: str
    audience: str
    household_id: str | None
    ticket_id: str | None
    device_id: str | None
    command_id: str | None
    kind: str
    purpose: str
    body: Text
    answers: dict[str, Text]
    urgent: bool
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None
    deadline_at: datetime | None
    answer: str | None
    answered_at: datetime | None
    options: dict[str, Any]
    digest: bool


_COLUMNS = (
    "id, event_id, audience, household_id, ticket_id, device_id, command_id, kind, purpose, body, answers,"
    " urgent, created_at, not_before, sent_at, deadline_at, answer, answered_at, options, digest"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """One side's message, to be written with :func:`put_event`.

    Attributes:
        kind: question, notice, ticket, insight or reminder.
        purpose: what a question is for: check, confirm, consent.
        not_before: held back until then.
        options: answer → what it stands for (a visit window, a command).
        digest: it can wait: further channels get it together with others, once a day.
    """

    audience: str
    kind: str
    body: Text
    not_before: datetime
    answers: Mapping[str, Text] | None = None
    purpose: str = ""
    deadline_at: datetime | None = None
    options: Mapping[str, Any] | None = None
    digest: bool = False


def household(conn: Connection, household_id: str) -> Household:
    """Return what is known of a household.

    Raises:
        NotFoundError: there is no such household.
    """
    with conn.cursor(row_factory=class_row(Household)) as cursor:
        row = cursor.execute(
            "SELECT id, time_zone, language, quiet_from, quiet_until FROM household WHERE id = %s",
            (household_id,),
        ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no household {household_id!r}.")
    return row


def put_event(
    conn: Connection,
    drafts: list[Draft],
    *,
    tenant: int,
    now: datetime,
    urgent: bool,
    household_id: str | None,
    device_id: str,
    ticket_id: str | None = None,
    command_id: str | None = None,
    event_id: str = "",
    channels: tuple[str, ...] = (),
) -> str:
    """Write the messages of one event, with one ``created_at``; return the event's id.

    An event that was written before (the same id) is left as it is.

    Args:
        conn: inside the transaction that decided it.
        drafts: at most one for each audience.
        channels: further channels than the inbox that each is delivered through.
    """
    event_id = event_id or uuid.uuid4().hex
    for draft in drafts:
        message_id = f"{event_id}-{draft.audience}"
        written = conn.execute(
            "INSERT INTO message (id, tenant_id, event_id, audience, household_id, ticket_id, device_id,"
            " command_id, kind, purpose, body, answers, urgent, created_at, not_before, deadline_at,"
            " options, digest)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (event_id, audience) DO NOTHING RETURNING 1",
            (
                message_id,
                tenant,
                event_id,
                draft.audience,
                household_id,
                ticket_id,
                device_id,
                command_id,
                draft.kind,
                draft.purpose,
                Jsonb(draft.body),
                Jsonb(dict(draft.answers or {})),
                urgent,
                now,
                draft.not_before,
                draft.deadline_at,
                Jsonb(dict(draft.options or {})),
                draft.digest,
            ),
        ).fetchone()
        for channel in channels if written else ():
            if not serves(channel, draft.audience):
                continue
            conn.execute(
                "INSERT INTO delivery (message_id, channel) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (message_id, channel),
            )
    return event_id


def serves(channel: str, audience: str) -> bool:
    """Return whether a channel is for an audience: ``staff-…`` and ``owner-…`` are for one, others for all.

    >>> serves("staff-1", "owner"), serves("owner-1", "owner"), serves("webhook", "dispatcher")
    (False, True, True)
    """
    kind = channel.partition("-")[0]
    return kind not in ("staff", "owner") or (kind == "owner") == (audience == "owner")


def get(conn: Connection, message_id: str, *, lock: bool = False) -> Message:
    """Return one message; with ``lock`` it stays ours until the transaction ends.

    Raises:
        NotFoundError: there is no such message.
    """
    query = f"SELECT {_COLUMNS} FROM message WHERE id = %s"  # noqa: S608 - a constant of this module
    with conn.cursor(row_factory=class_row(Message)) as cursor:
        row = cursor.execute(query + " FOR UPDATE" if lock else query, (message_id,)).fetchone()
    if row is None:
        raise NotFoundError("There is no such message.")
    return row


def of_ticket(conn: Connection, ticket_id: str) -> list[Message]:
    """Return the messages of a ticket, in the order in which they were written."""
    return _list(conn, "ticket_id = %s ORDER BY created_at, event_id, audience", (ticket_id,))


def of_household(conn: Connection, household_id: str, limit: int = 100) -> list[Message]:
    """Return what the owner was told, the newest first; what is still held back is not among it."""
    return _list(
        conn,
        "household_id = %s AND audience = 'owner' AND sent_at IS NOT NULL AND kind <> 'digest'"
        # what was handed over is not this household's any more
        " AND (device_id IS NULL OR EXISTS (SELECT 1 FROM device d"
        " WHERE d.id = message.device_id AND d.household_id = message.household_id))"
        " ORDER BY created_at DESC, event_id LIMIT %s",
        (household_id, limit),
    )


def put_answer(conn: Connection, message_id: str, answer: str, now: datetime) -> None:
    """Keep the answer to a question that is locked and unanswered."""
    conn.execute(
        "UPDATE message SET answer = %s, answered_at = %s WHERE id = %s AND answer IS NULL",
        (answer, now, message_id),
    )


def _list(conn: Connection, condition: str, values: tuple[Any, ...]) -> list[Message]:
    query = f"SELECT {_COLUMNS} FROM message WHERE {condition}"  # noqa: S608 - constants of this module
    with conn.cursor(row_factory=class_row(Message)) as cursor:
        return cursor.execute(query.encode(), values).fetchall()
