"""Migrations: once each, in order; tables follow the catalogue and nothing is dropped."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from tests.store.samples import sample
from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.model import Channel
from zerodistance.errors import StoreError
from zerodistance.store import migrate as migrating
from zerodistance.store.database import connect
from zerodistance.store.migrate import Migration, migrate
from zerodistance.store.schema import read_shape
from zerodistance.store.telemetry import write_samples


def with_channel(catalogue: Catalogue, name: str, channel: Channel) -> Catalogue:
    """The catalogue with one more channel of the refrigerator."""
    old = catalogue["refrigerator"]
    new = msgspec.structs.replace(old, channels={**old.channels, name: channel})
    return Catalogue({**catalogue, "refrigerator": new})


def only(catalogue: Catalogue, *names: str) -> Catalogue:
    return Catalogue({name: catalogue[name] for name in names})


def test_second_run_finds_nothing_to_do(empty_database: str, catalogue: Catalogue) -> None:
    with connect(empty_database) as conn:
        done = migrate(conn, only(catalogue, "refrigerator"), timescale=False)
        assert done[0] == "applied 0001_core"
        assert any("telemetry_refrigerator" in step for step in done)
        assert migrate(conn, only(catalogue, "refrigerator"), timescale=False) == []


def test_new_type_and_new_channel_are_added(empty_database: str, catalogue: Catalogue) -> None:
    small = only(catalogue, "refrigerator")
    vibration = Channel(title={"en": "Vibration"}, unit="mm/s", valid=(0, 100))
    with connect(empty_database) as conn:
        migrate(conn, small, timescale=False)
        write_samples(conn, small, [sample()])
        conn.commit()
        done = migrate(conn, with_channel(small, "vibration", vibration), timescale=False)
        assert done == ["added vibration to telemetry_refrigerator and its rollups"]
        done = migrate(conn, only(catalogue, "refrigerator", "air_conditioner"), timescale=False)
        assert [step for step in done if "air_conditioner" in step]
        shape = read_shape(conn, "refrigerator")
        assert shape is not None
        assert "vibration" in shape.channels, "what the catalogue no longer has stays"
        conn.execute("SELECT vibration_sum, vibration_last FROM telemetry_refrigerator_1d")


def test_changed_storage_is_refused_with_what_to_do(empty_database: str, catalogue: Catalogue) -> None:
    changed = msgspec.structs.replace(catalogue["refrigerator"].channels["power"], storage="double")
    with connect(empty_database) as conn:
        migrate(conn, only(catalogue, "refrigerator"), timescale=False)
        with pytest.raises(StoreError, match=r"power is stored as float4.*new name"):
            migrate(conn, with_channel(only(catalogue, "refrigerator"), "power", changed))


def test_changed_file_is_refused(
    database: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrating.read_migrations()[0]
    monkeypatch.setattr(migrating, "read_migrations", lambda: [first._replace(text=first.text + "\n")])
    with connect(database) as conn, pytest.raises(StoreError, match="0001_core was changed"):
        migrate(conn, catalogue)


def test_failing_file_leaves_no_trace(
    empty_database: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [Migration(1, "broken", "CREATE TABLE half (x int); SELECT nonsense")]
    monkeypatch.setattr(migrating, "read_migrations", lambda: broken)
    with connect(empty_database) as conn:
        with pytest.raises(StoreError, match="nonsense"):
            migrate(conn, catalogue)
        row = conn.execute("SELECT to_regclass('half'), (SELECT count(*) FROM migration)").fetchone()
        assert row == (None, 0)


def test_two_processes_at_once(empty_database: str, catalogue: Catalogue) -> None:
    small = only(catalogue, "refrigerator")
    done: list[list[str]] = []

    def work() -> None:
        with connect(empty_database) as conn:
            done.append(migrate(conn, small, timescale=False))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, done)) == [False, True], "one did all of it, the other waited and found it done"


def test_timescale_that_is_not_there_is_said(empty_database: str, catalogue: Catalogue) -> None:
    with connect(empty_database) as conn:
        offered = conn.execute(
            "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'"
        ).fetchone()
        if offered and offered[0]:
            pytest.skip("this server has TimescaleDB")
        conn.rollback()
        with pytest.raises(StoreError, match="does not offer TimescaleDB"):
            migrate(conn, catalogue, timescale=True)


def test_parked_samples_move_when_their_type_is_migrated(empty_database: str, catalogue: Catalogue) -> None:
    with connect(empty_database) as conn:
        migrate(conn, only(catalogue, "air_conditioner"), timescale=False)
        counts = write_samples(conn, catalogue, [sample(minute) for minute in range(5)])
        conn.commit()
        assert counts.parked == 5
        done = migrate(conn, only(catalogue, "refrigerator", "air_conditioner"), timescale=False)
        assert done[-1] == "moved 5 parked samples to their tables"
        rows = conn.execute(
            "SELECT count(*), (SELECT count(*) FROM parked_sample) FROM telemetry_refrigerator"
        ).fetchone()
        assert rows == (5, 0)


def test_sample_with_a_channel_that_has_no_column_is_parked_whole(
    database: str, catalogue: Catalogue
) -> None:
    vibration = Channel(title={"en": "Vibration"}, unit="mm/s", valid=(0, 100))
    newer = with_channel(catalogue, "vibration", vibration)
    with connect(database) as conn:
        known, ahead = sample(0), sample(1, values={"power": 1.0, "vibration": 2.5})
        counts = write_samples(conn, newer, [known, ahead])
        conn.commit()
        assert (counts.inserted, counts.parked) == (1, 1)
        migrate(conn, newer)
        rows = conn.execute("SELECT power, vibration FROM telemetry_refrigerator ORDER BY time").fetchall()
        assert rows == [(80.0, None), (1.0, 2.5)]


def test_file_numbers_are_unique() -> None:
    numbers = [migration.number for migration in migrating.read_migrations()]
    assert len(numbers) == len(set(numbers))
    assert Path(migrating.__file__).with_name("migrations").is_dir()
