"""What arrives beside readings: events, signs of life, channels that nobody knows, receipts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from zerodistance.clock import from_us
from zerodistance.messages import DeviceEvent, Sample
from zerodistance.store.arrays import int_array, text_array
from zerodistance.store.database import Connection
from zerodistance.store.letters import clean

# A sign of life is written once in so many platform seconds: a row rewritten at each message is waste.
SEEN_EVERY_US = 60 * 1_000_000


def add_events(conn: Connection, events: Sequence[DeviceEvent]) -> int:
    """Store events, carry status and firmware over to the device, and return how many were new.

    The same event twice is one row. An older status that comes late does not undo a newer one.
    """
    if not events:
        return 0
    rows = [
        (
            e.id,
            e.tenant,
            e.device,
            from_us(e.time_us),
            from_us(e.received_us),
            e.kind,
            clean(e.code),
            e.active,
            Jsonb(_clean(e.data)),
        )
        for e in events
    ]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code, active, data)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            rows,
        )
        new = cursor.rowcount
    latest: dict[str, DeviceEvent] = {}
    for event in events:
        if event.kind == "status":
            known = latest.get(event.device)
            if known is None or event.received_us >= known.received_us:
                latest[event.device] = event
    for device in sorted(latest):  # one order for all: no deadlock
        event = latest[device]
        firmware = event.data.get("firmware")
        conn.execute(
            "UPDATE device AS d SET online = %s, firmware = coalesce(nullif(%s, ''), d.firmware),"
            " last_seen_at = greatest(d.last_seen_at, %s) WHERE d.id = %s AND NOT EXISTS ("
            "SELECT FROM device_event AS e WHERE e.device_id = d.id AND e.kind = 'status'"
            " AND e.received_at > %s)",
            (
                event.code == "online",
                clean(firmware) if isinstance(firmware, str) else "",
                from_us(event.received_us),
                device,
                from_us(event.received_us),
            ),
        )
    return new


def note_seen(conn: Connection, seen_us: Mapping[str, int]) -> None:
    """Remember when devices were last heard of.

    A device that never reported a status of its own is online as long as it sends; the others say so
    themselves. A device row that somebody holds is left for the next time.

    Args:
        conn: in any transaction.
        seen_us: device → platform time of its latest message, microseconds since 1970.
    """
    devices = sorted(seen_us)
    conn.execute(
        "UPDATE device AS d SET last_seen_at = s.at, online = d.online OR NOT EXISTS ("
        "SELECT FROM device_event AS e WHERE e.device_id = d.id AND e.kind = 'status')"
        " FROM (SELECT n.id, to_timestamp(n.at_us / 1e6) AS at"
        " FROM unnest(%s::text[], %s::bigint[]) AS n (id, at_us)"
        " JOIN device USING (id) WHERE device.last_seen_at IS NULL"
        " OR device.last_seen_at < to_timestamp(n.at_us / 1e6) - make_interval(secs => %s)"
        " ORDER BY n.id FOR NO KEY UPDATE OF device SKIP LOCKED) AS s WHERE d.id = s.id",
        (text_array(devices), int_array(seen_us[device] for device in devices), SEEN_EVERY_US / 1e6),
    )


def add_unknown(conn: Connection, samples: Iterable[Sample]) -> int:
    """Count readings of channels that the catalogue does not have, keep the last, and return how many."""
    found: dict[tuple[str, str], tuple[int, float | None, int]] = {}
    for sample in samples:
        for channel, value in sample.unknown.items():
            key = (sample.device, clean(channel))
            count, _, last = found.get(key, (0, None, 0))
            found[key] = (count + 1, value, max(last, sample.received_us))
    if not found:
        return 0
    keys = sorted(found)
    conn.execute(
        "INSERT INTO unknown_channel AS u (device_id, channel, readings, last_value, last_seen_at)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::float8[], %s::timestamptz[])"
        " ON CONFLICT (device_id, channel) DO UPDATE SET readings = u.readings + excluded.readings,"
        " last_value = excluded.last_value, last_seen_at = greatest(u.last_seen_at, excluded.last_seen_at)",
        (
            [device for device, _ in keys],
            [channel for _, channel in keys],
            [found[key][0] for key in keys],
            [found[key][1] for key in keys],
            [from_us(found[key][2]) for key in keys],
        ),
    )
    return sum(count for count, _, _ in found.values())


class Receipt(NamedTuple):
    """A row of the table ``receipt``: edges of the ranges beyond a gap are first, last, first, last, …"""

    through: int = 0
    ahead: Sequence[int] = ()
    given_up: int = 0


def load_receipts(conn: Connection, boots: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Receipt]:
    """Return (device, boot) → receipt of those that exist."""
    rows = conn.execute(
        "SELECT r.device_id, r.boot, r.through, r.ahead, r.given_up FROM receipt AS r"
        " JOIN unnest(%s::text[], %s::bigint[]) AS b (device_id, boot) USING (device_id, boot)",
        (text_array(device for device, _ in boots), int_array(boot for _, boot in boots)),
    )
    return {(device, boot): Receipt(*receipt) for device, boot, *receipt in rows}


def save_receipts(conn: Connection, receipts: Mapping[tuple[str, int], Receipt]) -> None:
    """Write receipts by (device, boot)."""
    ordered = sorted(receipts.items())
    conn.execute(
        "INSERT INTO receipt (device_id, boot, through, ahead, given_up)"
        " SELECT device_id, boot, through, ahead::bigint[], given_up"
        " FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])"
        " AS r (device_id, boot, through, ahead, given_up)"
        " ON CONFLICT (device_id, boot) DO UPDATE SET through = excluded.through, ahead = excluded.ahead,"
        " given_up = excluded.given_up, written_at = now()",
        (
            text_array(device for (device, _), _ in ordered),
            int_array(boot for (_, boot), _ in ordered),
            int_array(receipt.through for _, receipt in ordered),
            # one array of arrays would have to be a rectangle
            text_array(int_array(receipt.ahead) for _, receipt in ordered),
            int_array(receipt.given_up for _, receipt in ordered),
        ),
    )


def _clean(value: Any) -> Any:
    """Return JSON data without what jsonb cannot hold: NUL, lone surrogates, NaN and infinities."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {clean(str(key)): _clean(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(entry) for entry in value]
    return value
