"""From the database to the broker: its files written, the broker told, sessions ended that must not go on.

Mosquitto reads its password file and the revocation list again on SIGHUP, and checks the password of every
session that is open; a session that came in by certificate is left alone, so it is ended by us, by taking
its client id over (the listeners for devices make the user name the client id). That the broker has read
the files is known, not guessed: our own account's password changes with each writing, and once it is taken
the rest is in force (docs/decisions/0008-credentials-in-files.md).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import psycopg
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from zerodistance.access.authority import CRL_DAYS, Authority
from zerodistance.access.broker_files import PASSWORDS, password_file, read_accounts, write_files
from zerodistance.access.files import make_folder
from zerodistance.access.passwords import new_secret
from zerodistance.broker import Address, parse_address
from zerodistance.errors import NotFoundError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store import credentials
from zerodistance.store.database import Connection, connect, dsn, translated

ACCOUNT = "_access"
# Signs the list anew that often: it would end after CRL_DAYS.
_RENEW = timedelta(days=min(1, CRL_DAYS))
_RELOAD_S = 15.0
_ANSWER_S = 3.0
_TRY_S = 0.1
_CHANNEL = "zd_access"

_log = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    """What the broker is to know: as of ``at``, real time."""

    passwords: dict[str, str]
    revoked: tuple[Any, ...]
    locked_out: frozenset[str]
    at: datetime


class BrokerAccess:
    """Keeps one broker in step with the database.

    Args:
        settings: ``ZD_DATABASE``, ``ZD_MQTT`` (host and TLS only), ``ZD_BROKER_DIR``, ``ZD_CA_DIR``,
            ``ZD_BROKER_ACCOUNTS``.
        pid_file: of a Mosquitto that we may signal; None: whoever starts it watches the generation.

    Raises:
        SettingsError: a setting is not understood.
        HostError: the folder cannot be made.
    """

    def __init__(self, settings: Settings, *, pid_file: Path | None = None) -> None:
        self._dsn = dsn(settings)
        self._address = parse_address(settings.mqtt)
        self._folder = settings.broker_folder()
        self._accounts = read_accounts(settings.broker_accounts)
        self._pid_file = pid_file
        make_folder(self._folder)
        try:
            self._authority: Authority | None = Authority.load(settings.ca_folder())
        except NotFoundError:
            self._authority = None  # passwords only
        self._written: Wanted | None = None
        self._ended: frozenset[str] = frozenset()  # locked out, and without a session since
        self._told = False

    def write(self) -> bool:
        """Write the files if anything in them is to change, and signal; return whether it was.

        Raises:
            UnavailableError: the database does not answer.
            HostError: the folder cannot be written.
        """
        with connect(self._dsn) as conn, translated():
            return self._write(self._read(conn))

    def run(self, stop: Callable[[float], bool], *, every_s: float = 5.0) -> None:
        """Follow the database until told to stop.

        Args:
            stop: waits so many seconds, and tells whether to stop.
            every_s: real seconds between two looks; a change is noticed at once, but reloads are at least
                a second apart.

        Raises:
            HostError: the folder cannot be written.
        """
        while True:
            try:
                with connect(self._dsn) as conn:
                    conn.commit()
                    conn.autocommit = True
                    conn.execute("LISTEN " + _CHANNEL)
                    while True:
                        self.turn(conn)
                        self._wait(conn, every_s)
                        if stop(1.0):
                            return
            except (UnavailableError, psycopg.OperationalError) as error:
                _log.warning("access.waits", error=str(error))
                if stop(2.0):
                    return

    def turn(self, conn: Connection) -> list[str]:
        """Bring the broker in step once; return the devices whose sessions were ended.

        Raises:
            UnavailableError: the database or the broker does not answer.
            HostError: the folder cannot be written.
        """
        with translated():
            wanted = self._read(conn)
            changed = self._write(wanted)
            self._ended &= wanted.locked_out
            leaving = wanted.locked_out - self._ended
            due = credentials.to_be_cut(conn, wanted.at)
            if not (changed or due or leaving or not self._told):
                return []
            self._await_reload()
            cut = sorted({*due, *leaving})
            self.end_sessions(cut)
            self._ended = wanted.locked_out
            if due:
                credentials.note_cut(conn, due, wanted.at)
        self._told = True
        _log.info(
            "access.in_force", passwords=len(wanted.passwords), revoked=len(wanted.revoked), cut=len(cut)
        )
        return cut

    def end_sessions(self, devices: Iterable[str]) -> None:
        """Take over the client id of each device and leave again: the broker ends what was open there.

        Raises:
            UnavailableError: the broker does not let us in.
        """
        for device in devices:
            if not self._visit(device):
                raise UnavailableError(f"The session of {device} could not be ended; it is tried again.")

    def _read(self, conn: Connection) -> Wanted:
        at = credentials.now(conn)  # before the rest: what ends meanwhile is for the next turn
        return Wanted(
            credentials.passwords(conn),
            tuple(credentials.revoked_certificates(conn)),
            frozenset(credentials.locked_out(conn)),
            at,
        )

    def _write(self, wanted: Wanted) -> bool:
        last = self._written
        if last is not None and last[:2] == wanted[:2] and wanted.at - last.at < _RENEW:
            return False
        self._secret = new_secret()
        try:
            before = (self._folder / PASSWORDS).read_text(encoding="ascii")
        except (OSError, ValueError):
            before = ""
        text = password_file({**self._accounts, ACCOUNT: self._secret}, wanted.passwords, before)
        revoked = None
        if self._authority is not None:
            revoked = self._authority.revocation_list(wanted.revoked, wanted.at)
        write_files(self._folder, text, revoked, f"{wanted.at.timestamp():.6f}")
        self._written = wanted
        self._told = False
        self._signal()
        return True

    def _signal(self) -> None:
        if self._pid_file is None:
            return
        try:
            os.kill(int(self._pid_file.read_text(encoding="ascii").strip("\0 \n")), signal.SIGHUP)
        except (OSError, ValueError) as error:
            # It reads the files when it starts.
            _log.warning("access.not_signalled", pid_file=str(self._pid_file), error=str(error))

    def _await_reload(self) -> None:
        deadline = time.monotonic() + _RELOAD_S
        while not self._visit(f"zd-access-{os.getpid()}"):
            if time.monotonic() > deadline:
                self._written = None  # a broker that was just starting may have missed it: once more, then
                raise UnavailableError(
                    f"The broker at {self._address.host}:{self._address.port} does not take the new "
                    "passwords: is it running, does it read the files in ZD_BROKER_DIR, and is it told of "
                    "changes (--pid-file, or whoever starts it)?"
                )
            time.sleep(_TRY_S)

    def _visit(self, client_id: str) -> bool:
        return visit(self._address._replace(user=ACCOUNT, password=self._secret), client_id)

    @staticmethod
    def _wait(conn: Connection, every_s: float) -> None:
        for _ in conn.notifies(timeout=every_s, stop_after=1):
            pass


def visit(address: Address, client_id: str) -> bool:
    """Connect with a clean session, and leave; return whether the broker let us in."""
    said: list[bool] = []
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv311,
        clean_session=True,
        reconnect_on_failure=False,
    )
    client.connect_timeout = _ANSWER_S
    address.prepare(client)
    client.on_connect = lambda _c, _d, _f, reason, _p: said.append(not reason.is_failure)
    try:
        client.connect(address.host, address.port, keepalive=10)
        deadline = time.monotonic() + _ANSWER_S
        while not said and client.socket() is not None and time.monotonic() < deadline:
            client.loop(0.05)
        if said == [True]:
            client.disconnect()
            client.loop(0.05)
    except (OSError, ValueError):
        return False
    finally:
        sock = client.socket()
        if sock is not None:
            sock.close()
    return said == [True]
