"""With TimescaleDB: the API's role reads hypertables, compressed chunks and rollups."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.access.place import opened
from zerodistance.catalogue import Catalogue
from zerodistance.store import timescale
from zerodistance.store.database import connect

pytestmark = pytest.mark.timescale


def test_the_role_of_the_api_reads_compressed_chunks_and_rollups(
    timescale_database: str, catalogue: Catalogue
) -> None:
    begin = datetime.fromisoformat("2026-02-20T00:00:00Z")
    with opened(timescale_database, catalogue) as place:
        with place.connection() as conn:
            conn.execute(
                "INSERT INTO telemetry_refrigerator (time, tenant_id, device_id, received_at, skew_ms, power)"
                " SELECT t, 1, 'one-fridge-north', t, 0, 60 FROM generate_series(%s::timestamptz, %s,"
                " interval '1 minute') t",
                (begin, begin + timedelta(hours=6)),
            )
        with place.connection() as conn:
            chunks = conn.execute(
                "SELECT compress_chunk(c, true) FROM show_chunks('telemetry_refrigerator') c"
            ).fetchall()
            assert chunks
        with connect(timescale_database, autocommit=True) as conn:
            timescale.refresh(conn, catalogue["refrigerator"], begin, begin + timedelta(hours=6))
        span = {"since": "2026-02-20T00:00:00Z", "until": "2026-02-20T06:00:00Z", "channels": "power"}
        for resolution, rows in (("raw", 360), ("1h", 6)):
            answer = place.call(
                "GET",
                "/devices/one-fridge-north/history",
                place.token("engineer"),
                params={**span, "resolution": resolution},
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["count"] == rows, resolution
        south = place.call("GET", "/devices/one-fridge-south/history", place.token("engineer"), params=span)
        assert south.status_code == 404
