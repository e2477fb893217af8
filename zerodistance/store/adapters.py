"""What ingest's adapters keep in the database: knowledge of external devices, and chosen mappings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog

from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection

_log = structlog.get_logger(__name__)


def load_memory(conn: Connection) -> dict[tuple[str, str], Any]:
    """Return what was learnt, by (kind, key)."""
    found = {}
    for kind, key, value in conn.execute("SELECT kind, key, value FROM adapter_memory"):
        found[kind, key] = json.loads(value)
    return found


def save_memory(conn: Connection, changed: Mapping[tuple[str, str], Any]) -> None:
    """Write what was learnt since, or (None) forgotten; what no database holds is passed over."""
    kept, gone = [], []
    for kind, key in sorted(changed):
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in key):
            continue
        value = changed[kind, key]
        if value is None:
            gone.append((kind, key))
        else:
            kept.append((kind, key, json.dumps(value)))
    with conn.cursor() as cursor:
        if kept:
            cursor.executemany(
                "INSERT INTO adapter_memory (kind, key, value) VALUES (%s, %s, %s)"
                " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                kept,
            )
        if gone:
            cursor.executemany("DELETE FROM adapter_memory WHERE kind = %s AND key = %s", gone)


def set_mapping(conn: Connection, device_id: str, mapping: Mapping[str, str]) -> None:
    """Choose channels for a device's readings; those not named stay as they are.

    Args:
        conn: in any transaction.
        device_id: a registered device.
        mapping: reading → channel; "" for a reading that is not wanted.

    Raises:
        NotFoundError: the device is not registered.
    """
    if not conn.execute("SELECT 1 FROM device WHERE id = %s", (device_id,)).fetchone():
        raise NotFoundError(f"There is no device {device_id!r}: `zerodistance devices list` shows them.")
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO adapter_mapping (device_id, reading, channel) VALUES (%s, %s, %s)"
            " ON CONFLICT (device_id, reading) DO UPDATE SET channel = excluded.channel,"
            " changed_at = clock_timestamp()",
            [(device_id, reading, channel) for reading, channel in sorted(mapping.items())],
        )


class Mappings:
    """All chosen mappings in memory; :meth:`refresh` asks whether any has changed."""

    def __init__(self) -> None:
        self._state: tuple[Any, ...] | None = None
        self._by_device: dict[str, dict[str, str]] = {}

    def get(self, device_id: str) -> Mapping[str, str]:
        """Return reading → channel of one device."""
        return self._by_device.get(device_id, {})

    def refresh(self, conn: Connection) -> None:
        """Take over what has changed in the database."""
        state = conn.execute("SELECT count(*), max(changed_at) FROM adapter_mapping").fetchone()
        if state == self._state:
            return
        found: dict[str, dict[str, str]] = {}
        for device, reading, channel in conn.execute(
            "SELECT device_id, reading, channel FROM adapter_mapping"
        ):
            found.setdefault(device, {})[reading] = channel
        self._by_device, self._state = found, state
        _log.debug("adapters.mappings", devices=len(found))
