"""Delivery: into the inbox first, which is when a message counts as sent; further channels on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.messages import repository
from services.messages.repository import Message
from zerodistance.clock import Clock
from zerodistance.store.database import Connection

_MOST_ATTEMPTS = 8
# Real seconds: the first pause after a failure (doubled each time), the longest, and how long an attempt
# under way is left alone before another process may try.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LEASE_S = 5, 3600, 60


@dataclass(frozen=True, slots=True)
class Told:
    """A message that has just reached its inbox.

    Attributes:
        held: quiet hours had held it back.
    """

    id: str
    event_id: str
    audience: str
    sent_at: datetime
    held: bool


def deliver_inbox(conn: Connection, clock: Clock, limit: int) -> list[Told]:
    """Put messages that are due into their inboxes, each with the time at which that was done.

    The two sides of one event come one after the other; what further channels they have is begun.
    """
    rows = conn.execute(
        "SELECT id, event_id, audience, not_before > created_at FROM message"
        " WHERE sent_at IS NULL AND not_before <= %s ORDER BY not_before, event_id, audience"
        " LIMIT %s FOR UPDATE SKIP LOCKED",
        (clock.now(), limit),
    ).fetchall()
    told = []
    for message_id, event_id, audience, held in rows:
        sent_at = clock.now()
        conn.execute("UPDATE message SET sent_at = %s WHERE id = %s", (sent_at, message_id))
        told.append(Told(message_id, event_id, audience, sent_at, held))
    if told:
        conn.execute(
            "UPDATE delivery v SET next_try_at = now() FROM message m WHERE m.id = v.message_id"
            " AND v.message_id = ANY(%s) AND NOT m.digest AND v.done_at IS NULL AND v.attempts = 0",
            ([message.id for message in told],),
        )
    return told


def skews(told: Sequence[Told]) -> Iterable[float]:
    """Yield, for each event whose two sides were told now, the seconds between them.

    Pairs that quiet hours parted are left out: that distance is wanted. So is what only staff hear of.
    """
    sides: dict[str, dict[str, Told]] = {}
    for message in told:
        sides.setdefault(message.event_id, {})[message.audience] = message
    for of_event in sides.values():
        owner, engineer = of_event.get("owner"), of_event.get("engineer")
        if owner is not None and engineer is not None and not (owner.held or engineer.held):
            yield abs((owner.sent_at - engineer.sent_at).total_seconds())


def take_due(conn: Connection) -> tuple[Message, str] | None:
    """Take one delivery through a further channel that is due; others leave it alone for a while."""
    row = conn.execute(
        "UPDATE delivery SET attempts = attempts + 1, next_try_at = now() + make_interval(secs => %s)"
        " WHERE (message_id, channel) = (SELECT message_id, channel FROM delivery"
        " WHERE next_try_at <= now() ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING message_id, channel",
        (_LEASE_S,),
    ).fetchone()
    if row is None:
        return None
    return repository.get(conn, row[0]), row[1]


def note_result(conn: Connection, message_id: str, channel: str, error: str) -> None:
    """Keep how an attempt ended: taken, to be tried again after a growing pause, or given up."""
    if not error:
        conn.execute(
            "UPDATE delivery SET done_at = now(), next_try_at = NULL, error = ''"
            " WHERE message_id = %s AND channel = %s",
            (message_id, channel),
        )
        return
    conn.execute(
        "UPDATE delivery SET error = %s, next_try_at = CASE WHEN attempts >= %s THEN NULL ELSE"
        " now() + make_interval(secs => least(%s * power(2, attempts - 1), %s)) END"
        " WHERE message_id = %s AND channel = %s",
        (error[:500], _MOST_ATTEMPTS, _FIRST_PAUSE_S, _LONGEST_PAUSE_S, message_id, channel),
    )
