"""Accounts and keys, row by row."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from services.accounts.passwords import hash_password
from services.accounts.roles import GIVEN, PARTNER_SCOPES, AccountRole
from services.accounts.tokens import NewKey, new_key
from zerodistance.errors import ConflictError, InvalidMessageError, NotFoundError
from zerodistance.store.database import Connection


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its password."""

    id: str
    tenant_id: int
    login: str
    name: str
    roles: list[str]
    engineer_id: str | None
    household_id: str | None
    has_password: bool
    oidc_issuer: str | None
    oidc_subject: str | None
    version: int
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A partner's key without its secret."""

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


_COLUMNS = (
    "id, tenant_id, login, name, roles, engineer_id, household_id, password_hash IS NOT NULL AS has_password,"
    " oidc_issuer, oidc_subject, version, created_at, created_by, disabled_at, last_login_at"
)
_KEY = (
    "id, name, scopes, households, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at"
)


def add(
    conn: Connection,
    tenant: int,
    login: str,
    roles: Sequence[AccountRole],
    *,
    created_by: str,
    name: str = "",
    password: str | None = None,
    engineer: str | None = None,
    household: str | None = None,
    oidc: tuple[str, str] | None = None,
    short: bool = False,
) -> Account:
    """Make an account.

    Args:
        conn: the caller's transaction.
        tenant: the brand that it belongs to.
        login: by which it signs in; taken in lower case, unique over all tenants.
        roles: one or more; owner and partner stand alone.
        created_by: actor, for the record.
        name: of the person.
        password: None for somebody who signs in elsewhere, or later.
        engineer: for engineers, whose tickets and region they see.
        household: for owners, which home.
        oidc: issuer and subject of an OpenID Connect provider.
        short: take any password; for the demo, whose password stands in its own output.

    Raises:
        ConflictError: the login, or the subject, has an account.
        InvalidMessageError: the parts do not go together; the sentence says which.
    """
    login = login.strip().lower()
    check(conn, tenant, roles, engineer, household)
    hashed = hash_password(password, short=short) if password is not None else None
    issuer, subject = oidc or (None, None)
    try:
        with conn.transaction():
            row = conn.execute(
                "INSERT INTO private.account (id, tenant_id, login, name, roles, engineer_id, household_id,"
                " password_hash, oidc_issuer, oidc_subject, created_by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (secrets.token_hex(8), tenant, login, name, _names(roles), engineer, household, hashed,
                 issuer, subject, created_by),
            ).fetchone()  # fmt: skip
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError(f"There is an account for {login!r} already.") from error
    except psycopg.errors.CheckViolation as error:
        raise InvalidMessageError(
            "login", "A login has up to 64 small letters, digits and . _ @ -, and begins with none of these."
        ) from error
    if row is None:
        raise ConflictError(f"There is an account for {login!r} already.")
    return get(conn, tenant, row[0])


def check(
    conn: Connection, tenant: int, roles: Sequence[AccountRole], engineer: str | None, household: str | None
) -> None:
    """Return if these can be an account's.

    Raises:
        InvalidMessageError: otherwise, with the reason.
    """
    wanted = set(roles)
    if not wanted or AccountRole.MACHINE in wanted:
        raise _refused(f"An account has one or more of the roles {', '.join(GIVEN)}.")
    if wanted & {AccountRole.OWNER, AccountRole.PARTNER} and len(wanted) > 1:
        raise _refused("Owners and partners are nothing else besides: give them an account of their own.")
    if (AccountRole.OWNER in wanted) != (household is not None):
        raise _refused("An owner has a household, and nobody else has.")
    if wanted == {AccountRole.ENGINEER} and engineer is None:
        raise _refused("An engineer's account names the engineer whose tickets it sees.")
    for what, value in (("engineer", engineer), ("household", household)):
        if value is not None and not _is_of(conn, tenant, what, value):
            raise _refused(f"There is no {what} {value!r}.")


def get(conn: Connection, tenant: int, account_id: str) -> Account:
    """Return one account.

    Raises:
        NotFoundError: there is none, or it is another tenant's.
    """
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM private.account WHERE id = %s AND tenant_id = %s",  # noqa: S608
            (account_id, tenant),
        ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no account {account_id!r}.")
    return row


def by_login(conn: Connection, login: str) -> Account | None:
    """Return the account of a login, of whatever tenant."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM private.account WHERE login = %s",  # noqa: S608
            (login.strip().lower(),),
        ).fetchone()


def listing(conn: Connection, tenant: int, *, after: str = "", limit: int = 50) -> list[Account]:
    """Return accounts by login, beginning behind ``after``."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM private.account WHERE tenant_id = %s AND login > %s"  # noqa: S608
            " ORDER BY login LIMIT %s",
            (tenant, after, limit),
        ).fetchall()


