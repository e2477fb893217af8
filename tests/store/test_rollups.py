"""Rollups: sums that meet, counters over borders and restarts, late rows, both flavours alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from random import Random

import msgspec
import pytest
from psycopg import sql

from tests.fixtures.postgres import made_database
from tests.store.samples import START, sample
from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.model import Channel
from zerodistance.messages import Sample
from zerodistance.store import rollups, timescale
from zerodistance.store.database import Connection, connect
from zerodistance.store.migrate import migrate
from zerodistance.store.telemetry import write_samples

_NOW = START + timedelta(days=30)
_DAY = 24 * 60
Opener = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def small(catalogue: Catalogue) -> Catalogue:
    """One type: migrating is quicker."""
    return Catalogue({"refrigerator": catalogue["refrigerator"]})


@pytest.fixture(params=["plain", pytest.param("timescale", marks=pytest.mark.timescale)])
def store(request: pytest.FixtureRequest, small: Catalogue) -> Iterator[Connection]:
    """An autocommit connection to a migrated database of either flavour."""
    wanted = request.param == "timescale"
    server = request.getfixturevalue("timescale_server" if wanted else "postgres_server")
    with _migrated(server, small, wanted) as conn:
        yield conn


@contextmanager
def _migrated(server: str, catalogue: Catalogue, wanted: bool) -> Iterator[Connection]:
    with made_database(server) as address:
        with connect(address) as conn:
            migrate(conn, catalogue, timescale=wanted)
        with connect(address, autocommit=True) as conn:
            yield conn


def put(conn: Connection, catalogue: Catalogue, samples: list[Sample]) -> None:
    with conn.transaction():
        write_samples(conn, catalogue, samples)


def refresh(conn: Connection, catalogue: Catalogue, now: datetime = _NOW) -> None:
    rollups.refresh(conn, catalogue, now)
    assert rollups.pending(conn) == 0


def test_figures_of_a_bucket(store: Connection, small: Catalogue) -> None:
    powers = [10.0, 30.0, 20.0]
    put(
        store,
        small,
        [sample(m, values={"power": p, "door_open": float(m == 1)}) for m, p in enumerate(powers)],
    )
    put(store, small, [sample(3, values={"power": None}, quality={"power": 2})])
    refresh(store, small)
    for level in ("5m", "1h", "1d"):
        row = store.execute(
            "SELECT bucket, device_id, tenant_id, n, power_sum, power_count, power_min, power_max,"
            f" power_last, door_open_sum, door_open_count, energy_delta FROM telemetry_refrigerator_{level}"
        ).fetchall()
        assert row == [(START, "fridge-1", 1, 4, 60.0, 3, 10.0, 30.0, 20.0, 1.0, 3, None)]


def test_counter_grows_over_borders_and_restarts(store: Connection, small: Catalogue) -> None:
    """Ten kWh, a restart at 0, three more; readings fall on either side of every border."""
    readings = [(minute, minute / 60) for minute in range(0, 601, 7)]
    end = readings[-1][1]
    readings += [(minute, (minute - 608) / 100) for minute in range(608, 909, 7)]
    put(store, small, [sample(m, values={"energy": 100 + e if m < 608 else e}) for m, e in readings])
    refresh(store, small)
    for level in ("5m", "1h", "1d"):
        total = store.execute(f"SELECT sum(energy_delta) FROM telemetry_refrigerator_{level}").fetchone()
        assert total is not None
        assert total[0] == pytest.approx(end + readings[-1][1]), level


def test_growth_in_one_pass_is_the_views_growth(store: Connection, small: Catalogue) -> None:
    """Gaps, a restart, hours without a reading of the counter, two devices."""
    minutes = [*range(0, 200, 7), *range(420, 900, 13), *range(2000, 2300, 11)]
    rows = []
    for device in ("fridge-1", "fridge-2"):
        for number, minute in enumerate(minutes):
            energy = minute / 60 if minute < 600 else (minute - 600) / 50
            values: dict[str, float | None] = {"power": 1.0}
            if number % 5:
                values["energy"] = energy
            rows.append(sample(minute, device, values=values))
    put(store, small, rows)
    refresh(store, small)
    for level in ("5m", "1h", "1d"):
        view = sql.Identifier(f"telemetry_refrigerator_{level}")
        found = store.execute(
            sql.SQL("SELECT device_id, bucket, energy_delta, {} FROM {} ORDER BY 1, 2").format(
                rollups.growth_over("energy"), view
            )
        ).fetchall()
        assert len(found) > 3
        for _, _, looked_up, in_one_pass in found:
            assert (looked_up is None) == (in_one_pass is None)
            assert looked_up is None or looked_up == pytest.approx(in_one_pass)
    later = START + timedelta(minutes=500)
    view = sql.Identifier("telemetry_refrigerator_1h")
    cut = store.execute(
        sql.SQL(
            "SELECT sum(energy_delta), sum(g) FROM (SELECT energy_delta, {} AS g FROM {}"
            " WHERE device_id = 'fridge-1' AND bucket >= %s) AS s"
        ).format(rollups.growth_over("energy", sql.SQL("8.15"), by_device=False), view),
        (later,),
    ).fetchone()
    assert cut is not None
    before = store.execute(
        sql.SQL(
            "SELECT energy_last FROM {} WHERE device_id = 'fridge-1' AND bucket < %s"
            " AND energy_last IS NOT NULL ORDER BY bucket DESC LIMIT 1"
        ).format(view),
        (later,),
    ).fetchone()
    assert before is not None
    assert cut[0] - cut[1] == pytest.approx(8.15 - before[0])


def test_views_of_an_earlier_release_are_made_anew(store: Connection, small: Catalogue) -> None:
    columns = [
        name for name in rollups._columns_of(store, "telemetry_refrigerator_5m") if "growth" not in name
    ]
    for level in ("5m", "1h", "1d"):
        view = sql.Identifier(f"telemetry_refrigerator_{level}")
        store.execute(sql.SQL("ALTER VIEW {} RENAME TO old").format(view))
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        store.execute(sql.SQL("CREATE VIEW {} AS SELECT {} FROM old").format(view, names))
        store.execute(sql.SQL("ALTER VIEW old RENAME TO {}").format(sql.Identifier(f"old_{level}")))
    store.autocommit = False
    migrate(store, small)
    store.autocommit = True
    assert rollups._columns_of(store, "telemetry_refrigerator_1h") == [*columns, "energy_growth"]
    put(store, small, [sample(m, values={"energy": m / 10}) for m in range(100)])
    refresh(store, small)
    assert store.execute("SELECT sum(energy_delta) FROM telemetry_refrigerator_1h").fetchone() == (
        pytest.approx(9.9),
    )


def test_tiny_fall_of_a_counter_is_no_restart(store: Connection, small: Catalogue) -> None:
    put(store, small, [sample(m, values={"energy": e}) for m, e in enumerate([500.0, 499.999, 500.5])])
    refresh(store, small)
    assert store.execute("SELECT energy_delta FROM telemetry_refrigerator_1h").fetchone() == (
        pytest.approx(0.501),
    )


def test_late_rows_change_what_was_refreshed(store: Connection, small: Catalogue) -> None:
    put(
        store,
        small,
        [sample(m, values={"energy": m / 10, "power": 1.0}) for m in range(0, 240, 10) if not 60 <= m < 120],
    )
    refresh(store, small)
    put(store, small, [sample(m, values={"energy": m / 10, "power": 5.0}) for m in range(60, 120, 10)])
    refresh(store, small)
    rows = store.execute(
        "SELECT bucket, n, power_max, energy_delta FROM telemetry_refrigerator_1h ORDER BY bucket"
    ).fetchall()
    assert [(n, power) for _, n, power, _ in rows] == [(6, 1.0), (6, 5.0), (6, 1.0), (6, 1.0)]
    assert [delta for *_, delta in rows] == pytest.approx([5.0, 6.0, 6.0, 6.0])


def test_ranges_past_retention_are_left_alone(store: Connection, small: Catalogue) -> None:
    """Once rows are dropped, computing their rollup again would erase it."""
    put(store, small, [sample(m, values={"power": 7.0}) for m in range(10)])
    refresh(store, small)
    much_later = START + timedelta(days=small["refrigerator"].retention_days + 20)
    store.execute("DELETE FROM telemetry_refrigerator")
    store.execute(
        "INSERT INTO dirty_range (type, devices, lower_at, upper_at)"
        " VALUES ('refrigerator', '{fridge-1}', %s, %s)",
        (START, START + timedelta(minutes=10)),
    )
    refresh(store, small, much_later)
    assert store.execute("SELECT sum(n) FROM telemetry_refrigerator_1d").fetchone() == (10,)


def test_added_channel_gets_its_rollup(store: Connection, small: Catalogue) -> None:
    put(store, small, [sample(0, values={"power": 7.0})])
    refresh(store, small)
    old = small["refrigerator"]
    channels = {**old.channels, "vibration": Channel(title={"en": "Vibration"}, valid=(0, 100))}
    wider = Catalogue({"refrigerator": msgspec.structs.replace(old, channels=channels)})
    store.autocommit = False
    migrate(store, wider)
    store.autocommit = True
    put(store, wider, [sample(60, values={"power": 9.0, "vibration": 3.5})])
    refresh(store, wider)
    rows = store.execute(
        "SELECT power_sum, vibration_sum FROM telemetry_refrigerator_1h ORDER BY bucket"
    ).fetchall()
    assert rows == [(7.0, None), (9.0, 3.5)]


def test_nothing_is_refreshed_by_two_at_once(store: Connection, small: Catalogue) -> None:
    put(store, small, [sample(0)])
    with connect(store.info.dsn) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (0x5A44_0004,))
        assert rollups.refresh(store, small, _NOW) == 0
        other.execute("SELECT pg_advisory_unlock(%s)", (0x5A44_0004,))
    assert rollups.refresh(store, small, _NOW) == 1


@pytest.mark.timescale
def test_both_flavours_answer_alike(timescale_server: str, small: Catalogue) -> None:
    random = Random(20260301)
    batches = [_random_batch(random) for _ in range(8)]
    answers = []
    for wanted in (False, True):
        with _migrated(timescale_server, small, wanted) as conn:
            for batch in batches:
                put(conn, small, batch)
                rollups.refresh(conn, small, _NOW)
            answers.append(
                [
                    [
                        tuple(round(v, 6) if isinstance(v, float) else v for v in row)
                        for row in conn.execute(
                            f"SELECT {_columns(conn, level)}"
                            f" FROM telemetry_refrigerator_{level} ORDER BY 1, 2"
                        )
                    ]
                    for level in ("5m", "1h", "1d")
                ]
            )
            answers[-1].append([tuple(_columns(conn, level).split(", ")) for level in ("5m", "1h", "1d")])
    assert answers[0] == answers[1]
    assert len(answers[0][0]) > 100


def _columns(conn: Connection, level: str) -> str:
    rows = conn.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attname",
        (f"telemetry_refrigerator_{level}",),
    )
    names = [row[0] for row in rows]
    return ", ".join(["bucket", "device_id", *(n for n in names if n not in ("bucket", "device_id"))])


def _random_batch(random: Random) -> list[Sample]:
    """Samples of three devices over three days, in any order, some twice, some contradicting."""
    batch = []
    for _ in range(150):
        minute = random.randrange(3 * _DAY)
        values: dict[str, float | None] = {
            "power": random.choice([0.0, 80.5, 120.25]),
            "energy": round(random.random() * 3 + minute / 50, 3),
            "door_open": float(random.random() < 0.1),
            "fresh_food_temperature": round(random.gauss(4, 1), 1),
        }
        dropped = random.choice(["power", "energy", "door_open", ""])
        values.pop(dropped, None)
        batch.append(
            sample(minute, f"fridge-{random.randrange(3)}", random.randrange(1, 10_000), values=values)
        )
    return batch


@pytest.mark.timescale
def test_late_rows_into_compressed_chunks(timescale_server: str, small: Catalogue) -> None:
    with _migrated(timescale_server, small, True) as conn:
        first = [sample(m, f"fridge-{d}", values={"power": 1.0}) for m in range(0, _DAY, 2) for d in range(2)]
        put(conn, small, first)
        refresh(conn, small)
        conn.execute("SELECT compress_chunk(c) FROM show_chunks('telemetry_refrigerator') AS c")
        conn.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 10")
        put(conn, small, [sample(m, "fridge-0", values={"power": 3.0}) for m in range(1, _DAY, 2)])
        put(
            conn,
            small,
            [sample(m, "fridge-1", 5, values={"power": 2.0, "energy": 1.0}) for m in range(0, _DAY, 2)],
        )
        refresh(conn, small)
        rows = conn.execute(
            "SELECT device_id, n, power_sum FROM telemetry_refrigerator_1d ORDER BY 1"
        ).fetchall()
        assert rows == [("fridge-0", 1440, 720 * 1.0 + 720 * 3.0), ("fridge-1", 720, 720 * 2.0)]


@pytest.mark.timescale
def test_policies_are_there_and_retention_follows_the_clock(timescale_server: str, small: Catalogue) -> None:
    with _migrated(timescale_server, small, True) as conn:
        names = [
            row[0]
            for row in conn.execute(
                "SELECT proc_name FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL"
            )
        ]
        assert names.count("policy_refresh_continuous_aggregate") == 3
        assert names.count("policy_retention") == 1
        assert sum("compression" in name or "columnstore" in name for name in names) == 3, "rows, 5m, 1h"
        conn.autocommit = False
        migrate(conn, small, retention_policy=False)
        conn.autocommit = True
        left = conn.execute(
            "SELECT count(*) FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'"
        ).fetchone()
        assert left == (0,), "a platform clock that is not the machine's: the platform drops old rows itself"
        put(conn, small, [sample(0), sample(10 * _DAY)])
        assert len(timescale.drop_before(conn, "refrigerator", START + timedelta(days=5))) == 1
        assert conn.execute("SELECT count(*) FROM telemetry_refrigerator").fetchone() == (1,)
