"""Dead letters in the database: what was refused, why, and its first bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from zerodistance.clock import from_us
from zerodistance.log.interface import Record
from zerodistance.messages import DeadLetter, Reason
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