def update(
    conn: Connection,
    account: Account,
    *,
    roles: Sequence[AccountRole] | None = None,
    name: str | None = None,
    engineer: str | None = None,
    disabled: bool | None = None,
    password: str | None = None,
) -> Account:
    """Change an account as it was seen; what is None stays. Less than before ends its sessions.

    Raises:
        ConflictError: somebody else changed it meanwhile.
        InvalidMessageError: the parts do not go together.
    """
    given = [AccountRole(role) for role in account.roles] if roles is None else list(roles)
    engineer = account.engineer_id if engineer is None else engineer or None
    check(conn, account.tenant_id, given, engineer, account.household_id)
    hashed = hash_password(password) if password is not None else None
    changed = conn.execute(
        "UPDATE private.account SET roles = %s, name = coalesce(%s, name), engineer_id = %s,"
        " password_hash = coalesce(%s, password_hash), version = version + 1,"
        " disabled_at = CASE WHEN %s::boolean IS NULL THEN disabled_at"
        " WHEN %s THEN coalesce(disabled_at, now()) END WHERE id = %s AND version = %s",
        (_names(given), name, engineer, hashed, disabled, disabled, account.id, account.version),
    )
    if changed.rowcount == 0:
        raise ConflictError(f"Somebody else changed the account {account.login!r} meanwhile: read it again.")
    if disabled or password is not None:
        end_sessions(conn, account.id, "disabled" if disabled else "password changed")
    return get(conn, account.tenant_id, account.id)


def set_password(conn: Connection, account: Account, password: str, *, but: str = "") -> None:
    """Give an account a new password; its sessions end, all but one if it is named.

    Raises:
        InvalidMessageError: it is too short.
    """
    conn.execute(
        "UPDATE private.account SET password_hash = %s, version = version + 1 WHERE id = %s",
        (hash_password(password), account.id),
    )
    end_sessions(conn, account.id, "password changed", but=but)


def end_sessions(conn: Connection, account_id: str, why: str, *, but: str = "") -> int:
    """End the sessions of an account, all but one if it is named; return how many."""
    return conn.execute(
        "UPDATE private.session SET ended_at = now(), ended_why = %s"
        " WHERE account_id = %s AND ended_at IS NULL AND id <> %s",
        (why, account_id, but),
    ).rowcount


def keys(conn: Connection, tenant: int) -> list[ApiKey]:
    """Return a tenant's keys, those in use first."""
    with conn.cursor(row_factory=class_row(ApiKey)) as cursor:
        return cursor.execute(
            f"SELECT {_KEY} FROM private.api_key WHERE tenant_id = %s"  # noqa: S608
            " ORDER BY revoked_at IS NOT NULL, name, id LIMIT 1000",
            (tenant,),
        ).fetchall()


def add_key(
    conn: Connection,
    tenant: int,
    name: str,
    scopes: Sequence[str],
    households: Sequence[str],
    *,
    created_by: str,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, NewKey]:
    """Make a key for a partner: its secret is returned here and kept nowhere.

    Raises:
        ConflictError: there is a key of that name.
        InvalidMessageError: a scope that no partner has, or a home that is not the tenant's.
    """
    beyond = sorted(set(scopes) - set(PARTNER_SCOPES))
    if beyond or not scopes:
        raise _refused(f"A key may have {', '.join(PARTNER_SCOPES)}.")
    for household in households:
        if not _is_of(conn, tenant, "household", household):
            raise _refused(f"There is no household {household!r}.")
    made = new_key()
    try:
        with conn.transaction():
            conn.execute(
                "INSERT INTO private.api_key"
                " (id, tenant_id, name, secret_hash, scopes, households, created_by, expires_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (made.id, tenant, name, made.hash, sorted(set(scopes)), sorted(set(households)), created_by,
                 expires_at),
            )  # fmt: skip
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError(f"There is a key {name!r}: revoke it first, or choose another name.") from error
    return next(key for key in keys(conn, tenant) if key.id == made.id), made


def revoke_key(conn: Connection, tenant: int, key_id: str, *, actor: str) -> None:
    """Revoke a key; one that is revoked stays so.

    Raises:
        NotFoundError: there is none.
    """
    done = conn.execute(
        "UPDATE private.api_key SET revoked_at = coalesce(revoked_at, now()),"
        " revoked_by = coalesce(revoked_by, %s) WHERE id = %s AND tenant_id = %s",
        (actor, key_id, tenant),
    )
    if done.rowcount == 0:
        raise NotFoundError(f"There is no API key {key_id!r}.")


def _is_of(conn: Connection, tenant: int, what: str, value: str) -> bool:
    query = {
        "engineer": "SELECT FROM engineer WHERE id = %s AND tenant_id = %s",
        "household": "SELECT FROM household WHERE id = %s AND tenant_id = %s",
    }[what]
    return conn.execute(query, (value, tenant)).fetchone() is not None


def _names(roles: Sequence[AccountRole]) -> list[str]:
    return [role.value for role in GIVEN if role in roles]


def _refused(sentence: str) -> InvalidMessageError:
    return InvalidMessageError("wrong_shape", sentence)
