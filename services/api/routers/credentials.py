"""Who may speak to the broker as which device: credentials, devices put out of use, and the audit of both."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from services.api.dependencies import CredentialsReader, CredentialsWriter, PlatformDep
from services.api.unit import UnitRoute
from services.devices import repository
from services.schemas import Model
from zerodistance.access.authority import DEVICE_DAYS, LONGEST_DEVICE_DAYS
from zerodistance.access.issuing import LONGEST_OVERLAP, make_credential, revoke_credentials
from zerodistance.store import credentials as store
from zerodistance.store.database import Connection

router = APIRouter(route_class=UnitRoute, tags=["credentials"])

CredentialId = Annotated[str, Path(max_length=32)]


class CredentialCreate(Model):
    """What to make. A new password takes the place of the one before; certificates stand side by side."""

    kind: Literal["password", "certificate"] = "password"
    csr: str = Field(
        "", max_length=16_384, description="signing request (PEM): the key stays with the device"
    )
    days: int = Field(DEVICE_DAYS, ge=1, le=LONGEST_DEVICE_DAYS, description="how long a certificate holds")
    replace: bool = Field(False, description="revoke the other certificates")
    overlap_hours: float = Field(
        0, ge=0, le=LONGEST_OVERLAP.total_seconds() / 3600, description="for which they still hold"
    )


class CredentialCreated(Model):
    """A new credential. Password and key are in this answer and nowhere else."""

    id: str
    kind: Literal["password", "certificate"]
    user: str
    password: str = ""
    certificate: str = ""
    key: str = ""
    ca: str = ""
    not_after: datetime | None = None
    revoked: list[str] = Field(default_factory=list)


class CredentialPublic(Model):
    """A credential without its secret, of which not even the hash is shown."""

    id: str
    kind: Literal["password", "certificate"]
    serial: str | None
    fingerprint: str | None
    not_after: datetime | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    cut_at: datetime | None = Field(description="when the broker had been told and had ended its session")


class Revocation(Model):
    """The credentials that were revoked."""

    revoked: list[str]


class AccessEventPublic(Model):
    """A line of the audit."""

    time: datetime
    device_id: str
    actor: str
    action: str
    detail: str


class DisabledDevice(Model):
    """A device that is out of use for the time being."""

    device_id: str
    since: datetime
    reason: str


class AccessPublic(Model):
    """Who is out of use, and what was done lately to whose access."""

    disabled: list[DisabledDevice]
    events: list[AccessEventPublic]


class DisableRequest(Model):
    """Why a device is put out of use."""

    reason: str = Field(min_length=1, max_length=200)


@router.post("/devices/{device_id}/credentials", status_code=201)
def post_credential(
    device_id: str,
    wanted: CredentialCreate,
    platform: PlatformDep,
    caller: CredentialsWriter,
    response: Response,
) -> CredentialCreated:
    """Make a credential for a device: its secret is in this answer and nowhere else."""
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, device_id)
        made = make_credential(
            conn,
            platform.settings,
            device_id,
            wanted.kind,
            actor=caller.actor,
            days=wanted.days,
            csr=wanted.csr,
            replace=wanted.replace,
            overlap=timedelta(hours=wanted.overlap_hours),
        )
    response.headers["Cache-Control"] = "no-store"
    return CredentialCreated(**made._asdict())


@router.get("/devices/{device_id}/credentials")
def list_credentials(
    device_id: str, platform: PlatformDep, caller: CredentialsReader
) -> list[CredentialPublic]:
    """Return a device's credentials, the newest first, revoked ones too."""
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, device_id)
        rows = store.listing(conn, device_id)
    return [
        CredentialPublic(**{name: value for name, value in row._asdict().items() if name != "device_id"})
        for row in rows
    ]


@router.delete("/devices/{device_id}/credentials")
def delete_credentials(device_id: str, platform: PlatformDep, caller: CredentialsWriter) -> Revocation:
    """Revoke all credentials of a device; the broker ends its session within seconds."""
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, device_id)
        return Revocation(revoked=revoke_credentials(conn, device_id, actor=caller.actor))


@router.delete("/devices/{device_id}/credentials/{credential_id}")
def delete_credential(
    device_id: str, credential_id: CredentialId, platform: PlatformDep, caller: CredentialsWriter
) -> Revocation:
    """Revoke one credential of a device."""
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, device_id)
        revoked = revoke_credentials(conn, device_id, actor=caller.actor, credential_id=credential_id)
    return Revocation(revoked=revoked)


@router.post("/devices/{device_id}/disable")
def disable_device(
    device_id: str, why: DisableRequest, platform: PlatformDep, caller: CredentialsWriter
) -> AccessPublic:
    """Put a device out of use: nothing is taken from it, and its credentials do not work."""
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, device_id)
        store.disable(conn, device_id, why.reason, actor=caller.actor)
        return _access(conn, caller.tenant, device_id, 20)


@router.post("/devices/{device_id}/enable")
def enable_device(device_id: str, platform: PlatformDep, caller: CredentialsWriter) -> AccessPublic:
    """Let a disabled device in again, with the credentials it had."""
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, device_id)
        store.enable(conn, device_id, actor=caller.actor)
        return _access(conn, caller.tenant, device_id, 20)


@router.get("/access")
def get_access(
    platform: PlatformDep,
    caller: CredentialsReader,
    device: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AccessPublic:
    """Return the devices that are out of use, and the audit, the newest first."""
    with caller.transaction() as conn:
        return _access(conn, caller.tenant, device, limit)


def _access(conn: Connection, tenant: int, device: str, limit: int) -> AccessPublic:
    disabled = store.disabled(conn, tenant, device)
    return AccessPublic(
        disabled=[DisabledDevice(**row._asdict()) for row in disabled],
        events=[AccessEventPublic(**event._asdict()) for event in store.events(conn, device, limit, tenant)],
    )
