"""The API under load: a service organisation's database, `serve`, and people who ask it for lists and pages.

The load comes from Locust, from outside and over TCP; the time of every answer is kept, so that percentiles
are those of the answers and not of buckets. What `GET /health` takes in the same run is the reference: an
answer that does next to nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from zerodistance.catalogue import load_catalogue
from zerodistance.cli.bench import service_filling
from zerodistance.cli.bench.load_shares import REFERENCE, SHARES
from zerodistance.cli.bench.report import Report
from zerodistance.cli.bench.surroundings import surroundings
from zerodistance.cli.bench.usage import Meter
from zerodistance.cli.demo.supervisor import Supervisor, ToldToStop
from zerodistance.errors import DemoError, HostError
from zerodistance.servers.processes import die_with_parent, end_server, free_port
from zerodistance.store.database import connect
from zerodistance.store.migrate import migrate

GOAL_MS = 100.0
GOAL_OF = ("ticket list", "ticket page")
_TOKEN = "staff-token-of-this-bench"
_START_S = 60.0
_PROBES = 5  # requests a second for the reference
# Users come one after the other, connections open, plans are made: what is asked meanwhile does not count.
_WARM_UP_S = 5.0
_GRACE_S = 60.0  # after which a load that does not end by itself is ended


class Options(NamedTuple):
    """What to run; see the command's help."""

    devices: int
    tickets: int
    seconds: float
    rate: int
    serves: int
    database: str
    logs: Path | None = None


class Answers(NamedTuple):
    """How long one kind of request took; milliseconds."""

    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float


def measure(options: Options, stop: threading.Event, say: Callable[[str], None]) -> Report:
    """Run once and return the figures.

    Raises:
        HostError: Locust is not installed.
        UnavailableError: the server does not answer.
        DemoError: a process of ours ended, or the load did not come to its end.
        ToldToStop: ``stop`` was set before the whole was measured.
    """
    if importlib.util.find_spec("locust") is None:
        raise HostError("The load comes from Locust, which is not installed: pip install locust.")
    with ExitStack() as stack:
        say("starting the database")
        places = stack.enter_context(surroundings(mqtt=None, kafka=None, database=options.database))
        catalogue = load_catalogue()
        with connect(places.database) as conn:
            migrate(conn, catalogue)
        with connect(places.database, autocommit=True) as conn:
            filled = service_filling.fill(
                conn, catalogue, options.devices, options.tickets, datetime.now(UTC), say
            )
        if stop.is_set():
            raise ToldToStop
        say("starting serve")
        supervisor = Supervisor(options.logs or places.folder / "logs", _environment(places), stop)
        stack.callback(supervisor.stop)
        ports = [free_port() for _ in range(options.serves)]
        for number, port in enumerate(ports):
            supervisor.start(f"serve-{number}", "serve", environment={"ZD_API_PORT": str(port)})
        supervisor.wait_until(lambda: all(map(_healthy, ports)), "every serve's answer", _START_S)
        plan = places.folder / "plan.json"
        out = places.folder / "answers.json"
        plan.write_bytes(msgspec.json.encode(_plan(filled, ports, out)))
        meter = Meter({**places.pids, "serve": [supervisor.pid(f"serve-{n}") for n in range(options.serves)]})
        meter.begin()
        say(f"asking {options.rate} times a second for {options.seconds:g} s")
        _load(options, plan, places.folder / "load.log", supervisor, stop)
        cpu = meter.end()
        if not out.exists():
            raise DemoError(
                "The load did not come to its end: "
                + (places.folder / "load.log").read_text(errors="replace")[-1000:]
            )
        return judge(options, json.loads(out.read_bytes()), filled.counts, cpu, meter.peak_rss_mb)


