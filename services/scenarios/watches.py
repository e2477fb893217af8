"""Watches: rules over the latest readings that ask the owner, with one tap for a command (A2, H1).

Policy declares them; here they are looked at. A watch speaks once, and again only after what re-arms it was
seen. Nothing is sent to an appliance before its owner has tapped.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import sql

from services.messages.telling import Question, tell_owner
from services.policy import Condition, Idle, Policy, Watch
from services.tickets.repository import Device
from services.tickets.repository import device as read_device
from services.titles import Titles
from zerodistance.catalogue.model import ApplianceType, Catalogue
from zerodistance.store.database import Connection

YES, NO = "yes", "no"
# Readings older than this say nothing about now.
_FRESH = timedelta(minutes=30)
_MOST = 500  # questions in one turn


def look(
    conn: Connection,
    catalogue: Catalogue,
    policy: Policy,
    now: datetime,
    channels: tuple[str, ...] = (),
) -> int:
    """Look at all watches once; return how many owners were asked.

    Args:
        conn: in a transaction; of several processes the first one asks.
        catalogue: a watch whose type or channels are not in it sees nothing.
        policy: declares the watches.
        now: platform time.
        channels: further channels of the questions.
    """
    asked = 0
    for name, watch in policy.scenarios.watches.items():
        appliance = catalogue.get(watch.type)
        if appliance is None or not _is_possible(watch, appliance):
            continue
        _rearm(conn, name, watch, appliance, now)
        for device_id in _due(conn, name, watch, appliance, now):
            device = read_device(conn, device_id)
            if device is not None and _disarm(conn, name, device_id, now):
                _ask(conn, catalogue, name, watch, device, now, channels)
                asked += 1
    return asked


def _is_possible(watch: Watch, appliance: ApplianceType) -> bool:
    used = {condition.channel for condition in (*watch.when, *watch.rearm)}
    if watch.idle is not None:
        used.add(watch.idle.channel)
    return used <= appliance.channels.keys() and watch.command in appliance.commands


def _rearm(conn: Connection, name: str, watch: Watch, appliance: ApplianceType, now: datetime) -> None:
    conn.execute(
        sql.SQL(
            "UPDATE watch_state s SET armed = true, changed_at = %(now)s WHERE watch = %(watch)s"
            " AND NOT armed AND EXISTS (SELECT FROM {table} x WHERE x.device_id = s.device_id"
            " AND x.time > s.changed_at AND x.time <= %(now)s AND {holds})"
        ).format(table=sql.Identifier(appliance.table), holds=_all_hold(watch.rearm, appliance)),
        {"watch": name, "now": now},
    )


def _due(conn: Connection, name: str, watch: Watch, appliance: ApplianceType, now: datetime) -> list[str]:
    """Return the appliances with an owner, in use, of which a watch has something to say."""
    table = sql.Identifier(appliance.table)
    query = sql.SQL(
        "SELECT d.id FROM device d JOIN LATERAL (SELECT * FROM {table} t WHERE t.device_id = d.id"
        " AND t.time > %(fresh)s AND t.time <= %(now)s ORDER BY t.time DESC LIMIT 1) x ON true"
        " WHERE d.type = %(type)s AND d.retired_at IS NULL AND d.household_id IS NOT NULL AND {holds}"
        " AND NOT EXISTS (SELECT FROM watch_state s WHERE s.watch = %(watch)s AND s.device_id = d.id"
        " AND NOT s.armed)"
    ).format(table=table, holds=_all_hold(watch.when, appliance))
    if watch.idle is not None:
        query += sql.SQL(
            " AND EXISTS (SELECT FROM {table} t WHERE t.device_id = d.id AND t.time <= %(since)s)"
            " AND NOT EXISTS (SELECT FROM {table} x WHERE x.device_id = d.id AND x.time > %(since)s"
            " AND x.time <= %(now)s AND {moved})"
        ).format(table=table, moved=_holds(_moved(watch.idle), appliance))
    since = now - timedelta(hours=watch.idle.hours) if watch.idle is not None else now
    values = {
        "fresh": now - _FRESH,
        "now": now,
        "type": appliance.type,
        "watch": name,
        "since": since,
        "most": _MOST,
    }
    rows = conn.execute(query + sql.SQL(" ORDER BY d.id LIMIT %(most)s"), values).fetchall()
    return [row[0] for row in rows]


def _disarm(conn: Connection, name: str, device_id: str, now: datetime) -> bool:
    """Note that a watch speaks of an appliance; return False if another process was quicker."""
    done = conn.execute(
        "INSERT INTO watch_state AS s (watch, device_id, armed, changed_at) VALUES (%s, %s, false, %s)"
        " ON CONFLICT (watch, device_id) DO UPDATE SET armed = false, changed_at = excluded.changed_at"
        " WHERE s.armed",
        (name, device_id, now),
    )
    return done.rowcount > 0


def _ask(
    conn: Connection,
    catalogue: Catalogue,
    name: str,
    watch: Watch,
    device: Device,
    now: datetime,
    channels: tuple[str, ...],
) -> None:
    tell_owner(
        conn,
        Titles(catalogue),
        device,
        watch.text,
        {},
        kind="reminder",
        event_id=f"watch-{name}-{device.id}-{now:%Y%m%d%H%M%S%f}",
        now=now,
        question=Question(
            "action",
            answers={YES: watch.yes, NO: watch.no},
            options={YES: {"command": watch.command, "arguments": watch.arguments}},
            within=timedelta(hours=watch.answer_h),
        ),
        channels=channels,
    )


def _moved(idle: Idle) -> Condition:
    return Condition(idle.channel, above=idle.above)


def _all_hold(conditions: list[Condition], appliance: ApplianceType) -> sql.Composed:
    return sql.SQL(" AND ").join([_holds(condition, appliance) for condition in conditions])


def _holds(condition: Condition, appliance: ApplianceType) -> sql.Composed:
    column = sql.SQL("x.{}").format(sql.Identifier(condition.channel))
    if appliance.channels[condition.channel].storage == "boolean":
        column = sql.SQL("{}::int").format(column)
    parts = [
        sql.SQL("{} {} {}").format(column, sql.SQL(sign), sql.Literal(value))
        for sign, value in ((">", condition.above), ("<", condition.below))
        if value is not None
    ]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(parts) if parts else sql.SQL("true"))
