"""What appliances tell of their use: food, programmes, filters; and local water."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.api.dependencies import PlatformDep, UseReader, WaterWriter
from services.api.unit import UnitRoute
from services.devices import repository as devices
from services.scenarios import cycles, filters, food
from services.service_schemas import CyclePublic, FilterPublic, ItemPublic, WaterQuality

router = APIRouter(route_class=UnitRoute, tags=["use"])


@router.get("/devices/{device_id}/inventory")
def get_inventory(device_id: str, platform: PlatformDep, caller: UseReader) -> list[ItemPublic]:
    """Return what is in a refrigerator, what expires first coming first: a shop sells nothing twice."""
    with caller.transaction() as conn:
        devices.get(conn, caller.tenant, device_id)
        found = food.inventory(conn, device_id, platform.clock.now())
    return [ItemPublic(**asdict(one)) for one in found]


@router.get("/devices/{device_id}/cycles")
def list_cycles(
    device_id: str,
    platform: PlatformDep,
    caller: UseReader,
    days: Annotated[float, Query(gt=0, le=400)] = 30,
) -> list[CyclePublic]:
    """Return the programmes of the last days: water, duration, intensity as set, and whether they ended."""
    now = platform.clock.now()
    with caller.transaction() as conn:
        devices.get(conn, caller.tenant, device_id)
        return cycles.cycles_of(conn, device_id, now - timedelta(days=days), now)


@router.get("/devices/{device_id}/filters")
def list_filters(device_id: str, platform: PlatformDep, caller: UseReader) -> list[FilterPublic]:
    """Return when which filter of a water purifier is used up, the first one first."""
    with caller.transaction() as conn:
        row = devices.get(conn, caller.tenant, device_id)
        appliance = platform.catalogue.get_type(row.type)
        rule = platform.desk.policy.scenarios.filter
        found = filters.filters(conn, appliance, device_id, row.region, rule, platform.clock.now())
    return [FilterPublic(**asdict(one), title=platform.titles.part(row.type, one.part)) for one in found]


@router.put("/water-quality/{region}")
def put_water_quality(
    region: Annotated[str, Path(min_length=1, max_length=100)],
    water: WaterQuality,
    platform: PlatformDep,
    caller: WaterWriter,
) -> WaterQuality:
    """Enter what is known of a region's water from now on."""
    with caller.transaction() as conn:
        conn.execute(
            "INSERT INTO water_quality (tenant_id, region, time, tds, hardness, source)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, region, time) DO UPDATE"
            " SET tds = excluded.tds, hardness = excluded.hardness, source = excluded.source",
            (caller.tenant, region, platform.clock.now(), water.tds, water.hardness, water.source),
        )
    return water
