"""What people at the console look up: similar cases, members, boards, the history of an appliance. Read only.

Every query is scoped by tenant and bounded: it looks at the latest rows that an index gives, not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from services.dispatch.plan import DayPlan, Leg
from services.tickets.listing import Listed
from services.titles import Titles
from services.workbench_schemas import (
    BoardLeft,
    BoardLeg,
    BoardPublic,
    BoardRoute,
    CampaignLine,
    ConcernPublic,
    HealthFile,
    InspectionLine,
    MemberPublic,
    SimilarPublic,
    SimilarTicket,
    TimelineEntry,
)
from zerodistance.catalogue.model import ApplianceType, Event, FaultCode, Text
from zerodistance.store.database import Connection

# So many of the latest finished tickets are looked through for similar ones: it takes milliseconds.
_LOOKED_AT = 5_000
_SHOWN = 5
_YEAR = timedelta(days=365)
_FOUND = ("confirmed", "owner_fixed")
_Row = dict[str, Any]


def similar(conn: Connection, titles: Titles, listed: Listed) -> SimilarPublic:
    """Return what became of the finished tickets with the same cause on the same type of appliance."""
    ticket, type_name = listed.ticket, listed.device.type
    rows = _rows(
        conn,
        "SELECT t.id, t.number, t.device_id, d.name, d.model, t.closed_at, t.outcome, t.outcome_cause,"
        " t.parts_used, t.minutes, t.rating FROM (SELECT * FROM ticket WHERE tenant_id = %s"
        " AND state = 'closed' ORDER BY closed_at DESC LIMIT %s) t JOIN device d ON d.id = t.device_id"
        " WHERE t.cause = %s AND d.type = %s AND t.id <> %s ORDER BY (d.model = %s) DESC, t.closed_at DESC",
        (ticket.tenant_id, _LOOKED_AT, ticket.cause, type_name, ticket.id, listed.device.model),
    )
    minutes = sorted(row["minutes"] for row in rows if row["minutes"])
    return SimilarPublic(
        counted=len(rows),
        confirmed=sum(row["outcome"] in _FOUND for row in rows),
        minutes=minutes[len(minutes) // 2] if minutes else None,
        items=[
            SimilarTicket(
                id=row["id"],
                number=row["number"],
                device_id=row["device_id"],
                device_name=row["name"],
                model=row["model"],
                closed_at=row["closed_at"],
                outcome=row["outcome"],
                outcome_title=titles.cause(type_name, row["outcome_cause"] or ticket.cause)
                if row["outcome"] in (*_FOUND, "other_fault")
                else {},
                parts=[titles.part(type_name, part) for part in row["parts_used"]],
                minutes=row["minutes"],
                rating=row["rating"],
            )
            for row in rows[:_SHOWN]
        ],
    )


def members(conn: Connection, tenant: int, campaign_id: str, limit: int = 1000) -> list[MemberPublic]:
    """Return the appliances of a campaign: those that still have its cause first."""
    rows = _rows(
        conn,
        "SELECT m.device_id, d.name AS device_name, d.model, d.firmware, coalesce(h.region, '') AS region,"
        " d.online, m.joined_at, m.recovered_at, m.ticket_id, t.number AS ticket_number"
        " FROM campaign_member m JOIN device d ON d.id = m.device_id AND d.tenant_id = %s"
        " LEFT JOIN household h ON h.id = d.household_id LEFT JOIN ticket t ON t.id = m.ticket_id"
        " WHERE m.campaign_id = %s ORDER BY m.recovered_at NULLS FIRST, m.joined_at, m.device_id LIMIT %s",
        (tenant, campaign_id, limit),
    )
    return [MemberPublic(**row) for row in rows]


def campaign_history(conn: Connection, campaign_id: str) -> list[CampaignLine]:
    """Return a campaign's history, the latest line first."""
    rows = _rows(
        conn,
        "SELECT version, time, actor, note FROM campaign_history WHERE campaign_id = %s"
        " ORDER BY version DESC LIMIT 200",
        (campaign_id,),
    )
    return [CampaignLine(**row) for row in rows]


