"""The figures on top of the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from zerodistance.errors import StoreError
from zerodistance.store.database import Connection

# Visits avoided and the proactive share are told of the tickets of a month, not of all that ever were.
_SHARE_WINDOW = timedelta(days=30)
# The skew between owner and engineer is told over the last day.
_SKEW_WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over one tenant's devices and tickets.

    Attributes:
        overdue: open tickets whose clock runs and whose next deadline (to respond, then to resolve) passed.
        visits_avoided: of the tickets opened in the last 30 days.
        proactive_share: of those, without what became part of another ticket or campaign, those that no
            person had to report; None without tickets.
        notification_skew_ms: 95th percentile of |owner told − engineer told| over the last day, in
            real milliseconds, among pairs that quiet hours did not part; None without pairs.
    """

    devices: int
    online: int
    open_tickets: int
    owner_asked: int
    overdue: int
    closed_today: int
    visits_avoided: int
    proactive_share: float | None
    notification_skew_ms: float | None


def figures(conn: Connection, tenant: int, now: datetime, rate: float = 1.0) -> Figures:
    """Return the figures at platform time ``now``, which runs ``rate`` times as fast as real time."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with conn.cursor(row_factory=class_row(Figures)) as cursor:
        row = cursor.execute(
            """
            WITH d AS (
                SELECT count(*)::int AS devices, (count(*) FILTER (WHERE online))::int AS online
                FROM device WHERE tenant_id = %(tenant)s AND retired_at IS NULL
            ), o AS (
                SELECT count(*)::int AS open_tickets,
                    (count(*) FILTER (WHERE state = 'owner_asked'))::int AS owner_asked,
                    (count(*) FILTER (WHERE state NOT IN ('resolved', 'verified', 'confirmed', 'on_hold')
                        AND (resolve_by < %(now)s OR (respond_by < %(now)s
                             AND responded_at IS NULL))))::int AS overdue
                FROM ticket WHERE tenant_id = %(tenant)s AND state NOT IN ('closed', 'cancelled', 'merged')
            ), c AS (
                SELECT count(*)::int AS closed_today FROM ticket
                WHERE tenant_id = %(tenant)s AND state = 'closed' AND closed_at >= %(midnight)s
            ), a AS (
                SELECT (count(*) FILTER (WHERE visit_avoided AND state = 'closed'))::int AS visits_avoided,
                    (count(*) FILTER (WHERE origin IN ('predicted', 'detected', 'fault_code')))::float8
                        / nullif(count(*), 0) AS proactive_share
                FROM ticket WHERE tenant_id = %(tenant)s AND opened_at > %(month)s AND state <> 'merged'
            ), s AS (
                SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY apart) AS notification_skew_ms FROM (
                    SELECT abs(extract(epoch FROM o.sent_at - e.sent_at))::float8 * 1000 / %(rate)s AS apart
                    FROM message o JOIN message e ON e.event_id = o.event_id AND e.audience = 'engineer'
                    WHERE o.audience = 'owner' AND o.tenant_id = %(tenant)s AND o.sent_at > %(since)s
                      AND e.sent_at IS NOT NULL AND o.not_before = e.not_before
                ) pairs
            )
            SELECT devices, online, open_tickets, owner_asked, overdue, closed_today, visits_avoided,
                proactive_share, notification_skew_ms FROM d, o, c, a, s
            """,
            {
                "tenant": tenant,
                "now": now,
                "midnight": midnight,
                "month": now - _SHARE_WINDOW,
                "since": now - _SKEW_WINDOW,
                "rate": rate,
            },
        ).fetchone()
    if row is None:
        raise StoreError("The figures could not be read.")
    return row
