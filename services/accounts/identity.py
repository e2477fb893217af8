"""Who is calling: an account, a partner's key, or the platform's own programs with the staff token."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

from services.accounts.roles import AccountRole, Permission, capacities_of, permissions_of
from services.accounts.scope import Reach, Scope
from services.accounts.tokens import ACCESS, KEY, digest, key_id, read_access_token
from services.tickets.lifecycle import Role as Capacity
from zerodistance.errors import SettingsError, UnauthenticatedError
from zerodistance.settings import Settings
from zerodistance.store.database import Connection

# Roles whose holders see all of their tenant.
_WHOLE_TENANT = frozenset(
    {
        AccountRole.DISPATCHER,
        AccountRole.OPERATOR,
        AccountRole.PRODUCT,
        AccountRole.ADMIN,
        AccountRole.MACHINE,
    }
)
_ACTOR = re.compile(r"[\w.@-]{1,64}", re.ASCII)
_NAMELESS = "Send an access token, an API key or the staff token as Authorization: Bearer …"


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller that is known.

    Attributes:
        principal: unique name, for limits and idempotency keys.
        actor: what histories and the audit say.
        scope: which rows are seen.
        permissions: what may be done.
        account: id of the account; "" for keys, owner links and the staff token.
        session: id of the session; "" without one.
    """

    principal: str
    actor: str
    scope: Scope
    roles: frozenset[AccountRole]
    permissions: frozenset[Permission] = field(repr=False)
    account: str = ""
    session: str = ""

    @property
    def capacities(self) -> frozenset[Capacity]:
        """What the life cycle of a ticket knows the caller as."""
        return capacities_of(self.roles)


def identify(conn: Connection, settings: Settings, token: str, actor: str | None = None) -> Identity:
    """Return who shows a token.

    Args:
        conn: not bound to a scope: it is not known yet.
        settings: for the key that signs, and the staff token.
        token: as it came behind ``Bearer``.
        actor: on whose behalf a program acts, by its own word; taken from the staff token's holder only.

    Raises:
        UnauthenticatedError: nobody whom we know.
    """
    if not token:
        raise UnauthenticatedError(_NAMELESS)
    if token.startswith(ACCESS):
        return _of_session(conn, read_access_token(settings, token))
    if token.startswith(KEY):
        return _of_key(conn, token)
    if not hmac.compare_digest(token.encode(), settings.staff_token.encode()):
        raise UnauthenticatedError(_NAMELESS)
    said = f"staff:{actor}" if actor and _ACTOR.fullmatch(actor) else "staff"
    roles = frozenset({AccountRole.MACHINE})
    scope = Scope(tenant_of(conn, settings.tenant))
    return Identity("staff-token", said, scope, roles, permissions_of(roles))


def of_household(conn: Connection, household: str) -> Identity:
    """Return the owner whom a home's link stands for.

    Raises:
        UnauthenticatedError: there is no such home any more.
    """
    row = conn.execute("SELECT tenant_id FROM household WHERE id = %s", (household,)).fetchone()
    if row is None:
        raise UnauthenticatedError("This link is not valid any more: ask your service team for a new one.")
    scope = Scope(row[0], Reach.HOUSEHOLDS, households=(household,))
    roles = frozenset({AccountRole.OWNER})
    actor = f"owner:{household}"
    return Identity(actor, actor, scope, roles, permissions_of(roles))


def tenant_of(conn: Connection, name: str) -> int:
    """Return the tenant of a name.

    Raises:
        SettingsError: there is none.
    """
    row = conn.execute("SELECT id FROM tenant WHERE name = %s", (name,)).fetchone()
    if row is None:
        raise SettingsError(f"ZD_TENANT={name} is no tenant: `zerodistance users tenant {name}` makes it.")
    return int(row[0])


def _of_session(conn: Connection, session: str) -> Identity:
    row = conn.execute(
        "SELECT a.id, a.tenant_id, a.login, a.roles, a.engineer_id, a.household_id, coalesce(e.region, '')"
        " FROM private.session s JOIN private.account a ON a.id = s.account_id"
        " LEFT JOIN engineer e ON e.id = a.engineer_id"
        " WHERE s.id = %s AND s.ended_at IS NULL AND s.expires_at > now() AND a.disabled_at IS NULL",
        (session,),
    ).fetchone()
    if row is None:
        raise UnauthenticatedError("This session has ended: sign in again.")
    account, tenant, login, names, engineer, household, region = row
    roles = frozenset(AccountRole(name) for name in names)
    scope = scope_of(tenant, roles, engineer or "", region, household or "")
    actor = f"owner:{household}" if household else f"staff:{login}"
    return Identity(f"account:{account}", actor, scope, roles, permissions_of(roles), account, session)


def scope_of(tenant: int, roles: frozenset[AccountRole], engineer: str, region: str, household: str) -> Scope:
    """Return what holders of these roles see.

    An engineer without a region goes everywhere, and sees the tenant; one with a region sees it, and the
    own tickets wherever they are. Nobody else sees anything: a partner's account has no homes.
    """
    if roles & _WHOLE_TENANT:
        return Scope(tenant)
    if AccountRole.ENGINEER in roles and engineer:
        return Scope(tenant, Reach.ENGINEER, engineer, region) if region else Scope(tenant)
    return Scope(tenant, Reach.HOUSEHOLDS, households=(household,) if household else ())


def _of_key(conn: Connection, secret: str) -> Identity:
    row = conn.execute(
        "UPDATE private.api_key SET last_used_at = now() WHERE id = %s AND secret_hash = %s"
        " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
        " RETURNING id, tenant_id, name, scopes, households",
        (key_id(secret), digest(secret)),
    ).fetchone()
    if row is None:
        raise UnauthenticatedError("This API key is not known, has expired or was revoked.")
    identity, tenant, name, scopes, households = row
    roles = frozenset({AccountRole.PARTNER})
    permissions = permissions_of(roles) & {*(Permission(scope) for scope in scopes), Permission.SELF}
    scope = Scope(tenant, Reach.HOUSEHOLDS, households=tuple(households))
    return Identity(f"key:{identity}", f"partner:{name}", scope, roles, frozenset(permissions))
