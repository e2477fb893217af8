"""Bring a database to what this code and this catalogue need.

Numbered SQL files run once each, in order, each in a transaction of its own, under a lock that lets one
process migrate at a time. Nothing is ever dropped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import NamedTuple

from zerodistance.catalogue import Catalogue
from zerodistance.errors import StoreError
from zerodistance.store.database import Connection, translated
from zerodistance.store.tables import apply_catalogue
from zerodistance.store.unparking import drain

_MIGRATE_LOCK = 0x5A44_0002
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
# date_bin came with 14, and TimescaleDB's present releases take 15 and later.
_OLDEST_SERVER = 150000


class Migration(NamedTuple):
    """One numbered SQL file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrate(
    conn: Connection,
    catalogue: Catalogue,
    *,
    timescale: bool | None = None,
    retention_policy: bool = True,
) -> list[str]:
    """Apply what is missing and return, in words, what was done; nothing to do gives an empty list.

    Args:
        conn: not inside a transaction; the role may create tables.
        catalogue: every type gets its table and rollups, every new channel its column.
        timescale: None uses TimescaleDB where the server offers it, False does without. A database keeps
            the flavour that it was made with.
        retention_policy: False where platform time is not the machine's: TimescaleDB's own policy would
            erase a replay of the past. ``stream store`` drops old rows by the platform's clock either way.

    Raises:
        StoreError: the server is too old, or a file that was applied has been changed since.
    """
    with translated(), _locked(conn):
        _check_server(conn)
        done = _apply_files(conn)
        done += apply_catalogue(conn, catalogue, use_timescale=timescale, retention_policy=retention_policy)
    moved = drain(conn, catalogue)
    if moved:
        done.append(f"moved {moved} parked samples to their tables")
    return done


def read_migrations() -> list[Migration]:
    """Return the SQL files of this release by number.

    Raises:
        StoreError: two files have the same number.
    """
    found: list[Migration] = []
    for entry in resources.files("zerodistance.store").joinpath("migrations").iterdir():
        match = _FILE.fullmatch(entry.name)
        if match:
            found.append(Migration(int(match[1]), match[2], entry.read_text(encoding="utf-8")))
    found.sort()
    numbers = [migration.number for migration in found]
    for number in numbers:
        if numbers.count(number) > 1:
            raise StoreError(f"Two migrations have the number {number:04d}: renumber the later one.")
    return found


def _apply_files(conn: Connection) -> list[str]:
    done: list[str] = []
    with conn.transaction():
        conn.execute(
            "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = conn.execute("SELECT number, checksum FROM migration").fetchall()
        applied: dict[int, str] = {int(number): str(checksum) for number, checksum in rows}
    for migration in read_migrations():
        label = f"{migration.number:04d}_{migration.name}"
        if migration.number in applied:
            if applied[migration.number] != migration.checksum:
                raise StoreError(
                    f"Migration {label} was changed after this database applied it: put the file back and "
                    "write a new one, or start with an empty database."
                )
            continue
        with conn.transaction():
            conn.execute(migration.text.encode())
            conn.execute(
                "INSERT INTO migration (number, name, checksum) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.checksum),
            )
        done.append(f"applied {label}")
    return done


def _check_server(conn: Connection) -> None:
    if conn.info.server_version < _OLDEST_SERVER:
        raise StoreError(
            f"PostgreSQL {conn.info.server_version // 10000} is too old: "
            f"version {_OLDEST_SERVER // 10000} or later is needed."
        )


@contextmanager
def _locked(conn: Connection) -> Iterator[None]:
    """Hold the migration lock of this database, over several transactions."""
    conn.execute("SELECT pg_advisory_lock(%s)", (_MIGRATE_LOCK,))
    conn.commit()
    try:
        yield
    finally:
        if not conn.closed:
            conn.rollback()
            conn.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATE_LOCK,))
            conn.commit()