def inspections(conn: Connection, tenant: int, limit: int) -> list[InspectionLine]:
    """Return the latest measurements at any appliance."""
    rows = _rows(
        conn,
        "SELECT i.id, i.time, i.actor, i.quantity, i.value, i.unit, i.low, i.high, i.note, i.ticket_id,"
        " i.device_id, d.name AS device_name, d.type, t.number AS ticket_number FROM inspection i"
        " JOIN device d ON d.id = i.device_id LEFT JOIN ticket t ON t.id = i.ticket_id"
        " WHERE i.tenant_id = %s ORDER BY i.time DESC, i.id LIMIT %s",
        (tenant, limit),
    )
    return [InspectionLine(**row) for row in rows]


def board(conn: Connection, titles: Titles, tenant: int, day_plan: DayPlan, day: date) -> BoardPublic:
    """Return a day's plan with what each visit is about.

    Args:
        conn: read only.
        titles: names for people.
        tenant: whose.
        day_plan: the order of the visits.
        day: the date that it is for.
    """
    wanted = [leg.ticket for route in day_plan.routes for leg in route.legs] + list(day_plan.left_out)
    tickets = {
        row["id"]: row
        for row in _rows(
            conn,
            "SELECT t.id, t.number, t.state, t.urgency, t.cause, t.part, t.device_id, d.name, d.type,"
            " coalesce(h.region, '') AS region, t.visit_from, t.visit_until FROM ticket t"
            " JOIN device d ON d.id = t.device_id LEFT JOIN household h ON h.id = d.household_id"
            " WHERE t.tenant_id = %s AND t.id = ANY(%s)",
            (tenant, wanted),
        )
    }
    people = {
        row["id"]: row
        for row in _rows(conn, "SELECT id, name, van FROM engineer WHERE tenant_id = %s", (tenant,))
    }

    def leg_of(leg: Leg, van: frozenset[str]) -> BoardLeg:
        row = tickets[leg.ticket]
        return BoardLeg(
            ticket=leg.ticket,
            number=row["number"],
            state=row["state"],
            urgency=row["urgency"],
            cause_title=titles.cause(row["type"], row["cause"]),
            part_title=titles.part(row["type"], row["part"]),
            part_in_van=f"{row['type']}.{row['part']}" in van if row["part"] else None,
            device_id=row["device_id"],
            device_name=row["name"],
            region=row["region"],
            km=leg.km,
            arrive=leg.arrive,
            begin=leg.begin,
            leave=leg.leave,
            visit_from=row["visit_from"],
            visit_until=row["visit_until"],
        )

    return BoardPublic(
        day=day,
        routes=[
            BoardRoute(
                engineer=route.worker,
                name=people[route.worker]["name"] if route.worker in people else route.worker,
                km=route.km,
                van=people[route.worker]["van"] if route.worker in people else [],
                legs=[
                    leg_of(leg, frozenset(people[route.worker]["van"] if route.worker in people else ()))
                    for leg in route.legs
                    if leg.ticket in tickets
                ],
            )
            for route in day_plan.routes
        ],
        left_out=[
            BoardLeft(
                ticket=ticket,
                number=tickets[ticket]["number"],
                urgency=tickets[ticket]["urgency"],
                cause_title=titles.cause(tickets[ticket]["type"], tickets[ticket]["cause"]),
                device_name=tickets[ticket]["name"] or tickets[ticket]["device_id"],
            )
            for ticket in day_plan.left_out
            if ticket in tickets
        ],
    )


