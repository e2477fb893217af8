"""From where the request that is being served came, for the audit and for patience with guessing."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

_ADDRESS: ContextVar[str] = ContextVar("zd_remote_address", default="")


def address() -> str:
    """Return the caller's address; a proxy's word for it only where ``ZD_TRUSTED_PROXIES`` says so."""
    return _ADDRESS.get()


class Remote:
    """ASGI middleware: remembers the address of the request that is being served."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client = scope.get("client")
        token = _ADDRESS.set(str(client[0]) if client else "")
        try:
            await self._app(scope, receive, send)
        finally:
            _ADDRESS.reset(token)
