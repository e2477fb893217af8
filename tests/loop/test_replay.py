"""A real room whose cooling failed, published over MQTT as if its air conditioner sent it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.skips import missing
from tests.loop.shape import Shape
from zerodistance.clock import ScaledClock
from zerodistance.log import open_log
from zerodistance.messages import FINDINGS, TELEMETRY

NAB = Path(__file__).parents[3] / "shared" / "datasets" / "nab"
SERIES = "realKnownCause/ambient_temperature_system_failure.csv"

OPTIONS = (
    *("--device", "room-1", "--type", "air_conditioner", "--channel", "value=room_temperature"),
    *("--unit", "degF", "--period", "1h", "--speed", "5000000", "--keep-time", "--register"),
)


@pytest.fixture
def shape(tmp_path: Path, empty_database: str, amqtt_broker: Any) -> Iterator[Shape]:
    # The platform lives just after the series' last row, so that its times need no shift.
    clock = ScaledClock(datetime(2014, 5, 28, 16, tzinfo=UTC), 1.0, datetime.now(UTC))
    address = f"sqlite:///{tmp_path / 'log.sqlite'}"
    running = Shape(tmp_path, log=address, database=empty_database, mqtt=amqtt_broker.url, clock=clock)
    running.prepare()
    yield running
    running.stop()


@pytest.mark.datasets
def test_the_recorded_failure_raises_a_ticket_in_a_labelled_window(shape: Shape) -> None:
    if not (NAB / SERIES).exists():
        missing("datasets", f"the recorded series {SERIES} is not beside the repository")
    shape.start("store", "diagnose", "ingest", "work")
    run = subprocess.run(
        [sys.executable, "-m", "zerodistance", "replay", str(NAB / SERIES), *OPTIONS],
        env={**os.environ, **shape.environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    published = 7267
    shape.wait_until(
        lambda: shape.query("SELECT count(*) FROM telemetry_air_conditioner") == [(published,)], "rows", 60
    )
    shape.wait_until(lambda: _diagnosed(shape), "the diagnosis of all rows", 60)
    onsets = [row[0] for row in shape.query("SELECT onset_at FROM ticket ORDER BY onset_at")]
    windows = [
        tuple(datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in window)
        for window in json.loads((NAB / "windows.json").read_text())[SERIES]
    ]
    hits = [[onset for onset in onsets if begin <= onset <= end] for begin, end in windows]
    outside = len(onsets) - sum(map(len, hits))
    assert any(hits), f"no ticket in {windows}; tickets at {onsets}"
    assert outside <= 2, f"{outside} tickets outside the windows: {onsets}"


def _diagnosed(shape: Shape) -> bool:
    """Whether diagnosis has read all rows, and work has read all findings that came of them.

    Asked along the flow: while findings still wait in the outbox, the end of their topic is not the last one.
    """
    if not _has_read(shape, "diagnose", TELEMETRY):
        return False
    return shape.query("SELECT count(*) FROM outbox") == [(0,)] and _has_read(shape, "work", FINDINGS)


def _has_read(shape: Shape, consumer: str, topic: str) -> bool:
    """Whether ``consumer`` has committed its work on every record of ``topic``."""
    log = open_log(shape.environment["ZD_LOG"])
    try:
        end = sum(log.end_offsets(topic).values())
    finally:
        log.close()
    where = "FROM log_offset WHERE topic = %s AND consumer = %s"
    return shape.query(f"SELECT coalesce(sum(next_offset), 0)::bigint {where}", topic, consumer) == [(end,)]
