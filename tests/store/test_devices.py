"""Registering devices, and the registry that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.fixtures.processes import wait_until
from zerodistance.errors import ConflictError, NotFoundError, StoreError, UnavailableError
from zerodistance.store import devices
from zerodistance.store.database import Pool, connect, pool_of
from zerodistance.store.devices import DeviceEntry, Registry

_NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def registry(pool: Pool) -> Iterator[Registry]:
    with pool.connection() as conn:
        devices.register_device(conn, "fridge-1", "refrigerator")
    found = Registry(pool, refresh_s=0.05)
    yield found
    found.close()


def test_registering_twice_is_once(pool: Pool) -> None:
    with pool.connection() as conn:
        for region in ("north", "south"):
            devices.register_household(conn, "home-1", region=region, owner_name="Li")
            devices.register_engineer(conn, "eng-1", "Wang", region=region, skills=["refrigeration"])
            devices.register_device(conn, "fridge-1", "refrigerator", household_id="home-1", name=region)
        assert conn.execute("SELECT region FROM household").fetchall() == [("south",)]
        assert conn.execute("SELECT region, skills FROM engineer").fetchall() == [
            ("south", ["refrigeration"])
        ]
        assert conn.execute("SELECT name, household_id FROM device").fetchall() == [("south", "home-1")]


def test_type_of_a_device_does_not_change(pool: Pool) -> None:
    with pool.connection() as conn:
        devices.register_device(conn, "d", "refrigerator")
        with pytest.raises(ConflictError):
            devices.register_device(conn, "d", "air_conditioner")
        with pytest.raises(StoreError, match="cannot be a device id"):
            devices.register_device(conn, "no/slash", "refrigerator")


def test_registry_learns_of_changes(pool: Pool, registry: Registry) -> None:
    assert registry.get("fridge-1") == DeviceEntry(1, "refrigerator", None, False)
    assert registry.get("fridge-2") is None
    with pool.connection() as conn:
        devices.register_device(conn, "hub-1", "refrigerator")
        devices.register_device(conn, "fridge-2", "refrigerator", gateway_id="hub-1")
        conn.execute("UPDATE device SET retired_at = now() WHERE id = 'fridge-1'")
    wait_until(lambda: registry.get("fridge-2"), timeout_s=5, what="the new device")
    assert registry.get("fridge-2") == DeviceEntry(1, "refrigerator", "hub-1", False)
    entry = registry.get("fridge-1")
    assert entry is not None
    assert entry.retired
    assert sorted(registry.appeared()) == ["fridge-2", "hub-1"]
    assert registry.appeared() == []


def test_registry_misses_no_slow_transaction(database: str, pool: Pool, registry: Registry) -> None:
    """A transaction that began before others and commits after them is still seen."""
    with connect(database) as slow:
        devices.register_device(slow, "slow", "refrigerator")
        with pool.connection() as conn:
            devices.register_device(conn, "quick", "refrigerator")
        wait_until(lambda: registry.get("quick"), timeout_s=5, what="the quick one")
        registry.refresh()
        slow.commit()
    wait_until(lambda: registry.get("slow"), timeout_s=5, what="the slow one")


def test_signs_of_life_are_no_change(pool: Pool, registry: Registry) -> None:
    with pool.connection() as conn:
        before = conn.execute("SELECT registry_xact::text FROM device").fetchone()
        conn.execute("UPDATE device SET last_seen_at = now(), online = true")
        assert conn.execute("SELECT registry_xact::text FROM device").fetchone() == before


def test_registry_serves_while_the_database_is_away(database: str) -> None:
    own = pool_of(database)
    with own.connection() as conn:
        devices.register_device(conn, "fridge-1", "refrigerator")
    found = Registry(own, refresh_s=0.05)
    own.close()
    assert found.get("fridge-1") is not None
    assert found.get("fridge-2") is None
    found.close()


def test_unclaimed_are_counted_and_claimed(pool: Pool) -> None:
    with pool.connection() as conn:
        for hour in range(3):
            devices.note_unclaimed(conn, "new-1", _NOW + timedelta(hours=hour), f"sample {hour}\0")
        row = conn.execute(
            "SELECT messages, first_seen_at, last_seen_at, sample FROM unclaimed_device"
        ).fetchone()
        assert row == (3, _NOW, _NOW + timedelta(hours=2), "sample 2\ufffd")
        devices.claim(conn, "new-1", type="refrigerator", name="Kitchen")
        assert conn.execute("SELECT count(*) FROM unclaimed_device").fetchone() == (0,)
        assert conn.execute("SELECT type, name FROM device").fetchall() == [("refrigerator", "Kitchen")]
        with pytest.raises(NotFoundError):
            devices.claim(conn, "new-1", type="refrigerator")


def test_wrong_address_is_said_at_once() -> None:
    with pytest.raises(UnavailableError, match="Check ZD_DATABASE"):
        pool_of("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreError, match="not a connection string"):
        pool_of("nonsense=1")
