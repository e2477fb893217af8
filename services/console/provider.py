"""Signing in at an OpenID Connect provider, as the console sees it: where to come back to, and what it keeps.

The API speaks to the provider (:mod:`services.accounts.oidc`). The console sends the browser there and keeps,
signed and in the browser's own cookie, what shows afterwards that it is the same browser that comes back.
"""

from __future__ import annotations

import hmac
from dataclasses import astuple, dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from zerodistance.settings import Settings

BACK = "/login/oidc"
_COOKIE = "zd_oidc"
# As long as somebody may take at the provider: to look for a second factor, say.
_PATIENCE_S = 600


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that has been begun in this browser.

    Attributes:
        state: that the provider sends back along with the code.
        nonce: that the provider's word has to hold.
        verifier: of the code (RFC 7636).
        redirect: the address that the provider sends the browser back to.
        target: the page that was asked for.
    """

    state: str
    nonce: str
    verifier: str
    redirect: str
    target: str

    def is_of(self, state: str) -> bool:
        """Tell whether what came back belongs to this sign-in."""
        return hmac.compare_digest(self.state.encode(), state.encode())


def redirect_for(settings: Settings, host: str) -> str:
    """Return where the provider should send a browser back to that is at ``host`` now; "" if nowhere.

    Of ``ZD_OIDC_REDIRECTS`` the console's own are those that end in ``/login/oidc``.

    >>> both = "https://a.example/login/oidc,https://b.example/login/oidc,https://c.example/other"
    >>> given = Settings(_env_file=None, oidc_issuer="https://id.example", oidc_redirects=both)
    >>> redirect_for(given, "b.example"), redirect_for(given, "c.example")
    ('https://b.example/login/oidc', '')
    """
    if not settings.oidc_issuer:
        return ""
    for address in settings.oidc_redirects.split(","):
        parts = urlsplit(address)
        if parts.path == BACK and parts.netloc == host:
            return address
    return ""


class Waiting:
    """The sign-ins that wait for their browser to come back, each in a cookie of that browser."""

    def __init__(self, settings: Settings) -> None:
        self._signer = URLSafeTimedSerializer(settings.secret_key, salt="console-oidc")

    def keep(self, request: Request, response: Response, pending: Pending) -> None:
        """Keep a sign-in in the browser; it has to come along from the provider's site, so it is lax."""
        response.set_cookie(
            _COOKIE,
            self._signer.dumps(astuple(pending)),
            max_age=_PATIENCE_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
            path=BACK,
        )

    def read(self, request: Request) -> Pending | None:
        """Return what the browser kept, None if nothing, or nothing of ours, or too long ago."""
        try:
            state, nonce, verifier, redirect, target = self._signer.loads(
                request.cookies.get(_COOKIE, ""), max_age=_PATIENCE_S
            )
        except (BadSignature, ValueError, TypeError):
            return None
        return Pending(str(state), str(nonce), str(verifier), str(redirect), str(target))

    def forget(self, response: Response) -> None:
        """Take the cookie away: a sign-in is finished once."""
        response.delete_cookie(_COOKIE, path=BACK, httponly=True, samesite="lax")
