"""When which filter of a water purifier is used up: local water and use (P1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.policy import FilterRule
from zerodistance.catalogue.model import ApplianceType
from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection
from zerodistance.store.history import latest

_WINDOW = timedelta(days=14)
# Cleaner water than a fourth of the reference does not make a filter last longer: it ages all the same.
_CLEANEST = 0.25


@dataclass(frozen=True, slots=True)
class FilterLife:
    """How long a filter lasts.

    Attributes:
        part: of the catalogue.
        litres_left: at this home's water; 0 when it is used up.
        litres_a_day: as used lately.
        replace_on: when it is used up; None without use.
        share_left: 0 to 1.
    """

    part: str
    litres_left: float
    litres_a_day: float
    replace_on: datetime | None
    share_left: float


def filter_life(
    part: str, litres: float, used: float, litres_a_day: float, tds: float, rule: FilterRule, now: datetime
) -> FilterLife:
    """Return when a filter is used up.

    The litres that a filter takes fall with what the water carries: ``litres · reference / tds``, a first
    approximation of a constant load of solids, and the one that makers print on their boxes.

    Args:
        part: of the catalogue.
        litres: that it takes at the reference water.
        used: litres that have gone through it.
        litres_a_day: as used lately.
        tds: dissolved solids of the local water, mg/L.
        rule: of the policy.
        now: platform time.

    >>> from datetime import UTC
    >>> rule = FilterRule(warn_days=14, reference_tds=300, litres={})
    >>> life = filter_life("carbon_filter", 6000, 2000, 10, 600, rule, datetime(2026, 1, 1, tzinfo=UTC))
    >>> life.litres_left, life.replace_on.isoformat()
    (1000.0, '2026-04-11T00:00:00+00:00')
    """
    whole = litres * rule.reference_tds / max(tds, rule.reference_tds * _CLEANEST)
    left = max(whole - used, 0.0)
    on = now + timedelta(days=min(left / litres_a_day, 3650)) if litres_a_day > 0 else None
    return FilterLife(part, left, litres_a_day, on, left / whole)


def filters(
    conn: Connection, appliance: ApplianceType, device_id: str, region: str, rule: FilterRule, now: datetime
) -> list[FilterLife]:
    """Return how long the filters of a water purifier last, the first to be replaced first.

    The water is that of the region's latest report, else what the purifier measures at its inlet.

    Raises:
        NotFoundError: the appliance has no filters of which policy knows the litres, or sent nothing yet.
    """
    known = {part: litres for part, litres in rule.litres.items() if part in appliance.parts}
    if not known or "filter_litres" not in appliance.channels:
        raise NotFoundError(f"A {appliance.type} has no filters whose litres are known.")
    found = latest(conn, appliance, device_id)
    if found is None:
        raise NotFoundError("This appliance has not sent any reading yet.")
    readings = found[1]
    used = float(readings.get("filter_litres") or 0.0)
    reported = conn.execute(
        "SELECT tds FROM water_quality WHERE region = %s AND time <= %s ORDER BY time DESC LIMIT 1",
        (region, now),
    ).fetchone()
    tds = float(reported[0] if reported else readings.get("tds_in") or rule.reference_tds)
    a_day = _litres_a_day(conn, appliance, device_id, found[0])
    lives = [filter_life(part, litres, used, a_day, tds, rule, now) for part, litres in known.items()]
    return sorted(lives, key=lambda life: (life.litres_left, life.part))


def _litres_a_day(conn: Connection, appliance: ApplianceType, device_id: str, until: datetime) -> float:
    """Return the litres a day over the last two weeks, or for as long as there are readings."""
    row = conn.execute(
        f"SELECT min(time), max(time), min(filter_litres), max(filter_litres) FROM {appliance.table}"  # noqa: S608
        " WHERE device_id = %s AND time > %s AND time <= %s AND filter_litres IS NOT NULL",
        (device_id, until - _WINDOW, until),
    ).fetchone()
    if row is None or row[0] is None:
        return 0.0
    days = (row[1] - row[0]).total_seconds() / 86_400
    return float(row[3] - row[2]) / days if days > 0 else 0.0
