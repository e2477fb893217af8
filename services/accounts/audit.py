"""Who changed what, when, from where: one line for each change, in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.accounts.identity import Identity
from zerodistance.store.database import Connection

# Fields of a request that are never written anywhere.
SECRET = frozenset(
    {"password", "old_password", "new_password", "refresh_token", "code", "code_verifier", "secret", "csr"}
)
_LONGEST_TEXT, _LONGEST_BODY = 500, 4000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the audit."""

    id: int
    time: datetime
    actor: str
    roles: list[str]
    action: str
    target: str
    address: str
    detail: dict[str, Any]


def write(
    conn: Connection, identity: Identity, action: str, target: str, address: str, detail: Mapping[str, Any]
) -> None:
    """Add a line in the transaction of the change."""
    note(
        conn,
        identity.scope.tenant,
        identity.actor,
        action,
        roles=sorted(identity.roles),
        target=target,
        address=address,
        detail=detail,
    )


def note(
    conn: Connection,
    tenant: int,
    actor: str,
    action: str,
    *,
    roles: Sequence[str] = (),
    target: str = "",
    address: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line about somebody who is not signed in, or not by the API."""
    conn.execute(
        "INSERT INTO audit (tenant_id, actor, roles, action, target, address, detail)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (tenant, actor[:200], list(roles), action, target[:500], address, Jsonb(dict(detail or {}))),
    )


def listing(
    conn: Connection, tenant: int, *, actor: str = "", action: str = "", before: int | None = None, limit: int
) -> list[AuditLine]:
    """Return lines, the newest first, beginning below the line ``before``."""
    with conn.cursor(row_factory=class_row(AuditLine)) as cursor:
        return cursor.execute(
            "SELECT id, time, actor, roles, action, target, address, detail FROM audit"
            " WHERE tenant_id = %(tenant)s AND (%(actor)s = '' OR actor = %(actor)s)"
            " AND (%(action)s = '' OR action = %(action)s)"
            " AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
            {"tenant": tenant, "actor": actor, "action": action, "before": before, "limit": limit},
        ).fetchall()


def told(body: bytes) -> dict[str, Any]:
    """Return what a request asked for, without its secrets, cut to a size that a line can bear.

    >>> told(b'{"to": "planned", "password": "x"}')
    {'to': 'planned', 'password': '…'}
    >>> told(b"not JSON")
    {}
    """
    try:
        said = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    shown = _shown(said) if isinstance(said, dict) else {"items": len(said) if isinstance(said, list) else 1}
    if len(json.dumps(shown)) > _LONGEST_BODY:
        return {"fields": sorted(str(name)[:64] for name in said)[:50]}
    return shown


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            str(k).replace("\0", ""): "…" if k in SECRET and v is not None else _shown(v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value.replace("\0", "")[:_LONGEST_TEXT] if isinstance(value, str) else value
