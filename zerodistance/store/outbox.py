"""Records for the log, written in the transaction that decided them and sent after it.

The relay deletes a record once the log has it for good. Killed in between it sends the record again:
consumers upsert by the record's own id.
"""

from __future__ import annotations

import threading

import structlog

from zerodistance.errors import ZeroDistanceError
from zerodistance.log.interface import Log, Producer
from zerodistance.store.database import Connection, Pool, translated

_log = structlog.get_logger(__name__)

_BATCH = 500
_POLL_S = 0.2
_RELAY_LOCK = 0x5A44_0001  # "ZD": one relay at a time, so that records leave in the order of their ids
_FLUSH_TIMEOUT_S = 20.0


def put(conn: Connection, topic: str, key: str, record_id: str, payload: bytes) -> None:
    """Leave a record to be sent once the transaction of ``conn`` is committed.

    Args:
        conn: inside the deciding transaction.
        topic: log topic.
        key: device id, which chooses the partition.
        record_id: what consumers upsert by.
        payload: the record's bytes.
    """
    conn.execute(
        "INSERT INTO outbox (topic, key, record_id, payload) VALUES (%s, %s, %s, %s)",
        (topic, key, record_id, payload),
    )


class Relay:
    """Sends what stands in the outbox; any number of processes may run one, one at a time works."""

    def __init__(self, pool: Pool, log: Log) -> None:
        self._pool = pool
        self._log = log
        self._producer: Producer | None = None

    def run_once(self) -> int:
        """Send up to 500 records in id order and delete them once the log has them; return how many.

        Raises:
            UnavailableError: log or database do not answer; what was not confirmed stays in the outbox.
        """
        with translated(), self._pool.connection() as conn:
            locked = conn.execute("SELECT pg_try_advisory_xact_lock(%s)", (_RELAY_LOCK,)).fetchone()
            if not (locked and locked[0]):
                return 0
            rows = conn.execute(
                "SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT %s", (_BATCH,)
            ).fetchall()
            if not rows:
                return 0
            failures: list[Exception] = []
            producer = self._open()
            for _, topic, key, payload in rows:
                producer.send(topic, payload, key=key.encode(), on_error=failures.append)
            producer.flush(_FLUSH_TIMEOUT_S)
            if failures:
                raise failures[0]
            conn.execute("DELETE FROM outbox WHERE id = ANY(%s)", ([row[0] for row in rows],))
        return len(rows)

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set; trouble is logged and tried again."""
        pause_s = _POLL_S
        while not stop.is_set():
            try:
                sent = self.run_once()
                pause_s = 0.0 if sent == _BATCH else _POLL_S
            except ZeroDistanceError as error:
                _log.warning("outbox.waits", error=str(error))
                pause_s = min(max(pause_s, _POLL_S) * 2, 10.0)
            stop.wait(pause_s)
        self.close()

    def close(self) -> None:
        """Let go of the producer."""
        if self._producer is not None:
            self._producer.close()
            self._producer = None

    def _open(self) -> Producer:
        if self._producer is None:
            self._producer = self._log.producer()
        return self._producer
