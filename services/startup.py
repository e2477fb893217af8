"""What a process of the service side makes sure of before it begins."""

from __future__ import annotations

import psycopg

from zerodistance.errors import StoreError
from zerodistance.store.database import Pool, translated
from zerodistance.store.migrate import read_migrations


def check_schema(pool: Pool) -> None:
    """Return if the database has what this code needs.

    Raises:
        StoreError: it is not migrated, or not as far; says what to do.
        UnavailableError: it does not answer.
    """
    needed = max(migration.number for migration in read_migrations())
    with translated(), pool.connection() as conn:
        try:
            row = conn.execute("SELECT max(number) FROM migration").fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
    applied = row[0] if row and row[0] is not None else 0
    if applied < needed:
        raise StoreError(
            f"The database is migrated to {applied}, and this version needs {needed}: "
            "run `zerodistance migrate` first."
        )
