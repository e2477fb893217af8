"""The history API: what was stored comes back, down-sampled without losing the peak, in three formats."""

from __future__ import annotations

import asyncio
import csv
import io
import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyarrow.parquet as parquet
import pytest
from structlog.testing import capture_logs

from services.api.app import make_app
from tests.fixtures.postgres import made_database
from tests.services.api import Api, settings_of
from tests.services.world import FRIDGE
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us
from zerodistance.errors import UnavailableError
from zerodistance.messages import Sample
from zerodistance.store import rollups, series
from zerodistance.store.database import connect
from zerodistance.store.devices import register_device, register_household
from zerodistance.store.telemetry import write_samples

# 1 March 2026, midnight in Shanghai, where the home is.
START = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
MINUTES = 36 * 60
PEAK = 1234.5
PEAK_AT = 777
ISO = "%Y-%m-%dT%H:%M:%SZ"


def reading(minute: int) -> dict[str, float | None]:
    power = PEAK if minute == PEAK_AT else round(80 + 10 * math.sin(minute / 30), 1)
    return {
        "power": power,
        "energy": round(100 + minute / 500, 3),
        "door_open": float(minute % 100 == 0),
        "fresh_food_temperature": None if minute == 5 else 4.1,
    }


@pytest.fixture(scope="module")
def api(postgres_server: str, template_database: str, catalogue: Catalogue) -> Iterator[Api]:
    """A refrigerator in Shanghai with 36 hours of readings, one a minute, and the API."""
    rows = [
        Sample(
            tenant=1,
            device=FRIDGE,
            type="refrigerator",
            time_us=to_us(START + timedelta(minutes=m)),
            received_us=to_us(START + timedelta(minutes=m)) + 250_000,
            boot=1,
            seq=m,
            oldest=None,
            values=reading(m),
            quality={"fresh_food_temperature": 2} if m == 5 else {},
            unknown={},
        )
        for m in range(MINUTES)
    ]
    with made_database(postgres_server, template=template_database) as database:
        with connect(database, autocommit=True) as conn:
            register_household(conn, "home-1", time_zone="Asia/Shanghai")
            register_device(conn, FRIDGE, "refrigerator", household_id="home-1")
            conn.execute("INSERT INTO tenant (id, name) VALUES (2, 'other')")
            conn.execute("INSERT INTO device (id, tenant_id, type) VALUES ('theirs', 2, 'refrigerator')")
            with conn.transaction():
                write_samples(conn, catalogue, rows)
            rollups.refresh(conn, catalogue, START + timedelta(days=2))
        app = make_app(settings_of(database))
        yield Api(app)
        app.state.platform.close()


def get(api: Api, **query: Any) -> Any:
    given = {
        "since": START.strftime(ISO),
        "until": (START + timedelta(minutes=MINUTES)).strftime(ISO),
        **query,
    }
    return api.get(f"/devices/{FRIDGE}/history", **given)


def column(answer: dict[str, Any], name: str) -> list[Any]:
    place = 1 + [c["name"] for c in answer["columns"]].index(name)
    return [row[place] for row in answer["rows"]]


def test_rows_come_back_as_they_were_measured_page_by_page(api: Api) -> None:
    rows: list[list[Any]] = []
    cursor, pages = "", 0
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = get(api, resolution="raw", channels="power,door_open", limit=700, **query).json()
        rows += page["rows"]
        pages += 1
        assert page["count"] == len(page["rows"]) <= 700
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == 4
    assert page["columns"][0] == {"name": "power", "channel": "power", "aggregate": "", "unit": "W"}
    assert rows == [
        [(START + timedelta(minutes=m)).strftime(ISO), reading(m)["power"], m % 100 == 0]
        for m in range(MINUTES)
    ]


def test_quality_and_skew_stand_beside_the_reading(api: Api) -> None:
    answer = get(
        api, resolution="raw", channels="fresh_food_temperature", include="quality,skew,received", limit=10
    ).json()
    assert [c["name"] for c in answer["columns"]] == [
        "fresh_food_temperature", "quality", "skew_ms", "received_at",
    ]  # fmt: skip
    assert answer["rows"][5][1:4] == [None, {"fresh_food_temperature": 2}, 250]
    assert answer["rows"][4][1:4] == [4.1, None, 250]
    assert answer["rows"][0][4] == "2026-02-28T16:00:00.250000Z"


