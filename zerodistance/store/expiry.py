"""Rows beside the telemetry that are of no use any more, deleted in short transactions.

Events, expected bands, opinions of the diagnosis, conflicts, dead letters and samples that wait for a table
are kept as long as the longest kept telemetry of the catalogue: a letter that is older would be refused as
too old if it were replayed. Opinions from which a model was made are its lineage and stay, and so do those of
tickets that are still open. What has done its work goes earlier: timers of tickets that ended, the memory of
the diagnosis of appliances that are gone, receipts of boots that were long ago. What people decided (tickets,
messages, findings, commands) stays, and so does what is still to be sent (the outbox).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg import sql

from zerodistance.catalogue import Catalogue
from zerodistance.store import counts
from zerodistance.store.database import Connection, translated

# Rows of one transaction: short enough that nobody waits for it.
_BATCH = 5_000
# Of what has done its work, the last month is kept: somebody may ask why, or take a retired appliance back.
_SETTLED = timedelta(days=30)
# A device is told again what of an earlier boot is stored, should it ask; it never asks for so many. The last
# written are kept, not the highest: a counter of boots may begin anew.
KEPT_BOOTS = 100


class _Rule(NamedTuple):
    """Which rows of a table go.

    Attributes:
        chosen: SELECT of up to ``%(batch)s`` ctids; ``%(oldest)s`` is the earliest moment of any telemetry,
            ``%(settled)s`` a month ago, ``%(kept)s`` how long telemetry is kept.
        counted: whether `zerodistance reconcile` asks where they are.
    """

    table: str
    chosen: str
    counted: bool = True


def _older(table: str, column: str) -> _Rule:
    return _Rule(
        table,
        f"SELECT ctid FROM {table} WHERE {column} < %(oldest)s LIMIT %(batch)s FOR UPDATE SKIP LOCKED",  # noqa: S608
    )


_RULES = (
    _older("device_event", "time"),
    _older("expected_band", "time"),
    _older("telemetry_conflict", "time"),
    _Rule(
        "diagnosis_opinion",
        "SELECT o.ctid FROM diagnosis_opinion AS o WHERE o.time < %(oldest)s"
        " AND NOT EXISTS (SELECT FROM model_label AS l WHERE l.finding_id = o.finding_id)"
        " AND NOT EXISTS (SELECT FROM ticket AS t WHERE t.finding_id = o.finding_id"
        " AND t.state NOT IN ('closed', 'cancelled', 'merged'))"
        " LIMIT %(batch)s FOR UPDATE OF o SKIP LOCKED",
        counted=False,
    ),
    _older("dead_letter", "received_at"),
    _older("unclaimed_device", "last_seen_at"),
    _older("unknown_channel", "last_seen_at"),
    # parked by the server's clock, so judged by it: a replay of the past loses nothing
    _Rule(
        "parked_sample",
        "SELECT ctid FROM parked_sample WHERE parked_at < clock_timestamp() - %(kept)s"
        " LIMIT %(batch)s FOR UPDATE SKIP LOCKED",
    ),
    # a done timer of an open ticket says that its hour has struck: it is not set again
    _Rule(
        "timer",
        "SELECT m.ctid FROM timer AS m LEFT JOIN ticket AS t ON t.id = m.ticket_id"
        " WHERE m.done_at < %(settled)s"
        " AND (t.id IS NULL OR t.state IN ('closed', 'cancelled', 'merged'))"
        " LIMIT %(batch)s FOR UPDATE OF m SKIP LOCKED",
        counted=False,
    ),
    _Rule(
        "diagnosis_state",
        "SELECT s.ctid FROM diagnosis_state AS s JOIN device AS d ON d.id = s.device_id"
        " WHERE d.retired_at < %(settled)s LIMIT %(batch)s FOR UPDATE OF s SKIP LOCKED",
        counted=False,
    ),
    _Rule(
        "receipt",
        "SELECT r.ctid FROM (SELECT device_id FROM receipt GROUP BY device_id HAVING count(*) > %(boots)s"
        " LIMIT 100) AS many CROSS JOIN LATERAL (SELECT o.ctid FROM receipt AS o"
        " WHERE o.device_id = many.device_id ORDER BY o.written_at DESC, o.boot DESC"
        " OFFSET %(boots)s LIMIT %(batch)s) AS r"
        " UNION ALL SELECT r.ctid FROM device AS d JOIN receipt AS r ON r.device_id = d.id"
        " WHERE d.retired_at < %(oldest)s LIMIT %(batch)s",
        counted=False,
    ),
)


def delete_expired(conn: Connection, catalogue: Catalogue, now: datetime) -> dict[str, int]:
    """Delete what is of no use any more; return how many rows by table, without the zeros.

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
    kept = timedelta(days=max(appliance.retention_days for appliance in catalogue.values()))
    given = {
        "oldest": now - kept,
        "settled": now - min(_SETTLED, kept),
        "kept": kept,
        "boots": KEPT_BOOTS,
        "batch": _BATCH,
    }
    deleted: dict[str, int] = {}
    for rule in _RULES:
        statement = sql.SQL("DELETE FROM {table} WHERE ctid = ANY(ARRAY({chosen}))").format(
            table=sql.Identifier(rule.table),
            chosen=sql.SQL(rule.chosen),  # constants of this module
        )
        while True:
            with translated(), conn.transaction():
                count = conn.execute(statement, given).rowcount
                if rule.counted:
                    counts.add(conn, {("expired", rule.table): count})
            if not count:
                break
            deleted[rule.table] = deleted.get(rule.table, 0) + count
    return deleted
