"""What grows with history goes with it, and is not read from end to end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.samples import START
from zerodistance.catalogue import Catalogue
from zerodistance.store import expiry
from zerodistance.store.database import connect

_DAY = timedelta(days=1)


def test_rows_go_once_no_telemetry_can_be_as_old(
    database: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_BATCH", 2)  # several transactions
    longest = max(appliance.retention_days for appliance in catalogue.values())
    with connect(database, autocommit=True) as conn:
        for number in range(7):
            at = START + number * _DAY
            conn.execute("INSERT INTO expected_band VALUES ('fridge', 'power', %s, 2, 1, 3)", (at,))
            conn.execute(
                "INSERT INTO telemetry_conflict (device_id, type, time, channel)"
                " VALUES ('fridge', 'refrigerator', %s, 'power')",
                (at,),
            )
            conn.execute(
                "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code)"
                " VALUES (%s, 1, 'fridge', %s, %s, 'fault', 'E1')",
                (str(number), at, at),
            )
            conn.execute(
                "INSERT INTO dead_letter (id, reason, detail, source, received_at, raw, length, sha256)"
                " VALUES (%s, 'bad_time', '', '', %s, '', 0, '')",
                (str(number), at),
            )
            conn.execute("INSERT INTO unclaimed_device VALUES (%s, %s, %s)", (str(number), START, at))
        assert expiry.delete_expired(conn, catalogue, START + longest * _DAY) == {}
        now = START + (longest + 4) * _DAY
        tables = ("device_event", "expected_band", "telemetry_conflict", "dead_letter", "unclaimed_device")
        assert expiry.delete_expired(conn, catalogue, now) == dict.fromkeys(tables, 4)
        for table in tables:
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (3,)
        assert expiry.delete_expired(conn, catalogue, now) == {}


def test_a_status_is_compared_without_reading_all_events_of_its_device(database: str) -> None:
    with connect(database) as conn:
        conn.execute(
            "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code)"
            " SELECT n, 1, 'fridge', at, at, 'event', 'door'"
            " FROM generate_series(1, 20000) AS n, LATERAL (SELECT %(t)s + n * interval '1 min' AS at) AS a",
            {"t": START},
        )
        conn.execute("ANALYZE device_event")
        plan = conn.execute(
            "EXPLAIN SELECT FROM device_event AS e WHERE e.device_id = 'fridge' AND e.kind = 'status'"
            " AND e.received_at > %s",
            (START,),
        ).fetchall()
    assert "device_event_status" in str(plan)
