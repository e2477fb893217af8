"""What can be kept of a record that the database refuses as a whole: all samples but those that it refuses.

A record carries the samples of some milliseconds of many devices. One that ingest had no reason to refuse
and the database does not take must not cost the others their rows, nor keep its own device sending it for
ever: it becomes a dead letter of its own, and its number is settled.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import psycopg

from zerodistance.catalogue import Catalogue
from zerodistance.errors import ZeroDistanceError
from zerodistance.log import Record
from zerodistance.messages import DeadLetter, Reason, Sample, decode_samples, encode_samples
from zerodistance.store import letters
from zerodistance.store.database import Connection
from zerodistance.store.telemetry import write_samples


def salvage(
    conn: Connection, catalogue: Catalogue, record: Record, detail: str
) -> tuple[list[Sample], list[DeadLetter]]:
    """Return a record's samples, with those that the database refuses marked so, and a letter for each.

    Nothing is written: each attempt is rolled back to where ``conn`` stood.

    Args:
        conn: inside a transaction.
        catalogue: the appliance types.
        record: of ``zd.telemetry``.
        detail: why the record was refused.

    Raises:
        InvalidMessageError: the record cannot be read.
        psycopg.Error: the database does not refuse data, it fails.
    """
    samples = decode_samples(record.value)
    refused = set(_refused(conn, catalogue, samples, 0))
    kept = [
        msgspec.structs.replace(sample, refused=True, values={}, quality={}, unknown={})
        if number in refused
        else sample
        for number, sample in enumerate(samples)
    ]
    return kept, [_letter(record, samples[number], number, detail) for number in sorted(refused)]


def _refused(conn: Connection, catalogue: Catalogue, samples: Sequence[Sample], first: int) -> list[int]:
    """Return the places of those that cannot be written, by halving: few among many are found quickly."""
    try:
        with conn.transaction(force_rollback=True):
            write_samples(conn, catalogue, samples)
        return []
    except (psycopg.OperationalError, ZeroDistanceError):
        raise
    except Exception as error:
        if isinstance(error, psycopg.Error) and not isinstance(
            error, psycopg.DataError | psycopg.IntegrityError
        ):
            raise
        if len(samples) == 1:
            return [first]
    half = len(samples) // 2
    return [
        *_refused(conn, catalogue, samples[:half], first),
        *_refused(conn, catalogue, samples[half:], first + half),
    ]


def _letter(record: Record, sample: Sample, number: int, detail: str) -> DeadLetter:
    """Return the letter of one sample: its bytes are a record of the log with this sample alone."""
    alone = record._replace(key=sample.device.encode("utf-8", "replace"), value=encode_samples([sample]))
    letter = letters.of_record(alone, detail, Reason.NOT_STORABLE)
    return msgspec.structs.replace(letter, sample=number)
