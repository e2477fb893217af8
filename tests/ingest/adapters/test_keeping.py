"""What the adapters keep in the database, and the commands that choose a mapping."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ingest.adapters.memory import MOST_ENTRIES, Memory
from zerodistance.cli.devices import app
from zerodistance.clock import SystemClock
from zerodistance.errors import NotFoundError, SettingsError
from zerodistance.store.adapters import Mappings, load_memory, save_memory, set_mapping
from zerodistance.store.database import Pool
from zerodistance.store.devices import note_unclaimed, register_device


def test_lasting_memory_comes_back(pool: Pool) -> None:
    memory = Memory()
    memory.learn("birth", "a/b", {"aliases": {"1": "Power"}, "odd": "\ud800\0"})
    memory.learn("birth", "gone", [1])
    memory.learn("birth", "key that\0no database holds", 1)
    memory.note("passing", "x", 1)
    with pool.connection() as conn:
        save_memory(conn, memory.drain())
    memory.forget("birth", "gone")
    memory.learn("birth", "a/b", {"aliases": {"1": "Power"}, "odd": "\ud800\0"})
    assert set(memory.drain()) == {("birth", "gone")}
    memory.put_back({("birth", "gone"): None})
    with pool.connection() as conn:
        save_memory(conn, memory.drain())
        assert load_memory(conn) == {("birth", "a/b"): {"aliases": {"1": "Power"}, "odd": "\ud800\0"}}


def test_memory_is_bounded() -> None:
    memory = Memory()
    for count in range(MOST_ENTRIES):
        memory.learn("k", str(count), count + 1)
        memory.note("p", str(count), count)
    assert not memory.learn("k", "one more", 1)
    assert memory.learn("k", "7", 99)
    memory.note("p", "one more", 1)
    assert memory.last("p", "one more") == 1
    assert memory.last("p", "7") is None


def test_mappings_are_noticed(pool: Pool) -> None:
    mappings = Mappings()
    with pool.connection() as conn:
        register_device(conn, "zigbee2mqtt:probe", "refrigerator")
        mappings.refresh(conn)
        assert mappings.get("zigbee2mqtt:probe") == {}
        set_mapping(conn, "zigbee2mqtt:probe", {"temperature": "freezer_temperature"})
        mappings.refresh(conn)
        assert mappings.get("zigbee2mqtt:probe") == {"temperature": "freezer_temperature"}
        set_mapping(conn, "zigbee2mqtt:probe", {"temperature": ""})
        mappings.refresh(conn)
        assert mappings.get("zigbee2mqtt:probe") == {"temperature": ""}
        with pytest.raises(NotFoundError):
            set_mapping(conn, "nobody", {"a": "b"})


def test_commands(pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_DATABASE", database)
    with pool.connection() as conn:
        note_unclaimed(conn, "zigbee2mqtt:probe", SystemClock().now(), "{}", "refrigerator")
        note_unclaimed(conn, "zigbee2mqtt:probe", SystemClock().now(), "{}")
        guessed = conn.execute("SELECT guessed_type FROM unclaimed_device").fetchone()
        assert guessed == ("refrigerator",)
    claim = [
        "claim",
        "zigbee2mqtt:probe",
        "--type",
        "refrigerator",
        "--map",
        "temperature=freezer_temperature",
    ]
    claimed = CliRunner().invoke(app, claim)
    assert claimed.exit_code == 0, claimed.output
    mapped = CliRunner().invoke(app, ["map", "zigbee2mqtt:probe", "humidity=", "contact=door_open"])
    assert mapped.exit_code == 0, mapped.output
    assert "contact → door_open" in mapped.output
    mappings = Mappings()
    with pool.connection() as conn:
        mappings.refresh(conn)
    assert mappings.get("zigbee2mqtt:probe") == {
        "temperature": "freezer_temperature",
        "humidity": "",
        "contact": "door_open",
    }
    for wrong, error in (
        (["zigbee2mqtt:probe", "temperature"], SettingsError),
        (["zigbee2mqtt:probe", "temperature=warmth"], NotFoundError),
        (["nobody", "a=power"], NotFoundError),
    ):
        assert isinstance(CliRunner().invoke(app, ["map", *wrong]).exception, error)