@pytest.mark.parametrize("points", [1, 5, 36, 200, 1000, 2159])
def test_the_peak_survives_any_thinning(api: Api, points: int) -> None:
    answer = get(api, channels="power", max_points=points).json()
    assert answer["resolution"] != "raw"
    assert points / 3 <= answer["count"] <= points + 1
    assert max(column(answer, "power_max")) == PEAK
    assert min(column(answer, "power_min")) == min(reading(m)["power"] for m in range(MINUTES))
    at = column(answer, "power_max").index(PEAK)
    begins = datetime.fromisoformat(answer["rows"][at][0])
    peak = START + timedelta(minutes=PEAK_AT)
    assert begins <= peak < begins + timedelta(seconds=answer["bucket_seconds"])


def test_extremes_are_readings_as_they_were_sent(api: Api) -> None:
    for query in ({"resolution": "1h"}, {"max_points": 1000}):
        answer = get(api, channels="power", aggregates="max,last", **query).json()
        sent = {reading(minute)["power"] for minute in range(MINUTES)}
        assert set(column(answer, "power_max")) | set(column(answer, "power_last")) <= sent


def test_few_rows_are_not_thinned_unless_aggregates_are_wanted(api: Api) -> None:
    assert get(api, max_points=2160).json()["resolution"] == "raw"
    answer = get(api, max_points=2160, aggregates="max,count", channels="power").json()
    assert answer["resolution"] == "1m"
    assert [c["name"] for c in answer["columns"]] == ["power_max", "power_count"]


def test_growth_adds_up_at_every_resolution(api: Api) -> None:
    whole = reading(MINUTES - 1)["energy"] - reading(0)["energy"]  # type: ignore[operator]
    for query in ({"resolution": "5m"}, {"resolution": "1h"}, {"resolution": "1d"}, {"max_points": 7}):
        answer = get(api, channels="energy", aggregates="delta", **query).json()
        assert sum(column(answer, "energy_delta")) == pytest.approx(whole), query


def test_days_are_those_of_the_home(api: Api) -> None:
    answer = get(
        api, since="2026-03-01", until="2026-03-03", resolution="1d", channels="energy,power",
        aggregates="delta,last,count", time_zone="home",
    ).json()  # fmt: skip
    assert [row[0] for row in answer["rows"]] == ["2026-03-01T00:00:00+08:00", "2026-03-02T00:00:00+08:00"]
    assert answer["time_zone"] == "Asia/Shanghai"
    assert column(answer, "power_count") == [1440, 720]
    assert column(answer, "energy_delta") == pytest.approx([1439 / 500, 720 / 500])
    assert column(answer, "energy_last") == [reading(1439)["energy"], reading(MINUTES - 1)["energy"]]
    utc = get(api, resolution="1d", channels="power", aggregates="count").json()
    assert column(utc, "power_count") == [480, 1440, 240]


