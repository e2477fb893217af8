"""Offsets move by compare-and-swap, all or none, and hold others off until the commit."""

from __future__ import annotations

import threading

import pytest

from zerodistance.errors import FencedError
from zerodistance.log import TopicPartition
from zerodistance.store import counts, offsets
from zerodistance.store.database import Pool

_A, _B = TopicPartition("zd.telemetry", 0), TopicPartition("zd.telemetry", 1)


def test_load_and_advance(pool: Pool) -> None:
    with pool.connection() as conn:
        assert offsets.load(conn, "store", [_A, _B]) == {_A: 0, _B: 0}
        offsets.advance(conn, "store", {_A: (0, 5)})
        offsets.advance(conn, "store", {_A: (5, 9), _B: (0, 2)})
        assert offsets.load(conn, "store", [_A, _B]) == {_A: 9, _B: 2}
        assert offsets.load(conn, "diagnose", [_A]) == {_A: 0}, "consumers do not see each other's"
        offsets.advance(conn, "store", {})


def test_wrong_start_is_fenced_and_moves_nothing(pool: Pool) -> None:
    with pool.connection() as conn:
        offsets.advance(conn, "store", {_A: (0, 5)})
    with pytest.raises(FencedError, match="another consumer"), pool.connection() as conn:
        offsets.advance(conn, "store", {_B: (0, 1), _A: (4, 6)})
    with pool.connection() as conn:
        assert offsets.load(conn, "store", [_A, _B]) == {_A: 5, _B: 0}


def test_second_writer_waits_and_is_fenced(pool: Pool) -> None:
    outcome: list[str] = []

    def zombie() -> None:
        try:
            with pool.connection() as conn:
                offsets.advance(conn, "store", {_A: (0, 7)})
            outcome.append("moved")
        except FencedError:
            outcome.append("fenced")

    with pool.connection() as conn:
        offsets.advance(conn, "store", {_A: (0, 5)})
        thread = threading.Thread(target=zombie)
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive(), "it waits for the first to commit"
    thread.join(timeout=10)
    assert outcome == ["fenced"]


def test_counts_add_up(pool: Pool) -> None:
    with pool.connection() as conn:
        counts.add(conn, {("store", "inserted"): 3, ("ingest", "accepted"): 0})
        counts.add(conn, {("store", "inserted"): 4})
        assert counts.read(conn) == {("store", "inserted"): 7}
