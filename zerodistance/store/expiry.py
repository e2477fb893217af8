"""Rows beside the telemetry that are of no use once the telemetry itself is gone.

Events, expected bands, conflicts and dead letters are kept as long as the longest kept telemetry of the
catalogue: a letter that is older would be refused as too old if it were replayed. What people decided
(tickets, messages, findings, commands) stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import sql

from zerodistance.catalogue import Catalogue
from zerodistance.store import counts
from zerodistance.store.database import Connection, translated

# table → the column by which its rows grow old
_TIMES = {
    "device_event": "time",
    "expected_band": "time",
    "telemetry_conflict": "time",
    "dead_letter": "received_at",
    "unclaimed_device": "last_seen_at",
}
# Rows of one transaction: short enough that nobody waits for it.
_BATCH = 5_000


def delete_expired(conn: Connection, catalogue: Catalogue, now: datetime) -> dict[str, int]:
    """Delete what is older than any telemetry may be; return how many rows by table, without the zeros.

    Args:
        conn: in autocommit mode; each batch is a transaction.
        catalogue: says how long telemetry is kept.
        now: platform time.

    Raises:
        UnavailableError: the database does not answer.
        StoreError: it is not migrated.
    """
    if not catalogue:
        return {}
    oldest = now - timedelta(days=max(appliance.retention_days for appliance in catalogue.values()))
    deleted: dict[str, int] = {}
    for table, column in _TIMES.items():
        statement = sql.SQL(
            "DELETE FROM {table} WHERE ctid = ANY(ARRAY("
            "SELECT ctid FROM {table} WHERE {column} < %s LIMIT %s FOR UPDATE SKIP LOCKED))"
        ).format(table=sql.Identifier(table), column=sql.Identifier(column))
        while True:
            with translated(), conn.transaction():
                count = conn.execute(statement, (oldest, _BATCH)).rowcount
                counts.add(conn, {("expired", table): count})  # `zerodistance reconcile` asks where they are
            if count:
                deleted[table] = deleted.get(table, 0) + count
            if count < _BATCH:
                break
    return deleted
