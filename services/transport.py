"""How callers reach us over the network: TLS, and proxies that are believed. Shared by API and console."""

from __future__ import annotations

import ssl
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zerodistance.errors import SettingsError
from zerodistance.settings import Settings

# A year, as RFC 6797 has it in its examples; not for sub-domains, which may be somebody else's.
_HSTS = "max-age=31536000"


class StrictTransport:
    """ASGI middleware: an answer over HTTPS tells the browser to come over nothing else (RFC 6797)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope.get("scheme") != "https":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Strict-Transport-Security", _HSTS)
            await send(message)

        await self._app(scope, receive, marked)


def server_options(settings: Settings) -> dict[str, Any]:
    """Return what ``uvicorn.Config`` is given: ``ZD_TLS_CERT``, ``ZD_TLS_KEY``, ``ZD_TRUSTED_PROXIES``.

    Raises:
        SettingsError: certificate and key cannot be read, or do not belong together.
    """
    # Whoever else sends X-Forwarded-For or -Proto is not believed: it would choose its own address.
    options: dict[str, Any] = {
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies,
        "server_header": False,
    }
    if settings.tls_cert is None or settings.tls_key is None:
        return options
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"ZD_TLS_CERT={settings.tls_cert} and ZD_TLS_KEY={settings.tls_key} cannot be used: {error}."
        ) from error
    return options | {"ssl_certfile": str(settings.tls_cert), "ssl_keyfile": str(settings.tls_key)}
