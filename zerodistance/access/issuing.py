"""Making, replacing and revoking a device's credentials: what command line and API share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from zerodistance.access.authority import DEVICE_DAYS, Authority
from zerodistance.errors import NotFoundError
from zerodistance.settings import Settings
from zerodistance.store import credentials
from zerodistance.store.credentials import Kind
from zerodistance.store.database import Connection

# Until a successor is in place: what a certificate that is being replaced has left at most.
LONGEST_OVERLAP = timedelta(days=30)


class NewCredential(NamedTuple):
    """A credential with what is shown once and kept nowhere.

    Attributes:
        id: names it in a revocation.
        kind: password or certificate.
        user: user name at the broker; for a certificate its common name.
        password: the secret; "" for a certificate.
        certificate: PEM; "" for a password.
        key: the certificate's private key, PEM; "" where it stayed with the device.
        ca: the authority's certificate, PEM, to check the broker with; "" for a password.
        not_after: end of a certificate.
        revoked: the credentials that this one replaces.
    """

    id: str
    kind: Kind
    user: str
    password: str = ""
    certificate: str = ""
    key: str = ""
    ca: str = ""
    not_after: datetime | None = None
    revoked: tuple[str, ...] = ()


def make_credential(
    conn: Connection,
    settings: Settings,
    device_id: str,
    kind: Kind,
    *,
    actor: str,
    days: int = DEVICE_DAYS,
    csr: str = "",
    replace: bool = False,
    overlap: timedelta = timedelta(0),
) -> NewCredential:
    """Make a credential. A device has one password at a time; of certificates it may have several.

    Args:
        conn: in any transaction.
        settings: where the authority is.
        device_id: whose.
        kind: what.
        actor: who does it.
        days: how long a certificate holds.
        csr: signing request of a device that keeps its key; "": a key is made.
        replace: revoke the others of the same kind.
        overlap: how long replaced certificates still hold.

    Raises:
        NotFoundError: there is no such device, or no authority.
        ConflictError: the device is retired.
        InvalidMessageError: the signing request is not good.
    """
    if kind == "password":
        standing = [
            one.id
            for one in credentials.listing(conn, device_id)
            if one.kind == "password" and one.revoked_at is None
        ]
        identity, secret = credentials.issue_password(conn, device_id, actor=actor)
        return NewCredential(identity, kind, device_id, password=secret, revoked=tuple(standing))
    authority = Authority.load(settings.ca_folder())
    issued = authority.issue_device(device_id, days=days, csr_pem=csr)
    identity = credentials.record_certificate(conn, device_id, issued, actor=actor)
    revoked: list[str] = []
    if replace:
        at = credentials.now(conn) + min(overlap, LONGEST_OVERLAP) if overlap else None
        revoked = credentials.revoke(conn, device_id, actor=actor, kind=kind, but=identity, at=at)
    return NewCredential(
        identity,
        kind,
        device_id,
        certificate=issued.certificate_pem,
        key=issued.key_pem,
        ca=issued.ca_pem,
        not_after=issued.not_after,
        revoked=tuple(revoked),
    )


def revoke_credentials(
    conn: Connection, device_id: str, *, actor: str, credential_id: str | None = None
) -> list[str]:
    """Revoke one credential of a device, or all; return their ids.

    Raises:
        NotFoundError: the device has no such credential that still stands.
    """
    revoked = credentials.revoke(conn, device_id, actor=actor, credential_id=credential_id)
    if not revoked:
        which = f"credential {credential_id!r}" if credential_id else "credential"
        raise NotFoundError(
            f"{device_id} has no {which} that still stands: `zerodistance devices credentials {device_id} "
            "--list` shows them."
        )
    return revoked
