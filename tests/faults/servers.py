"""Servers that one test may kill, freeze and start again: a Kafka and a PostgreSQL of its own.

Both keep their address over every restart. A kill is SIGKILL to every process of the server, as a power cut
would; what the operating system had taken is not lost by it, so neither flushes to the disk itself.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil
import psycopg

from tests.fixtures.processes import accepts, start_server, wait_until
from tests.fixtures.skips import missing
from zerodistance.errors import HostError
from zerodistance.servers.kafka import find_jars, find_java, prepare
from zerodistance.store.embedded import EmbeddedPostgres


class OwnKafka:
    """One broker (KRaft) on fixed ports; ``address`` is what ``ZD_LOG`` takes.

    Args:
        folder: an empty one.
        silence_s: how soon the partitions of a member that fell silent go to others.
        properties: further lines of its configuration.
    """

    def __init__(self, folder: Path, *, silence_s: float = 2.0, properties: str = "") -> None:
        try:
            java, jars = find_java(), find_jars()
        except HostError as error:
            missing("kafka", str(error))
        self._folder = folder
        self._command, self.port = prepare(java, jars, folder)
        with (folder / "server.properties").open("a") as settings:
            settings.write(properties)
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"kafka://127.0.0.1:{self.port}/faults?silence_s={silence_s:g}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = start_server(self._command, self._folder / "server.log")
        wait_until(lambda: accepts(self.port), timeout_s=60, what="Kafka to listen")

    @property
    def pids(self) -> list[int]:
        """Its process."""
        return [self._process.pid] if self._process is not None else []

    def is_down(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def limit_files(self, size: int) -> None:
        """Let no file of it grow beyond ``size`` bytes (-1: as large as it likes): its disk is full."""
        limit_files(self.pids, size)


# What TimescaleDB needs of a server that has it.
_TIMESCALE = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "max_worker_processes": "16",
}


class OwnPostgres:
    """One PostgreSQL whose commits reach the operating system; ``dsn`` stays the same.

    With ``ZD_TEST_TIMESCALE=1`` one with TimescaleDB, which must have been built into the wheel's PostgreSQL:
    a server that a test kills cannot be the one of ``ZD_TEST_DATABASE``.
    """

    def __init__(self, *, settings: dict[str, str] | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="zd-faults-pg-"))
        fast = {"fsync": "off", "full_page_writes": "off"}
        extension = _TIMESCALE if os.environ.get("ZD_TEST_TIMESCALE") == "1" else {}
        self._server = EmbeddedPostgres(
            self._folder / "pg", settings={**fast, **extension, **(settings or {})}
        )
        self.dsn = ""

    def start(self) -> None:
        """Start it; after a kill it recovers first."""
        self._server.start()
        self.dsn = self._server.dsn

    @property
    def pids(self) -> list[int]:
        """The postmaster and every process that it has made."""
        try:
            first = (self._folder / "pg" / "postmaster.pid").read_text().split("\n", 1)[0]
            master = psutil.Process(int(first))
            return [master.pid, *(child.pid for child in master.children(recursive=True))]
        except (OSError, ValueError, psutil.Error):
            return []

    def kill(self) -> None:
        """End all of its processes as a power cut would."""
        victims = [psutil.Process(pid) for pid in self.pids if psutil.pid_exists(pid)]
        for victim in victims:  # the postmaster first: it would restart the others
            _signal(victim, signal.SIGKILL)
        psutil.wait_procs(victims, timeout=10)
        self._server.stop()  # there is nothing to stop: gives the folder free

    def answers(self) -> bool:
        """Whether it does any work."""
        try:
            with psycopg.connect(self.dsn, connect_timeout=2) as connection:
                connection.execute("SELECT pg_current_xact_id()")
            return True
        except psycopg.Error:
            return False

    def limit_files(self, size: int) -> None:
        """Let no file of it grow beyond ``size`` bytes (-1: as large as it likes): its disk is full."""
        limit_files(self.pids, size)

    def close(self) -> None:
        """Stop it and remove its folder."""
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def limit_files(pids: list[int], size: int) -> None:
    """Set the largest file size of running processes (their soft limit; -1: none)."""
    for pid in pids:
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        except ProcessLookupError:  # TimescaleDB's workers come and go; new ones inherit the limit
            continue
        except PermissionError:  # root in a container may not do it for another user; that user may
            limit = size if size >= 0 else "unlimited"
            with contextlib.suppress(psutil.NoSuchProcess, subprocess.CalledProcessError):
                # a child may have ended meanwhile; that the server stops shows that the others were reached
                subprocess.run(
                    ["prlimit", f"--pid={pid}", f"--fsize={limit}:unlimited"],
                    user=psutil.Process(pid).uids().real,
                    check=True,
                    capture_output=True,
                )


def _signal(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
