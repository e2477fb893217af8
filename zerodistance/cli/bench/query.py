"""What people's questions cost: dashboards, evidence plots, the device's page and the history API.

Fills a database with a tenth of the data points wanted, asks, adds nine times as much older history, and
asks the same again: a cost that grows with history shows. Storage is measured on the way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import numpy as np
import psutil

from zerodistance.catalogue import ApplianceType, Catalogue, load_catalogue
from zerodistance.cli.bench import filling
from zerodistance.cli.bench.report import Report
from zerodistance.cli.bench.surroundings import surroundings
from zerodistance.cli.demo.supervisor import ToldToStop
from zerodistance.errors import StoreError
from zerodistance.store import history, series
from zerodistance.store.database import Connection, connect
from zerodistance.store.migrate import migrate
from zerodistance.store.schema import TableShape, read_shape

TYPE = "refrigerator"
GOAL_MS = 200.0
_PREFIX = "bench-"
_PER_DAY = 1440  # rows a device a day, at the type's period
_COMPRESSED_AFTER = timedelta(days=7)  # as TimescaleDB's policy has it
# What Grafana shows, and the spacing of points that it chooses for it.
_SPANS = {
    "6h": (0.25, "1m"),
    "24h": (1.0, "5m"),
    "7d": (7.0, "30m"),
    "30d": (30.0, "1h"),
}
_LEAST_MS = 2.0  # below this a quotient says more of the clock than of the question
_DRAWN = ["fresh_food_temperature", "freezer_temperature", "power", "evaporator_temperature"]

Ask = Callable[[Connection, Random], object]
Asked = tuple[str, float, Ask]  # name, days that it reads, the question


class Options(NamedTuple):
    """What to run; see the command's help."""

    points: int
    devices: int
    asks: int
    database: str
    plain: bool


class _World(NamedTuple):
    appliance: ApplianceType
    catalogue: Catalogue
    devices: list[str]
    since: datetime
    until: datetime
    timescale: bool


def measure(options: Options, stop: threading.Event, say: Callable[[str], None]) -> Report:
    """Run once and return the figures.

    Raises:
        UnavailableError: the server does not answer.
        ToldToStop: ``stop`` was set before the whole was measured.
    """
    with surroundings(mqtt=None, kafka=None, database=options.database) as places:
        return _measure(options, places.database, stop, say)


def _measure(options: Options, address: str, stop: threading.Event, say: Callable[[str], None]) -> Report:
    whole = load_catalogue()
    catalogue = Catalogue({TYPE: whole[TYPE]})
    appliance = catalogue[TYPE]
    with connect(address) as conn:
        migrate(conn, catalogue, timescale=False if options.plain else None, retention_policy=False)
    days = options.points / (options.devices * _PER_DAY * len(appliance.channels))
    with connect(address, autocommit=True) as conn:
        shape = read_shape(conn, TYPE)
        if shape is None:
            raise StoreError("The table of the benchmark is not there.")
        if not shape.partitioned:  # nothing else works while questions are timed
            conn.execute(
                "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs"
                " WHERE job_id >= 1000"
            )
        row = conn.execute("SELECT date_trunc('hour', now())").fetchone()
        until: datetime = row[0] if row else datetime.now()
        recent = until - timedelta(days=days / 10)
        devices = filling.register(conn, appliance, _PREFIX, options.devices, until)
        stages: dict[str, dict[str, Any]] = {}
        total = filling.Filled(0, 0)
        seconds = 0.0
        for name, since, end, seed in (
            ("a tenth", recent, until, 20),
            ("all", until - timedelta(days=days), recent, 21),
        ):
            began = time.perf_counter()
            more = filling.fill(
                conn, catalogue, shape, _PREFIX, options.devices, since, end, stop, say, seed=seed
            )
            seconds += time.perf_counter() - began
            total = filling.Filled(total.rows + more.rows, total.points + more.points)
            filling.settle(conn, appliance, shape, devices, since, end, until - _COMPRESSED_AFTER, stop, say)
            world = _World(appliance, catalogue, devices, since, until, not shape.partitioned)
            asked = _ask_all(conn, world, options.asks, stop, say)
            if stop.is_set():
                raise ToldToStop
            stages[name] = {
                "points": total.points,
                "rows": total.rows,
                "days": (until - since) / timedelta(days=1),
                "queries": asked,
            }
        return Report(
            benchmark="query",
            settings=options._asdict() | {"database": bool(options.database)},
            details=_details(stages)
            | _storage(conn, shape)
            | {"filled_points_per_s": total.points / seconds},
        )


