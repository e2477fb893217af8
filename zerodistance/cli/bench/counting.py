"""What is in the database after a run, against what the publisher wrote down."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from psycopg import sql

from zerodistance.catalogue import load_catalogue
from zerodistance.cli.bench.fleet import TYPE, device_id, expected_sums
from zerodistance.log import open_log
from zerodistance.messages import FINDINGS, LOG_TOPICS, decode_finding
from zerodistance.store.database import connect
from zerodistance.store.reconcile import reconcile

_FINDINGS_S = 10.0


class Counted(NamedTuple):
    """Rows against messages.

    Attributes:
        stored: rows with a sequence number of their own.
        lost: published and not stored, added up over devices.
        duplicated: rows beyond the first of a sequence number.
        sums_agree: sums of two channels over all rows are what the publisher sent, to the bit.
        server: PostgreSQL's and TimescaleDB's versions.
        stages: the pipeline's own counters, to compare.
    """

    stored: int
    lost: int
    duplicated: int
    sums_agree: bool
    server: str
    stages: dict[str, int]


def count(database: str, prefix: str, devices: int, published: int) -> Counted:
    """Count rows by device; ``published`` messages went round the devices in order."""
    between = (f"{prefix}-", f"{prefix}.")
    with connect(database) as conn:
        rows = conn.execute(
            sql.SQL(
                "SELECT device_id, count(*), count(DISTINCT seq), sum(energy),"
                " sum(freezer_temperature::double precision) FROM {}"
                " WHERE device_id >= %s AND device_id < %s GROUP BY device_id"
            ).format(sql.Identifier(f"telemetry_{TYPE}")),
            between,
        ).fetchall()
        stages = conn.execute("SELECT stage, outcome, sum(count) FROM stage_count GROUP BY 1, 2").fetchall()
        version = conn.execute("SELECT current_setting('server_version')").fetchone()
        extension = conn.execute(
            "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
        ).fetchone()
    server = f"PostgreSQL {version[0] if version else '?'}"
    if extension:
        server += f" with TimescaleDB {extension[0]}"
    whole, rest = divmod(published, devices)
    have = {row[0]: row[2] for row in rows}
    lost = sum(
        max(0, whole + (number < rest) - have.get(device_id(prefix, number), 0)) for number in range(devices)
    )
    energy, freezer = expected_sums(devices, published)
    return Counted(
        stored=sum(have.values()),
        lost=lost,
        duplicated=sum(row[1] - row[2] for row in rows),
        sums_agree=(float(np.sum([r[3] for r in rows])), float(np.sum([r[4] for r in rows])))
        == (energy, freezer),
        server=server,
        stages={f"{stage}.{outcome}": int(n) for stage, outcome, n in stages},
    )


def reconcile_sums(database: str, log_address: str, now: datetime) -> list[str]:
    """Return what ``zerodistance reconcile`` would find: a sentence for each sum that does not meet.

    Args:
        database: of the run.
        log_address: what ``ZD_LOG`` takes.
        now: platform time.
    """
    kept = {
        name: (now - timedelta(days=one.retention_days - 2)).date() for name, one in load_catalogue().items()
    }
    log = open_log(log_address, client_id="zd-bench")
    try:
        ends = {where: end for topic in LOG_TOPICS for where, end in log.end_offsets(topic).items()}
    finally:
        log.close()
    with connect(database, autocommit=True) as conn:
        found = reconcile(conn, lambda: ends, kept, None)
    return [*found.problems, *found.notes]


def finding_waits_ms(log_address: str, prefix: str, faults: Sequence[tuple[int, int]]) -> list[float]:
    """Return, for each fault code that became a finding, the time until it stood on the log.

    Args:
        log_address: what ``ZD_LOG`` takes.
        prefix: of the device ids.
        faults: (device number, moment of the publish in microseconds since 1970).
    """
    raised = {device_id(prefix, number): moment for number, moment in faults}
    found: dict[str, float] = {}
    log = open_log(log_address, client_id="zd-bench")
    try:
        consumer = log.consumer(f"bench-{uuid.uuid4().hex[:8]}", [FINDINGS])
        deadline = time.monotonic() + _FINDINGS_S
        while len(found) < len(raised) and time.monotonic() < deadline:
            records = consumer.poll(0.5, 500)
            for record in records:
                finding = decode_finding(record.value)
                at = raised.get(finding.device)
                if at is not None and record.time_us >= at:
                    found.setdefault(finding.device, (record.time_us - at) / 1000)
            if not records and found:
                break
        consumer.close()
    finally:
        log.close()
    return list(found.values())
