"""What the diagnosis keeps in the database: state per device, findings for the log, bands for plots."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from models.engine import Band
from models.incidents import Change
from zerodistance.clock import from_us
from zerodistance.messages import Candidate, Evidence, Finding, RuledOut
from zerodistance.store.arrays import int_array, text_array
from zerodistance.store.database import Connection

# Any fixed id: findings are named below it, so that the same incident has the same id on every machine.
_NAMESPACE = uuid.UUID("6f0c8f2c-6a2e-5d0c-9a57-0b8f6a3d2e11")


# The fastest: a state shrinks to a third, and costs the server a quarter.
_COMPRESSION = 1
# The first byte of what zlib writes (RFC 1950, 2.2): deflate, 32 KiB. Older states are not compressed.
_ZLIB = b"\x78"


class SavedState(NamedTuple):
    """One device's row of ``diagnosis_state``; in ``state`` is everything before ``next_offset``."""

    device: str
    type: str
    version: str
    partition: int
    next_offset: int
    state: bytes


class BandRow(NamedTuple):
    """One row of ``expected_band``."""

    device: str
    band: Band


def finding_id(device: str, onset_us: int, *, creeping: bool = False) -> str:
    """Return the id of the incident that began on ``device`` in the window starting at ``onset_us``.

    A creeping one may begin in the same window as a sudden one: it has another id.

    >>> finding_id("fridge-1", 0) == finding_id("fridge-1", 0)
    True
    """
    return str(uuid.uuid5(_NAMESPACE, f"{device}/{onset_us}{'/creeping' if creeping else ''}"))


def to_finding(change: Change, *, tenant: int, device: str, appliance_type: str, model: str) -> Finding:
    """Return what goes onto the log for a change of a finding."""
    return Finding(
        id=finding_id(device, change.onset_us, creeping=change.creeping),
        revision=change.revision,
        tenant=tenant,
        device=device,
        type=appliance_type,
        state=change.state,
        cause=change.cause,
        probability=change.probability,
        candidates=[Candidate(cause, probability) for cause, probability in change.candidates],
        ruled_out=[RuledOut(cause, reason) for cause, reason in change.ruled_out],
        evidence=[
            Evidence(
                feature=item.feature,
                channel=item.channel,
                unit=item.unit,
                observed=item.observed,
                expected=item.expected,
                low=item.low,
                high=item.high,
                score=item.score,
            )
            for item in change.evidence
        ],
        origin="detected" if change.predicted_us is None else "predicted",
        predicted_failure_us=change.predicted_us,
        urgency=change.urgency,
        onset_us=change.onset_us,
        time_us=change.time_us,
        summary=change.summary,
        model=model,
    )


def load_states(conn: Connection, partitions: Sequence[int], at_once: int) -> Iterator[list[SavedState]]:
    """Give the states of all devices in ``partitions``, in lists of one type and at most so many."""
    with conn.cursor(name="states") as cursor:
        cursor.execute(
            "SELECT device_id, type, version, partition, next_offset, state FROM diagnosis_state"
            " WHERE partition = ANY(%s) ORDER BY type, device_id",
            (list(partitions),),
        )
        while rows := cursor.fetchmany(at_once):
            by_type: dict[str, list[SavedState]] = {}
            for device, name, version, partition, upto, data in rows:
                state = zlib.decompress(data) if data[:1] == _ZLIB else bytes(data)
                one = SavedState(device, name, version, partition, upto, state)
                by_type.setdefault(name, []).append(one)
            yield from by_type.values()


def save_states(conn: Connection, states: Sequence[SavedState], moment: datetime) -> None:
    """Write the states of some devices."""
    if not states:
        return
    ordered = sorted(states)
    conn.execute(
        "INSERT INTO diagnosis_state (device_id, type, version, partition, next_offset, state, updated_at)"
        " SELECT device_id, type, version, partition, next_offset, state, %s"
        # binary: as text every byte is two
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::bigint[], %b::bytea[])"
        " AS s (device_id, type, version, partition, next_offset, state)"
        " ON CONFLICT (device_id) DO UPDATE SET type = excluded.type, version = excluded.version,"
        " partition = excluded.partition, next_offset = excluded.next_offset, state = excluded.state,"
        " updated_at = excluded.updated_at",
        (
            moment,
            text_array(one.device for one in ordered),
            text_array(one.type for one in ordered),
            text_array(one.version for one in ordered),
            int_array(one.partition for one in ordered),
            int_array(one.next_offset for one in ordered),
            [zlib.compress(one.state, _COMPRESSION) for one in ordered],
        ),
    )


def load_begins(conn: Connection, partitions: Sequence[int]) -> dict[int, int]:
    """Return where reading has to begin again, by partition; without an entry: at the stored offset."""
    rows = conn.execute(
        "SELECT partition, next_offset FROM diagnosis_replay WHERE partition = ANY(%s)", (list(partitions),)
    ).fetchall()
    return dict(rows)


def save_begins(conn: Connection, begins: Mapping[int, int]) -> None:
    """Write where reading would have to begin again, by partition."""
    if not begins:
        return
    ordered = sorted(begins)
    conn.execute(
        "INSERT INTO diagnosis_replay (partition, next_offset)"
        " SELECT * FROM unnest(%s::int[], %s::bigint[])"
        " ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset",
        (int_array(ordered), int_array(begins[partition] for partition in ordered)),
    )


def save_bands(conn: Connection, rows: Sequence[BandRow]) -> None:
    """Write expected bands; the newest of each (device, channel, time) counts."""
    if not rows:
        return
    unique = {(row.device, row.band.channel, row.band.time_us): row.band for row in rows}
    keys = sorted(unique)
    bands = [unique[key] for key in keys]
    conn.execute(
        "INSERT INTO expected_band (device_id, channel, time, expected, low, high)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[],"
        " %s::float8[], %s::float8[], %s::float8[])"
        " ON CONFLICT (device_id, channel, time) DO UPDATE"
        " SET expected = excluded.expected, low = excluded.low, high = excluded.high",
        (
            [key[0] for key in keys],
            [key[1] for key in keys],
            [from_us(key[2]) for key in keys],
            [band.expected for band in bands],
            [band.low for band in bands],
            [band.high for band in bands],
        ),
    )
