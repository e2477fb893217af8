"""Who can be sent to a ticket."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class Engineer:
    """A service engineer."""

    id: str
    name: str
    region: str
    skills: list[str]


def listing(conn: Connection, tenant: int) -> list[Engineer]:
    """Return the engineers of a tenant by name."""
    with conn.cursor(row_factory=class_row(Engineer)) as cursor:
        return cursor.execute(
            "SELECT id, name, region, skills FROM engineer WHERE tenant_id = %s ORDER BY name, id", (tenant,)
        ).fetchall()


def find(conn: Connection, tenant: int, engineer_id: str, *, lock: bool = False) -> Engineer | None:
    """Return one engineer of a tenant, None without; with ``lock`` nobody else enters or changes it."""
    if lock:  # also of a row that is not there yet
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('engineer ' || %s, 0))", (engineer_id,))
    with conn.cursor(row_factory=class_row(Engineer)) as cursor:
        return cursor.execute(
            "SELECT id, name, region, skills FROM engineer WHERE tenant_id = %s AND id = %s",
            (tenant, engineer_id),
        ).fetchone()


def exists(conn: Connection, tenant: int, engineer_id: str) -> bool:
    """Tell whether a tenant has this engineer."""
    row = conn.execute(
        "SELECT FROM engineer WHERE tenant_id = %s AND id = %s", (tenant, engineer_id)
    ).fetchone()
    return row is not None
