"""What the store does beside writing: rollups that are behind, parked samples, partitions, old rows."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import structlog

from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import ZeroDistanceError
from zerodistance.store import expiry, plain, rollups, timescale, unparking
from zerodistance.store.database import Connection, connect, translated
from zerodistance.store.schema import read_shape

_log = structlog.get_logger(__name__)

# Rollups are behind by so much at most, if computing them takes less.
_REFRESH_S = 1.0
# A refresh never takes more than a third of the time: it shares the machine with the writer.
_REST = 2.0
_CHORES_S = 30.0
_EXPIRY_S = 900.0
_AHEAD = timedelta(days=7)


class Upkeep:
    """A thread with a connection of its own; any number of processes may run one.

    Args:
        address: connection string of the database.
        catalogue: the appliance types.
        clock: platform time, by which rows grow old.
    """

    def __init__(self, address: str, catalogue: Catalogue, clock: Clock) -> None:
        self._address = address
        self._catalogue = catalogue
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._chores_at = 0.0
        self._expiry_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present step."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def turn(self, conn: Connection) -> None:
        """Do once what is due.

        Args:
            conn: in autocommit mode.
        """
        rollups.refresh(conn, self._catalogue, self._clock.now())
        if time.monotonic() >= self._chores_at:
            self._chores_at = time.monotonic() + _CHORES_S
            unparking.drain(conn, self._catalogue)
            with translated():
                self._age(conn)
        if time.monotonic() >= self._expiry_at:
            self._expiry_at = time.monotonic() + _EXPIRY_S
            deleted = expiry.delete_expired(conn, self._catalogue, self._clock.now())
            if deleted:
                _log.info("rows.expired", **deleted)

    def _age(self, conn: Connection) -> None:
        """Make the partitions of the week to come, drop what is past its time."""
        now = self._clock.now()
        for appliance in self._catalogue.values():
            shape = read_shape(conn, appliance.type)
            if shape is None:
                continue
            oldest = now - timedelta(days=appliance.retention_days)
            with conn.transaction():
                if shape.partitioned:
                    plain.make_partitions(conn, appliance.type, (now, now + _AHEAD))
                    dropped = plain.drop_before(conn, appliance.type, oldest)
                else:
                    dropped = timescale.drop_before(conn, appliance.type, oldest)
            if dropped:
                _log.info("telemetry.dropped", type=appliance.type, tables=dropped)

    def _run(self) -> None:
        conn: Connection | None = None
        pause_s = _REFRESH_S
        while not self._stopped.wait(pause_s):
            began = time.monotonic()
            try:
                if conn is None or conn.closed:
                    conn = connect(self._address, autocommit=True)
                self.turn(conn)
                pause_s = max(_REFRESH_S, _REST * (time.monotonic() - began))
            except ZeroDistanceError as error:
                _log.warning("upkeep.waits", error=str(error))
                if conn is not None:
                    conn.close()
                conn = None
                pause_s = min(pause_s * 2, 30.0)
            except Exception:  # a thread that ended in silence would leave rollups and old rows as they are
                _log.exception("upkeep.failed")
                pause_s = min(pause_s * 2, 30.0)
        if conn is not None:
            conn.close()
