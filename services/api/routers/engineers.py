"""Service engineers: who can be sent, and entering them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from services.api.dependencies import EngineersReader, EngineersWriter, PlatformDep
from services.api.unit import UnitRoute
from services.schemas import EngineerPublic, EngineerUpdate
from services.tickets import engineers
from zerodistance.store.devices import register_engineer

router = APIRouter(route_class=UnitRoute, prefix="/engineers", tags=["engineers"])

EngineerId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$")]


@router.get("")
def list_engineers(platform: PlatformDep, caller: EngineersReader) -> list[EngineerPublic]:
    """Return all engineers by name."""
    with caller.transaction() as conn:
        rows = engineers.listing(conn, caller.tenant)
    return [EngineerPublic(id=row.id, name=row.name, region=row.region, skills=row.skills) for row in rows]


@router.put("/{engineer_id}")
def put_engineer(
    engineer_id: EngineerId, engineer: EngineerUpdate, platform: PlatformDep, caller: EngineersWriter
) -> EngineerPublic:
    """Enter an engineer, or bring the entry to what is given."""
    with caller.transaction() as conn:
        register_engineer(
            conn,
            engineer_id,
            engineer.name,
            tenant=caller.tenant,
            region=engineer.region,
            skills=engineer.skills,
        )
    return EngineerPublic(id=engineer_id, **engineer.model_dump())
