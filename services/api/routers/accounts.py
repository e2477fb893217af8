"""Accounts, keys of partners, and the audit: for administrators."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Response

from services.account_schemas import (
    AccountCreate,
    AccountPage,
    AccountPublic,
    AccountUpdate,
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPublic,
    AuditEntry,
    AuditPage,
)
from services.accounts import audit, repository
from services.accounts.repository import Account, ApiKey
from services.accounts.roles import AccountRole
from services.api.dependencies import (
    AccountsReader,
    AccountsWriter,
    AuditReader,
    IfMatch,
    KeysReader,
    KeysWriter,
)
from services.api.paging import decode_cursor, encode_cursor, number, text
from services.api.unit import UnitRoute
from services.api.versions import check_seen, tag_version
from zerodistance.errors import ForbiddenError

router = APIRouter(route_class=UnitRoute, tags=["accounts"])

AccountId = Annotated[str, Path(max_length=64)]
KeyId = Annotated[str, Path(max_length=64)]


@router.get("/accounts")
def list_accounts(
    caller: AccountsReader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> AccountPage:
    """Return a page of accounts, by login."""
    after = decode_cursor("accounts", cursor, (text,))
    with caller.transaction() as conn:
        found = repository.listing(conn, caller.tenant, after=after[0] if after else "", limit=limit + 1)
    following = encode_cursor("accounts", [found[limit - 1].login]) if len(found) > limit else None
    return AccountPage(items=[_account(one) for one in found[:limit]], next=following)


@router.post("/accounts", status_code=201)
def post_account(wish: AccountCreate, caller: AccountsWriter, response: Response) -> AccountPublic:
    """Make an account."""
    with caller.transaction() as conn:
        made = repository.add(
            conn,
            caller.tenant,
            wish.login,
            [AccountRole(role) for role in wish.roles],
            created_by=caller.actor,
            name=wish.name,
            password=wish.password,
            engineer=wish.engineer_id,
            household=wish.household_id,
        )
    tag_version(response, made.version)
    return _account(made)


@router.get("/accounts/{account_id}")
def get_account(account_id: AccountId, caller: AccountsReader, response: Response) -> AccountPublic:
    """Return one account; its version is the ETag."""
    with caller.transaction() as conn:
        found = repository.get(conn, caller.tenant, account_id)
    said = _account(found)
    tag_version(response, found.version, said)  # who signs in makes no new version
    return said


@router.patch("/accounts/{account_id}")
def patch_account(
    account_id: AccountId,
    wish: AccountUpdate,
    caller: AccountsWriter,
    response: Response,
    if_match: IfMatch = None,
) -> AccountPublic:
    """Change an account: roles, name, out of use and back, a new password. Fewer rights hold at once."""
    if account_id == caller.identity.account and (wish.disabled or wish.roles is not None):
        raise ForbiddenError("Nobody takes their own rights away: another administrator does.")
    with caller.transaction() as conn:
        conn.execute("SELECT FROM private.account WHERE id = %s FOR UPDATE", (account_id,))
        seen = repository.get(conn, caller.tenant, account_id)
        check_seen("account", seen.version, wish.version, if_match)
        changed = repository.update(
            conn,
            seen,
            roles=[AccountRole(role) for role in wish.roles] if wish.roles is not None else None,
            name=wish.name,
            engineer=wish.engineer_id,
            disabled=wish.disabled,
            password=wish.password,
        )
    tag_version(response, changed.version)
    return _account(changed)


@router.get("/api-keys")
def list_keys(caller: KeysReader) -> list[ApiKeyPublic]:
    """Return the keys of partners, those in use first."""
    with caller.transaction() as conn:
        return [_key(one) for one in repository.keys(conn, caller.tenant)]


@router.post("/api-keys", status_code=201)
def post_key(wish: ApiKeyCreate, caller: KeysWriter, response: Response) -> ApiKeyCreated:
    """Make a key for a partner's program: its secret is in this answer and nowhere else."""
    response.headers["Cache-Control"] = "no-store"
    expires = wish.expires_at
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    with caller.transaction() as conn:
        key, made = repository.add_key(
            conn,
            caller.tenant,
            wish.name,
            wish.scopes,
            wish.households,
            created_by=caller.actor,
            expires_at=expires,
        )
    return ApiKeyCreated(**asdict(key), secret=made.secret)


@router.delete("/api-keys/{key_id}", status_code=204)
def delete_key(key_id: KeyId, caller: KeysWriter) -> None:
    """Revoke a key, at once and for good."""
    with caller.transaction() as conn:
        repository.revoke_key(conn, caller.tenant, key_id, actor=caller.actor)


@router.get("/audit")
def list_audit(
    caller: AuditReader,
    actor: Annotated[str, Query(max_length=200, description="staff:wang.wei, owner:home-1, …")] = "",
    action: Annotated[str, Query(max_length=100, description="move_ticket, login_failed, …")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> AuditPage:
    """Return who changed what through the API, the newest first."""
    before = decode_cursor("audit", cursor, (number,))
    with caller.transaction() as conn:
        found = audit.listing(
            conn,
            caller.tenant,
            actor=actor,
            action=action,
            before=before[0] if before else None,
            limit=limit + 1,
        )
    following = encode_cursor("audit", [found[limit - 1].id]) if len(found) > limit else None
    return AuditPage(items=[AuditEntry(**asdict(line)) for line in found[:limit]], next=following)


def _account(one: Account) -> AccountPublic:
    return AccountPublic(
        id=one.id,
        login=one.login,
        name=one.name,
        roles=cast(Any, one.roles),
        engineer_id=one.engineer_id,
        household_id=one.household_id,
        has_password=one.has_password,
        oidc=one.oidc_subject is not None,
        version=one.version,
        created_at=one.created_at,
        created_by=one.created_by,
        disabled_at=one.disabled_at,
        last_login_at=one.last_login_at,
    )


def _key(one: ApiKey) -> ApiKeyPublic:
    return ApiKeyPublic(**asdict(one))
