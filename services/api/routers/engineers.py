"""Service engineers: who can be sent, and entering them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api.dependencies import EngineersReader, EngineersWriter, IfMatch, PlatformDep
from services.api.problems import PreconditionError
from services.api.unit import UnitRoute
from services.api.versions import check_content, tag_content
from services.schemas import EngineerPublic, EngineerUpdate
from services.tickets import engineers
from zerodistance.errors import NotFoundError
from zerodistance.store.devices import register_engineer

router = APIRouter(route_class=UnitRoute, prefix="/engineers", tags=["engineers"])

EngineerId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$")]


@router.get("")
def list_engineers(platform: PlatformDep, caller: EngineersReader) -> list[EngineerPublic]:
    """Return all engineers by name."""
    with caller.transaction() as conn:
        rows = engineers.listing(conn, caller.tenant)
    return [EngineerPublic(**asdict(row)) for row in rows]


@router.get("/{engineer_id}")
def get_engineer(
    engineer_id: EngineerId, platform: PlatformDep, caller: EngineersReader, response: Response
) -> EngineerPublic:
    """Return one engineer; the ETag is of the whole entry."""
    with caller.transaction() as conn:
        found = engineers.find(conn, caller.tenant, engineer_id)
    if found is None:
        raise NotFoundError(f"There is no engineer {engineer_id!r}.")
    said = EngineerPublic(**asdict(found))
    tag_content(response, said)
    return said


@router.put("/{engineer_id}")
def put_engineer(
    engineer_id: EngineerId,
    engineer: EngineerUpdate,
    platform: PlatformDep,
    caller: EngineersWriter,
    response: Response,
    if_match: IfMatch = None,
) -> EngineerPublic:
    """Enter an engineer; or bring an entry, as it was seen (If-Match), to what is given."""
    wanted = EngineerPublic(id=engineer_id, **engineer.model_dump())
    with caller.transaction() as conn:
        stands = engineers.find(conn, caller.tenant, engineer_id, lock=True)
        said = EngineerPublic(**asdict(stands)) if stands is not None else None
        if said != wanted:
            if said is not None:
                check_content("engineer", said, if_match)
            elif if_match is not None:
                raise PreconditionError("This engineer is not there any more: read the list again.")
            register_engineer(
                conn,
                engineer_id,
                engineer.name,
                tenant=caller.tenant,
                region=engineer.region,
                skills=engineer.skills,
            )
    tag_content(response, wanted)
    return wanted
