"""The outbox: what was decided leaves in order, once the log is there, and is not lost before."""

from __future__ import annotations

import threading

import pytest

from tests.fixtures.processes import wait_until
from zerodistance.errors import UnavailableError
from zerodistance.log import Log
from zerodistance.store import outbox
from zerodistance.store.database import Pool

_TOPIC = "zd.findings"


class DeadProducer:
    """A producer whose broker is gone: it takes records and never stores them."""

    def send(self, *_: object, **__: object) -> None:
        """Take it."""

    def flush(self, timeout_s: float = 30.0) -> None:
        """Give up."""
        raise UnavailableError("the log is away")

    def close(self) -> None:
        """Nothing to close."""


def test_sends_in_order_and_deletes(pool: Pool, sqlite_log: Log) -> None:
    sqlite_log.create_topics([_TOPIC], 1)
    with pool.connection() as conn:
        for number in range(7):
            outbox.put(conn, _TOPIC, "fridge-1", f"f{number}", b"%d" % number)
    relay = outbox.Relay(pool, sqlite_log)
    assert relay.run_once() == 7
    assert relay.run_once() == 0
    relay.close()
    consumer = sqlite_log.consumer("reader", [_TOPIC])
    found: list[bytes] = []
    wait_until(lambda: found.extend(r.value for r in consumer.poll(0.1)) or len(found) == 7)
    assert found == [b"%d" % number for number in range(7)]


def test_rolled_back_decisions_are_never_sent(pool: Pool, sqlite_log: Log) -> None:
    sqlite_log.create_topics([_TOPIC], 1)
    with pool.connection() as conn:
        outbox.put(conn, _TOPIC, "fridge-1", "f", b"x")
        conn.rollback()
    assert outbox.Relay(pool, sqlite_log).run_once() == 0


def test_log_away_keeps_everything(pool: Pool, sqlite_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite_log.create_topics([_TOPIC], 1)
    with pool.connection() as conn:
        outbox.put(conn, _TOPIC, "fridge-1", "f", b"x")
    relay = outbox.Relay(pool, sqlite_log)
    with monkeypatch.context() as patch:
        patch.setattr(relay, "_producer", DeadProducer())
        with pytest.raises(UnavailableError):
            relay.run_once()
    assert relay.run_once() == 1
    relay.close()


def test_runs_until_stopped(pool: Pool, sqlite_log: Log) -> None:
    sqlite_log.create_topics([_TOPIC], 1)
    stop = threading.Event()
    thread = threading.Thread(target=outbox.Relay(pool, sqlite_log).run, args=(stop,))
    thread.start()
    with pool.connection() as conn:
        outbox.put(conn, _TOPIC, "fridge-1", "f", b"x")

    def empty() -> bool:
        with pool.connection() as conn:
            return conn.execute("SELECT count(*) FROM outbox").fetchone() == (0,)

    wait_until(empty, what="the outbox to be empty")
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
