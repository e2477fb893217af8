"""Signing in and out: by name and password, or at an OpenID Connect provider; and who one is."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Response

from services.account_schemas import (
    Myself,
    OidcBeginning,
    OidcFinish,
    PasswordChange,
    Refresh,
    SessionPublic,
    SignIn,
)
from services.accounts import audit, oidc, repository, sessions
from services.accounts.passwords import matches
from services.accounts.sessions import SignedIn
from services.api.dependencies import AnybodyDep, Platform, PlatformDep, SelfDep
from services.api.remote import address
from services.api.unit import UnitRoute
from services.tokens import owner_link
from zerodistance.errors import ForbiddenError, UnauthenticatedError
from zerodistance.store.database import Connection

router = APIRouter(route_class=UnitRoute, tags=["sessions"])


@router.post("/sessions", status_code=201)
def post_session(wish: SignIn, platform: AnybodyDep, response: Response) -> SessionPublic:
    """Sign in with name and password. Tries that fail are slowed down by name and address (429)."""
    response.headers["Cache-Control"] = "no-store"
    login, where = wish.login.strip().lower(), address()
    with platform.unscoped() as conn:
        sessions.check_patience(conn, login, where)
        account, hashed = sessions.password_of(conn, login)
    if not matches(hashed, wish.password) or account is None:  # slow on purpose: no connection waits for it
        with platform.unscoped() as conn:
            sessions.note_failure(conn, login, where)
            audit.note(conn, platform.tenant(conn), f"unknown:{login}", "login_failed", address=where)
        raise sessions.wrong()
    with platform.unscoped() as conn:
        sessions.renew_hash(conn, account, hashed, wish.password)
        return _begin(conn, platform, sessions.begin(conn, platform.settings, account, where), "login")


@router.post("/sessions/refresh")
def post_refresh(wish: Refresh, platform: AnybodyDep, response: Response) -> SessionPublic:
    """Renew a session. A secret is good once: one that was used long ago ends the session for everybody."""
    response.headers["Cache-Control"] = "no-store"
    with platform.unscoped() as conn:
        renewed = sessions.refresh(conn, platform.settings, wish.refresh_token)
        said = _public(conn, renewed) if renewed is not None else None
    if said is None:
        raise UnauthenticatedError(
            "This refresh token was used before. Its session was ended, since somebody may have a copy: "
            "sign in again."
        )
    return said


@router.get("/sessions/oidc")
def get_oidc(
    platform: AnybodyDep,
    response: Response,
    redirect_uri: Annotated[str, Query(max_length=500, description="one of ZD_OIDC_REDIRECTS")],
) -> OidcBeginning:
    """Begin to sign in at the OpenID Connect provider (authorization code with PKCE)."""
    response.headers["Cache-Control"] = "no-store"
    begun = platform.provider.begin(redirect_uri)
    return OidcBeginning(
        url=begun.url, state=begun.state, nonce=begun.nonce, code_verifier=begun.code_verifier
    )


@router.post("/sessions/oidc", status_code=201)
def post_oidc(wish: OidcFinish, platform: AnybodyDep, response: Response) -> SessionPublic:
    """Finish to sign in at the OpenID Connect provider; who has no account here is refused."""
    response.headers["Cache-Control"] = "no-store"
    subject = platform.provider.finish(wish.code, wish.code_verifier, wish.nonce, wish.redirect_uri)
    with platform.unscoped() as conn:
        account = oidc.account_of(conn, subject)
        begun = sessions.begin(conn, platform.settings, account, address())
        return _begin(conn, platform, begun, "login_oidc")


@router.delete("/sessions/current", status_code=204)
def delete_session(caller: SelfDep) -> None:
    """Sign out: the session's tokens are of no use from now on."""
    if not caller.identity.session:
        raise ForbiddenError("Keys and the staff token have no session: a key is revoked.")
    with caller.transaction() as conn:
        sessions.end(conn, caller.identity.session)


@router.get("/me")
def get_me(caller: SelfDep, platform: PlatformDep) -> Myself:
    """Return who the caller is, and what it may do."""
    scope = caller.identity.scope
    with caller.transaction() as conn:
        tenant = _tenant(conn, caller.tenant)
        account = (
            repository.get(conn, caller.tenant, caller.identity.account) if caller.identity.account else None
        )
    home = account.household_id if account else None
    return Myself(
        actor=caller.actor,
        login=account.login if account else "",
        name=account.name if account else "",
        roles=sorted(caller.identity.roles),
        permissions=sorted(caller.identity.permissions),
        tenant=tenant,
        reach=scope.reach.value,
        engineer=scope.engineer,
        region=scope.region,
        households=list(scope.households),
        owner_link=owner_link(platform.settings, home) if home else "",
    )


@router.post("/me/password", status_code=204)
def post_password(wish: PasswordChange, caller: SelfDep, platform: PlatformDep) -> None:
    """Choose a new password; every other session of the account ends."""
    if not caller.identity.account:
        raise ForbiddenError("Only accounts have a password.")
    where = address()
    with platform.unscoped() as conn:
        account = repository.get(conn, caller.tenant, caller.identity.account)
        sessions.check_patience(conn, account.login, where)
        _, hashed = sessions.password_of(conn, account.login)
    if not matches(hashed, wish.old_password):
        with platform.unscoped() as conn:
            sessions.note_failure(conn, account.login, where)
        raise ForbiddenError("The old password is not right.")
    with caller.transaction() as conn:
        repository.set_password(conn, account, wish.new_password, but=caller.identity.session)


def _begin(conn: Connection, platform: Platform, begun: SignedIn, action: str) -> SessionPublic:
    account = begun.account
    actor = f"owner:{account.household_id}" if account.household_id else f"staff:{account.login}"
    audit.note(conn, account.tenant_id, actor, action, roles=account.roles, address=address())
    return _public(conn, begun)


def _public(conn: Connection, begun: SignedIn) -> SessionPublic:
    account = begun.account
    return SessionPublic(
        session=begun.session,
        access_token=begun.access_token,
        refresh_token=begun.refresh_token,
        expires_in=begun.expires_in,
        login=account.login,
        name=account.name,
        roles=cast(Any, account.roles),
        tenant=_tenant(conn, account.tenant_id),
    )


def _tenant(conn: Connection, tenant: int) -> str:
    row = conn.execute("SELECT name FROM tenant WHERE id = %s", (tenant,)).fetchone()
    return str(row[0]) if row is not None else ""
