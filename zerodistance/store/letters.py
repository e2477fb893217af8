"""Dead letters in the database: what was refused, why, and its first bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from zerodistance.clock import from_us
from zerodistance.log.interface import Record
from zerodistance.messages import DeadLetter, Reason
from zerodistance.store import counts
from zerodistance.store.database import Connection


def add(conn: Connection, letters: Sequence[DeadLetter]) -> int:
    """Store letters and return how many are new; one that is there already is left as it is."""
    if not letters:
        return 0
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO dead_letter (id, reason, detail, source, device_id, received_at, sample, raw,"
            " length, sha256) VALUES (%s, %s, %s, %s, %s, %s, %s, %b, %s, %s) ON CONFLICT (id) DO NOTHING",
            [
                (
                    letter.id,
                    letter.reason,
                    clean(letter.detail),
                    clean(letter.source),
                    clean(letter.device),
                    from_us(letter.received_us),
                    letter.sample,
                    letter.raw,
                    letter.length,
                    letter.sha256,
                )
                for letter in letters
            ],
        )
        return cursor.rowcount


def note_actions(
    conn: Connection, actions: Sequence[tuple[str, str, str]], *, actor: str, now: datetime
) -> None:
    """Write down who did what with letters.

    Args:
        conn: inside the transaction that does it.
        actions: (letter id, replayed | refused | dropped, detail).
        actor: who.
        now: platform time.
    """
    if actions:
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO dead_letter_action (letter_id, time, actor, action, detail)"
                " VALUES (%s, %s, %s, %s, %s)",
                [(letter, now, clean(actor), action, clean(detail)) for letter, action, detail in actions],
            )


def actions_of(conn: Connection, letter_id: str) -> list[dict[str, Any]]:
    """Return what was done with a letter, the earliest first: time, actor, action, detail."""
    rows = conn.execute(
        "SELECT time, actor, action, detail FROM dead_letter_action WHERE letter_id = %s ORDER BY id",
        (letter_id,),
    ).fetchall()
    return [dict(zip(("time", "actor", "action", "detail"), row, strict=True)) for row in rows]


def drop_letters(conn: Connection, ids: Sequence[str], *, actor: str, now: datetime) -> list[str]:
    """Delete the bytes of letters for good and return which; those replayed or dropped before are left.

    They stay on record: reason, origin, length and checksum.
    """
    rows = conn.execute(
        "UPDATE dead_letter SET dropped_at = %s, raw = '' WHERE id = ANY(%s)"
        " AND dropped_at IS NULL AND replayed_at IS NULL RETURNING id, reason",
        (now, list(ids)),
    ).fetchall()
    note_actions(conn, [(letter, "dropped", reason) for letter, reason in rows], actor=actor, now=now)
    counts.add(conn, {("replay", "dropped"): len(rows)})
    return [row[0] for row in rows]


def of_record(record: Record, detail: str, reason: str = Reason.UNREADABLE_RECORD) -> DeadLetter:
    """Return the letter for a record of the log that a consumer cannot take; it keeps all of its bytes."""
    source = f"log {record.topic}/{record.partition}/{record.offset}"
    digest = hashlib.sha256(record.value)
    return DeadLetter(
        id=hashlib.sha256(f"{source} {digest.hexdigest()}".encode()).hexdigest()[:32],
        reason=reason,
        detail=detail,
        source=source,
        device=(record.key or b"").decode("utf-8", "replace"),
        received_us=record.time_us,
        raw=record.value,
        length=len(record.value),
        sha256=digest.hexdigest(),
    )


def clean(text: str) -> str:
    """Return ``text`` without the characters that PostgreSQL cannot hold: NUL and lone surrogates.

    >>> clean("a" + chr(0) + "b")
    'a\ufffdb'
    """
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
