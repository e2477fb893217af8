"""Series for plots: raw while they are few, buckets when they are many; and the latest readings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.samples import START, sample
from zerodistance.catalogue import Catalogue
from zerodistance.errors import NotFoundError, StoreError
from zerodistance.store import history, rollups
from zerodistance.store.database import Connection, connect
from zerodistance.store.telemetry import write_samples

_DAY = timedelta(days=1)


@pytest.fixture
def filled(database: str, catalogue: Catalogue) -> Connection:
    """Two days of a refrigerator, a reading each minute."""
    small = Catalogue({"refrigerator": catalogue["refrigerator"]})
    conn = connect(database, autocommit=True)
    rows = [
        sample(m, values={"power": float(m % 60), "energy": m / 100, "door_open": float(m % 60 == 0)})
        for m in range(2 * 24 * 60)
    ]
    with conn.transaction():
        write_samples(conn, small, rows)
    rollups.refresh(conn, small, START + 3 * _DAY)
    return conn


def test_few_points_are_as_measured(filled: Connection, catalogue: Catalogue) -> None:
    rows = history.read_series(
        filled,
        catalogue["refrigerator"],
        "fridge-1",
        ["power", "door_open"],
        START,
        START + timedelta(minutes=3),
    )
    assert rows == [
        (START + timedelta(minutes=m), m, m, m, float(m == 0), float(m == 0), float(m == 0)) for m in range(3)
    ]


@pytest.mark.parametrize("points", [1500, 400, 40, 7, 2, 1])
def test_many_points_are_thinned(filled: Connection, catalogue: Catalogue, points: int) -> None:
    rows = history.read_series(
        filled, catalogue["refrigerator"], "fridge-1", ["power", "energy"], START, START + 2 * _DAY, points
    )
    assert points / 3 <= len(rows) <= points + 1
    assert rows[0][0] == START
    assert min(row[2] for row in rows) == 0.0
    assert max(row[3] for row in rows) == 59.0
    assert sum(row[1] for row in rows) / len(rows) == pytest.approx(29.5, abs=0.8)
    assert rows[-1][6] == pytest.approx(28.79), "the last reading of the counter"
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_latest_fills_gaps_from_the_rows_before(filled: Connection, catalogue: Catalogue) -> None:
    with filled.transaction():
        write_samples(filled, catalogue, [sample(2880, values={"power": 5.5})])
    found = history.latest(filled, catalogue["refrigerator"], "fridge-1")
    assert found is not None
    assert found[0] == START + 2 * _DAY
    assert found[1]["power"] == 5.5
    assert found[1]["energy"] == pytest.approx(28.79)
    assert found[1]["humidity"] is None
    assert history.latest(filled, catalogue["refrigerator"], "nobody") is None


def test_wrong_questions(filled: Connection, catalogue: Catalogue) -> None:
    fridge = catalogue["refrigerator"]
    with pytest.raises(NotFoundError, match="has no channel 'colour'"):
        history.read_series(filled, fridge, "fridge-1", ["colour"], START, START + _DAY)
    with pytest.raises(StoreError, match="end after its beginning"):
        history.read_series(filled, fridge, "fridge-1", ["power"], START, START)
