"""From where the request that is being served came, for the audit and for patience with guessing."""

from __future__ import annotations

import hmac
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

_ADDRESS: ContextVar[str] = ContextVar("zd_remote_address", default="")


def address() -> str:
    """Return the caller's address; a proxy's word for it only where ``ZD_TRUSTED_PROXIES`` says so."""
    return _ADDRESS.get()


class Remote:
    """ASGI middleware: remembers the address of the request that is being served.

    The console says for whom it calls; that it is the console it shows by the staff token.
    """

    def __init__(self, app: ASGIApp, staff_token: str) -> None:
        self._app, self._staff_token = app, staff_token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client = scope.get("client")
        where = str(client[0]) if client else ""
        headers = dict(scope.get("headers", ()))
        if hmac.compare_digest(headers.get(b"x-zd-relay", b""), self._staff_token):
            where = headers.get(b"x-zd-client-address", where.encode()).decode("ascii", "replace")[:64]
        token = _ADDRESS.set(where)
        try:
            await self._app(scope, receive, send)
        finally:
            _ADDRESS.reset(token)
