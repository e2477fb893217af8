"""Credentials of devices in the database: made, listed, revoked; devices disabled; what was done to whom.

Times are real time: they guard against people, who live in it.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Literal, NamedTuple, cast

from zerodistance.access.authority import Issued, Revoked
from zerodistance.access.passwords import hash_secret, new_secret
from zerodistance.errors import ConflictError, NotFoundError
from zerodistance.store.database import Connection

Kind = Literal["password", "certificate"]
_LONGEST_DETAIL = 200


class Credential(NamedTuple):
    """A credential as people may see it: neither secret nor hash.

    Attributes:
        id: names it in a revocation.
        device_id: whose it is; the user name at the broker.
        kind: password or certificate.
        serial: of a certificate, hexadecimal.
        fingerprint: SHA-256 of the certificate.
        not_after: end of a certificate.
        created_at: when it was made.
        created_by: by whom.
        revoked_at: from when on it is of no use; may lie ahead.
        revoked_by: by whom.
        cut_at: when the broker had been told and had ended its session.
    """

    id: str
    device_id: str
    kind: str
    serial: str | None
    fingerprint: str | None
    not_after: datetime | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    cut_at: datetime | None


class Disabled(NamedTuple):
    """A device that is out of use for the time being."""

    device_id: str
    since: datetime
    reason: str


class AccessEvent(NamedTuple):
    """A line of the audit."""

    time: datetime
    device_id: str
    actor: str
    action: str
    detail: str


def issue_password(conn: Connection, device_id: str, *, actor: str) -> tuple[str, str]:
    """Give a device a new password; the one before is of no use from now on.

    Returns:
        Its id, and the secret, which is nowhere else.

    Raises:
        NotFoundError: there is no such device.
        ConflictError: it is retired.
    """
    _lock(conn, device_id)
    revoke(conn, device_id, actor=actor, kind="password")
    secret, identity = new_secret(), _new_id()
    conn.execute(
        "INSERT INTO device_credential (id, device_id, kind, hash, created_by)"
        " VALUES (%s, %s, 'password', %s, %s)",
        (identity, device_id, hash_secret(secret), actor),
    )
    _note(conn, device_id, actor, "issued", f"password {identity}")
    return identity, secret


def record_certificate(conn: Connection, device_id: str, issued: Issued, *, actor: str) -> str:
    """Note a certificate that was issued to a device, and return its id.

    Raises:
        NotFoundError: there is no such device.
        ConflictError: it is retired.
    """
    _lock(conn, device_id)
    identity = _new_id()
    conn.execute(
        "INSERT INTO device_credential (id, device_id, kind, serial, fingerprint, not_after, created_by)"
        " VALUES (%s, %s, 'certificate', %s, %s, %s, %s)",
        (identity, device_id, issued.serial, issued.fingerprint, issued.not_after, actor),
    )
    _note(conn, device_id, actor, "issued", f"certificate {identity} serial {issued.serial}")
    return identity


def revoke(
    conn: Connection,
    device_id: str,
    *,
    actor: str,
    credential_id: str | None = None,
    kind: Kind | None = None,
    but: str = "",
    at: datetime | None = None,
) -> list[str]:
    """Revoke a device's credentials and return their ids.

    Args:
        conn: in any transaction.
        device_id: whose.
        actor: who does it.
        credential_id: only this one.
        kind: only of this kind.
        but: all but this one.
        at: from when on; None: now. What is to end earlier already is left as it is.
    """
    rows = conn.execute(
        "UPDATE device_credential"
        " SET revoked_at = coalesce(%(at)s, clock_timestamp()), revoked_by = %(actor)s"
        " WHERE device_id = %(device)s AND (%(id)s::text IS NULL OR id = %(id)s)"
        " AND (%(kind)s::text IS NULL OR kind = %(kind)s) AND id <> %(but)s"
        " AND (revoked_at IS NULL OR revoked_at > coalesce(%(at)s, clock_timestamp())) RETURNING id",
        {"at": at, "actor": actor, "device": device_id, "id": credential_id, "kind": kind, "but": but},
    ).fetchall()
    ids = sorted(row[0] for row in rows)
    for identity in ids:
        _note(conn, device_id, actor, "revoked", identity + (f" from {at:%Y-%m-%d %H:%M} UTC" if at else ""))
    return ids


def listing(conn: Connection, device_id: str) -> list[Credential]:
    """Return a device's credentials, the newest first, revoked ones too."""
    with conn.cursor() as cursor:
        rows = cursor.execute(
            "SELECT id, device_id, kind, serial, fingerprint, not_after, created_at, created_by, revoked_at,"
            " revoked_by, cut_at FROM device_credential WHERE device_id = %s ORDER BY created_at DESC, id",
            (device_id,),
        ).fetchall()
    return [Credential(*row) for row in rows]


def disable(conn: Connection, device_id: str, reason: str, *, actor: str) -> bool:
    """Put a device out of use for the time being; False if it was already.

    Its credentials stay, and are of no use until :func:`enable`.

    Raises:
        NotFoundError: there is no such device.
    """
    changed = conn.execute(
        "UPDATE device SET disabled_at = clock_timestamp(), disabled_reason = %s, online = false"
        " WHERE id = %s AND disabled_at IS NULL RETURNING 1",
        (reason[:_LONGEST_DETAIL], device_id),
    ).fetchone()
    if changed is None:
        _demand(conn, device_id)
        return False
    _note(conn, device_id, actor, "disabled", reason)
    return True


