"""Counts and unclaimed devices reach the database, late if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from ingest.housekeeping import Housekeeping
from ingest.tally import Tally
from tests.ingest.helpers import parse, sample
from zerodistance.catalogue import Catalogue
from zerodistance.clock import SystemClock
from zerodistance.errors import UnavailableError
from zerodistance.log import Log
from zerodistance.store import counts
from zerodistance.store.database import Pool
from zerodistance.store.devices import register_device


class AwayPool:
    """A pool whose database does not answer while ``away``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.away = True

    @contextmanager
    def connection(self) -> Iterator[Any]:
        if self.away:
            raise UnavailableError("The database is away.")
        with self._pool.connection() as conn:
            yield conn


def test_what_happens_is_counted_by_outcome_and_reason() -> None:
    tally = Tally()
    tally.message(parse([sample(), sample(values={"new": 1}), sample(ts=0)]), 0)
    tally.message(parse(b"rubbish"), 1)
    tally.message(parse(b"{}", "zd/v1/fridge/stored"), 0)
    assert dict(tally.drain()) == {
        ("ingest", "messages"): 3,
        ("ingest", "samples"): 2,
        ("ingest", "unknown_channels"): 1,
        ("ingest", "refused"): 2,
        ("ingest", "letters_over_quota"): 1,
        ("ingest", "ignored"): 1,
        ("ingest.refused", "time_too_old"): 1,
        ("ingest.refused", "malformed_json"): 1,
    }
    assert not tally.drain()


def test_a_database_that_is_away_is_told_later(pool: Pool, sqlite_log: Log, catalogue: Catalogue) -> None:
    away = AwayPool(pool)
    tally = Tally()
    keeping = Housekeeping(cast(Pool, away), sqlite_log, catalogue, SystemClock(), tally)
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    with pool.connection() as conn:
        register_device(conn, "claimed-meanwhile", "refrigerator")
    for device in ("stranger", "claimed-meanwhile"):
        keeping.unclaimed(device, moment, b'{"odd": "\x00\xff"}')
    tally.message(parse(sample()), 0)
    keeping.round()
    tally.message(parse(sample()), 0)
    keeping.round()
    away.away = False
    keeping.round()
    with pool.connection() as conn:
        assert counts.read(conn)["ingest", "samples"] == 2
        rows = conn.execute("SELECT id, last_seen_at, sample FROM unclaimed_device").fetchall()
    assert [(row[0], row[1]) for row in rows] == [("stranger", moment)]
    assert rows[0][2].startswith('{"odd": "')


def test_the_list_of_the_unclaimed_is_bounded(pool: Pool, sqlite_log: Log, catalogue: Catalogue) -> None:
    keeping = Housekeeping(pool, sqlite_log, catalogue, SystemClock(), Tally())
    for n in range(3_000):
        keeping.unclaimed(f"invented-{n}", datetime(2026, 3, 1, tzinfo=UTC), b"{}")
    keeping.round()
    with pool.connection() as conn:
        (listed,) = conn.execute("SELECT count(*) FROM unclaimed_device").fetchone() or (0,)
    assert listed == 1_000
