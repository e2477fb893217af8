"""What only the embedded log has: its file, retention, and an error for everything a disk can do."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tests.fixtures.processes import wait_until
from tests.log.reading import read
from zerodistance.errors import FencedError, LogError, UnavailableError, ZeroDistanceError
from zerodistance.log import TopicPartition, sqlite_producer
from zerodistance.log.sqlite import SqliteLog
from zerodistance.log.sqlite_file import connect, translate
from zerodistance.log.sqlite_group import Membership

WHERE = TopicPartition("t", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "folders" / "log.sqlite"


def filled(path: Path, count: int, **options: float | None) -> SqliteLog:
    log = SqliteLog(path, **options)  # type: ignore[arg-type]
    log.create_topics(["t"], 1)
    producer = log.producer()
    for number in range(count):
        producer.send("t", b"%d" % number, partition=0)
    producer.flush()
    return log


def test_what_is_stored_survives_a_restart(path: Path) -> None:
    filled(path, 20).close()
    log = SqliteLog(path)
    producer = log.producer()
    offsets: list[int] = []
    producer.send("t", b"20", partition=0, on_stored=offsets.append)
    producer.flush()
    assert offsets == [20]
    assert [int(r.value) for r in read(log.consumer("g", ["t"]), 21)] == list(range(21))
    log.close()


def test_old_records_go_and_offsets_stay(path: Path) -> None:
    log = filled(path, 5_000)
    middle = time.time() + 0.001
    wait_until(lambda: time.time() > middle + 0.001, what="the clock to move on")
    producer = log.producer()
    producer.send("t", b"young", partition=0)
    producer.flush()
    reader = log.consumer("g", ["t"])
    wait_until(lambda: reader.poll(0.1, 10), what="a first record")
    assert log.delete_before(middle) == 5_000
    assert log.delete_before(middle) == 0
    assert log.end_offsets("t") == {WHERE: 5_001}
    assert reader.lag() == {WHERE: 1}
    assert [(r.offset, r.value) for r in read(reader, 1)] == [(5_000, b"young")]
    log.close()


def test_the_writer_deletes_by_itself_what_is_too_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_producer, "RETENTION_EVERY_S", 0.0)
    log = filled(path, 50, retention_s=0.05)
    producer = log.producer()

    def left() -> int:
        producer.send("t", b"tick", partition=0)
        producer.flush()
        (count,) = (
            connect(path).execute("SELECT count(*) FROM record WHERE value <> ?", (b"tick",)).fetchone()
        )
        return int(count)

    wait_until(lambda: left() == 0, what="the old records to go")
    log.close()


def test_a_full_disk_is_one_clear_sentence_and_heals(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 1).close()

    def cramped(where: Path) -> sqlite3.Connection:
        connection = connect(where)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 20}")
        limits.append(connection)
        return connection

    limits: list[sqlite3.Connection] = []
    monkeypatch.setattr(sqlite_producer, "connect", cramped)
    log = SqliteLog(path)
    producer = log.producer()
    errors: list[Exception] = []
    stored: list[int] = []
    producer.send("t", bytes(500_000), partition=0, on_stored=stored.append, on_error=errors.append)
    producer.flush()
    assert stored == []
    assert [type(error) for error in errors] == [UnavailableError]
    assert "full: free some space" in str(errors[0])
    producer.send("t", bytes(500_000), partition=0)
    with pytest.raises(UnavailableError, match="full"):
        producer.flush()
    limits[0].execute("PRAGMA max_page_count=1000000")  # somebody has freed some space
    producer.send("t", b"again", partition=0, on_stored=stored.append)
    producer.flush()
    assert stored == [1]
    log.close()


def test_every_error_of_sqlite_becomes_one_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    database = sqlite3.connect(path, isolation_level=None, timeout=0)
    database.execute("CREATE TABLE t (x)")
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.Error) as busy:
        database.execute("INSERT INTO t VALUES (1)")
    other.rollback()
    database.execute("PRAGMA query_only=ON")
    with pytest.raises(sqlite3.Error) as read_only:
        database.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.Error) as mistake:
        database.execute("SELEKT")
    found = [translate(raised.value, path) for raised in (busy, read_only, mistake)]
    assert [type(error) for error in found] == [UnavailableError, UnavailableError, LogError]
    for error, word in zip(found, ("locked", "read-only", "SELEKT"), strict=True):
        assert word in str(error)
        assert str(path) in str(error)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UnavailableError, match="choose another one"):
        SqliteLog(tmp_path / "data" / "log.sqlite")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be opened"):
        SqliteLog(tmp_path)


def test_rubbish_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"this is not a database, and it is long enough to tell" * 100)
    with pytest.raises(LogError, match="move it away"):
        SqliteLog(path)
    assert path.read_bytes().startswith(b"this is not")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name)")
    with pytest.raises(LogError, match="another program"):
        SqliteLog(path)


def test_a_newer_format_is_refused(path: Path) -> None:
    filled(path, 1).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version=99")
    with pytest.raises(LogError, match="update the platform"):
        SqliteLog(path)


def test_a_replaced_file_is_read_from_its_beginning(path: Path) -> None:
    """Offsets kept elsewhere may point past the end of a log that was thrown away."""
    log = filled(path, 3)
    consumer = log.consumer("g", ["t"], on_assigned=lambda _: consumer.seek(WHERE, 1_000))
    assert [r.offset for r in read(consumer, 3)] == [0, 1, 2]
    log.close()


def test_a_lease_beyond_reason_ends(path: Path) -> None:
    """The host's clock was set back by a day: what was leased before does not last a day."""
    log = filled(path, 5)
    first = log.consumer("g", ["t"])
    read(first, 5)
    with connect(path) as database:
        database.execute("UPDATE member SET expires=expires + 86400")
    second = log.consumer("g", ["t"])
    assert len(read(second, 5, timeout_s=5)) == 5
    log.close()


