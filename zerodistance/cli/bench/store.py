"""What the store costs: records of the log in, committed rows out, on our own PostgreSQL or a given one."""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
import threading
import time
from collections.abc import Callable

from stream.store import StoreHandler
from zerodistance.catalogue import load_catalogue
from zerodistance.cli.bench import fleet, reference
from zerodistance.cli.bench.report import Report
from zerodistance.cli.bench.surroundings import surroundings
from zerodistance.cli.bench.usage import Meter
from zerodistance.cli.demo.supervisor import ToldToStop
from zerodistance.garbage import settle
from zerodistance.log import Record
from zerodistance.messages import TELEMETRY, Sample, encode_columns, encode_samples, partition_of
from zerodistance.store.database import connect
from zerodistance.store.migrate import migrate

_PARTITIONS = 24
_PERIOD_US = 10_000_000


def measure(
    rows: int,
    devices: int,
    batch: int,
    database: str,
    stop: threading.Event,
    say: Callable[[str], None],
    *,
    version: int,
    profile: bool,
) -> Report:
    """Run once and return the figures; counts as in :func:`zerodistance.cli.bench.counting.count`.

    Args:
        rows: how many.
        devices: that take turns.
        batch: rows in one transaction.
        database: a running server, "": one of our own.
        stop: set to end early.
        say: told what is going on.
        version: of the records: 2 (columns) or 1 (samples), to compare.
        profile: print where the time goes, by function, on standard error.

    Raises:
        HostError: no server is there, and none can be started.
        ToldToStop: ``stop`` was set.
    """
    catalogue = load_catalogue()
    encode = encode_columns if version == 2 else encode_samples
    with surroundings(mqtt=None, kafka=None, database=database) as places:
        say(f"registering {devices:,} devices")
        with connect(places.database) as conn:
            migrate(conn, catalogue, retention_policy=False)
            fleet.register(conn, "bench", devices)
        beside = {"bare_copy_rows_per_second": reference.copy_rate(places.database)}
        told: dict[tuple[str, int], int] = {}
        handler = StoreHandler(catalogue, told.update)
        ids = [fleet.device_id("bench", number) for number in range(devices)]
        readings = fleet.readings().tolist()
        start_us = time.time_ns() // 1000 - rows // devices * _PERIOD_US
        meter = Meter({**places.pids, "store": [os.getpid()]})
        profiler = cProfile.Profile() if profile else None
        took = spent = 0.0
        done = 0
        say(f"storing {rows:,} rows")
        with connect(places.database) as conn:
            handler.assigned(conn, {})
            conn.commit()
            settle()
            meter.begin()
            while done < rows:
                if stop.is_set():
                    raise ToldToStop
                size = min(batch, rows - done)
                records = _records(encode, ids, readings, done, size, start_us)
                began, before = time.perf_counter(), time.process_time()
                if profiler is not None:
                    profiler.enable()
                handler.process(records)
                handler.checkpoint(conn)
                conn.commit()
                handler.committed()
                if profiler is not None:
                    profiler.disable()
                took += time.perf_counter() - began
                spent += time.process_time() - before
                done += size
            cpu = meter.end()
            row = conn.execute("SELECT count(*) FROM telemetry_refrigerator").fetchone()
        stored = int(row[0]) if row else 0
    if profiler is not None:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(30)
    cpu["store"] = spent
    points = stored * len(fleet.CHANNELS)
    return Report(
        benchmark="store",
        settings={"rows": rows, "devices": devices, "batch": batch, "record_version": version},
        messages_per_second=stored / took,
        data_points_per_second=points / took,
        published=rows,
        stored=stored,
        lost=max(0, rows - stored),
        duplicated=max(0, stored - rows),
        cpu_seconds_per_million_points={name: round(used / points * 1e6, 3) for name, used in cpu.items()},
        peak_rss_mb=meter.peak_rss_mb,
        reference=beside,
        details={
            "cpu_us_per_message": {name: round(used / stored * 1e6, 2) for name, used in cpu.items()},
            "receipts": sum(told.values()),
        },
    )


def _records(
    encode: Callable[[list[Sample]], bytes],
    ids: list[str],
    readings: list[list[float]],
    first: int,
    size: int,
    start_us: int,
) -> list[Record]:
    """Return samples ``first`` and following, as the log carries them: a record for each partition."""
    by_partition: dict[int, list[Sample]] = {}
    for number in range(first, first + size):
        round_number, device = divmod(number, len(ids))
        at = start_us + round_number * _PERIOD_US + device
        energy = round_number * fleet.ENERGY_STEP
        values = readings[fleet.phase_of(device, round_number)]
        by_partition.setdefault(partition_of(ids[device], _PARTITIONS), []).append(
            Sample(
                1,
                ids[device],
                fleet.TYPE,
                at,
                at + 1000,
                1,
                round_number + 1,
                None,
                dict(zip(fleet.CHANNELS, (energy, *values), strict=True)),
                {},
                {},
            )
        )
    return [
        Record(TELEMETRY, partition, 0, None, encode(samples), 0)
        for partition, samples in by_partition.items()
    ]
