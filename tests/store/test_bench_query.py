"""The benchmark of queries: what it fills is what the simulator said, and its report is complete."""

from __future__ import annotations

import importlib
import json
import threading
from datetime import timedelta

import numpy as np
import pytest

from simulators.simulation import Batch
from tests.store.samples import START, START_US
from zerodistance.catalogue import Catalogue
from zerodistance.cli.bench import filling
from zerodistance.cli.bench.report import as_json
from zerodistance.store.database import connect
from zerodistance.store.schema import META_COLUMNS, read_shape

query = importlib.import_module("zerodistance.cli.bench.query")  # the package has a command of that name


def test_rows_are_what_the_appliances_said(database: str, catalogue: Catalogue) -> None:
    with connect(database, autocommit=True) as conn:
        shape = read_shape(conn, "refrigerator")
        assert shape is not None
        names = list(shape.channels)
        values = {name: np.arange(6, dtype=float).reshape(2, 3) + n for n, name in enumerate(names)}
        values["door_open"] = np.array([[0.0, 1.0, np.nan], [1.0, 1.0, 0.0]])
        values["power"][1, 1] = np.nan
        lost = np.zeros((2, 3), dtype=bool)
        lost[1, 2] = True
        times = START_US + np.array([[0, 1, 2], [60_000_000, 60_000_001, 60_000_002]], dtype=np.int64)
        batch = Batch("refrigerator", ["a-1", "a-2", "a-3"], times, values, lost)
        latency = np.full((2, 3), 250_000, dtype=np.int64)
        columns = ", ".join(shape.columns)
        conn.execute("CREATE TEMP TABLE seen (LIKE telemetry_refrigerator)")
        with (
            conn.cursor() as cursor,
            cursor.copy(f"COPY seen ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.write(filling._HEADER)
            for piece in filling._records(shape, batch, 7, latency):
                copy.write(piece)
            copy.write(filling._END)
        rows = conn.execute(f"SELECT {columns} FROM seen ORDER BY seq, device_id").fetchall()
    assert len(rows) == 5
    found = [dict(zip(shape.columns, row, strict=True)) for row in rows]
    assert {name: found[0][name] for name in META_COLUMNS} == {
        "time": START, "device_id": "a-1", "tenant_id": 1, "boot": 1, "seq": 7,
        "received_at": START + timedelta(milliseconds=250), "skew_ms": 250, "quality": None,
    }  # fmt: skip
    assert [row["door_open"] for row in found] == [False, True, None, True, True]
    power = names.index("power")
    assert [row["power"] for row in found] == [power, power + 1, power + 2, power + 3, None]
    assert [row["seq"] for row in found] == [7, 7, 7, 8, 8]


def test_the_report_is_complete(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "_SPANS", {"24h": (1.0, "5m"), "7d": (7.0, "30m"), "30d": (30.0, "1h")})
    options = query.Options(points=60_000, devices=2, asks=2, database=postgres_server, plain=True)
    told: list[str] = []
    report = query.measure(options, threading.Event(), told.append)
    document = json.loads(json.dumps(as_json([report])))
    details = document["details"]
    assert details["points"] == pytest.approx(60_000, rel=0.02)
    assert details["rows"] * 10 >= details["points"]
    assert details["flavour"] == "partitioned"
    assert details["bytes_per_point"] > 1
    asked = details["stages"]["all"]["queries"]
    assert len(asked) == details["queries"] > 50
    assert all(0 < one["p50_ms"] <= one["p95_ms"] for one in asked.values())
    assert set(details["stages"]["a tenth"]["queries"]) == set(asked)
    assert details["slowest_p95_ms"] == max(one["p95_ms"] for one in asked.values())
    assert {"filling", "rollups", "asking"} <= {said.split(":")[0] for said in told}
