"""Dispatch on the database: who there is, what is agreed, windows for a ticket, the plan of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.dispatch.geometry import Place
from services.dispatch.plan import DayTask, Stop
from services.dispatch.windows import Need, Offer, Visit, Worker, is_free, propose
from services.messages.quiet import zone_of
from services.policy import Policy
from services.sla.calendar import calendar_for
from services.tickets.repository import Device, Ticket
from zerodistance.store.database import Connection


def workers(
    conn: Connection, tenant: int, begin: datetime, until: datetime, *, lock: str = ""
) -> list[Worker]:
    """Return the active engineers with the visits agreed between two moments.

    Args:
        lock: id of the engineer that nobody else may plan until the transaction ends; "" for none.
    """
    if lock:
        conn.execute("SELECT FROM engineer WHERE id = %s FOR UPDATE", (lock,))
    found = {
        row[0]: Worker(
            id=row[0],
            name=row[1],
            region=row[2],
            skills=frozenset(row[3]),
            home=_place(row[4], row[5]),
            van=frozenset(row[6]),
            day=(row[7], row[8]),
            zone=zone_of(row[9] or row[10] or "UTC"),
        )
        for row in conn.execute(
            "SELECT e.id, e.name, e.region, e.skills, e.latitude, e.longitude, e.van, e.day_from,"
            " e.day_until, e.time_zone, (SELECT time_zone FROM household h WHERE h.tenant_id = e.tenant_id"
            " AND h.region = e.region LIMIT 1) FROM engineer e WHERE e.tenant_id = %s AND e.active"
            " ORDER BY e.id",
            (tenant,),
        ).fetchall()
    }
    agreed: dict[str, list[Visit]] = {}
    for who, first, last, latitude, longitude in conn.execute(
        "SELECT t.assignee, t.visit_from, t.visit_until, p.latitude, p.longitude FROM ticket t"
        " LEFT JOIN private.place p ON p.household_id = t.household_id"
        " WHERE t.state IN ('planned', 'visiting') AND t.assignee = ANY(%s)"
        " AND t.visit_until > %s AND t.visit_from < %s ORDER BY t.visit_from, t.id",
        (list(found), begin, until),
    ).fetchall():
        agreed.setdefault(who, []).append(Visit(first, last, _place(latitude, longitude)))
    return [replace(worker, visits=tuple(agreed.get(worker.id, ()))) for worker in found.values()]


def need_of(conn: Connection, policy: Policy, device: Device, ticket: Ticket) -> Need:
    """Return what a ticket needs."""
    row = conn.execute(
        "SELECT latitude, longitude FROM private.place WHERE household_id = %s", (device.household_id,)
    ).fetchone()
    return Need(
        skill=ticket.skill,
        part=f"{device.type}.{ticket.part}" if ticket.part else "",
        region=device.region,
        place=_place(*row) if row else None,
        minutes=policy.dispatch.visit_minutes,
    )


def offers(conn: Connection, policy: Policy, device: Device, ticket: Ticket, now: datetime) -> list[Offer]:
    """Return the windows that the owner of a ticket's appliance can be offered; none if nobody suits."""
    rule = policy.dispatch
    until = now + timedelta(days=rule.horizon_days)
    calendar = calendar_for(policy, "working", device.region, zone_of(device.time_zone))
    days = list(calendar.open_days(now, rule.horizon_days))
    team = [
        replace(worker, zone=zone_of(device.time_zone)) if worker.zone == ZoneInfo("UTC") else worker
        for worker in workers(conn, device.tenant_id, now, until)
    ]
    return propose(need_of(conn, policy, device, ticket), team, days, now, rule)


def still_free(
    conn: Connection, policy: Policy, device: Device, ticket: Ticket, offer: dict[str, Any]
) -> bool:
    """Return whether an offered window can still be kept; its engineer stays locked."""
    begin, until = (datetime.fromisoformat(offer[key]) for key in ("from", "until"))
    day = timedelta(days=1)
    team = workers(conn, device.tenant_id, begin - day, until + day, lock=offer["engineer"])
    worker = next((one for one in team if one.id == offer["engineer"]), None)
    if worker is None:
        return False
    if worker.zone == ZoneInfo("UTC"):
        worker = replace(worker, zone=zone_of(device.time_zone))
    return is_free(worker, begin, until, need_of(conn, policy, device, ticket), policy.dispatch)


def day_task(
    conn: Connection, policy: Policy, tenant: int, day: date, *, engineer: str = "", waiting: bool = False
) -> DayTask:
    """Return what the plan of one day follows from.

    Args:
        conn: read only.
        policy: speeds and times.
        tenant: whose.
        day: in each engineer's own time zone.
        engineer: only this one's; "" for all.
        waiting: also tickets that wait for a visit and have none agreed.
    """
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    team = workers(conn, tenant, noon - timedelta(days=1), noon + timedelta(days=1))
    team = [worker for worker in team if engineer in ("", worker.id)]
    duty = [
        tuple(datetime.combine(day, at, worker.zone).astimezone(UTC) for at in worker.day) for worker in team
    ]
    rows = conn.execute(
        "SELECT t.id, t.skill, t.part, d.type, coalesce(h.region, ''), p.latitude, p.longitude, t.urgency,"
        " t.assignee, t.visit_from, t.visit_until, t.state FROM ticket t JOIN device d ON d.id = t.device_id"
        " LEFT JOIN household h ON h.id = d.household_id"
        " LEFT JOIN private.place p ON p.household_id = d.household_id"
        " WHERE t.tenant_id = %s AND (t.state IN ('planned', 'visiting') OR (%s AND t.state = 'on_site'))"
        " ORDER BY t.id",
        (tenant, waiting),
    ).fetchall()
    zones = {worker.id: worker.zone for worker in team}
    stops = [stop for row in rows if (stop := _stop(row, zones, day, policy)) is not None]
    stops.sort(key=lambda stop: stop.ticket)
    return DayTask(tuple(team), tuple(stops), tuple((begin, end) for begin, end in duty), policy.dispatch)


def _stop(row: Sequence[Any], zones: dict[str, ZoneInfo], day: date, policy: Policy) -> Stop | None:
    ticket, skill, part, type_name, region, latitude, longitude, urgency, assignee, begin, until, state = row
    need = Need(
        skill,
        f"{type_name}.{part}" if part else "",
        region,
        _place(latitude, longitude),
        policy.dispatch.visit_minutes,
    )
    if state == "on_site":
        return Stop(ticket, need, urgency, assignee if assignee in zones else "")
    if assignee not in zones or begin is None or begin.astimezone(zones[assignee]).date() != day:
        return None
    return Stop(ticket, need, urgency, assignee, (begin, until))


def _place(latitude: float | None, longitude: float | None) -> Place | None:
    return None if latitude is None or longitude is None else Place(latitude, longitude)
