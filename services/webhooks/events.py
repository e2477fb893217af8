"""What webhooks can tell, and writing it down in the transaction that made it true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from zerodistance.store.database import Connection

TICKET_OPENED = "ticket.opened"
TICKET_CHANGED = "ticket.changed"
TICKET_CLOSED = "ticket.closed"
MESSAGE_SENT = "message.sent"
APPLIANCE_USED = "appliance.used"
TEST = "webhook.test"

# Type → what it says, for those who choose.
TYPES: Mapping[str, str] = {
    TICKET_OPENED: "A ticket was opened.",
    TICKET_CHANGED: "A ticket moved, or its history has a line more.",
    TICKET_CLOSED: "A ticket ended: closed, cancelled, or merged into another.",
    MESSAGE_SENT: "A message reached its inbox: an owner's, an engineer's or a dispatcher's.",
    APPLIANCE_USED: "An appliance was used as the policy tells partners; under a pseudonym, no home.",
}


def emit(
    conn: Connection, tenant: int, type: str, event_id: str, time: datetime, data: Mapping[str, Any]
) -> bool:
    """Write an event for everybody who asked for its type; return False where nobody did, or it is there.

    Args:
        conn: inside the transaction that made it true: no event of what was rolled back, and none missing.
        tenant: whose.
        type: one of :data:`TYPES`.
        event_id: the same for the same event, whoever writes it: receivers tell repeats by it.
        time: platform time.
        data: what is told.
    """
    row = conn.execute(
        "WITH receiver AS (SELECT id FROM webhook WHERE tenant_id = %(tenant)s AND disabled_at IS NULL"
        " AND %(type)s = ANY (types)), event AS (INSERT INTO webhook_event (tenant_id, id, type, time, data)"
        " SELECT %(tenant)s, %(id)s, %(type)s, %(time)s, %(data)s WHERE EXISTS (SELECT FROM receiver)"
        " ON CONFLICT DO NOTHING RETURNING id)"
        " INSERT INTO webhook_delivery (webhook_id, tenant_id, event_id)"
        " SELECT receiver.id, %(tenant)s, event.id FROM receiver, event RETURNING 1",
        {"tenant": tenant, "type": type, "id": event_id, "time": time, "data": Jsonb(dict(data))},
    ).fetchone()
    return row is not None


def emit_to(conn: Connection, tenant: int, webhook_id: str, event_id: str, time: datetime) -> None:
    """Write a test event for one receiver, whatever types it asked for."""
    conn.execute(
        "INSERT INTO webhook_event (tenant_id, id, type, time, data) VALUES (%s, %s, %s, %s, %s)",
        (tenant, event_id, TEST, time, Jsonb({"webhook": webhook_id})),
    )
    conn.execute(
        "INSERT INTO webhook_delivery (webhook_id, tenant_id, event_id) VALUES (%s, %s, %s)",
        (webhook_id, tenant, event_id),
    )