def judge(
    options: Options,
    taken: Mapping[str, Sequence[tuple[float, float, bool]]],
    counts: Mapping[str, int],
    cpu_s: Mapping[str, float],
    peak_rss_mb: Mapping[str, float],
) -> Report:
    """Return the report of what was taken; pure.

    Args:
        options: of the run.
        taken: kind of request → (seconds since the first, milliseconds, was answered as it should).
        counts: rows by table.
        cpu_s: CPU seconds by process.
        peak_rss_mb: memory by process.
    """
    counted = {name: [row for row in rows if row[0] >= _WARM_UP_S] for name, rows in taken.items()}
    answers = {name: summary(counted[name]) for name in (*SHARES, REFERENCE) if counted.get(name)}
    asked = [row for name in SHARES for row in counted.get(name, [])]
    over = summary(asked)
    last = max((row[0] for row in asked), default=_WARM_UP_S)
    reached = {
        f"goal: {name} p95 ≤ {GOAL_MS:g} ms": name in answers and answers[name].p95_ms <= GOAL_MS
        for name in GOAL_OF
    }
    requests = sum(len(rows) for rows in taken.values())
    return Report(
        benchmark="api",
        settings={**options._asdict(), "logs": str(options.logs or "")},
        peak_rss_mb=dict(peak_rss_mb),
        reference={
            f"{REFERENCE}_{key}": value
            for key, value in (answers[REFERENCE]._asdict() if REFERENCE in answers else {}).items()
        },
        details={
            "requests_per_second": round(len(asked) / max(last - _WARM_UP_S, 1e-9), 1),
            "errors": over.errors,
            "endpoints": {name: one._asdict() for name, one in answers.items() if name != REFERENCE},
            "all": over._asdict(),
            "cpu_ms_per_request": {
                name: round(1000 * seconds / max(requests, 1), 2) for name, seconds in cpu_s.items()
            },
            "rows": dict(counts),
            **reached,
        },
    )


def summary(rows: Sequence[tuple[float, float, bool]]) -> Answers:
    """Return the percentiles of (seconds, milliseconds, right) rows; errors count with their time.

    >>> summary([(0.0, 10.0, True), (1.0, 20.0, True), (2.0, 30.0, False)])[:3]
    (3, 1, 20.0)
    """
    if not rows:
        return Answers(0, 0, 0.0, 0.0, 0.0, 0.0)
    times = np.array([row[1] for row in rows])
    p50, p95, p99 = (round(float(value), 2) for value in np.percentile(times, [50, 95, 99]))
    return Answers(len(rows), sum(not row[2] for row in rows), p50, p95, p99, round(float(times.max()), 2))


def _plan(filled: service_filling.Filled, ports: list[int], out: Path) -> dict[str, Any]:
    return {
        "hosts": [f"http://127.0.0.1:{port}" for port in ports],
        "token": _TOKEN,
        "out": str(out),
        "seed": 6,
        "devices": filled.devices,
        "open_tickets": filled.open_tickets,
        "ended_tickets": filled.ended_tickets,
        "plotted_tickets": filled.plotted_tickets or filled.open_tickets,
        "searches": [f"Appliance {n}" for n in range(10, 100)],
    }


def _load(options: Options, plan: Path, log: Path, supervisor: Supervisor, stop: threading.Event) -> None:
    """Run Locust for the time of the run, the warm-up before it included."""
    users = options.rate + _PROBES
    seconds = options.seconds + _WARM_UP_S
    locustfile = Path(__file__).with_name("api_load.py")
    with log.open("wb") as output:
        load = subprocess.Popen(
            [
                *(sys.executable, "-m", "locust", "--headless", "--only-summary", "-f", str(locustfile)),
                *("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s"),
                *("--stop-timeout", "10", "--host", "http://127.0.0.1"),
            ],
            env={**os.environ, "ZD_BENCH_PLAN": str(plan)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            waited = 0.0
            while load.poll() is None and waited < seconds + _GRACE_S:
                supervisor.check()
                stop.wait(0.2)
                waited += 0.2
        finally:
            if load.poll() is None:
                end_server(load)


def _environment(places: Any) -> dict[str, str]:
    return {
        "ZD_PROFILE": "demo",
        "ZD_DATA_DIR": str(places.folder),
        "ZD_DATABASE": places.database,
        "ZD_STAFF_TOKEN": _TOKEN,
        "ZD_LOG_LEVEL": "warning",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
