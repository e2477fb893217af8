"""Devices, households and engineers: registering them, and a registry that answers from memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import structlog

from zerodistance.errors import ConflictError, NotFoundError, StoreError, ZeroDistanceError
from zerodistance.messages.topics import DEVICE_ID
from zerodistance.store.database import Connection, Pool, translated

_log = structlog.get_logger(__name__)


class DeviceEntry(NamedTuple):
    """What a message's way through the platform depends on; one that is disabled counts as retired."""

    tenant: int
    type: str
    gateway_id: str | None
    retired: bool


class Registry:
    """All registered devices, in memory, a couple of seconds behind the database at most.

    A thread asks for what has changed; an unknown device asks at once, but not more often than the
    rate limit allows. While the database is away the last known entries serve.

    Args:
        pool: of the database.
        refresh_s: real seconds between refreshes, and between those that unknown devices cause at most.
    """

    def __init__(self, pool: Pool, refresh_s: float = 2.0) -> None:
        self._pool = pool
        self._refresh_s = refresh_s
        self._entries: dict[str, DeviceEntry] = {}
        self._appeared: list[str] = []
        self._horizon = "0"  # every transaction before it has ended when it was read
        self._lock = threading.Lock()
        self._refreshed_at = 0.0
        self._closed = threading.Event()
        self.refresh()
        self._appeared.clear()
        self._thread = threading.Thread(target=self._run, name="device-registry", daemon=True)
        self._thread.start()

    def get(self, device_id: str) -> DeviceEntry | None:
        """Return the entry of a device, None if nobody has registered it."""
        entry = self._entries.get(device_id)
        if entry is None and time.monotonic() - self._refreshed_at >= self._refresh_s:
            self._try_refresh()
            entry = self._entries.get(device_id)
        return entry

    def __len__(self) -> int:
        return len(self._entries)

    def appeared(self) -> list[str]:
        """Return the devices that became known since the last call; their dead letters can be replayed."""
        with self._lock:
            new, self._appeared = self._appeared, []
        return new

    def refresh(self) -> None:
        """Take over what has changed in the database.

        Raises:
            UnavailableError: the database does not answer; the old entries stay.
        """
        with self._lock:
            with translated(), self._pool.connection() as conn:
                horizon = conn.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
                rows = conn.execute(
                    "SELECT id, tenant_id, type, gateway_id,"
                    " retired_at IS NOT NULL OR disabled_at IS NOT NULL FROM device"
                    " WHERE registry_xact >= %s::xid8",
                    (self._horizon,),
                ).fetchall()
            for device_id, *entry in rows:
                if device_id not in self._entries:
                    self._appeared.append(device_id)
                self._entries[device_id] = DeviceEntry(*entry)
            if horizon is not None:
                self._horizon = horizon[0]
            self._refreshed_at = time.monotonic()

    def close(self) -> None:
        """Stop asking the database."""
        self._closed.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._closed.wait(self._refresh_s):
            self._try_refresh()

    def _try_refresh(self) -> None:
        try:
            self.refresh()
        except ZeroDistanceError as error:
            self._refreshed_at = time.monotonic()
            _log.warning("registry.stale", error=str(error))


def register_household(
    conn: Connection,
    household_id: str,
    *,
    tenant: int = 1,
    region: str = "",
    time_zone: str = "UTC",
    language: str = "en",
    owner_name: str = "",
    email: str = "",
    phone: str = "",
    address: str = "",
) -> None:
    """Add a household with its owner, or bring it to what is given.

    Raises:
        ConflictError: another tenant has one with this id.
    """
    written = conn.execute(
        "INSERT INTO household (id, tenant_id, region, time_zone, language) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET region = excluded.region, time_zone = excluded.time_zone,"
        " language = excluded.language WHERE household.tenant_id = excluded.tenant_id",
        (household_id, tenant, region, time_zone, language),
    )
    if written.rowcount == 0:
        raise ConflictError(f"The household {household_id!r} belongs to somebody else: choose another id.")
    conn.execute(
        "INSERT INTO private.owner (household_id, name, email, phone, address) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (household_id) DO UPDATE SET name = excluded.name, email = excluded.email,"
        " phone = excluded.phone, address = excluded.address",
        (household_id, owner_name, email, phone, address),
    )


