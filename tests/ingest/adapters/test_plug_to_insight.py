"""A plug's readings, published by a plain MQTT client, end as something that its owner is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.insights.job import run_once
from stream import store
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import wait_until
from tests.ingest.adapters.test_end_to_end import FRIDGE, make_settings, platform, rows
from tests.ingest.live import Publisher, make_topics
from zerodistance.catalogue import Catalogue
from zerodistance.log import Log
from zerodistance.store.database import Pool
from zerodistance.store.devices import register_device, register_household

DAYS, A_DAY = 22, 48  # readings, one each half hour
USUAL_KWH, LAST_KWH = 0.8, 1.9


@pytest.mark.mosquitto
def test_a_day_of_unusual_use_behind_a_tasmota_plug(
    mosquitto: Mosquitto,
    database: str,
    pool: Pool,
    sqlite_log: Log,
    sqlite_log_address: str,
    catalogue: Catalogue,
) -> None:
    make_topics(sqlite_log)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with pool.connection() as conn:
        register_household(conn, "home", time_zone="UTC", owner_name="Ana")
        register_device(conn, FRIDGE, "refrigerator", household_id="home", name="Kitchen")
    settings = make_settings(mosquitto.url, database, sqlite_log_address, adapters="tasmota")
    readings = [_reading(midnight - timedelta(days=DAYS), number) for number in range(DAYS * A_DAY + 1)]
    with Publisher(mosquitto.url) as plug, platform(settings, store.run):
        plug.put("tele/kitchen-fridge/LWT", b"Online", retain=True)
        wait_until(
            lambda: rows(pool, "SELECT online FROM device") == [(True,)],
            timeout_s=40,
            what="the plug's presence",
        )
        plug.put_many([("tele/kitchen-fridge/SENSOR", reading) for reading in readings])
        hourly = "SELECT coalesce(sum(n), 0)::int FROM telemetry_refrigerator_1h"
        wait_until(lambda: rows(pool, hourly) == [(len(readings),)], timeout_s=60, what="the rollups")

    with pool.connection() as conn:
        assert run_once(conn, catalogue, midnight + timedelta(hours=9)) == 1
    ((device, day, body, figures),) = rows(pool, "SELECT device_id, day, body, figures FROM insight")
    assert (device, day) == (FRIDGE, (midnight - timedelta(days=1)).date())
    assert figures["kwh"] == pytest.approx(LAST_KWH, abs=0.05)
    assert {"en", "zh"} <= set(body)


def _reading(begin: datetime, number: int) -> dict[str, Any]:
    """Return what the plug says after ``number`` half hours; the last day takes more than twice as much."""
    usual = min(number, (DAYS - 1) * A_DAY)
    total = usual * USUAL_KWH / A_DAY + (number - usual) * LAST_KWH / A_DAY
    moment = (begin + timedelta(minutes=30 * number)).isoformat(timespec="seconds")
    return {"Time": moment, "ENERGY": {"Total": round(total, 4), "Power": 40}}
