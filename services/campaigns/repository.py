"""Campaigns in the database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from services.campaigns.detect import DIMENSIONS, Tally
from services.tickets.repository import Device
from zerodistance.errors import ConflictError, NotFoundError
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class Campaign:
    """A row of the table ``campaign``, with how many appliances it has and how many have recovered."""

    id: str
    number: int
    tenant_id: int
    version: int
    state: str
    type: str
    cause: str
    region: str
    firmware: str
    model: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str
    note: str
    members: int = 0
    recovered: int = 0

    @property
    def scope(self) -> str:
        """What its appliances have in common, in words."""
        named = (("firmware", self.firmware), ("model", self.model), ("region", self.region))
        return ", ".join(f"{name} {value}" for name, value in named if value)


_SELECT = (
    "SELECT c.*, (SELECT count(*)::int FROM campaign_member m WHERE m.campaign_id = c.id) AS members,"
    " (SELECT count(*)::int FROM campaign_member m WHERE m.campaign_id = c.id AND m.recovered_at IS NOT NULL)"
    " AS recovered FROM campaign c "
)


def matching(conn: Connection, device: Device, cause: str) -> Campaign | None:
    """Return the open campaign that a cause of this appliance belongs to, None if there is none."""
    with conn.cursor(row_factory=class_row(Campaign)) as cursor:
        return cursor.execute(
            _SELECT + "WHERE c.tenant_id = %s AND c.state = 'open' AND c.type = %s AND c.cause = %s"
            " AND c.region IN ('', %s) AND c.firmware IN ('', %s) AND c.model IN ('', %s)"
            " ORDER BY c.number LIMIT 1",
            (device.tenant_id, device.type, cause, device.region, device.firmware, device.model),
        ).fetchone()


def tallies(conn: Connection, device: Device, cause: str, since: datetime) -> list[Tally]:
    """Count who has a cause now that began after ``since``, by what is common with an appliance."""
    found = []
    for dimension in DIMENSIONS:
        value = getattr(device, dimension)
        if not value:
            continue
        column = {"firmware": "d.firmware", "model": "d.model", "region": "h.region"}[dimension]
        row = conn.execute(
            sql.SQL(
                "WITH a AS (SELECT DISTINCT device_id FROM finding WHERE tenant_id = %(tenant)s"
                " AND cause = %(cause)s AND state = 'open' AND onset_at > %(since)s)"
                " SELECT count(*) FILTER (WHERE i AND a.device_id IS NOT NULL), count(*) FILTER (WHERE i),"
                " count(*) FILTER (WHERE NOT i AND a.device_id IS NOT NULL), count(*) FILTER (WHERE NOT i)"
                " FROM (SELECT d.id, coalesce({} = %(value)s, false) AS i FROM device d"
                " LEFT JOIN household h ON h.id = d.household_id"
                " WHERE d.tenant_id = %(tenant)s AND d.type = %(type)s AND d.retired_at IS NULL) x"
                " LEFT JOIN a ON a.device_id = x.id"
            ).format(sql.SQL(column)),
            {
                "tenant": device.tenant_id,
                "cause": cause,
                "since": since,
                "type": device.type,
                "value": value,
            },
        ).fetchone()
        if row is not None:
            found.append(Tally(dimension, value, *row))
    return found


def affected_now(conn: Connection, tenant: int, cause: str, since: datetime) -> int:
    """Return how many appliances have a cause that began after ``since``: a quick look before counting."""
    row = conn.execute(
        "SELECT count(DISTINCT device_id) FROM finding WHERE tenant_id = %s AND cause = %s"
        " AND state = 'open' AND onset_at > %s",
        (tenant, cause, since),
    ).fetchone()
    return int(row[0]) if row else 0


def insert(
    conn: Connection, tenant: int, type: str, cause: str, scope: dict[str, str], *, actor: str, now: datetime
) -> Campaign | None:
    """Open a campaign with the first line of its history; None if there is one of that scope already."""
    campaign_id = uuid.uuid4().hex
    row = conn.execute(
        "INSERT INTO campaign (id, tenant_id, type, cause, region, firmware, model, opened_at, opened_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1",
        (
            campaign_id,
            tenant,
            type,
            cause,
            scope.get("region", ""),
            scope.get("firmware", ""),
            scope.get("model", ""),
            now,
            actor,
        ),
    ).fetchone()
    if row is None:
        return None
    campaign = get(conn, tenant, campaign_id)
    tell(conn, campaign, actor, f"Opened: {cause} is common to {campaign.scope}.", now)
    return campaign


def closed_after(
    conn: Connection, tenant: int, type: str, cause: str, scope: dict[str, str], since: datetime
) -> bool:
    """Tell whether a campaign of this cause and scope was closed after ``since``."""
    row = conn.execute(
        "SELECT 1 FROM campaign WHERE tenant_id = %s AND type = %s AND cause = %s AND region = %s"
        " AND firmware = %s AND model = %s AND state = 'closed' AND closed_at > %s LIMIT 1",
        (tenant, type, cause, *(scope.get(name, "") for name in ("region", "firmware", "model")), since),
    ).fetchone()
    return row is not None


def get(conn: Connection, tenant: int, campaign_id: str, *, lock: bool = False) -> Campaign:
    """Return one campaign; with ``lock`` it stays ours until the transaction ends.

    Raises:
        NotFoundError: there is no such campaign of this tenant.
    """
    query = _SELECT + "WHERE c.id = %s AND c.tenant_id = %s" + (" FOR UPDATE OF c" if lock else "")
    with conn.cursor(row_factory=class_row(Campaign)) as cursor:
        row = cursor.execute(query, (campaign_id, tenant)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id!r}.")
    return row


def listing(conn: Connection, tenant: int, limit: int = 100) -> list[Campaign]:
    """Return the campaigns of a tenant, open ones first, then the latest."""
    with conn.cursor(row_factory=class_row(Campaign)) as cursor:
        return cursor.execute(
            _SELECT + "WHERE c.tenant_id = %s ORDER BY c.state DESC, c.number DESC LIMIT %s", (tenant, limit)
        ).fetchall()


def join(
    conn: Connection,
    campaign: Campaign,
    device_id: str,
    finding_id: str | None,
    ticket_id: str | None,
    now: datetime,
) -> bool:
    """Make an appliance with its finding part of a campaign; return False if it is already."""
    if finding_id is not None:
        conn.execute(
            "UPDATE finding SET ticket_id = NULL, campaign_id = %s WHERE id = %s", (campaign.id, finding_id)
        )
    row = conn.execute(
        "INSERT INTO campaign_member AS m (campaign_id, device_id, finding_id, ticket_id, joined_at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (campaign_id, device_id) DO UPDATE"
        " SET finding_id = excluded.finding_id, recovered_at = NULL,"
        " ticket_id = coalesce(excluded.ticket_id, m.ticket_id) RETURNING xmax = 0",
        (campaign.id, device_id, finding_id, ticket_id, now),
    ).fetchone()
    return bool(row and row[0])


def recovered(conn: Connection, finding_id: str, now: datetime) -> bool:
    """Note that a member's finding has cleared; return whether it is one of a campaign."""
    done = conn.execute(
        "UPDATE campaign_member m SET recovered_at = %s FROM finding f WHERE f.id = %s"
        " AND m.campaign_id = f.campaign_id AND m.device_id = f.device_id",
        (now, finding_id),
    )
    return done.rowcount > 0


