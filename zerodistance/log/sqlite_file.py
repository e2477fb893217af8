"""The file of the embedded log: its tables, its connections, and what SQLite's errors mean here."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from zerodistance.errors import LogError, UnavailableError, ZeroDistanceError
from zerodistance.log.interface import TopicPartition

# "ZDLG", so that file(1) and a second program can tell whose file this is (SQLite's application_id).
APPLICATION_ID = 0x5A444C47
VERSION = 1
# How long a connection waits for another process's write. A group commit takes milliseconds; ten seconds
# means that a disk hangs.
BUSY_TIMEOUT_S = 10.0

# A record's place is its partition's id in the upper bits and its offset in the lower ones: one integer key,
# so that appending and reading on are steps along one B-tree.
OFFSET_BITS = 40
_TABLES = """
CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL);
-- first..next are the offsets that a partition holds. They outlive deleted records.
CREATE TABLE partition (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topic, number INTEGER NOT NULL,
    first INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number));
CREATE TABLE record (place INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, key BLOB, value BLOB NOT NULL);
-- generation grows with every change of members or leases: a cheap "look again" for the others.
CREATE TABLE consumer_group (name TEXT PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE member (
    id TEXT PRIMARY KEY, consumer_group TEXT NOT NULL, joined INTEGER NOT NULL, topics TEXT NOT NULL,
    expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE lease (
    consumer_group TEXT NOT NULL, partition INTEGER NOT NULL REFERENCES partition, member TEXT NOT NULL,
    PRIMARY KEY (consumer_group, partition)) WITHOUT ROWID;
CREATE TABLE committed (
    consumer_group TEXT NOT NULL, partition INTEGER NOT NULL REFERENCES partition, "offset" INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, partition)) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection that commits only when told, durable against a power cut.

    Raises:
        UnavailableError: the disk is full, the file is locked for too long, or cannot be read or written.
        LogError: the file is damaged, or is no log.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA journal_size_limit={64 * 1024 * 1024}")
        except BaseException:
            connection.close()
            raise
        return connection
    except sqlite3.Error as error:
        raise translate(error, path) from error


def prepare(path: Path) -> None:
    """Make the file and its tables where there are none.

    Raises:
        UnavailableError: the folder cannot be made or written.
        LogError: the file belongs to another program or to a newer version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"The folder {path.parent} for the log cannot be made ({error.strerror}): "
            "choose another one with ZD_DATA_DIR or ZD_LOG."
        ) from error
    with contextlib.closing(connect(path)) as connection, transaction(connection, path):
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if (application, version) == (APPLICATION_ID, VERSION):
            return
        if application == APPLICATION_ID:
            raise LogError(
                f"The log {path} has format {version}; this version of the platform reads {VERSION}: "
                "update the platform."
            )
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise LogError(f"{path} is another program's database: give the log a file of its own (ZD_LOG).")
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Hold the write lock for a block and commit at its end; roll back if it raises."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        try:
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
    except sqlite3.Error as error:
        raise translate(error, path) from error


def places(connection: sqlite3.Connection, topics: Iterable[str]) -> dict[TopicPartition, int]:
    """Return the id of each partition of these topics."""
    return {
        TopicPartition(topic, number): partition
        for topic in topics
        for partition, number in connection.execute(
            "SELECT partition.id, number FROM partition JOIN topic ON topic.id=topic WHERE name=?", (topic,)
        )
    }


def translate(error: sqlite3.Error, path: Path) -> ZeroDistanceError:
    """Return what an error of SQLite means to the person who runs the platform."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _disk_is_full(path)):
        return UnavailableError(
            f"The disk with the log {path} is full: free some space; writing goes on by itself then.",
            retry_after_s=5.0,
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return UnavailableError(
            f"The log {path} was locked by another process for more than {BUSY_TIMEOUT_S:g} s.",
            retry_after_s=1.0,
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return UnavailableError(f"The log {path} is read-only here: make the file and its folder writable.")
    if code == sqlite3.SQLITE_CANTOPEN:
        return UnavailableError(
            f"The log {path} cannot be opened: check that its folder is writable and on a local disk."
        )
    if code == sqlite3.SQLITE_IOERR:
        return UnavailableError(
            f"The disk refused to read or write the log {path} ({error}): check the disk."
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return LogError(f"{path} is damaged or is no log ({error}): move it away, and a new one is made.")
    return LogError(f"The log {path} failed: {error}.")


def _disk_is_full(path: Path) -> bool:
    # SQLite reports a full disk as an I/O error where it grows the shared-memory index of the WAL.
    try:
        return shutil.disk_usage(path.parent).free < 1024 * 1024
    except OSError:
        return False
