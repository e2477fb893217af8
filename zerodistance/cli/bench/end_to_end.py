"""The whole pipeline on this machine: load → Mosquitto → ingest → Kafka → store and diagnose → PostgreSQL.

Every process is the one that production runs; the counts at the end come from SQL against what the publisher
wrote down.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from zerodistance.catalogue import load_catalogue
from zerodistance.cli.bench import counting, fleet, reference
from zerodistance.cli.bench.load import Plan, instants
from zerodistance.cli.bench.report import Report
from zerodistance.cli.bench.surroundings import Surroundings, surroundings
from zerodistance.cli.bench.usage import Meter
from zerodistance.cli.demo.supervisor import Supervisor
from zerodistance.clock import ScaledClock
from zerodistance.errors import UnavailableError
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS, TELEMETRY
from zerodistance.servers.processes import die_with_parent, end_server, free_port
from zerodistance.store.database import connect
from zerodistance.store.migrate import migrate

# Every device's clock moves on by so much from one message to the next: a usual sampling period.
_PERIOD_S = 10.0
# Messages that may be under way when the load goes as fast as the platform does.
_BACKLOG = 10_000
_NOMINAL_RATE = 10_000.0
_START_S = 90.0
# Without any progress for so long, what is not stored by now counts as lost.
_PATIENCE_S = 30.0
_SAMPLED = 32
_PROBE_S = 0.03
_PARTITIONS = 24


class Options(NamedTuple):
    """What to run; see the command's help."""

    seconds: float
    rate: float
    devices: int
    connections: int
    ingests: int
    stores: int
    diagnosers: int
    mqtt: str
    kafka: str
    database: str
    references: bool
    logs: Path | None


def measure(options: Options, stop: threading.Event, say: Callable[[str], None]) -> Report:
    """Run once and return the figures.

    Raises:
        HostError: a server is wanted that is not installed.
        UnavailableError: a server does not answer, or a process of ours did not come up.
        DemoError: a process of ours ended.
        ToldToStop: ``stop`` was set before anything was measured.
    """
    with ExitStack() as stack:
        say("starting the servers")
        places = stack.enter_context(
            surroundings(mqtt=options.mqtt, kafka=options.kafka, database=options.database)
        )
        beside: dict[str, float] = {}
        if options.references:
            say("measuring bare tools beside it")
            beside = reference.measure(places.mqtt, places.database)
        prefix = f"b{os.urandom(4).hex()}"
        rate = options.rate or _NOMINAL_RATE
        moment = datetime.now(UTC)
        clock = ScaledClock(moment, max(1.0, _PERIOD_S * rate / options.devices), moment)
        say(f"registering {options.devices:,} devices")
        _prepare(places, prefix, options.devices)
        supervisor = Supervisor(options.logs or places.folder / "logs", _environment(places, clock), stop)
        stack.callback(supervisor.stop)
        _start(supervisor, options, prefix, places.mqtt_of_store)
        load = _Load(places, options, prefix, clock)
        stack.callback(load.close)
        say(f"publishing for {options.seconds:g} s")
        watch = _Watch(places.database, prefix, options, load.allow)
        stack.callback(watch.close)
        meter = Meter(
            {**places.pids, **_pids(supervisor, options), "load": [load.pid], "bench": [os.getpid()]}
        )
        meter.begin()
        watch.start()
        load.go()
        while load.running:
            supervisor.check()
            stop.wait(0.1)
        say("waiting for what is under way")
        watch.await_end(load.acknowledged, supervisor)
        behind_s = _await_readers(places, supervisor)
        cpu = {**meter.end(), "load": load.result["cpu_s"]}
        watch.close()
        say("counting")
        return _judge(places, options, prefix, clock, load, watch, cpu, meter.peak_rss_mb, beside, behind_s)


def _prepare(places: Surroundings, prefix: str, devices: int) -> None:
    with connect(places.database) as conn:
        # platform time runs ahead here: TimescaleDB's own retention would take it for the future
        migrate(conn, load_catalogue(), retention_policy=False)
        fleet.register(conn, prefix, devices)
    with connect(places.database, autocommit=True) as conn:
        conn.execute("ANALYZE device")
    log = open_log(places.log)
    try:
        log.create_topics(LOG_TOPICS, _PARTITIONS)
    finally:
        log.close()