def test_changes_are_seen_at_once_however_long_the_lease(path: Path) -> None:
    """Long leases make heartbeats rare, so only what the members say to each other can be quick."""
    log = filled(path, 5, lease_s=600.0)
    log.create_topics(["two"], 2)
    first = log.consumer("g", ["two"])
    first.poll(0)
    assert len(first.assignment()) == 2
    second = log.consumer("g", ["two"])
    second.poll(0)
    first.poll(0)
    second.poll(0)
    assert len(first.assignment()) == len(second.assignment()) == 1
    second.close()
    first.poll(0)
    assert len(first.assignment()) == 2
    reader = log.consumer("h", ["t"])
    read(reader, 5)
    reader.seek(WHERE, 0)
    reader.pause([WHERE])
    assert reader.poll(0) == []
    reader.resume([WHERE])
    assert len(reader.poll(0)) == 5
    log.close()


def test_a_member_that_was_dropped_begins_where_its_stand_in_stopped(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Membership, "beat", lambda *_: None)
    log = filled(path, 10, lease_s=0.2)
    first = log.consumer("g", ["t"])
    assert len(first.poll(5, 8)) == 8
    second = log.consumer("g", ["t"])
    wait_until(lambda: second.poll(0.05, 5), what="the second to take over")
    with pytest.raises(FencedError):
        first.commit({WHERE: 8})
    second.commit({WHERE: 5})
    second.close()
    assert [r.offset for r in read(first, 5)] == [5, 6, 7, 8, 9]
    first.commit({WHERE: 10})
    log.close()


def test_two_logs_open_the_same_new_file_at_once(path: Path) -> None:
    logs = [SqliteLog(path) for _ in range(4)]
    for log in logs:
        log.create_topics(["t"], 2)
    assert {log.partitions("t") for log in logs} == {2}
    for log in logs:
        log.close()


def test_errors_carry_a_stable_code(tmp_path: Path) -> None:
    with pytest.raises(ZeroDistanceError) as raised:
        SqliteLog(tmp_path)
    assert raised.value.code == "unavailable"
