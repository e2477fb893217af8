"""How appliances are used, day by day in the home's own time zone, out of the rollups.

An owner's day begins at the owner's midnight. The daily rollup's days are UTC's, so these figures add up
hours, or five-minute steps where a zone is not whole hours away from UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg import sql

from zerodistance.catalogue import ApplianceType
from zerodistance.store.database import Connection, translated
from zerodistance.store.rollups import growth_over

# An appliance that was silent for longer before the first day: what it counted meanwhile belongs to no day.
_BEFORE = timedelta(days=2)


class DayOfUse(NamedTuple):
    """One appliance on one day of its home.

    Attributes:
        day: date in the home's time zone.
        kwh: electricity counted on that day.
        coverage: share of the day's hours in which the appliance reported, 0 to 1.
        means: mean of each channel asked for that reported (of a state: share of time), by channel.
    """

    device_id: str
    tenant_id: int
    household_id: str
    day: date
    kwh: float
    coverage: float
    means: dict[str, float]


def home_zones(conn: Connection) -> list[str]:
    """Return the names of the time zones in which households with appliances live."""
    with translated():
        rows = conn.execute(
            "SELECT DISTINCT h.time_zone FROM household h"
            " WHERE EXISTS (SELECT FROM device d WHERE d.household_id = h.id AND d.retired_at IS NULL)"
            " ORDER BY 1"
        ).fetchall()
    return [row[0] for row in rows]


def days_of_use(
    conn: Connection,
    appliance: ApplianceType,
    energy: str,
    channels: Sequence[str],
    zone: ZoneInfo,
    since: date,
    until: date,
) -> list[DayOfUse]:
    """Return the days from ``since`` up to, without, ``until`` of all homes in ``zone``.

    Args:
        appliance: type whose rollups are read.
        energy: its counter in kWh.
        channels: gauges and states whose daily mean is wanted too.

    Days without a single reading of ``energy`` are left out. Sorted by device and day.
    """
    rollup = f"{appliance.table}_{'1h' if _whole_hours(zone, since, until) else '5m'}"
    means = [
        sql.SQL("sum({})::double precision / nullif(sum({}), 0)").format(
            sql.Identifier(f"{channel}_sum"), sql.Identifier(f"{channel}_count")
        )
        for channel in channels
    ]
    query = sql.SQL(
        "SELECT r.device_id, d.tenant_id, d.household_id, (r.bucket AT TIME ZONE %(zone)s)::date,"
        " sum(r.energy_grown)::double precision, count(DISTINCT date_trunc('hour', r.bucket)){means}"
        " FROM (SELECT *, {grown} AS energy_grown FROM {rollup}"
        " WHERE bucket >= %(before)s AND bucket < %(end)s) r"
        " JOIN device d ON d.id = r.device_id JOIN household h ON h.id = d.household_id"
        " WHERE d.retired_at IS NULL AND h.time_zone = %(zone)s AND r.bucket >= %(start)s"
        " GROUP BY 1, 2, 3, 4 HAVING sum(r.energy_grown) IS NOT NULL ORDER BY 1, 4"
    ).format(
        grown=growth_over(energy),
        means=sql.SQL("").join(sql.SQL(", ") + mean for mean in means),
        rollup=sql.Identifier(rollup),
    )
    start = midnight(since, zone)
    given = {"zone": zone.key, "start": start, "end": midnight(until, zone), "before": start - _BEFORE}
    with translated():
        rows = conn.execute(query, given).fetchall()
    return [
        DayOfUse(
            device_id=row[0],
            tenant_id=row[1],
            household_id=row[2],
            day=row[3],
            kwh=row[4],
            coverage=min(1.0, row[5] / _hours(row[3], zone)),
            means={
                channel: float(mean)
                for channel, mean in zip(channels, row[6:], strict=True)
                if mean is not None
            },
        )
        for row in rows
    ]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when ``day`` begins in ``zone``, as UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _hours(day: date, zone: ZoneInfo) -> float:
    return (midnight(day + timedelta(days=1), zone) - midnight(day, zone)) / timedelta(hours=1)


def _whole_hours(zone: ZoneInfo, since: date, until: date) -> bool:
    day = since
    while day <= until:
        if midnight(day, zone).minute:
            return False
        day += timedelta(days=1)
    return True