def _environment(places: Surroundings, clock: ScaledClock) -> dict[str, str]:
    return {
        "ZD_PROFILE": "demo",
        "ZD_DATA_DIR": str(places.folder),
        "ZD_CLOCK": clock.setting(),
        "ZD_MQTT": places.mqtt,
        "ZD_LOG": places.log,
        "ZD_LOG_PARTITIONS": str(_PARTITIONS),
        "ZD_DATABASE": places.database,
        "ZD_LOG_LEVEL": "warning",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _start(supervisor: Supervisor, options: Options, prefix: str, mqtt_of_store: str) -> None:
    for number in range(options.stores):
        supervisor.start(f"store-{number}", "stream", "store", environment={"ZD_MQTT": mqtt_of_store})
    for number in range(options.diagnosers):
        supervisor.start(f"diagnose-{number}", "stream", "diagnose")
    ports = []
    for number in range(options.ingests):
        ports.append(free_port())
        environment = {"ZD_METRICS_PORT": str(ports[-1]), "ZD_MQTT_CLIENT_ID": f"zd-{prefix}-{number}"}
        if options.ingests > 1:
            environment["ZD_MQTT_SHARE"] = prefix
        supervisor.start(f"ingest-{number}", "ingest", environment=environment)
    supervisor.wait_until(lambda: all(map(_connected, ports)), "every ingest's subscription", _START_S)


def _connected(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            return b"\nzd_ingest_connected 1.0" in answer.read()
    except OSError:
        return False


def _pids(supervisor: Supervisor, options: Options) -> dict[str, list[int]]:
    counts = {"ingest": options.ingests, "store": options.stores, "diagnose": options.diagnosers}
    return {
        name: [supervisor.pid(f"{name}-{number}") for number in range(count)]
        for name, count in counts.items()
    }


def _await_readers(places: Surroundings, supervisor: Supervisor) -> float:
    """Wait until the models have seen everything; return how long after the last row that was.

    The store as well: behind its last row there may be records that only repeat what it has.
    """
    log = open_log(places.log, client_id="zd-bench")
    try:
        ends = log.end_offsets(TELEMETRY)
    finally:
        log.close()
    wanted = {where.partition: end for where, end in ends.items() if end}
    start = time.monotonic()
    with connect(places.database, autocommit=True) as conn:
        while time.monotonic() < start + _PATIENCE_S:
            rows = conn.execute(
                "SELECT partition, min(next_offset) FROM log_offset WHERE consumer IN ('store', 'diagnose')"
                " AND topic = %s GROUP BY partition HAVING count(*) = 2",
                (TELEMETRY,),
            ).fetchall()
            done: dict[int, int] = dict(rows)
            if all(done.get(number, 0) >= end for number, end in wanted.items()):
                break
            supervisor.check()
            time.sleep(0.1)
    return time.monotonic() - start


class _Load:
    """The publishing process."""

    def __init__(self, places: Surroundings, options: Options, prefix: str, clock: ScaledClock) -> None:
        allowed = places.folder / "allowed"
        allowed.write_bytes(struct.pack("<q", 2**62 if options.rate else _BACKLOG))
        self._file = allowed.open("r+b")
        self._allowed = mmap.mmap(self._file.fileno(), 8)
        self._result = places.folder / "published.json"
        plan = Plan(
            places.mqtt,
            prefix,
            options.devices,
            options.seconds,
            options.rate,
            options.connections,
            clock.setting(),
            str(allowed),
        )
        (places.folder / "plan.json").write_bytes(msgspec.json.encode(plan))
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "zerodistance.cli.bench.load"),
                *(str(places.folder / "plan.json"), str(self._result)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise UnavailableError("The load could not connect to the broker; its words stand above.")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def result(self) -> dict[str, Any]:
        """What was published, as the load wrote it down."""
        if not self._result.exists():
            raise UnavailableError("The load ended without a result; its words stand above.")
        found: dict[str, Any] = json.loads(self._result.read_bytes())
        return found

    @property
    def acknowledged(self) -> int:
        """How many messages the broker took."""
        return int(self.result["acknowledged"])

    def go(self) -> None:
        """Begin to publish."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def allow(self, stored: int) -> None:
        """Let the load go as far ahead of what is stored as it may."""
        self._allowed[:] = struct.pack("<q", stored + _BACKLOG)

    def close(self) -> None:
        """End it."""
        if self.running:
            end_server(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._allowed.close()
        self._file.close()


class _Watch:
    """Sees what is committed: the receipts of some devices, which stand in the transaction of their rows.

    Attributes:
        seen: (message number, moment in microseconds) as each of those devices' messages became visible.
        last_us: when the last message was seen to be stored.
    """

    def __init__(self, database: str, prefix: str, options: Options, allow: Callable[[int], None]) -> None:
        self._devices = options.devices
        self._numbers = sorted({n * options.devices // _SAMPLED for n in range(_SAMPLED)})
        self._ids = {fleet.device_id(prefix, number): number for number in self._numbers}
        self._allow = None if options.rate else allow
        self._prefix = prefix
        self._conn = connect(database, autocommit=True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._through = dict.fromkeys(self._ids, 0)
        self.seen: list[tuple[int, int]] = []
        self.last_us = 0

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def await_end(self, published: int, supervisor: Supervisor) -> None:
        """Wait until so many messages are stored, or nothing has moved for a while."""
        before, moved = -1, time.monotonic()
        while time.monotonic() < moved + _PATIENCE_S:
            row = self._conn.execute(
                "SELECT coalesce(sum(through), 0) FROM receipt WHERE device_id >= %s AND device_id < %s",
                (f"{self._prefix}-", f"{self._prefix}."),
            ).fetchone()
            now = int(row[0]) if row else 0
            if now != before:
                before, moved = now, time.monotonic()
                self.last_us = time.time_ns() // 1000
            if now >= published:
                return
            supervisor.check()
            time.sleep(0.1)

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._conn.close()

    def _run(self) -> None:
        ids = list(self._ids)
        while not self._stop.wait(_PROBE_S):
            rows = self._conn.execute(
                "SELECT device_id, through FROM receipt WHERE boot = 1 AND device_id = ANY(%s)", (ids,)
            ).fetchall()
            now = time.time_ns() // 1000
            for device, through in rows:
                number = self._ids[device]
                for seq in range(self._through[device], through):
                    self.seen.append((seq * self._devices + number, now))
                self._through[device] = through
            if self._allow is not None:
                self._allow(min(self._through.values()) * self._devices)


def _judge(
    places: Surroundings,
    options: Options,
    prefix: str,
    clock: ScaledClock,
    load: _Load,
    watch: _Watch,
    cpu: dict[str, float],
    memory: dict[str, float],
    beside: dict[str, float],
    behind_s: float,
) -> Report:
    result = load.result
    found = counting.count(places.database, prefix, options.devices, result["acknowledged"])
    seconds = (watch.last_us - result["start_us"]) / 1e6
    points = found.stored * len(fleet.CHANNELS)
    seen = [entry for entry in watch.seen if entry[0] < result["sent"]]
    waits = np.empty(0)
    if seen:
        numbers, moments = np.array(seen, np.int64).T
        waits = (moments - instants(result["marks"], numbers)) / 1000
    findings = counting.finding_waits_ms(places.log, prefix, result["faults"])
    problems = counting.reconcile_sums(places.database, places.log, clock.now())
    return Report(
        benchmark="end-to-end",
        settings={
            "seconds": options.seconds,
            "rate": options.rate,
            "devices": options.devices,
            "channels": len(fleet.CHANNELS),
            "ingests": options.ingests,
            "stores": options.stores,
            "diagnosers": options.diagnosers,
            "platform_clock_rate": clock.rate,
            "database": found.server,
            "cores": os.cpu_count(),
        },
        messages_per_second=found.stored / seconds,
        data_points_per_second=points / seconds,
        published=result["acknowledged"],
        stored=found.stored,
        lost=found.lost,
        duplicated=found.duplicated,
        reconciled=not problems,
        committed_p50_ms=_percentile(waits, 50),
        committed_p99_ms=_percentile(waits, 99),
        finding_p99_ms=_percentile(np.array(findings), 99),
        cpu_seconds_per_million_points={name: round(used / points * 1e6, 3) for name, used in cpu.items()},
        peak_rss_mb=memory,
        reference=beside,
        details={
            "checksums_agree": found.sums_agree,
            "sums_that_do_not_meet": problems,
            "seconds": round(seconds, 2),
            "diagnosis_behind_s": round(behind_s, 2),
            "commits_watched": len(waits),
            "findings": len(findings),
            "fault_codes": len(result["faults"]),
            "cpu_seconds": {name: round(used, 2) for name, used in cpu.items()},
            "cpu_us_per_message": {
                name: round(used / max(1, found.stored) * 1e6, 2) for name, used in cpu.items()
            },
            "stages": found.stages,
        },
    )


def _percentile(values: np.ndarray, share: float) -> float | None:
    return round(float(np.percentile(values, share)), 1) if len(values) else None
