"""Insights as the API lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.rows import class_row

from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class InsightRow:
    """A row of the table ``insight``."""

    id: str
    device_id: str
    kind: str
    day: date
    body: dict[str, str]
    figures: dict[str, Any]


def listing(
    conn: Connection, tenant: int, *, device: str = "", household: str = "", limit: int = 50
) -> list[InsightRow]:
    """Return insights, the latest first, of one device or household if one is given."""
    with conn.cursor(row_factory=class_row(InsightRow)) as cursor:
        return cursor.execute(
            "SELECT id, device_id, kind, day, body, figures FROM insight WHERE tenant_id = %(tenant)s"
            " AND (%(device)s = '' OR device_id = %(device)s)"
            " AND (%(household)s = '' OR household_id = %(household)s)"
            " ORDER BY day DESC, id LIMIT %(limit)s",
            {"tenant": tenant, "device": device, "household": household, "limit": limit},
        ).fetchall()
