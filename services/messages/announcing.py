"""Messages that reached their inbox, told to webhooks: to each as a document, an owner's with its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.messages import repository
from services.messages.delivery import Told
from services.messages.repository import Message
from services.webhooks.events import MESSAGE_SENT, emit
from zerodistance.store.database import Connection


def announce(conn: Connection, told: Sequence[Told], link_of: Callable[[str], str]) -> int:
    """Write an event for each message; return for how many somebody had asked.

    Args:
        conn: the transaction in which they were put into their inboxes.
        told: the messages.
        link_of: household → the address of the page on which its owner answers.
    """
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM webhook WHERE disabled_at IS NULL AND %s = ANY (types))", (MESSAGE_SENT,)
    ).fetchone()
    if row is None or not row[0]:
        return 0
    tenants: dict[str, int] = dict(
        conn.execute(
            "SELECT id, tenant_id FROM message WHERE id = ANY (%s)", ([one.id for one in told],)
        ).fetchall()
    )
    written = 0
    for one in told:
        message = repository.get(conn, one.id)
        if message.kind == "digest":
            continue  # what it gathers was told already
        data = _document(message, link_of)
        written += emit(conn, tenants[one.id], MESSAGE_SENT, message.id, one.sent_at, data)
    return written


def _document(message: Message, link_of: Callable[[str], str]) -> dict[str, object]:
    is_owners = message.audience == "owner" and message.household_id is not None
    return {
        "event": message.event_id,
        "audience": message.audience,
        "household": message.household_id,
        "ticket": message.ticket_id,
        "device": message.device_id,
        "kind": message.kind,
        "body": message.body,
        "answers": message.answers,
        "link": link_of(str(message.household_id)) if is_owners else None,
        "urgent": message.urgent,
        "digest": message.digest,
        "created_at": message.created_at.isoformat(),
        "deadline_at": message.deadline_at.isoformat() if message.deadline_at else None,
    }
