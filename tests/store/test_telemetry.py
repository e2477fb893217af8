"""Writing samples: new ones, repeated ones, contradicting ones, late ones, strange ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.postgres import made_database
from tests.store.samples import START, sample
from zerodistance.catalogue import Catalogue
from zerodistance.messages import Quality, Sample
from zerodistance.store.database import Connection, Pool, connect
from zerodistance.store.telemetry import WriteCounts, write_samples

_ROWS = (
    "SELECT device_id, time, boot, seq, received_at, power, energy, door_open, quality"
    " FROM telemetry_refrigerator ORDER BY 1, 2"
)


def test_row_holds_what_the_sample_says(pool: Pool, catalogue: Catalogue) -> None:
    one = sample(
        1,
        seq=7,
        values={"power": 81.5, "energy": 10.123456789, "door_open": 1.0, "fresh_food_temperature": None},
        quality={"fresh_food_temperature": int(Quality.BELOW_VALID)},
    )
    with pool.connection() as conn:
        assert write_samples(conn, catalogue, [one]) == WriteCounts(inserted=1)
        rows = conn.execute(
            "SELECT time, device_id, tenant_id, boot, seq, received_at, skew_ms, quality, power, energy,"
            " door_open, fresh_food_temperature FROM telemetry_refrigerator"
        ).fetchall()
    time = START + timedelta(minutes=1)
    assert rows == [
        (
            time,
            "fridge-1",
            1,
            1,
            7,
            time + timedelta(seconds=0.5),
            500,
            {"fresh_food_temperature": 1},
            81.5,
            10.123456789,
            True,
            None,
        )
    ]


def test_same_samples_again_change_nothing(pool: Pool, catalogue: Catalogue) -> None:
    batch = [
        sample(m, f"fridge-{d}", seq=m + 1, values={"power": 0.1 + m}) for m in range(20) for d in range(3)
    ]
    with pool.connection() as conn:
        assert write_samples(conn, catalogue, batch).inserted == 60
        before = conn.execute(_ROWS).fetchall()
        again = [msgspec.structs.replace(s, received_us=s.received_us + 9_000_000) for s in batch]
        assert write_samples(conn, catalogue, again) == WriteCounts(duplicate=60)
        assert conn.execute(_ROWS).fetchall() == before
        assert conn.execute("SELECT count(*) FROM telemetry_conflict").fetchone() == (0,)


def test_new_and_known_in_one_batch(pool: Pool, catalogue: Catalogue) -> None:
    with pool.connection() as conn:
        write_samples(conn, catalogue, [sample(m, seq=m + 1) for m in range(0, 10, 2)])
        counts = write_samples(conn, catalogue, [sample(m, seq=m + 1) for m in range(10)])
    assert counts == WriteCounts(inserted=5, duplicate=5)


def test_gaps_are_filled_and_the_later_message_wins(pool: Pool, catalogue: Catalogue) -> None:
    with pool.connection() as conn:
        write_samples(conn, catalogue, [sample(0, seq=5, values={"power": 80.0})])
        filled = write_samples(conn, catalogue, [sample(0, seq=6, values={"energy": 1.0})])
        newer = write_samples(conn, catalogue, [sample(0, seq=7, values={"power": 90.0})])
        older = write_samples(conn, catalogue, [sample(0, seq=2, values={"power": 70.0})])
        assert (filled.merged, newer.conflict, older.conflict) == (1, 1, 1)
        assert conn.execute("SELECT power, energy, seq FROM telemetry_refrigerator").fetchall() == [
            (90.0, 1.0, 7)
        ]
        conflicts = conn.execute(
            "SELECT channel, kept, dropped, kept_seq, dropped_seq FROM telemetry_conflict ORDER BY dropped"
        ).fetchall()
    assert conflicts == [("power", 90.0, 70.0, 7, 2), ("power", 90.0, 80.0, 7, 6)]


def test_repeats_inside_one_batch(pool: Pool, catalogue: Catalogue) -> None:
    batch = [
        sample(0, seq=1, values={"power": 80.1}),
        sample(0, seq=1, values={"power": 80.1}),
        sample(0, seq=2, values={"energy": 4.0}),
        sample(0, seq=3, values={"power": 81.0}),
    ]
    with pool.connection() as conn:
        counts = write_samples(conn, catalogue, batch)
        assert counts == WriteCounts(inserted=1, duplicate=1, merged=1, conflict=1)
        assert conn.execute("SELECT power, energy FROM telemetry_refrigerator").fetchall() == [(81.0, 4.0)]


def test_refused_samples_leave_no_row(pool: Pool, catalogue: Catalogue) -> None:
    with pool.connection() as conn:
        assert write_samples(conn, catalogue, [sample(0, seq=1, refused=True)]) == WriteCounts()
        assert conn.execute("SELECT count(*) FROM telemetry_refrigerator").fetchone() == (0,)


def test_late_samples_of_another_year_find_their_partition(pool: Pool, catalogue: Catalogue) -> None:
    year = 366 * 24 * 60
    with pool.connection() as conn:
        late = [sample(-year, received_us=sample(0).received_us), sample(0)]
        assert write_samples(conn, catalogue, late) == WriteCounts(inserted=2, late=1)


def test_every_day_of_a_week_finds_its_partition(pool: Pool, catalogue: Catalogue) -> None:
    day = 24 * 60
    with pool.connection() as conn:
        for first in range(0, 21, 3):
            batch = [sample(d * day + 1) for d in (first + 2, first, first + 1)]
            assert write_samples(conn, catalogue, batch).inserted == 3


def test_unknown_type_is_parked(pool: Pool, catalogue: Catalogue) -> None:
    with pool.connection() as conn:
        assert write_samples(conn, catalogue, [sample(0, type="hovercraft")]).parked == 1
        assert conn.execute("SELECT type, device_id FROM parked_sample").fetchall() == [
            ("hovercraft", "fridge-1")
        ]


def test_two_writers_meet_a_new_week(database: str, catalogue: Catalogue) -> None:
    """The second waits for the first to have made the partition, then goes on."""
    with connect(database) as first:
        write_samples(first, catalogue, [sample(0, "a")])
        done = threading.Event()

        def write() -> None:
            with connect(database) as second:
                write_samples(second, catalogue, [sample(0, "b")])
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert not done.wait(0.2), "it needs the partition that is not committed yet"
        first.commit()
        thread.join(timeout=10)
    assert done.is_set()


class _Quiet(list[Catalogue]):
    """Hypothesis prints the arguments of a failing test: a whole catalogue would hide the rest."""

    def __repr__(self) -> str:
        return "the catalogue"


@pytest.fixture
def quiet_catalogue(catalogue: Catalogue) -> list[Catalogue]:
    return _Quiet([catalogue])


_times = st.integers(0, 3)
_seqs = st.integers(1, 40)
_value = st.sampled_from([1.0, 2.0, None])


@pytest.fixture(scope="module")
def scratch(postgres_server: str, template_database: str) -> Iterator[Connection]:
    with made_database(postgres_server, template=template_database) as address, connect(address) as conn:
        yield conn


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(_times, _seqs, _value, _value), max_size=12, unique_by=lambda m: m[1]),
    st.integers(1, 5),
)
def test_table_against_a_dictionary(
    scratch: Connection,
    quiet_catalogue: list[Catalogue],
    messages: list[tuple[int, int, float | None, float | None]],
    batch: int,
) -> None:
    """However messages are cut into batches, the table holds what a dictionary would."""
    model: dict[int, tuple[int, dict[str, float]]] = {}
    for minute, seq, power, energy in messages:
        readings = {c: v for c, v in (("power", power), ("energy", energy)) if v is not None}
        age, known = model.get(minute, (0, {}))
        model[minute] = max(age, seq), ({**known, **readings} if seq > age else {**readings, **known})
    batches = [messages[i : i + batch] for i in range(0, len(messages), batch)]
    total = 0
    for part in batches:
        counts = write_samples(scratch, quiet_catalogue[0], [_message(*one) for one in part])
        total += counts.inserted + counts.merged + counts.duplicate + counts.conflict
    rows = scratch.execute("SELECT time, power, energy FROM telemetry_refrigerator ORDER BY time").fetchall()
    scratch.rollback()
    assert total == len(messages)
    assert rows == [
        (START + timedelta(minutes=minute), model[minute][1].get("power"), model[minute][1].get("energy"))
        for minute in sorted(model)
    ]


def _message(minute: int, seq: int, power: float | None, energy: float | None) -> Sample:
    values = {c: v for c, v in (("power", power), ("energy", energy)) if v is not None}
    return sample(minute, seq=seq, values=values)
