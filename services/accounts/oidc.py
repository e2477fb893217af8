"""Signing in at an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0; RFC 7636).

The caller (the console, a program of the staff) sends the person's browser to the address that :meth:`begin`
gives, gets it back with a code, and hands the code to :meth:`finish` with what it kept meanwhile. Who may
come in is decided here, not there: a person without an account is refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt

from services.accounts import repository
from services.accounts.repository import Account
from zerodistance.errors import InvalidMessageError, NotFoundError, UnauthenticatedError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import Connection

# Signatures by a key that only the provider has. None, and none with a shared secret.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_TIMEOUT_S = 10.0
_LEEWAY_S = 30
_SCOPES = "openid email profile"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the caller keeps until the browser comes back; only ``url`` leaves it."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Who signed in, as the provider says."""

    issuer: str
    subject: str
    email: str
    """Empty if the provider does not vouch for it."""


class Provider:
    """An OpenID Connect provider; what it says of itself is read once, its keys again when one is new."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id, self._secret = settings.oidc_client_id, settings.oidc_client_secret
        self._redirects = frozenset(part for part in settings.oidc_redirects.split(",") if part)
        self._http = http or httpx.Client(timeout=_TIMEOUT_S)
        self._lock = threading.Lock()
        self._about: dict[str, str] = {}
        self._keys: dict[str, jwt.PyJWK] = {}

    def begin(self, redirect_uri: str) -> Beginning:
        """Return where to send the browser.

        Raises:
            NotFoundError: no provider is set.
            InvalidMessageError: ``redirect_uri`` is none of ZD_OIDC_REDIRECTS.
            UnavailableError: the provider does not answer.
        """
        self._check(redirect_uri)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": _SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return Beginning(
            f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", state, nonce, verifier
        )

    def finish(self, code: str, code_verifier: str, nonce: str, redirect_uri: str) -> Subject:
        """Return who came back with a code.

        Raises:
            UnauthenticatedError: the provider does not take the code, or its word does not hold.
            UnavailableError: the provider does not answer.
        """
        self._check(redirect_uri)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._client_id,
            "code_verifier": code_verifier,
        }
        basic = httpx.BasicAuth(self._client_id, self._secret) if self._secret else None
        said = self._call("POST", self._endpoint("token_endpoint"), data=form, auth=basic)
        claims = self._claims(str(said.get("id_token", "")))
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise UnauthenticatedError("This sign-in was begun elsewhere: begin again.")
        email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
        return Subject(self._issuer, str(claims["sub"]), email.strip().lower())

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._client_id,
                issuer=self._about["issuer"],
                leeway=_LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"What the provider says of you does not hold: {error}.") from error
        # A token for several parties says for which of them it was made (Core 1.0, section 3.1.3.7).
        if claims.get("azp", self._client_id) != self._client_id:
            raise UnauthenticatedError("What the provider says of you was meant for somebody else.")
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        with self._lock:
            if kid not in self._keys:
                said = self._call("GET", self._endpoint("jwks_uri"))
                self._keys = {str(key.key_id or ""): key for key in jwt.PyJWKSet.from_dict(said).keys}
            if kid not in self._keys:
                raise UnauthenticatedError("The provider has signed with a key that it does not publish.")
            return self._keys[kid]

    def _endpoint(self, name: str) -> str:
        if not self._about:
            said = self._call("GET", f"{self._issuer}/.well-known/openid-configuration")
            if str(said.get("issuer", "")).rstrip("/") != self._issuer:
                raise UnavailableError(
                    f"The provider at ZD_OIDC_ISSUER={self._issuer} calls itself {said.get('issuer')!r}."
                )
            self._about = {key: value for key, value in said.items() if isinstance(value, str)}
        address = self._about.get(name, "")
        if urlsplit(address).scheme != "https" and not _is_local(address):
            raise UnavailableError(f"The provider names no {name} under https.")
        return address

    def _call(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, address, headers={"Accept": "application/json"}, **more)
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnavailableError(f"The provider does not answer: {type(error).__name__}.") from error
        if answer.status_code >= 500:
            raise UnavailableError(f"The provider answers {answer.status_code}.")
        if answer.status_code >= 400:
            reason = said.get("error", "") if isinstance(said, dict) else ""
            raise UnauthenticatedError(f"The provider refused: {str(reason)[:100] or answer.status_code}.")
        if not isinstance(said, dict):
            raise UnavailableError("The provider answers something else than OpenID Connect.")
        return said

    def _check(self, redirect_uri: str) -> None:
        if not self._issuer:
            raise NotFoundError("No OpenID Connect provider is set: sign in with name and password.")
        if redirect_uri not in self._redirects:
            raise InvalidMessageError("wrong_shape", "This redirect_uri is none of ZD_OIDC_REDIRECTS.")


def account_of(conn: Connection, subject: Subject) -> Account:
    """Return the account of whoever signed in at the provider.

    The first time an account is found by the address that the provider vouches for, if that is its login;
    from then on by the provider's own id, which is given to nobody else.

    Raises:
        UnauthenticatedError: there is none, or it is disabled.
    """
    row = conn.execute(
        "SELECT id, tenant_id FROM private.account WHERE oidc_issuer = %s AND oidc_subject = %s"
        " AND disabled_at IS NULL",
        (subject.issuer, subject.subject),
    ).fetchone()
    if row is None and subject.email:
        row = conn.execute(
            "UPDATE private.account SET oidc_issuer = %s, oidc_subject = %s, version = version + 1"
            " WHERE login = %s AND oidc_subject IS NULL AND disabled_at IS NULL RETURNING id, tenant_id",
            (subject.issuer, subject.subject, subject.email),
        ).fetchone()
    if row is None:
        raise UnauthenticatedError("Nobody here has this identity: ask an administrator for an account.")
    return repository.get(conn, row[1], row[0])


def _is_local(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
