"""A recorded room whose cooling fails (Numenta Anomaly Benchmark, realKnownCause), hourly, with gaps."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from models.engine import Engine
from models.incidents import Change
from tests.fixtures.skips import missing
from zerodistance.catalogue import Catalogue

NAB = Path(__file__).parents[3] / "shared" / "datasets" / "nab"
SERIES = "realKnownCause/ambient_temperature_system_failure.csv"

pytestmark = pytest.mark.datasets


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


@pytest.fixture(scope="module")
def room() -> list[tuple[int, float]]:
    """(time, °C) of every row."""
    if not (NAB / SERIES).is_file():
        missing("datasets", f"the recorded series {SERIES} is not beside the repository")
    with (NAB / SERIES).open(encoding="utf-8") as file:
        return [(_us(row["timestamp"]), (float(row["value"]) - 32) / 1.8) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def windows() -> list[tuple[int, int]]:
    """The labelled windows."""
    if not (NAB / "windows.json").is_file():
        missing("datasets", "the labels windows.json are not beside the repository")
    labels = json.loads((NAB / "windows.json").read_text(encoding="utf-8"))
    return [(_us(since), _us(until)) for since, until in labels[SERIES]]


def _run(catalogue: Catalogue, room: list[tuple[int, float]], batch: int = 240) -> list[Change]:
    engine = Engine(catalogue["air_conditioner"])
    row, column = engine.row_of("room"), engine.plan.channels.index("room_temperature")
    changes: list[Change] = []
    for start in range(0, len(room), batch):
        part = room[start : start + batch]
        values = np.full((len(part), len(engine.plan.channels)), np.nan, np.float32)
        values[:, column] = [celsius for _, celsius in part]
        times = np.array([time for time, _ in part], np.int64)
        bad = np.zeros(values.shape, np.bool_)
        changes += engine.step(np.full(len(part), row), times, values, bad).changes
    return changes


def test_the_failure_is_found_and_little_else(
    catalogue: Catalogue, room: list[tuple[int, float]], windows: list[tuple[int, int]]
) -> None:
    opened = [change.time_us for change in _run(catalogue, room) if change.revision == 1]
    inside = [time for time in opened if any(since <= time <= until for since, until in windows)]
    assert inside
    assert len(opened) - len(inside) <= 2


def test_nothing_that_comes_later_changes_what_was_said(
    catalogue: Catalogue, room: list[tuple[int, float]]
) -> None:
    """Strictly causal: another future, the same past."""
    cut = 4300  # a week into January
    spoiled = [*room[:cut], *((time, 45.0) for time, _ in room[cut:])]
    border = room[cut][0]
    one = [change for change in _run(catalogue, room) if change.time_us < border]
    other = [change for change in _run(catalogue, spoiled) if change.time_us < border]
    assert one
    assert one == other


def test_the_few_rows_at_a_time_of_a_live_stream_give_the_same(
    catalogue: Catalogue, room: list[tuple[int, float]]
) -> None:
    whole = _run(catalogue, room[:4200], batch=10_000)
    assert whole
    assert _run(catalogue, room[:4200], batch=11) == whole
