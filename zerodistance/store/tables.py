"""Telemetry tables and rollups from the catalogue: made, widened, never dropped."""

from __future__ import annotations

from psycopg import sql

from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.model import ApplianceType
from zerodistance.errors import StoreError
from zerodistance.store import plain, rollups, timescale
from zerodistance.store.database import Connection
from zerodistance.store.schema import SQL_TYPES, WIRE_TYPES, TableShape, read_shape


def apply_catalogue(
    conn: Connection, catalogue: Catalogue, *, use_timescale: bool | None, retention_policy: bool
) -> list[str]:
    """Give every type its table and rollups and every new channel its columns; return what was done.

    Args:
        conn: not inside a transaction; each type is one.
        catalogue: what must be there. What it no longer has stays.
        use_timescale: None: where the server offers it. A database that has tables keeps its flavour.
        retention_policy: whether TimescaleDB drops old rows by the machine's clock.

    Raises:
        StoreError: TimescaleDB is demanded and not there, or a channel's storage has changed.
    """
    with conn.transaction():
        conn.execute("CREATE SCHEMA IF NOT EXISTS storage")
        partitioned = flavour_of(conn)
        if partitioned is None:
            partitioned = not (timescale.offered(conn) if use_timescale is None else use_timescale)
        if not partitioned and timescale.installed_version(conn) is None:
            if not timescale.offered(conn):
                raise StoreError(
                    "This server does not offer TimescaleDB: install it and add timescaledb to "
                    "shared_preload_libraries, or migrate without it."
                )
            timescale.install(conn)
    done: list[str] = []
    for appliance in catalogue.values():
        with conn.transaction():
            done.extend(_apply_type(conn, appliance, partitioned=partitioned))
            if not partitioned:
                timescale.set_retention(conn, appliance, by_policy=retention_policy)
                timescale.compress_rollups(conn, appliance.type)
    return done


def flavour_of(conn: Connection) -> bool | None:
    """Return whether telemetry is partitioned by us (True) or in hypertables; None: there is no table."""
    row = conn.execute(
        "SELECT c.relkind = 'p' FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relname LIKE 'telemetry\\_%'"
        " AND c.relkind IN ('p', 'r') AND a.attname = 'skew_ms' LIMIT 1"
    ).fetchone()
    return None if row is None else bool(row[0])


def _apply_type(conn: Connection, appliance: ApplianceType, *, partitioned: bool) -> list[str]:
    shape = read_shape(conn, appliance.type)
    if shape is None:
        (plain if partitioned else timescale).create_table(conn, appliance)
        rollups.create(conn, appliance, list(appliance.channels), partitioned=partitioned)
        rollups.create_views(conn, appliance.type, partitioned=partitioned)
        kind = "partitioned table" if partitioned else "hypertable"
        return [f"made {appliance.table} ({kind}, {len(appliance.channels)} channels) and its rollups"]
    _check_storage(appliance, shape)
    new = [name for name in appliance.channels if name not in shape.channels]
    for name in new:
        storage = SQL_TYPES[appliance.channels[name].storage]
        conn.execute(
            sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
                sql.Identifier(appliance.table), sql.Identifier(name), sql.SQL(storage)
            )
        )
    if new:
        rollups.create(conn, appliance, new, partitioned=shape.partitioned)
    if new or rollups.views_are_old(conn, appliance.type):
        rollups.create_views(conn, appliance.type, partitioned=shape.partitioned)
    return [f"added {', '.join(new)} to {appliance.table} and its rollups"] if new else []


def _check_storage(appliance: ApplianceType, shape: TableShape) -> None:
    for name, channel in appliance.channels.items():
        present = shape.channels.get(name)
        if present is not None and present != WIRE_TYPES[channel.storage]:
            raise StoreError(
                f"{appliance.table}.{name} is stored as {present}, the catalogue now says {channel.storage}: "
                "stored readings are not converted. Put the storage back, or give the channel a new name."
            )
