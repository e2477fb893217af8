"""The job that finds insights: every hour of platform time, for the homes whose day is over."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from psycopg.types.json import Jsonb

from services.insights.energy import KIND, WINDOW, Day, EnergyInsight, find_insight, rank
from zerodistance.catalogue import ApplianceType, Catalogue
from zerodistance.store.database import Connection, translated
from zerodistance.store.usage import DayOfUse, days_of_use, home_zones

# The day's last samples may come late; the night is for them.
_SETTLED_AFTER_HOUR = 2
# An owner is told the best of a day, not everything.
_A_HOME_A_DAY = 2
# The same appliance is not brought up again for a week.
_QUIET = timedelta(days=7)
# Channels that say what was different on a day; those that a type has are read along.
_DRIVERS = ("door_open", "running", "set_point", "ambient_temperature", "outdoor_temperature")
_log = structlog.get_logger()


class _Found(NamedTuple):
    tenant_id: int
    household_id: str
    device_id: str
    insight: EnergyInsight


def run_once(conn: Connection, catalogue: Catalogue, now: datetime) -> int:
    """Write what there is to say about the day that ended last in each home; return how many insights.

    Each home's day is looked at once, by whichever process comes first, two hours after it ended; a run that
    fails leaves no trace and the next one tries anew.

    Args:
        conn: a connection of its own; the insights are committed together.
        catalogue: types with an energy counter are looked at.
        now: platform time.

    Raises:
        UnavailableError: the database does not answer.
    """
    written = 0
    with translated(), conn.transaction():
        for name in home_zones(conn):
            zone = _zone(name)
            if zone is None:
                continue
            local = now.astimezone(zone)
            if local.hour < _SETTLED_AFTER_HOUR:
                continue
            day = local.date() - timedelta(days=1)
            if _take_day(conn, name, day):
                written += _write(conn, _best(_find(conn, catalogue, zone, day)), now)
    return written


def _take_day(conn: Connection, zone: str, day: date) -> bool:
    """Tell whether nobody has looked at this day yet; once the transaction is committed, somebody has."""
    conn.execute("DELETE FROM insight_run WHERE time_zone = %s AND day < %s", (zone, day - WINDOW))
    taken = conn.execute("INSERT INTO insight_run VALUES (%s, %s) ON CONFLICT DO NOTHING", (zone, day))
    return bool(taken.rowcount)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # one home's misspelt zone must not keep the others from their insights
        _log.warning("time zone unknown; its homes get no insight", zone=name)
        return None


def _find(conn: Connection, catalogue: Catalogue, zone: ZoneInfo, day: date) -> list[_Found]:
    told = _told_lately(conn, day)
    found = []
    for _, appliance in sorted(catalogue.items()):
        energy = _energy_counter(appliance)
        if energy is None:
            continue
        channels = [c for c in _DRIVERS if c in appliance.channels]
        rows = days_of_use(conn, appliance, energy, channels, zone, day - WINDOW, day + timedelta(days=1))
        for device_id, use in _by_device(rows).items():
            if device_id in told:
                continue
            days = [Day(row.day, row.kwh, row.coverage, row.means) for row in use]
            insight = find_insight(appliance.title, days, day)
            if insight is not None:
                found.append(_Found(use[0].tenant_id, use[0].household_id, device_id, insight))
    return found


def _told_lately(conn: Connection, day: date) -> set[str]:
    rows = conn.execute(
        "SELECT DISTINCT device_id FROM insight WHERE kind = %s AND day > %s", (KIND, day - _QUIET)
    ).fetchall()
    return {row[0] for row in rows}


def _energy_counter(appliance: ApplianceType) -> str | None:
    for name, channel in sorted(appliance.channels.items()):
        if channel.device_class == "energy" and channel.kind == "counter" and channel.unit == "kWh":
            return name
    return None


def _by_device(rows: Iterable[DayOfUse]) -> dict[str, list[DayOfUse]]:
    grouped: dict[str, list[DayOfUse]] = defaultdict(list)
    for row in rows:
        grouped[row.device_id].append(row)
    return grouped


def _best(found: Iterable[_Found]) -> list[_Found]:
    homes: dict[str, list[_Found]] = defaultdict(list)
    for one in found:
        homes[one.household_id].append(one)
    best = []
    for _, ones in sorted(homes.items()):
        by_device = {one.device_id: one for one in ones}
        ranked = rank([(one.device_id, one.insight) for one in ones], _A_HOME_A_DAY)
        best += [by_device[device_id] for device_id, _ in ranked]
    return best


def _write(conn: Connection, found: Iterable[_Found], now: datetime) -> int:
    written = 0
    for one in found:
        key = f"{one.device_id}\n{KIND}\n{one.insight.day.isoformat()}"
        cursor = conn.execute(
            "INSERT INTO insight"
            " (id, tenant_id, household_id, device_id, kind, day, body, figures, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                hashlib.sha256(key.encode()).hexdigest()[:32],
                one.tenant_id,
                one.household_id,
                one.device_id,
                KIND,
                one.insight.day,
                Jsonb(one.insight.body),
                Jsonb(one.insight.figures()),
                now,
            ),
        )
        written += cursor.rowcount
    return written
