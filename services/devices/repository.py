"""Devices, and those that wait to be claimed, as lists and pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device with what its line in a list says."""

    id: str
    type: str
    name: str
    model: str
    firmware: str
    household_id: str | None
    region: str
    online: bool
    last_seen_at: datetime | None
    open_tickets: int
    disabled_reason: str = ""


@dataclass(frozen=True, slots=True)
class UnclaimedRow:
    """A device that published and is nobody's yet."""

    id: str
    first_seen_at: datetime
    last_seen_at: datetime
    messages: int
    sample: str
    guessed_type: str


_SELECT = (
    "SELECT d.id, d.type, d.name, d.model, d.firmware, d.household_id, coalesce(h.region, '') AS region,"
    " d.online, d.last_seen_at, (SELECT count(*)::int FROM ticket t WHERE t.device_id = d.id"
    " AND t.state NOT IN ('closed', 'cancelled', 'merged')) AS open_tickets, d.disabled_reason"
    " FROM device d LEFT JOIN household h ON h.id = d.household_id"
    " WHERE d.tenant_id = %(tenant)s AND d.retired_at IS NULL"
)


def listing(
    conn: Connection, tenant: int, *, q: str = "", type: str = "", limit: int = 50, after: str = ""
) -> list[DeviceRow]:
    """Return devices by id, beginning after ``after``.

    Args:
        conn: read only.
        tenant: whose devices.
        q: part of the id, name or model; any case.
        type: appliance type; "" for all.
        limit: how many at most.
        after: the last id of the page before.
    """
    pattern = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with conn.cursor(row_factory=class_row(DeviceRow)) as cursor:
        return cursor.execute(
            _SELECT + " AND d.id > %(after)s AND (%(type)s = '' OR d.type = %(type)s)"
            " AND (%(q)s = '' OR d.id ILIKE %(pattern)s OR d.name ILIKE %(pattern)s"
            " OR d.model ILIKE %(pattern)s)"
            " ORDER BY d.id LIMIT %(limit)s",
            {"tenant": tenant, "after": after, "type": type, "q": q, "pattern": pattern, "limit": limit},
        ).fetchall()


def get(conn: Connection, tenant: int, device_id: str) -> DeviceRow:
    """Return one device.

    Raises:
        NotFoundError: there is no such device, it is another tenant's, or it is retired.
    """
    with conn.cursor(row_factory=class_row(DeviceRow)) as cursor:
        row = cursor.execute(_SELECT + " AND d.id = %(id)s", {"tenant": tenant, "id": device_id}).fetchone()
    if row is None:
        raise NotFoundError(f"There is no device {device_id!r}.")
    return row


def unclaimed(conn: Connection, limit: int = 500) -> list[UnclaimedRow]:
    """Return the devices that wait to be claimed, the most recently heard first."""
    with conn.cursor(row_factory=class_row(UnclaimedRow)) as cursor:
        return cursor.execute(
            "SELECT id, first_seen_at, last_seen_at, messages, sample, guessed_type FROM unclaimed_device"
            " ORDER BY last_seen_at DESC, id LIMIT %s",
            (limit,),
        ).fetchall()
