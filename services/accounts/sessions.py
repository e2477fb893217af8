"""Signing in, staying signed in, signing out; and patience with whoever guesses."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import ClassVar

from services.accounts import repository
from services.accounts.passwords import hash_password, is_outdated
from services.accounts.repository import Account
from services.accounts.tokens import ACCESS_S, access_token, digest, new_refresh_secret, next_refresh_secret
from zerodistance.errors import UnauthenticatedError, ZeroDistanceError
from zerodistance.settings import Settings
from zerodistance.store.database import Connection

# A working day: whoever has not been there for longer signs in again.
IDLE_S = 12 * 3600
LONGEST_S = 7 * 86_400
_WRONG = "Name or password is not right."
# (of whom, how many failures, within how many seconds). One address that tries one name is slowed down
# first; a name that many addresses try is slowed down late, so that strangers cannot keep its holder out.
_PATIENCE = (("both", 5, 60), ("address", 30, 300), ("login", 100, 900))
# Whoever renews twice within so many seconds had no answer the first time, and gets the same one.
_AGAIN_S = 30
# Kept as long as the longest patience reaches, and a little for whoever looks into it.
_KEPT = "1 day"


class TooManyRequestsError(ZeroDistanceError):
    """Somebody asks for more, or guesses more, than anybody may.

    Attributes:
        retry_after_s: seconds after which another try is sensible.
    """

    code: ClassVar[str] = "too_many_requests"
    http_status: ClassVar[int] = 429

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session as its holder gets it."""

    account: Account
    session: str
    access_token: str
    refresh_token: str
    expires_in: int = ACCESS_S


def check_patience(conn: Connection, login: str, address: str) -> None:
    """Return if another try is allowed.

    Raises:
        TooManyRequestsError: too many tries failed lately.
    """
    for whose, limit, window in _PATIENCE:
        row = conn.execute(
            "SELECT count(*), %(window)s - extract(epoch FROM now() - min(time))::float8 FROM ("
            " SELECT time FROM private.failed_login WHERE (%(whose)s = 'address' OR login = %(login)s)"
            " AND (%(whose)s = 'login' OR address = %(address)s)"
            " AND time > now() - make_interval(secs => %(window)s) ORDER BY time DESC LIMIT %(limit)s) f",
            {"whose": whose, "login": login, "address": address, "window": window, "limit": limit},
        ).fetchone()
        if row is not None and row[0] >= limit:
            wait_s = max(float(row[1]), 1.0)
            raise TooManyRequestsError(f"Too many tries failed. Try again in {wait_s:.0f} seconds.", wait_s)


def note_failure(conn: Connection, login: str, address: str) -> None:
    """Remember a try that failed."""
    conn.execute("DELETE FROM private.failed_login WHERE time < now() - %s::interval", (_KEPT,))
    conn.execute(
        "INSERT INTO private.failed_login (time, login, address) VALUES (clock_timestamp(), %s, %s)",
        (login, address),
    )


def password_of(conn: Connection, login: str) -> tuple[Account | None, str | None]:
    """Return the account that signs in with this name and the hash of its password; None for what is not."""
    row = conn.execute(
        "SELECT id, tenant_id, password_hash FROM private.account WHERE login = %s AND disabled_at IS NULL",
        (login,),
    ).fetchone()
    if row is None:
        return None, None
    return repository.get(conn, row[1], row[0]), row[2]


def renew_hash(conn: Connection, account: Account, hashed: str | None, password: str) -> None:
    """Hash a password anew, where that is done better today than when it was chosen."""
    if hashed is not None and is_outdated(hashed):
        conn.execute(
            "UPDATE private.account SET password_hash = %s WHERE id = %s",
            (hash_password(password, short=True), account.id),
        )


def begin(conn: Connection, settings: Settings, account: Account, address: str) -> SignedIn:
    """Begin a session; those that ended long ago are forgotten."""
    identity, secret = secrets.token_urlsafe(16), new_refresh_secret()
    conn.execute(
        "DELETE FROM private.session WHERE account_id = %s"
        " AND coalesce(ended_at, expires_at) < now() - interval '30 days'",
        (account.id,),
    )
    conn.execute(
        "DELETE FROM private.failed_login WHERE login = %s AND address = %s", (account.login, address)
    )
    conn.execute(
        "INSERT INTO private.session (id, account_id, tenant_id, refresh_hash, expires_at, address)"
        " VALUES (%s, %s, %s, %s, now() + make_interval(secs => %s), %s)",
        (identity, account.id, account.tenant_id, digest(secret), IDLE_S, address),
    )
    conn.execute("UPDATE private.account SET last_login_at = now() WHERE id = %s", (account.id,))
    return SignedIn(account, identity, access_token(settings, identity), secret)


def refresh(conn: Connection, settings: Settings, secret: str) -> SignedIn | None:
    """Renew a session by its secret, which is good once.

    Returns:
        The session with its next secret; None if this secret was used long ago. Somebody has a copy then:
        the session was ended, and the caller has to commit that before it refuses.

    Raises:
        UnauthenticatedError: it is no secret of ours, or its session has ended.
    """
    hashed, following = digest(secret), next_refresh_secret(settings, secret)
    row = conn.execute(
        "SELECT s.id, a.id, a.tenant_id, s.refresh_hash = %(hash)s,"
        " s.refresh_hash = %(next)s AND s.refreshed_at > now() - make_interval(secs => %(again)s),"
        " s.ended_at IS NULL AND s.expires_at > now() AND a.disabled_at IS NULL"
        " FROM private.session s JOIN private.account a ON a.id = s.account_id"
        " WHERE s.refresh_hash = %(hash)s OR s.previous_hash = %(hash)s FOR UPDATE OF s",
        {"hash": hashed, "next": digest(following), "again": _AGAIN_S},
    ).fetchone()
    if row is None or not row[5]:
        raise UnauthenticatedError("This session has ended: sign in again.")
    session, account, tenant, is_current, is_repeat, _ = row
    if is_current:
        conn.execute(
            "UPDATE private.session SET refresh_hash = %s, previous_hash = refresh_hash,"
            " refreshed_at = now(), expires_at = least(now() + make_interval(secs => %s),"
            " created_at + make_interval(secs => %s)) WHERE id = %s",
            (digest(following), IDLE_S, LONGEST_S, session),
        )
    elif not is_repeat:
        conn.execute(
            "UPDATE private.session SET ended_at = now(), ended_why = 'refresh secret used twice'"
            " WHERE id = %s",
            (session,),
        )
        return None
    found = repository.get(conn, tenant, account)
    return SignedIn(found, session, access_token(settings, session), following)


def end(conn: Connection, session: str) -> None:
    """Sign out."""
    conn.execute(
        "UPDATE private.session SET ended_at = now(), ended_why = 'signed out'"
        " WHERE id = %s AND ended_at IS NULL",
        (session,),
    )


def wrong() -> UnauthenticatedError:
    """Return the refusal that says neither whether there is such an account nor what was wrong."""
    return UnauthenticatedError(_WRONG)
