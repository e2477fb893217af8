"""What can wait goes out together: one message a day through the further channels.

In the inbox each message stands at once; the digest only spares mailboxes and telephones.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.messages import repository
from services.messages.quiet import zone_of
from services.messages.texts import DIGEST_HEAD, LANGUAGES
from services.policy import MessageRule, time_of
from zerodistance.store.database import Connection

_PENDING = (
    " FROM message m JOIN delivery v ON v.message_id = m.id"
    " WHERE m.digest AND m.sent_at IS NOT NULL AND v.done_at IS NULL AND v.attempts = 0"
    " AND v.next_try_at IS NULL"
)


def last_digest(now: datetime, zone_name: str, at: str) -> datetime:
    """Return the latest moment at which a household's digest was, or is, due.

    >>> from datetime import UTC
    >>> last_digest(datetime(2026, 3, 2, 12, tzinfo=UTC), "UTC", "18:00").isoformat()
    '2026-03-01T18:00:00+00:00'
    """
    zone = zone_of(zone_name)
    local = now.astimezone(zone)
    due = datetime.combine(local.date(), time_of(at), zone)
    if due > local:
        due = datetime.combine(local.date() - timedelta(days=1), time_of(at), zone)
    return due


def send_due(conn: Connection, rule: MessageRule, now: datetime, channels: tuple[str, ...]) -> int:
    """Write the digests that are due; return how many.

    Args:
        conn: in a transaction.
        rule: when, and from how many messages on.
        now: platform time.
        channels: through which they go.
    """
    written = 0
    homes = conn.execute(
        "SELECT DISTINCT m.household_id, h.time_zone FROM household h JOIN message m ON m.household_id = h.id"
        " JOIN delivery v ON v.message_id = m.id WHERE m.digest AND m.sent_at IS NOT NULL"
        " AND v.done_at IS NULL AND v.attempts = 0 AND v.next_try_at IS NULL ORDER BY 1"
    ).fetchall()
    for household_id, zone_name in homes:
        due = last_digest(now, zone_name, rule.digest_at)
        rows = conn.execute(
            "SELECT DISTINCT m.id, m.tenant_id, m.device_id, m.body, m.created_at"
            + _PENDING
            + " AND m.household_id = %s AND m.sent_at <= %s ORDER BY m.created_at, m.id",
            (household_id, due),
        ).fetchall()
        if len(rows) < max(rule.digest_least, 1):
            continue
        body = {
            language: "\n".join(
                [
                    DIGEST_HEAD[language],
                    *(f"• {row[3].get(language) or row[3].get('en', '')}" for row in rows),
                ]
            )
            for language in LANGUAGES
        }
        event_id = f"digest-{household_id}-{due:%Y%m%d}"
        draft = repository.Draft(audience="owner", kind="digest", body=body, not_before=now)
        repository.put_event(
            conn,
            [draft],
            tenant=rows[0][1],
            now=now,
            urgent=False,
            household_id=household_id,
            device_id=rows[0][2],
            event_id=event_id,
            channels=channels,
        )
        conn.execute(
            "UPDATE delivery SET done_at = now(), error = %s WHERE message_id = ANY(%s) AND done_at IS NULL",
            (f"in {event_id}", [row[0] for row in rows]),
        )
        written += 1
    return written