def open_tickets(conn: Connection, campaign: Campaign, states: list[str], since: datetime) -> list[str]:
    """Lock the open tickets of a campaign's cause and scope that nobody is on the way to; return their ids.

    Those that somebody else is changing at this moment are left alone.
    """
    rows = conn.execute(
        "SELECT t.id FROM ticket t JOIN device d ON d.id = t.device_id"
        " LEFT JOIN household h ON h.id = d.household_id WHERE t.tenant_id = %s AND t.cause = %s"
        " AND t.state = ANY(%s) AND t.assignee IS NULL AND t.onset_at > %s AND d.type = %s"
        " AND (%s = '' OR d.firmware = %s) AND (%s = '' OR d.model = %s) AND (%s = '' OR h.region = %s)"
        " ORDER BY t.id FOR UPDATE OF t SKIP LOCKED",
        (
            campaign.tenant_id,
            campaign.cause,
            states,
            since,
            campaign.type,
            *(campaign.firmware,) * 2,
            *(campaign.model,) * 2,
            *(campaign.region,) * 2,
        ),
    ).fetchall()
    return [row[0] for row in rows]


def still_open(conn: Connection, campaign_id: str) -> list[str]:
    """Return the findings of a campaign that have not cleared, the oldest first."""
    rows = conn.execute(
        "SELECT id FROM finding WHERE campaign_id = %s AND state = 'open' ORDER BY onset_at, id",
        (campaign_id,),
    ).fetchall()
    return [row[0] for row in rows]


def close(conn: Connection, campaign: Campaign, *, actor: str, note: str, now: datetime) -> None:
    """Close a campaign and let go of its findings.

    Raises:
        ConflictError: it is closed already.
    """
    done = conn.execute(
        "UPDATE campaign SET state = 'closed', closed_at = %s, closed_by = %s, note = %s,"
        " version = version + 1 WHERE id = %s AND state = 'open'",
        (now, actor, note, campaign.id),
    )
    if not done.rowcount:
        raise ConflictError("This campaign is closed already.")
    conn.execute("UPDATE finding SET campaign_id = NULL WHERE campaign_id = %s", (campaign.id,))
    tell(conn, get(conn, campaign.tenant_id, campaign.id), actor, note or "Closed.", now)


def tell(conn: Connection, campaign: Campaign, actor: str, note: str, now: datetime) -> None:
    """Write a line of a campaign's history."""
    conn.execute(
        "INSERT INTO campaign_history (campaign_id, version, time, actor, note) VALUES (%s, %s, %s, %s, %s)",
        (campaign.id, campaign.version, now, actor, note),
    )


def note(conn: Connection, campaign: Campaign, actor: str, text: str, now: datetime) -> None:
    """Write a line of history for something that was done for all of a campaign's appliances."""
    conn.execute("UPDATE campaign SET version = version + 1 WHERE id = %s", (campaign.id,))
    tell(conn, get(conn, campaign.tenant_id, campaign.id), actor, text, now)