def test_a_long_range_comes_in_slices_and_silence_is_passed_over(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = get(api, resolution="5m", channels="power", since="1990-01-01", until="2100-01-01").json()
    monkeypatch.setattr(series, "_SLICE_BUCKETS", 17)
    monkeypatch.setattr(series, "_SLICE_ROWS", 100)
    sliced = get(api, resolution="5m", channels="power", since="1990-01-01", until="2100-01-01").json()
    assert sliced["rows"] == whole["rows"]
    assert sliced["count"] == MINUTES // 5
    text = get(api, resolution="raw", channels="power", format="csv").text
    assert text.count("\r\n") == MINUTES + 1


def test_csv_is_what_programs_and_spreadsheets_read(api: Api) -> None:
    answer = get(api, resolution="raw", format="csv", include="quality", channels="power,door_open,energy")
    assert answer.headers["content-type"].startswith("text/csv")
    assert (
        'filename="fridge-1_20260228T160000Z_20260302T040000Z_raw.csv"'
        in answer.headers["content-disposition"]
    )
    lines = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert lines[0] == ["time", "power [W]", "door_open", "energy [kWh]", "quality"]
    assert lines[1] == ["2026-02-28T16:00:00Z", "80.0", "1", "100.0", ""]
    assert lines[6][4] == '{"fresh_food_temperature": 2}'
    assert len(lines) == MINUTES + 1


def test_parquet_carries_types_and_units(api: Api) -> None:
    answer = get(api, resolution="raw", format="parquet", channels="power,door_open,energy")
    table = parquet.read_table(io.BytesIO(answer.content))
    assert table.num_rows == MINUTES
    assert [str(field.type) for field in table.schema] == ["timestamp[us, tz=UTC]", "float", "bool", "double"]
    assert table.schema.field("power").metadata[b"unit"] == b"W"
    assert table.column("energy").to_pylist() == [reading(m)["energy"] for m in range(MINUTES)]
    empty = get(api, format="parquet", resolution="1h", since="2020-01-01", until="2020-01-02")
    assert parquet.read_table(io.BytesIO(empty.content)).num_rows == 0


def test_a_server_without_pyarrow_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = get(api, format="parquet")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_message")
    assert "ask for csv" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"channels": "colour"}, 404, "no channel 'colour'; it has: fresh_food_temperature"),
        ({"since": "yesterday"}, 422, "since is not a moment: 'yesterday'"),
        ({"since": "0001-01-01"}, 422, "between 1970 and 2200"),
        ({"since": "9999-12-31T23:59:59-23:59"}, 422, "not a moment"),
        ({"since": "2026-03-05", "until": "2026-03-05"}, 422, "later than since"),
        ({"time_zone": "Mars/Olympus"}, 422, "not a time zone"),
        ({"time_zone": "../../etc/passwd"}, 422, "not a time zone"),
        ({"resolution": "7m"}, 422, "resolution"),
        ({"resolution": "1h", "max_points": 5}, 422, "leave one of the two out"),
        ({"max_points": 0}, 422, "max_points"),
        ({"aggregates": "median"}, 422, "'median' does not exist here: choose from mean, min"),
        ({"aggregates": "delta", "channels": "power"}, 422, "power is a gauge, which has no delta"),
        ({"aggregates": "mean", "resolution": "raw"}, 422, "have no aggregates"),
        ({"include": "skew", "resolution": "1h"}, 422, "belong to single rows"),
        ({"cursor": "abc", "resolution": "raw"}, 422, "begin again without it"),
        ({"cursor": "", "format": "xml"}, 422, "format"),
        ({"channels": "a\0b"}, 404, "no channel"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(
    api: Api, query: dict[str, Any], status: int, says: str
) -> None:
    answer = get(api, **query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_strangers_and_other_tenants_see_nothing(api: Api) -> None:
    assert api.anonymous("GET", f"/api/v1/devices/{FRIDGE}/history").status_code == 401
    assert api.get("/devices/nobody/history").status_code == 404
    assert api.get("/devices/theirs/history").status_code == 404


def test_a_failure_at_once_is_a_status_and_later_breaks_the_transfer_off(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[Any]:
        raise UnavailableError("The database went away.")
        yield

    def fail_later(*_: object) -> Iterator[Any]:
        yield [(START, 1.0)]
        raise UnavailableError("The database went away.")

    monkeypatch.setattr(series, "slices", fail)
    assert get(api, format="csv", resolution="raw", channels="power").status_code == 503
    monkeypatch.setattr(series, "slices", fail_later)

    async def transfer() -> None:
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            query = "format=csv&resolution=raw&channels=power"
            await client.get(f"/api/v1/devices/{FRIDGE}/history?{query}", headers=api.staff)

    with capture_logs(), pytest.raises(RuntimeError, match="response already started"):
        asyncio.run(transfer())  # broken off: nothing arrives that looks like a whole file


def test_the_description_shows_how_to_ask(api: Api) -> None:
    described = api.app.openapi()["paths"]["/api/v1/devices/{device_id}/history"]["get"]
    assert set(described["responses"]["200"]["content"]) >= {"application/json", "text/csv"}
    assert described["responses"]["200"]["content"]["application/json"]["example"]["rows"]
    assert all("examples" in p for p in described["parameters"] if p["name"] in ("channels", "time_zone"))
