"""The embedded server: starts, keeps its data, belongs to one process, says what is wrong with its folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerodistance.errors import StoreError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import connect, dsn
from zerodistance.store.embedded import EmbeddedPostgres

_FAST = {"fsync": "off"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below tmp_path: pytest closes that to the user which the server runs as when root starts it."""
    made = Path(tempfile.mkdtemp(prefix="zd-pg-"))
    yield made / "data" / "postgres"
    shutil.rmtree(made, ignore_errors=True)


def test_keeps_data_and_is_found_by_settings(folder: Path) -> None:
    settings = Settings(data_dir=folder.parent, database="")
    with pytest.raises(UnavailableError, match="no embedded server runs"):
        dsn(settings)
    with EmbeddedPostgres(folder, settings=_FAST) as server:
        assert dsn(settings) == server.dsn
        with connect(server.dsn) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 1 AS x")
            assert conn.execute("SHOW listen_addresses").fetchone() == ("",)
            assert conn.execute("SHOW synchronous_commit").fetchone() == ("on",)
            assert conn.execute("SHOW timezone").fetchone() == ("UTC",)
        with pytest.raises(StoreError, match=rf"in use by process {os.getpid()}"):
            EmbeddedPostgres(folder, settings=_FAST).start()
    with pytest.raises(UnavailableError):
        dsn(settings)
    with EmbeddedPostgres(folder, settings=_FAST) as server, connect(server.dsn) as conn:
        assert conn.execute("SELECT x FROM kept").fetchone() == (1,)


def test_takes_over_what_a_killed_process_left(folder: Path) -> None:
    """The lock goes with the process, its server stays: the next one uses it and stops it."""
    first = EmbeddedPostgres(folder, settings=_FAST)
    first.start()
    assert first._lock is not None
    first._lock.close()
    with EmbeddedPostgres(folder, settings=_FAST) as second:
        assert second.dsn == first.dsn
    with pytest.raises(UnavailableError):
        connect(first.dsn)


def test_folder_with_other_files_is_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text("dear database")
    with pytest.raises(StoreError, match=r"holds files, but no database"):
        EmbeddedPostgres(folder).start()
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="lies below something that is a file"):
        EmbeddedPostgres(tmp_path / "data" / "postgres").start()


def test_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(StoreError, match="on a disk that is full"), EmbeddedPostgres(folder):
        pass


def test_read_only_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="read-only file system"):
        EmbeddedPostgres(folder).start()
