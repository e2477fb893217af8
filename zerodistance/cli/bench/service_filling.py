"""Fills a database with what a service organisation has after some years: homes, appliances, tickets.

Made by SQL in the database itself, as the desk would have left it: every ticket with its history, its
finding and its messages, open ones in every state, and readings with their expected band behind the first
ones that are open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from psycopg import sql
from psycopg.types.json import Jsonb

from zerodistance.catalogue import ApplianceType, Catalogue
from zerodistance.clock import to_us
from zerodistance.messages import Candidate, Evidence, Finding, RuledOut
from zerodistance.store import plain
from zerodistance.store.database import Connection
from zerodistance.store.schema import META_COLUMNS, read_shape

PREFIX = "bench-"
ENGINEERS = 100
OPEN_SHARE = 0.4  # of the appliances: a bad year
_HOME = 3  # appliances in a home
_YEARS = 3
# The states of open tickets, as often as they stand here.
_OPEN_STATES = (
    *("owner_asked",) * 6, *("owner_checked",) * 2, *("unanswered",) * 2, *("remote",) * 2, *("on_site",) * 4,
    *("planned",) * 6, "visiting", *("on_hold",) * 2, *("resolved",) * 2, "verified",
)  # fmt: skip
_HISTORY = 6  # lines of an ended ticket
PLOTTED_TYPE = "refrigerator"
_PLOTTED = 100  # open tickets with readings
_PLOTTED_FOR = timedelta(hours=12)
_COUNTED = ("device", "ticket", "ticket_history", "message", "finding")
_LOUD = ("ticket", "finding", "message", "ticket_history")


class Filled(NamedTuple):
    """What is there to be asked for: ids, as many as a load needs to find something else each time."""

    devices: list[str]
    open_tickets: list[str]
    ended_tickets: list[str]
    plotted_tickets: list[str]
    counts: dict[str, int]


def fill(
    conn: Connection,
    catalogue: Catalogue,
    devices: int,
    tickets: int,
    now: datetime,
    say: Callable[[str], None],
) -> Filled:
    """Write the service organisation's rows.

    Args:
        conn: in autocommit mode, on a migrated database without such rows; its role owns the tables.
        catalogue: of the appliances, taken in turn.
        devices: appliances.
        tickets: open and ended ones together; of the open ones at most one for an appliance.
        now: until then.
        say: told what it is at.
    """
    types = [name for name in catalogue if catalogue[name].faults]
    with conn.transaction():
        say(f"{devices:,} appliances")
        _people(conn, types, devices, now)
        _cases(conn, catalogue, types, now)
        opened = min(int(devices * OPEN_SHARE), tickets)
        say(f"{tickets:,} findings and tickets")
        # What is announced of each new row would be heard by nobody, and costs more than the rows.
        for table in _LOUD:
            conn.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        _tickets(conn, opened, tickets, devices, now)
        say("history and messages")
        _told(conn)
        for table in _LOUD:
            conn.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
    say("readings behind the open tickets")
    plotted = _readings(conn, catalogue[PLOTTED_TYPE], now) if PLOTTED_TYPE in catalogue else []
    say("statistics")
    conn.execute("VACUUM (ANALYZE)")
    return Filled(
        devices=_ids(conn, "SELECT id FROM device ORDER BY md5(id) LIMIT 2000"),
        open_tickets=_ids(conn, "SELECT id FROM ticket WHERE closed_at IS NULL ORDER BY md5(id) LIMIT 2000"),
        ended_tickets=_ids(
            conn, "SELECT id FROM ticket WHERE closed_at IS NOT NULL ORDER BY md5(id) LIMIT 2000"
        ),
        plotted_tickets=plotted,
        counts={table: _count(conn, table) for table in _COUNTED},
    )


def _people(conn: Connection, types: list[str], devices: int, now: datetime) -> None:
    conn.execute(
        "INSERT INTO household (id, tenant_id, region, time_zone) SELECT 'bench-home-' || n, 1,"
        " 'region ' || (n %% 20), 'UTC' FROM generate_series(1, %s) AS n",
        (devices // _HOME + 1,),
    )
    conn.execute(
        "INSERT INTO engineer (id, tenant_id, name, region, skills) SELECT 'bench-engineer-' || n, 1,"
        " 'Engineer ' || n, 'region ' || (n %% 20), '{refrigeration,electrical}'"
        " FROM generate_series(1, %s) AS n",
        (ENGINEERS,),
    )
    conn.execute(
        "INSERT INTO device (id, tenant_id, type, model, name, firmware, household_id, online, last_seen_at)"
        " SELECT 'bench-' || lpad(n::text, 7, '0'), 1, (%(types)s::text[])[1 + n %% %(kinds)s],"
        " 'M' || n %% 40, 'Appliance ' || n, '2.' || n %% 9, 'bench-home-' || (1 + n / %(home)s),"
        " n %% 50 <> 0, %(now)s - n %% 300 * interval '1 s' FROM generate_series(1, %(devices)s) AS n",
        {"types": types, "kinds": len(types), "home": _HOME, "now": now, "devices": devices},
    )


def _cases(conn: Connection, catalogue: Catalogue, types: list[str], now: datetime) -> None:
    """Make a table of what can be wrong: one row for each type and fault, numbered within the type."""
    conn.execute(
        "CREATE TEMP TABLE bench_case (type text, k int, of int, cause text, urgency text, part text,"
        " skill text, summary jsonb, body jsonb, PRIMARY KEY (type, k)) ON COMMIT DROP"
    )
    for name in types:
        appliance = catalogue[name]
        for k, cause in enumerate(appliance.faults):
            finding = _finding(appliance, cause, now)
            part = appliance.parts.get(appliance.faults[cause].part)
            conn.execute(
                "INSERT INTO bench_case VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    name,
                    k,
                    len(appliance.faults),
                    cause,
                    finding.urgency,
                    appliance.faults[cause].part,
                    part.skill if part else "",
                    Jsonb(finding.summary),
                    Jsonb(msgspec.to_builtins(finding)),
                ),
            )
    conn.execute("ANALYZE bench_case")


def _finding(appliance: ApplianceType, cause: str, now: datetime) -> Finding:
    """Return a finding as the diagnosis writes them: candidates, ruled-out causes, evidence."""
    fault = appliance.faults[cause]
    others = [other for other in appliance.faults if other != cause][:3]
    evidence = []
    for n, feature in enumerate(fault.signature):
        channel = appliance.features[feature].channel
        unit = appliance.channels[channel].unit
        evidence.append(Evidence(feature, channel, unit, 12.0 + n, 4.0, 3.0, 5.0, 8.0 - n))
    return Finding(
        id="",
        revision=2,
        tenant=1,
        device="",
        type=appliance.type,
        state="open",
        cause=cause,
        probability=0.82,
        candidates=[Candidate(cause, 0.82), *(Candidate(other, 0.06) for other in others)],
        ruled_out=[
            RuledOut(other, {"en": f"The readings speak against {other}.", "zh": f"读数不支持 {other}。"})
            for other in others
        ],
        evidence=evidence,
        urgency=fault.urgency,
        onset_us=to_us(now - timedelta(hours=6)),
        time_us=to_us(now - timedelta(hours=5)),
        summary={name: f"{title}: readings left their band." for name, title in fault.title.items()},
        model="rules-1",
    )


def _tickets(conn: Connection, opened: int, tickets: int, devices: int, now: datetime) -> None:
    values = {
        "opened": opened,
        "tickets": tickets,
        "devices": devices,
        "now": now,
        "states": list(_OPEN_STATES),
        "kinds": len(_OPEN_STATES),
        "engineers": ENGINEERS,
        "span": _YEARS * 365 * 1440 // max(1, tickets - opened),
    }
    # Ended ones lie in the past, evenly, the latest first; open ones began within the last days.
    conn.execute(
        "CREATE TEMP TABLE bench_ticket ON COMMIT DROP AS SELECT n, n <= %(opened)s AS open,"
        " 'bench-' || lpad((CASE WHEN n <= %(opened)s THEN n ELSE 1 + (n * 7919::bigint) %% %(devices)s END)"
        "::text, 7, '0') AS device,"
        " CASE WHEN n <= %(opened)s THEN %(now)s - (5 + n %% 4000) * interval '1 min'"
        " ELSE %(now)s - 3 * interval '1 day' - (n - %(opened)s) * %(span)s * interval '1 min' END AS at,"
        " CASE WHEN n <= %(opened)s THEN (%(states)s::text[])[1 + (n * 31) %% %(kinds)s]"
        " WHEN n %% 20 = 0 THEN 'cancelled' ELSE 'closed' END AS state"
        " FROM generate_series(1, %(tickets)s) AS n",
        values,
    )
    conn.execute(
        "INSERT INTO finding (id, tenant_id, device_id, revision, state, cause, onset_at, time, body)"
        " SELECT 'bench-f-' || t.n, 1, d.id, 2, CASE WHEN t.open THEN 'open' ELSE 'cleared' END, c.cause,"
        " t.at - interval '30 min', t.at, c.body || jsonb_build_object('id', 'bench-f-' || t.n, 'device',"
        " d.id, 'state', CASE WHEN t.open THEN 'open' ELSE 'cleared' END)"
        " FROM bench_ticket t JOIN device d ON d.id = t.device JOIN bench_case c ON c.type = d.type"
        " AND c.k = t.n %% c.of",
        values,
    )
    conn.execute(
        "INSERT INTO ticket (id, tenant_id, device_id, household_id, region, state, origin, finding_id,"
        " cause, probability, urgency, summary, diagnosis, part, skill, assignee, visit_from, visit_until,"
        " respond_by, resolve_by, resolve_left_s, onset_at, opened_at, resolved_at, closed_at, outcome,"
        " outcome_cause, minutes, visit_avoided, rating, version)"
        " SELECT md5('bench' || t.n), 1, d.id, d.household_id, 'region ' || t.n %% 20, t.state,"
        " CASE t.n %% 3 WHEN 0 THEN 'predicted' ELSE 'detected' END, 'bench-f-' || t.n, c.cause, 0.82,"
        " c.urgency, c.summary, c.body || jsonb_build_object('id', 'bench-f-' || t.n, 'device', d.id),"
        " c.part, c.skill, CASE WHEN NOT t.open OR t.state IN ('planned', 'visiting', 'resolved',"
        " 'verified') THEN 'bench-engineer-' || (1 + t.n %% %(engineers)s) END,"
        " v.at, v.at + interval '2 hours',"
        " t.at + interval '1 hour' * (2 + t.n %% 70),"
        " CASE WHEN t.state <> 'on_hold' THEN t.at + interval '1 hour' * (24 + t.n %% 90) END,"
        " CASE WHEN t.state = 'on_hold' THEN 3600 * (t.n %% 40) END,"
        " t.at - interval '30 min', t.at, CASE WHEN o.done THEN t.at + interval '1 day' END,"
        " CASE WHEN NOT t.open THEN t.at + interval '2 days' END,"
        " CASE WHEN o.done THEN 'confirmed' WHEN t.state = 'cancelled' THEN 'cancelled' ELSE '' END,"
        " CASE WHEN o.done THEN c.cause ELSE '' END, CASE WHEN o.done THEN 45 END,"
        " NOT t.open AND t.n %% 4 = 0, CASE WHEN NOT t.open THEN 1 + t.n %% 5 END,"
        " CASE WHEN t.open THEN 3 ELSE %(history)s END"
        " FROM bench_ticket t JOIN device d ON d.id = t.device JOIN bench_case c ON c.type = d.type"
        " AND c.k = t.n %% c.of,"
        " LATERAL (SELECT CASE WHEN t.state IN ('planned', 'visiting') THEN t.at + interval '1 day' END"
        " AS at) AS v, LATERAL (SELECT t.state IN ('closed', 'resolved', 'verified') AS done) AS o"
        " ORDER BY t.at",
        {**values, "history": _HISTORY},
    )
    conn.execute(
        "UPDATE finding f SET ticket_id = t.id FROM ticket t WHERE t.finding_id = f.id"
        " AND f.id LIKE 'bench-f-%'"
    )


def _told(conn: Connection) -> None:
    conn.execute(
        "INSERT INTO ticket_history (ticket_id, version, tenant_id, time, actor, from_state, to_state, note)"
        " SELECT t.id, v, 1, t.opened_at + v * interval '3 hours', CASE v %% 3 WHEN 0 THEN 'owner' WHEN 1"
        " THEN 'platform' ELSE 'staff:bench' END, CASE WHEN v > 1 THEN (%(way)s::text[])[v - 1] END,"
        " CASE WHEN v = t.version THEN t.state ELSE (%(way)s::text[])[v] END,"
        " 'What was seen, what was done, and why it was thought right.'"
        " FROM ticket t, generate_series(1, t.version) AS v WHERE t.device_id LIKE 'bench-%%'",
        {"way": ["owner_asked", "on_site", "planned", "visiting", "resolved", "confirmed"]},
    )
    conn.execute(
        "INSERT INTO message (id, tenant_id, event_id, audience, household_id, ticket_id, device_id, kind,"
        " body, answers, urgent, created_at, not_before, sent_at) SELECT t.id || n || a, 1, t.id || n, a,"
        " t.household_id, t.id, t.device_id, CASE a WHEN 'owner' THEN 'question' ELSE 'ticket' END,"
        ' \'{"en": "The temperature of your appliance rises. Is its door closed?",'
        ' "zh": "您的电器温度升高，门关好了吗？"}\','
        ' CASE a WHEN \'owner\' THEN \'{"checked": {"en": "I have checked", "zh": "已检查"}}\'::jsonb'
        " ELSE '{}' END, false, t.opened_at, t.opened_at, t.opened_at"
        " FROM ticket t, generate_series(1, 2) AS n, unnest(ARRAY['owner', 'engineer']) AS a"
        " WHERE t.device_id LIKE 'bench-%'"
    )


def _readings(conn: Connection, appliance: ApplianceType, now: datetime) -> list[str]:
    """Write the readings, and the band in which they were expected, behind some open tickets."""
    shape = read_shape(conn, appliance.type)
    found = conn.execute(
        "SELECT t.id, t.device_id FROM ticket t JOIN device d ON d.id = t.device_id WHERE d.type = %s"
        " AND t.state NOT IN ('closed', 'cancelled', 'merged') ORDER BY t.number DESC LIMIT %s",
        (appliance.type, _PLOTTED),
    ).fetchall()
    if shape is None or not found:
        return []
    devices = [device for _, device in found]
    since = now - _PLOTTED_FOR
    values = {
        "float4": sql.SQL("4 + sin(m / 20.0)"),
        "float8": sql.SQL("4 + m / 100.0"),
        "int4": sql.SQL("m"),
        "bool": sql.SQL("m % 7 = 0"),
    }
    with conn.transaction():
        if shape.partitioned:
            plain.make_partitions(conn, shape.type, [since, now])
        columns = [c for c in shape.columns if c not in META_COLUMNS]
        conn.execute(
            sql.SQL(
                "INSERT INTO {} (time, device_id, tenant_id, received_at, skew_ms, {})"
                " SELECT at, d, 1, at, 60, {} FROM unnest({}::text[]) AS d,"
                " generate_series(0, {}) AS m,"
                " LATERAL (SELECT {}::timestamptz + m * interval '1 min' AS at) AS a"
            ).format(
                sql.Identifier(shape.table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(values[shape.channels[c]] for c in columns),
                sql.Literal(devices),
                sql.Literal(int(_PLOTTED_FOR.total_seconds() // 60)),
                sql.Literal(since.isoformat()),
            )
        )
        conn.execute(
            "INSERT INTO expected_band (device_id, channel, time, expected, low, high)"
            " SELECT d, c, %(since)s::timestamptz + m * interval '10 min', 4, 3, 5"
            " FROM unnest(%(devices)s::text[]) AS d, unnest(%(channels)s::text[]) AS c,"
            " generate_series(0, %(steps)s) AS m",
            {
                "since": since,
                "devices": devices,
                "channels": list(appliance.channels)[:6],
                "steps": int(_PLOTTED_FOR.total_seconds() // 600),
            },
        )
    return [ticket for ticket, _ in found]


def _ids(conn: Connection, query: str) -> list[str]:
    return [row[0] for row in conn.execute(query.encode()).fetchall()]


def _count(conn: Connection, table: str) -> int:
    row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0
