"""What callers show: access tokens, refresh secrets, keys of partners.

An access token is signed and short-lived; what it stands for is looked up with each request, so that a
session that was ended, an account that was disabled or a role that was taken away ends at once. Refresh
secrets and keys are random, and kept as SHA-256: they have 256 bits, so that a slow hash would add nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from zerodistance.errors import UnauthenticatedError
from zerodistance.settings import Settings

ACCESS_S = 900
ACCESS, REFRESH, KEY = "zda_", "zdr_", "zdk_"
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as its holder gets it, once, and what is kept of it."""

    id: str
    secret: str
    hash: bytes


def access_token(settings: Settings, session_id: str) -> str:
    """Return a token that stands for a session for a quarter of an hour."""
    return ACCESS + _signer(settings).dumps(session_id)


def read_access_token(settings: Settings, token: str) -> str:
    """Return the session that a token stands for.

    Raises:
        UnauthenticatedError: we did not sign it, or its time is over.
    """
    try:
        session = _signer(settings).loads(token.removeprefix(ACCESS)[:_LONGEST], max_age=ACCESS_S)
    except SignatureExpired as error:
        raise UnauthenticatedError(
            "This access token has expired: get a new one at /api/v1/sessions/refresh."
        ) from error
    except BadSignature as error:
        raise UnauthenticatedError("This access token is not valid: sign in again.") from error
    if not isinstance(session, str):
        raise UnauthenticatedError("This access token is not valid: sign in again.")
    return session


def new_refresh_secret() -> str:
    """Return a secret that renews a session once."""
    return REFRESH + secrets.token_urlsafe(32)


def next_refresh_secret(settings: Settings, secret: str) -> str:
    """Return what follows a refresh secret: the same one for whoever asks again, the answer being lost."""
    made = hmac.digest(settings.secret_key.encode(), b"refresh " + secret.encode(), "sha256")
    return REFRESH + base64.urlsafe_b64encode(made).decode().rstrip("=")


def new_key() -> NewKey:
    """Return a new API key: its id is part of it, so that it is found without looking through all."""
    identity = secrets.token_hex(6)
    secret = f"{KEY}{identity}_{secrets.token_urlsafe(32)}"
    return NewKey(identity, secret, digest(secret))


def key_id(secret: str) -> str:
    """Return the id in a key; "" if it is none.

    >>> key_id("zdk_0123456789ab_secret"), key_id("zdk_")
    ('0123456789ab', '')
    """
    return secret.removeprefix(KEY).partition("_")[0][:64]


def digest(secret: str) -> bytes:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).digest()


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt="access")