def enable(conn: Connection, device_id: str, *, actor: str) -> bool:
    """Let a disabled device in again; False if it was not disabled.

    Raises:
        NotFoundError: there is no such device.
    """
    changed = conn.execute(
        "UPDATE device SET disabled_at = NULL, disabled_reason = '' WHERE id = %s"
        " AND disabled_at IS NOT NULL RETURNING 1",
        (device_id,),
    ).fetchone()
    if changed is None:
        _demand(conn, device_id)
        return False
    _note(conn, device_id, actor, "enabled", "")
    return True


def events(
    conn: Connection, device_id: str = "", limit: int = 100, tenant: int | None = None
) -> list[AccessEvent]:
    """Return the audit, the newest first; of one device or of all, of one tenant's or of everybody's."""
    rows = conn.execute(
        "SELECT e.time, e.device_id, e.actor, e.action, e.detail FROM access_event e"
        " JOIN device d ON d.id = e.device_id"
        " WHERE (%(device)s = '' OR e.device_id = %(device)s)"
        " AND (%(tenant)s::integer IS NULL OR d.tenant_id = %(tenant)s) ORDER BY e.id DESC LIMIT %(limit)s",
        {"device": device_id, "tenant": tenant, "limit": limit},
    ).fetchall()
    return [AccessEvent(*row) for row in rows]


def disabled(conn: Connection, tenant: int, device_id: str = "") -> list[Disabled]:
    """Return the devices of a tenant that are out of use for the time being, the latest first."""
    rows = conn.execute(
        "SELECT id, disabled_at, disabled_reason FROM device WHERE disabled_at IS NOT NULL"
        " AND tenant_id = %(tenant)s AND (%(device)s = '' OR id = %(device)s)"
        " ORDER BY disabled_at DESC, id LIMIT 1000",
        {"tenant": tenant, "device": device_id},
    ).fetchall()
    return [Disabled(*row) for row in rows]


def passwords(conn: Connection) -> dict[str, str]:
    """Return device → hash for all that the broker is to let in by password."""
    rows = conn.execute(
        "SELECT c.device_id, c.hash FROM device_credential c JOIN device d ON d.id = c.device_id"
        " WHERE c.kind = 'password' AND (c.revoked_at IS NULL OR c.revoked_at > clock_timestamp())"
        " AND d.retired_at IS NULL AND d.disabled_at IS NULL ORDER BY c.device_id"
    ).fetchall()
    return dict(rows)


def revoked_certificates(conn: Connection) -> list[Revoked]:
    """Return the certificates that are not good any more, or not for the time being, and have not ended."""
    rows = conn.execute(
        "SELECT c.serial, least(c.revoked_at, d.retired_at, d.disabled_at),"
        " (c.revoked_at IS NULL OR c.revoked_at > clock_timestamp()) AND d.retired_at IS NULL"
        " FROM device_credential c JOIN device d ON d.id = c.device_id"
        " WHERE c.kind = 'certificate' AND c.not_after > clock_timestamp()"
        " AND (c.revoked_at <= clock_timestamp() OR d.retired_at IS NOT NULL OR d.disabled_at IS NOT NULL)"
        " ORDER BY c.serial"
    ).fetchall()
    return [Revoked(*row) for row in rows]


def to_be_cut(conn: Connection, before: datetime) -> list[str]:
    """Return the devices with a credential revoked until then whose session the broker may still hold."""
    rows = conn.execute(
        "SELECT DISTINCT device_id FROM device_credential WHERE revoked_at <= %s"
        " AND cut_at IS NULL ORDER BY device_id",
        (before,),
    ).fetchall()
    return [row[0] for row in rows]


def locked_out(conn: Connection) -> set[str]:
    """Return the devices that are disabled and have credentials."""
    rows = conn.execute(
        "SELECT d.id FROM device d WHERE d.disabled_at IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM device_credential c WHERE c.device_id = d.id)"
    ).fetchall()
    return {row[0] for row in rows}


def note_cut(conn: Connection, devices: list[str], before: datetime) -> None:
    """Note that the broker ended what these devices had open by a credential revoked until ``before``."""
    conn.execute(
        "UPDATE device_credential SET cut_at = clock_timestamp() WHERE device_id = ANY(%s)"
        " AND revoked_at <= %s AND cut_at IS NULL",
        (devices, before),
    )
    for device in devices:
        _note(conn, device, "broker-access", "cut", "")


def _lock(conn: Connection, device_id: str) -> None:
    row = conn.execute(
        "SELECT retired_at IS NOT NULL FROM device WHERE id = %s FOR NO KEY UPDATE", (device_id,)
    ).fetchone()
    if row is None:
        raise _no_device(device_id)
    if row[0]:
        raise ConflictError(f"{device_id} is retired: bring it back with `zerodistance devices add` first.")


def _demand(conn: Connection, device_id: str) -> None:
    if conn.execute("SELECT 1 FROM device WHERE id = %s", (device_id,)).fetchone() is None:
        raise _no_device(device_id)


def _no_device(device_id: str) -> NotFoundError:
    return NotFoundError(f"There is no device {device_id!r}: `zerodistance devices list` shows them.")


def _note(conn: Connection, device_id: str, actor: str, action: str, detail: str) -> None:
    conn.execute(
        "INSERT INTO access_event (device_id, actor, action, detail) VALUES (%s, %s, %s, %s)",
        (device_id, actor, action, detail[:_LONGEST_DETAIL]),
    )


def _new_id() -> str:
    return secrets.token_hex(6)


def now(conn: Connection) -> datetime:
    """Return real time by the database's clock, which access is counted in."""
    row = conn.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return cast(datetime, row[0])
