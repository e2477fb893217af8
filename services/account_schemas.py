"""What the API says and takes of accounts, sessions, keys and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.accounts.passwords import LONGEST, SHORTEST
from services.schemas import Model

RoleName = Literal["owner", "engineer", "dispatcher", "operator", "product", "partner", "admin"]
Login = Annotated[str, Field(min_length=1, max_length=64, examples=["wang.wei"])]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST)]
NewPassword = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Opaque = Annotated[str, Field(min_length=1, max_length=2048)]


class SignIn(Model):
    """Name and password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"login": "wang.wei", "password": "a long sentence of my own"}}
    )

    login: Login
    password: Password


class Refresh(Model):
    """The secret that renews a session, good once."""

    refresh_token: Opaque


class OidcBeginning(Model):
    """Where to send the browser, and what to keep until it comes back: none of the rest leaves the caller."""

    url: str
    state: str
    nonce: str
    code_verifier: str


class OidcFinish(Model):
    """What the browser brought back, and what was kept."""

    code: Opaque
    code_verifier: Opaque
    nonce: Opaque
    redirect_uri: Opaque


class SessionPublic(Model):
    """A session: send ``access_token`` as ``Authorization: Bearer``; it ends in ``expires_in`` seconds."""

    session: str
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    login: str
    name: str
    roles: list[RoleName]
    tenant: str


class Myself(Model):
    """Who the caller is, and what it may do."""

    actor: str
    login: str = ""
    name: str = ""
    roles: list[str]
    permissions: list[str]
    tenant: str
    reach: Literal["tenant", "engineer", "households"]
    engineer: str = ""
    region: str = ""
    households: list[str] = Field(default_factory=list)
    owner_link: str = Field("", description="for owners: their page, where they answer, rate and command")


class PasswordChange(Model):
    """A new password for oneself; every other session ends."""

    old_password: Password
    new_password: NewPassword


class AccountCreate(Model):
    """A new account. Without a password its holder signs in by OpenID Connect: the login is their address."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "login": "wang.wei",
                "name": "Wang Wei",
                "roles": ["engineer"],
                "engineer_id": "engineer-1",
                "password": "a long sentence of my own",
            }
        }
    )

    login: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
    name: Annotated[str, Field(max_length=200)] = ""
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=7)]
    password: NewPassword | None = None
    engineer_id: Annotated[str, Field(max_length=64)] | None = None
    household_id: Annotated[str, Field(max_length=200)] | None = None


class AccountUpdate(Model):
    """What to change; what is left out stays. ``version`` is what the caller saw (or send If-Match)."""

    version: int | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=7)] | None = None
    engineer_id: Annotated[str, Field(max_length=64)] | None = Field(None, description='"" takes it away')
    disabled: bool | None = None
    password: NewPassword | None = None


class AccountPublic(Model):
    """An account; its password is not shown, not even as a hash."""

    id: str
    login: str
    name: str
    roles: list[RoleName]
    engineer_id: str | None
    household_id: str | None
    has_password: bool
    oidc: bool = Field(description="has signed in at the OpenID Connect provider")
    version: int
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    last_login_at: datetime | None


class AccountPage(Model):
    """Accounts by login; ``next`` is the cursor of the next page."""

    items: list[AccountPublic]
    next: str | None


class ApiKeyCreate(Model):
    """A key for a partner's program: what it may do, and of which homes, which have agreed to it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "fresh-shop", "scopes": ["use:read"], "households": ["home-1"]}
        }
    )

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]
    scopes: Annotated[list[Literal["figures:read", "use:read"]], Field(min_length=1, max_length=10)]
    households: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=10_000)] = Field(
        default_factory=list
    )
    expires_at: datetime | None = None


class ApiKeyPublic(Model):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[str]
    households: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None


class ApiKeyCreated(ApiKeyPublic):
    """A new key: ``secret`` is in this answer and nowhere else."""

    secret: str


class AuditEntry(Model):
    """Who changed what, when, from where."""

    id: int
    time: datetime
    actor: str
    roles: list[str]
    action: str
    target: str
    address: str
    detail: dict[str, Any]


class AuditPage(Model):
    """Lines of the audit, the newest first; ``next`` is the cursor of the next page."""

    items: list[AuditEntry]
    next: str | None
