"""What a device measured: any stretch of it, as JSON, CSV or Parquet, as stored or down-sampled.

The answer is written while it is read: its size is not bounded by memory, only a page of rows in JSON is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from services.api.dependencies import Caller, Platform, PlatformDep, TelemetryReader
from services.api.paging import decode_cursor, encode_cursor, moment
from services.api.unit import UnitRoute
from zerodistance.catalogue import ApplianceType
from zerodistance.errors import InvalidMessageError, NotFoundError, SettingsError
from zerodistance.messages import Reason
from zerodistance.store import series
from zerodistance.store.database import Connection
from zerodistance.store.formats import WRITERS, JsonRows
from zerodistance.store.moments import read_moment, read_zone
from zerodistance.store.series import Question, Row

router = APIRouter(route_class=UnitRoute, tags=["history"])

_ORDER = "history"
_USUAL_SPAN = timedelta(hours=24)
_USUAL_POINTS = 600
_MOST_POINTS = 10_000
_MOST_ROWS = 50_000
_MOST_PARTS = 100  # names in one list: more than any type has channels

_EXAMPLE = {
    "device": "fridge-01",
    "type": "refrigerator",
    "since": "2026-03-01T00:00:00Z",
    "until": "2026-03-02T00:00:00Z",
    "resolution": "1h",
    "bucket_seconds": 3600,
    "time_zone": "UTC",
    "columns": [
        {"name": "power_mean", "channel": "power", "aggregate": "mean", "unit": "W"},
        {"name": "power_max", "channel": "power", "aggregate": "max", "unit": "W"},
        {"name": "energy_delta", "channel": "energy", "aggregate": "delta", "unit": "kWh"},
    ],
    "rows": [["2026-03-01T00:00:00Z", 41.7, 128.5, 0.042], ["2026-03-01T01:00:00Z", 39.2, 127.9, 0.039]],
    "count": 2,
    "next": "WyJoaXN0b3J5IiwgIjIwMjYtMDMtMDFUMDE6MDA6MDArMDA6MDAiXQ",
}
_CSV_EXAMPLE = "time,power_mean [W],power_max [W]\r\n2026-03-01T00:00:00Z,41.7,128.5\r\n"
_SCHEMA = {
    "type": "object",
    "required": ["device", "type", "resolution", "columns", "rows", "count", "next"],
    "properties": {
        "device": {"type": "string"},
        "type": {"type": "string"},
        "since": {"type": "string", "format": "date-time"},
        "until": {"type": "string", "format": "date-time"},
        "resolution": {"type": "string", "description": "raw, 5m, 1h, 1d, or a multiple such as 15m"},
        "bucket_seconds": {"type": ["integer", "null"], "description": "null: rows as they are stored"},
        "time_zone": {"type": "string"},
        "columns": {
            "type": "array",
            "description": "what stands behind the time in each row",
            "items": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in ("name", "channel", "aggregate", "unit")},
            },
        },
        "rows": {"type": "array", "items": {"type": "array", "items": {}}},
        "count": {"type": "integer"},
        "next": {"type": ["string", "null"], "description": "cursor of the next page of rows"},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The series; a row is the time and one value for each column, null without a reading",
        "content": {
            "application/json": {"schema": _SCHEMA, "example": _EXAMPLE},
            "text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get("/devices/{device_id}/history", responses=_RESPONSES, response_class=StreamingResponse)
def get_history(
    device_id: Annotated[str, Path(max_length=64, openapi_examples={"a device": {"value": "fridge-01"}})],
    platform: PlatformDep,
    caller: TelemetryReader,
    channels: Annotated[
        str,
        Query(
            max_length=2000,
            description="names, separated by commas; all without it",
            openapi_examples={"two": {"value": "power,fresh_food_temperature"}, "all": {"value": ""}},
        ),
    ] = "",
    since: Annotated[
        str,
        Query(
            max_length=40,
            description="from, inclusive: RFC 3339, or a date (and time) by the clocks of time_zone; "
            "without it 24 hours before until",
            openapi_examples={
                "a moment": {"value": "2026-03-01T12:00:00Z"},
                "a day": {"value": "2026-03-01"},
            },
        ),
    ] = "",
    until: Annotated[
        str, Query(max_length=40, description="until, exclusive; without it now (platform time)")
    ] = "",
    resolution: Annotated[
        Literal["raw", "auto", "5m", "1h", "1d"],
        Query(
            description="raw: as stored. 5m, 1h, 1d: the rollups. auto: as stored if that is not more than "
            "max_points rows and no aggregates are asked for, else buckets just wide enough"
        ),
    ] = "auto",
    max_points: Annotated[
        int | None, Query(ge=1, le=_MOST_POINTS, description=f"of auto; {_USUAL_POINTS} without it")
    ] = None,
    aggregates: Annotated[
        str,
        Query(
            max_length=200,
            description=f"of buckets, separated by commas: {', '.join(series.AGGREGATES)}. A gauge has all "
            "but delta, a state mean, min, max and count, a counter last and delta (growth)",
            openapi_examples={"the peak": {"value": "mean,max"}, "energy used": {"value": "delta"}},
        ),
    ] = "",
    include: Annotated[
        str,
        Query(
            max_length=100,
            description="with raw, separated by commas: quality (reason codes of readings that were not "
            "usable), skew (arrival minus measurement, ms), received (time of arrival)",
            openapi_examples={"all": {"value": "quality,skew,received"}, "none": {"value": ""}},
        ),
    ] = "",
    time_zone: Annotated[
        str,
        Query(
            max_length=64,
            description="UTC, home (that of the device's household) or an IANA name: in it times are given, "
            "and days begin at its midnights",
            openapi_examples={"of the home": {"value": "home"}, "by name": {"value": "Asia/Shanghai"}},
        ),
    ] = "UTC",
    limit: Annotated[
        int, Query(ge=1, le=_MOST_ROWS, description="rows of a page; for rows as stored, in JSON")
    ] = 5_000,
    cursor: Annotated[str, Query(max_length=500, description="next of the page before")] = "",
    format: Annotated[Literal["json", "csv", "parquet"], Query()] = "json",
) -> StreamingResponse:
    """Return what a device measured between two moments.

    Buckets are whole: the first one may begin before `since`. The largest and smallest reading of a bucket
    are those of the rows, so a peak survives down-sampling.
    """
    with caller.transaction() as conn:
        appliance, home = _device(platform, conn, caller.tenant, device_id)
        zone = read_zone(home if time_zone == "home" else time_zone)
        end = read_moment(until, zone, name="until") if until else platform.clock.now()
        begin = read_moment(since, zone, name="since") if since else end - _USUAL_SPAN
        question = series.ask(
            appliance,
            channels=_names(channels),
            since=begin,
            until=end,
            resolution=resolution,
            aggregates=_names(aggregates),
            details=_names(include),
            zone=zone,
        )
        if resolution == "auto":
            question = series.settle(conn, question, device_id, max_points or _USUAL_POINTS)
        elif max_points is not None:
            raise _refused("max_points belongs to resolution=auto: leave one of the two out.")
        after = decode_cursor(_ORDER, cursor, (moment,))
        if after is not None and not (question.raw and format == "json"):
            raise _refused("Only rows as stored, in JSON, come in pages: leave the cursor out.")
        page = None
        if question.raw and format == "json":
            page = series.page(conn, question, device_id, after[0] if after else None, limit + 1)
    document = (
        _json(caller, question, device_id, page, limit)
        if format == "json"
        else _file(caller, question, device_id, format)
    )
    try:
        first = next(document)  # what goes wrong at once is said in the status, not in the middle of a file
    except SettingsError as error:
        raise _refused("This server writes no Parquet, pyarrow is not installed: ask for csv.") from error
    headers = {"X-Resolution": question.resolution, "Cache-Control": "no-store"}
    writer = WRITERS[format]
    if format != "json":
        name = f"{device_id}_{begin:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}_{question.resolution}{writer.suffix}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return StreamingResponse(chain([first], document), media_type=writer.media_type, headers=headers)


def _json(
    caller: Caller, question: Question, device_id: str, page: list[Row] | None, limit: int
) -> Iterator[bytes]:
    said = {
        "device": device_id,
        "type": question.appliance.type,
        "since": question.since,
        "until": question.until,
        "resolution": question.resolution,
        "bucket_seconds": question.step_s or None,
        "time_zone": question.zone.key,
        "columns": [
            {"name": c.name, "channel": c.channel, "aggregate": c.aggregate, "unit": c.unit}
            for c in question.columns
        ],
    }
    writer = JsonRows(question.columns, question.zone, device=False)
    following: str | None = None
    if page is not None:
        if len(page) > limit:
            page = page[:limit]
            following = encode_cursor(_ORDER, [page[-1][0]])
        parts: Iterator[list[Row]] = iter([page])
    else:
        parts = series.slices(caller.transaction, question, device_id)
    count = 0
    opening = msgspec.json.encode(said)[:-1] + b',"rows":['
    for rows in parts:
        count += len(rows)
        yield opening + writer.rows(device_id, rows)
        opening = b""
    yield opening + b'],"count":%d,"next":%s}' % (count, msgspec.json.encode(following))


def _file(caller: Caller, question: Question, device_id: str, format: str) -> Iterator[bytes]:
    writer = WRITERS[format](question.columns, question.zone, device=False)
    opening = writer.begin()
    for rows in series.slices(caller.transaction, question, device_id):
        piece = opening + writer.rows(device_id, rows)
        opening = b""
        if piece:
            yield piece
    yield opening + writer.end()


def _device(platform: Platform, conn: Connection, tenant: int, device_id: str) -> tuple[ApplianceType, str]:
    """Return the type of a device, retired ones too, and its home's time zone."""
    row = conn.execute(
        "SELECT d.type, coalesce(h.time_zone, 'UTC') FROM device d"
        " LEFT JOIN household h ON h.id = d.household_id WHERE d.id = %s AND d.tenant_id = %s",
        (device_id, tenant),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no device {device_id!r}.")
    if row[0] not in platform.catalogue:
        raise NotFoundError(f"A {row[0]} has no readings.")
    return platform.catalogue.get_type(row[0]), row[1]


def _names(text: str) -> list[str]:
    found = [name.strip() for name in text.split(",") if name.strip()]
    if len(found) > _MOST_PARTS:
        raise _refused(f"Name {_MOST_PARTS} at most.")
    return found


def _refused(sentence: str) -> InvalidMessageError:
    return InvalidMessageError(Reason.WRONG_SHAPE, sentence)