def register_engineer(
    conn: Connection,
    engineer_id: str,
    name: str,
    *,
    tenant: int = 1,
    region: str = "",
    skills: Sequence[str] = (),
) -> None:
    """Add a service engineer, or bring the entry to what is given.

    Raises:
        ConflictError: another tenant has one with this id.
    """
    changed = conn.execute(
        "INSERT INTO engineer AS e (id, tenant_id, name, region, skills) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, region = excluded.region,"
        " skills = excluded.skills WHERE e.tenant_id = excluded.tenant_id",
        (engineer_id, tenant, name, region, list(skills)),
    )
    if not changed.rowcount:
        raise ConflictError(f"The id {engineer_id!r} is taken: choose another one.")


def register_device(
    conn: Connection,
    device_id: str,
    type: str,
    *,
    tenant: int = 1,
    model: str = "",
    name: str = "",
    household_id: str | None = None,
    gateway_id: str | None = None,
    installed_at: datetime | None = None,
    warranty_until: date | None = None,
) -> None:
    """Add a device, or bring it to what is given; a retired one is in use again.

    Raises:
        StoreError: the id is not one that an MQTT topic can carry.
        ConflictError: it is registered as another type or with another tenant.
    """
    if DEVICE_ID.fullmatch(device_id) is None:
        raise StoreError(
            f"{device_id!r} cannot be a device id: use up to 64 letters, digits and _ . : - "
            "and begin with a letter or digit."
        )
    row = conn.execute(
        "INSERT INTO device AS d (id, tenant_id, type, model, name, household_id, gateway_id, installed_at,"
        " warranty_until) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET model = excluded.model, name = excluded.name,"
        " household_id = excluded.household_id, gateway_id = excluded.gateway_id,"
        " installed_at = coalesce(excluded.installed_at, d.installed_at),"
        " warranty_until = coalesce(excluded.warranty_until, d.warranty_until), retired_at = NULL"
        " WHERE d.type = excluded.type AND d.tenant_id = excluded.tenant_id RETURNING 1",
        (device_id, tenant, type, model, name, household_id, gateway_id, installed_at, warranty_until),
    ).fetchone()
    if row is None:
        raise ConflictError(
            f"Device {device_id!r} is registered already, as another type or with another tenant: "
            "use another id."
        )
    conn.execute("DELETE FROM unclaimed_device WHERE id = %s", (device_id,))


def stands_in(conn: Connection, device_id: str | None, household_id: str) -> bool:
    """Tell whether a device stands in a household now; None, no device in particular, does.

    What a household was told and promised before it handed an appliance over is not its own any more.
    """
    if device_id is None:
        return True
    row = conn.execute(
        "SELECT 1 FROM device WHERE id = %s AND household_id = %s", (device_id, household_id)
    ).fetchone()
    return row is not None


def note_unclaimed(
    conn: Connection, device_id: str, moment: datetime, sample_text: str, guessed_type: str = ""
) -> None:
    """Count a message of a device that nobody has registered, and keep a piece of it for whoever claims it.

    Args:
        conn: in any transaction.
        device_id: the id in the topic.
        moment: platform time of the message.
        sample_text: beginning of its payload; the latest one stays.
        guessed_type: what it may be; "" leaves an earlier guess.
    """
    conn.execute(
        "INSERT INTO unclaimed_device AS u (id, first_seen_at, last_seen_at, sample, guessed_type)"
        " VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET last_seen_at = greatest(u.last_seen_at, excluded.last_seen_at),"
        " messages = u.messages + 1, sample = excluded.sample,"
        " guessed_type = coalesce(nullif(excluded.guessed_type, ''), u.guessed_type)",
        (device_id, moment, moment, sample_text.replace("\0", "�")[:2000], guessed_type),
    )


def claim(
    conn: Connection,
    device_id: str,
    *,
    type: str,
    tenant: int = 1,
    household_id: str | None = None,
    name: str = "",
    model: str = "",
) -> None:
    """Register a device that waits in the list of unclaimed ones.

    Raises:
        NotFoundError: it does not wait there.
    """
    waiting = conn.execute("SELECT 1 FROM unclaimed_device WHERE id = %s FOR UPDATE", (device_id,))
    if waiting.fetchone() is None:
        raise NotFoundError(f"Device {device_id!r} does not wait to be claimed.")
    register_device(conn, device_id, type, tenant=tenant, household_id=household_id, name=name, model=model)