def health(conn: Connection, titles: Titles, type_name: str, device_id: str, now: datetime) -> HealthFile:
    """Return how an appliance is: what the diagnosis sees now, and what has been within a year."""
    findings = _rows(
        conn,
        "SELECT cause, onset_at, ticket_id, (body->>'probability')::float8 AS probability,"
        " body->>'urgency' AS urgency FROM finding WHERE device_id = %s AND state = 'open'"
        " ORDER BY time DESC LIMIT 20",
        (device_id,),
    )
    past = _rows(
        conn,
        "SELECT count(*)::int AS tickets, (count(*) FILTER (WHERE resolved_at IS NOT NULL"
        " AND outcome IN ('confirmed', 'other_fault', 'no_fault_found')))::int AS visits FROM ticket"
        " WHERE device_id = %s AND opened_at > %s",
        (device_id, now - _YEAR),
    )[0]
    device = _rows(
        conn,
        "SELECT installed_at, warranty_until, online, last_seen_at,"
        " (SELECT max(time) FROM inspection WHERE device_id = d.id) AS inspected FROM device d WHERE id = %s",
        (device_id,),
    )[0]
    urgent = any(row["urgency"] == "urgent" for row in findings)
    silent = not device["online"] and device["last_seen_at"] is not None
    return HealthFile(
        level="act" if urgent else "watch" if findings or silent else "well",
        concerns=[
            ConcernPublic(
                cause=row["cause"],
                title=titles.cause(type_name, row["cause"]),
                probability=min(max(row["probability"] or 0.0, 0.0), 1.0),
                since=row["onset_at"],
                ticket_id=row["ticket_id"],
            )
            for row in findings
        ],
        tickets_a_year=past["tickets"],
        visits_a_year=past["visits"],
        last_inspection_at=device["inspected"],
        installed_at=device["installed_at"],
        warranty_until=device["warranty_until"],
    )


_TIMELINE = """
    (SELECT time, kind, code, '' AS detail, '' AS actor, NULL AS ticket_id, active FROM device_event
     WHERE device_id = %(device)s AND kind IN ('fault', 'event', 'status') ORDER BY time DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT opened_at, 'ticket', cause, number::text, origin, id, true FROM ticket
     WHERE device_id = %(device)s ORDER BY opened_at DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT closed_at, 'ticket', cause, number::text, outcome, id, false FROM ticket
     WHERE device_id = %(device)s AND closed_at IS NOT NULL ORDER BY opened_at DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT created_at, 'command', name, state, requested_by, NULL, true FROM command
     WHERE device_id = %(device)s ORDER BY created_at DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT time, 'inspection', quantity, trim(coalesce(value::text, '') || ' ' || unit), actor, ticket_id,
     true FROM inspection WHERE device_id = %(device)s ORDER BY time DESC LIMIT %(limit)s)
    ORDER BY time DESC LIMIT %(limit)s
"""


def timeline(
    conn: Connection, titles: Titles, appliance: ApplianceType | None, device_id: str, limit: int
) -> list[TimelineEntry]:
    """Return what happened at an appliance, the latest first; ``appliance``: its type, for the names."""
    type_name = appliance.type if appliance else ""
    rows = _rows(conn, _TIMELINE, {"device": device_id, "limit": limit})

    def title(row: _Row) -> Text:
        if row["kind"] == "ticket":
            return titles.cause(type_name, row["code"])
        if row["kind"] == "command":
            return titles.command(type_name, row["code"])
        known: Mapping[str, Event | FaultCode] = {}
        if appliance is not None and row["kind"] in ("fault", "event"):
            known = appliance.fault_codes if row["kind"] == "fault" else appliance.events
        return known[row["code"]].title if row["code"] in known else {"en": row["code"].replace("_", " ")}

    return [
        TimelineEntry(
            time=row["time"],
            kind=row["kind"],
            title=title(row),
            code=("opened" if row["active"] else "closed") if row["kind"] == "ticket" else row["code"],
            detail=row["detail"] or ("" if row["active"] or row["kind"] != "fault" else "cleared"),
            actor=row["actor"],
            ticket_id=row["ticket_id"],
        )
        for row in rows
    ]


def _rows(conn: Connection, query: str, values: Sequence[Any] | dict[str, Any]) -> list[_Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()