def _ask_all(
    conn: Connection, world: _World, asks: int, stop: threading.Event, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, days, ask in _questions(world):
        if stop.is_set():
            break
        say(f"asking: {name}")
        random = Random(name)
        ask(conn, random)  # plans, catalogues; the pages of the others stay as cold as they are
        took = []
        before = _server_cpu_s(conn)
        for _ in range(asks):
            began = time.perf_counter()
            ask(conn, random)
            took.append((time.perf_counter() - began) * 1e3)
        spent = _server_cpu_s(conn) - before
        found[name] = {
            "days": days,
            "server_cpu_ms": round(spent / asks * 1e3, 2),
            "p50_ms": round(float(np.percentile(took, 50)), 2),
            "p95_ms": round(float(np.percentile(took, 95)), 2),
        }
    return found


def _server_cpu_s(conn: Connection) -> float:
    """Return what the session's server process has computed so far, NaN for a server elsewhere."""
    if conn.info.hostaddr not in ("", "127.0.0.1", "::1"):
        return float("nan")
    try:
        spent = psutil.Process(conn.info.backend_pid).cpu_times()
    except psutil.Error:
        return float("nan")
    return float(spent.user + spent.system)


def _questions(world: _World) -> Iterator[Asked]:
    """Yield every question; each asks for another appliance, and another stretch where it may."""
    yield from _of_dashboards(world)
    fridge = world.appliance

    def device(random: Random) -> str:
        return random.choice(world.devices)

    def window(random: Random, days: float) -> tuple[datetime, datetime]:
        length = (world.until - world.since) / timedelta(days=1) - days
        end = world.until - timedelta(days=random.random() * max(0.0, length))
        return end - timedelta(days=days), end

    yield "device page: latest readings", 0.0, lambda c, r: history.latest(c, fridge, device(r))
    for label, days in (("7 h", 7 / 24), ("24 h", 1.0), ("7 d", 7.0)):
        yield (
            f"evidence plot: {label}, 4 channels",
            days,
            lambda c, r, d=days: history.read_series(c, fridge, device(r), _DRAWN, *window(r, d)),  # type: ignore[misc]
        )
    yield (
        "device page: 24 h of a channel",
        1.0,
        lambda c, r: history.read_series(
            c, fridge, device(r), ["power"], world.until - timedelta(days=1), world.until
        ),
    )

    def read(conn: Connection, random: Random, days: float, **asked: Any) -> int:
        since, until = window(random, days)
        name = device(random)
        question = series.ask(fridge, since=since, until=until, **asked)
        if asked.get("resolution") == "auto":
            question = series.settle(conn, question, name, 600)
        return sum(len(rows) for rows in series.slices(lambda: nullcontext(conn), question, name))

    for label, days, asked in (
        ("history API: 24 h auto, all channels", 1.0, {"resolution": "auto"}),
        ("history API: 30 d auto, all channels", 30.0, {"resolution": "auto"}),
        ("history API: 24 h of rows, all channels", 1.0, {"resolution": "raw"}),
        ("history API: 30 d of days", 30.0, {"resolution": "1d", "channels": ["energy", "power"]}),
    ):
        yield label, days, lambda c, r, d=days, a=asked: read(c, r, d, **a)  # type: ignore[misc]


def _of_dashboards(world: _World) -> Iterator[Asked]:
    from dashboards.build import all_dashboards
    from dashboards.expand import Request, expand, seconds

    documents = all_dashboards(world.catalogue)
    for board, spans in ((f"type-{TYPE}", tuple(_SPANS)), ("fleet", ("24h", "7d", "30d"))):
        document = documents[board]
        for span in spans:
            days, interval = _SPANS[span]
            for panel in document["panels"]:
                least = panel.get("interval") or interval
                spacing = max(interval, least, _fitting(days, panel.get("maxDataPoints")), key=seconds)
                for target in panel.get("targets", []):

                    def ask(
                        conn: Connection,
                        random: Random,
                        text: str = target["rawSql"],
                        days: float = days,
                        interval: str = spacing,
                        variables: list[dict[str, Any]] = document["templating"].get("list") or [],
                    ) -> int:
                        chosen = _choose(variables, world, random)
                        request = Request(
                            world.until - timedelta(days=days), world.until, interval, chosen, world.timescale
                        )
                        return len(conn.execute(expand(text, request).encode()).fetchall())

                    yield f"{board} {span}: {panel['title']} {target['refId']}", days, ask


def _fitting(days: float, most: float | None) -> str:
    """Return Grafana's spacing for so many points at most (``roundInterval`` of packages/grafana-data).

    >>> _fitting(30, 28), _fitting(7, 28), _fitting(7, None)
    ('1d', '6h', '1m')
    """
    from dashboards.expand import seconds

    wanted = days * 86_400 / most if most else 60.0
    return max(
        (one for one in ("1m", "5m", "10m", "1h", "6h", "12h", "1d") if seconds(one) <= wanted), key=seconds
    )


def _choose(variables: list[dict[str, Any]], world: _World, random: Random) -> dict[str, list[str]]:
    values = {
        "device": [random.choice(world.devices)],
        "type": [TYPE],
        "region": [f"region {n}" for n in range(5)],
        "model": ["bench"],
    }
    return {variable["name"]: values[variable["name"]] for variable in variables}


def _details(stages: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Put together what the stages say: the slowest, and how much slower ten times the history is."""
    small, large = stages["a tenth"]["queries"], stages["all"]["queries"]
    # compared is what read as much before: a month of a week's history is a week. By the server's computing
    # time where it can be seen (in ticks of 10 ms), because other work on the machine disturbs the waiting
    seen = not any(np.isnan(figures["server_cpu_ms"]) for figures in large.values())
    measure = "server_cpu_ms" if seen else "p50_ms"
    growth = {
        name: figures[measure] / small[name][measure]
        for name, figures in large.items()
        if figures["days"] <= stages["a tenth"]["days"] and small[name][measure] >= _LEAST_MS
    }
    worst = max(large, key=lambda name: large[name]["p95_ms"])
    boards: dict[str, list[float]] = {}
    for name, figures in large.items():
        boards.setdefault(name.split(":")[0], []).append(figures["p95_ms"])
    return {
        "points": stages["all"]["points"],
        "rows": stages["all"]["rows"],
        "days": stages["all"]["days"],
        "queries": len(large),
        "queries_compared": len(growth),
        "compared_by": measure,
        "growth_with_ten_times_the_history_in_sum": round(
            sum(large[name][measure] for name in growth)
            / max(1e-9, sum(small[name][measure] for name in growth)),
            2,
        ),
        "median_of_server_cpu_ms": round(float(np.median([f["server_cpu_ms"] for f in large.values()])), 2),
        "largest_server_cpu_ms": max(f["server_cpu_ms"] for f in large.values()),
        "goal_p95_ms": GOAL_MS,
        "slowest_query": worst,
        "slowest_p95_ms": large[worst]["p95_ms"],
        "queries_past_goal": sorted(name for name in large if large[name]["p95_ms"] > GOAL_MS),
        "median_of_p95_ms": round(float(np.median([f["p95_ms"] for f in large.values()])), 2),
        "slowest_p95_ms_by_group": {name: max(values) for name, values in boards.items()},
        "growth_with_ten_times_the_history_median": round(float(np.median(list(growth.values()) or [1])), 2),
        "growth_with_ten_times_the_history_largest": round(max(growth.values(), default=1.0), 2),
        "grows_most": max(growth, key=lambda name: growth[name], default=""),
        "stages": stages,
    }


def _storage(conn: Connection, shape: TableShape) -> dict[str, Any]:
    """Return bytes per data point: of compressed rows, of rows as they came, and of the rollups."""
    filled = " + ".join(f'count("{name}")' for name in shape.channels)  # names of columns as they are

    def points(where: str = "") -> int:
        row = conn.execute(f"SELECT {filled} FROM {shape.table} {where}".encode()).fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    total = points()
    if shape.partitioned:
        row = conn.execute(
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = %s::regclass",
            (shape.table,),
        ).fetchone()
        rolled = conn.execute(
            "SELECT sum(pg_total_relation_size(format('storage.%%I', %s || l)::regclass))"
            " FROM unnest(ARRAY['_5m', '_1h', '_1d']) AS u (l)",
            (shape.type,),
        ).fetchone()
        return {
            "flavour": "partitioned",
            "bytes_per_point": round(float(row[0]) / total, 3) if row else 0.0,
            "rollup_bytes_per_point": round(float(rolled[0]) / total, 3) if rolled else 0.0,
        }
    row = conn.execute(
        "SELECT coalesce(sum(before_compression_total_bytes), 0),"
        " coalesce(sum(after_compression_total_bytes), 0),"
        " (SELECT max(range_end) FROM timescaledb_information.chunks WHERE hypertable_name = %s"
        " AND is_compressed)"
        " FROM chunk_columnstore_stats(%s::regclass) WHERE compression_status = 'Compressed'",
        (shape.table, shape.table),
    ).fetchone()
    before, after, border = row if row else (0, 0, None)
    rolled = conn.execute(
        "SELECT sum(hypertable_size(format('%I.%I', materialization_hypertable_schema,"
        " materialization_hypertable_name)::regclass)) FROM timescaledb_information.continuous_aggregates"
        " WHERE view_schema = 'storage'"
    ).fetchone()
    packed = points(f"WHERE time < '{border.isoformat()}'") if border is not None else 0
    return {
        "flavour": "timescale",
        "compressed_points": packed,
        "bytes_per_point": round(float(after) / packed, 3) if packed else None,
        "bytes_per_point_uncompressed": round(float(before) / packed, 3) if packed else None,
        "rollup_bytes_per_point": round(float(rolled[0]) / total, 3) if rolled and rolled[0] else None,
    }
