"""Connections to PostgreSQL: where it is, a pool of them, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from zerodistance.errors import StoreError, UnavailableError
from zerodistance.settings import Settings

Connection = psycopg.Connection[tuple[Any, ...]]

# A page of tickets holds a hundred documents: the standard library's reader took a third of its time.
set_json_loads(msgspec.json.decode)

EMBEDDED_FOLDER = "postgres"
EMBEDDED_DATABASE = "zerodistance"
# A checkout that waits longer than this means that the server is gone or every connection is stuck.
_CHECKOUT_TIMEOUT_S = 10.0


class Pool(ConnectionPool[Connection]):
    """A connection pool whose waiting ends in :class:`UnavailableError`, not in the driver's error."""

    def getconn(self, timeout: float | None = None) -> Connection:
        """Return a connection that answers.

        Raises:
            UnavailableError: when none does within ``timeout`` seconds.
        """
        try:
            return super().getconn(timeout)
        except PoolTimeout as error:
            raise UnavailableError(
                f"The database does not answer: check that it runs and that ZD_DATABASE is right ({error})."
            ) from error


def dsn(settings: Settings) -> str:
    """Return the connection string: ``ZD_DATABASE``, or the running embedded server's.

    Nothing is started.

    Raises:
        UnavailableError: no database is set and no embedded server runs.
    """
    if settings.database:
        return settings.database
    folder = settings.data_dir / EMBEDDED_FOLDER
    found = running_dsn(folder)
    if found is None:
        raise UnavailableError(
            f"There is no database: ZD_DATABASE is not set and no embedded server runs in {folder}. "
            "Start `zerodistance demo`, or set ZD_DATABASE=postgresql://user:password@host/name."
        )
    return found


def running_dsn(folder: Path, database: str = EMBEDDED_DATABASE) -> str | None:
    """Return the connection string of the embedded server that runs in ``folder``, None if none is ready.

    It stands in ``postmaster.pid``: line 4 is the port, line 5 the socket's folder, line 8 the state
    (PostgreSQL documentation, "Database File Layout"; src/include/utils/pidfile.h).
    """
    try:
        lines = (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    return (
        f"postgresql://postgres@/{database}?host={quote(lines[4].strip(), safe='')}&port={lines[3].strip()}"
    )


def connect(address: str, *, autocommit: bool = False) -> Connection:
    """Open one connection, with UTC as its time zone.

    Raises:
        UnavailableError: the server does not answer, or refuses us.
    """
    try:
        return psycopg.connect(address, autocommit=autocommit, **_SESSION)
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"The database does not answer: {_first_line(error)} Check ZD_DATABASE and that the server runs."
        ) from error
    except psycopg.ProgrammingError as error:
        raise StoreError(f"ZD_DATABASE is not a connection string: {_first_line(error)}") from error


def open_pool(settings: Settings, *, size: int = 4) -> Pool:
    """Open a pool of up to ``size`` connections (autocommit off, rows as tuples, UTC).

    Raises:
        UnavailableError: the server does not answer.
    """
    return pool_of(dsn(settings), size=size)


def pool_of(address: str, *, size: int = 4) -> Pool:
    """Open a pool on a connection string; see :func:`open_pool`."""
    connect(address).close()  # a wrong address fails here at once, with the reason
    pool = Pool(
        address,
        min_size=1,
        max_size=size,
        timeout=_CHECKOUT_TIMEOUT_S,
        kwargs=_SESSION,
        check=ConnectionPool.check_connection,
        open=False,
    )
    pool.open()
    return pool


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors inside the block into the platform's.

    Raises:
        UnavailableError: the connection broke or the server refuses work; try again.
        StoreError: the statement itself was refused.
    """
    try:
        yield
    except psycopg.OperationalError as error:
        raise UnavailableError(f"The database failed: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise StoreError(f"The database refused: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0].rstrip(".") if text else type(error).__name__) + "."


# UTC in the session makes date_bin, date_trunc and what the driver returns agree on every machine.
#
# A client that is frozen or unplugged in the middle of a transaction holds its locks until the server ends
# it, and every other consumer waits for them: half a minute, not the two hours of TCP's defaults. The other
# way round, a server that vanished is noticed after half a minute too. (Longest that we leave a transaction
# waiting ourselves: the outbox, 20 s, for the log.)
_SESSION: dict[str, Any] = {
    "options": (
        "-c timezone=UTC -c idle_in_transaction_session_timeout=30s"
        " -c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    ),
    "application_name": "zerodistance",
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
