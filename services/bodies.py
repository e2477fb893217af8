"""A bound on what a caller may send: anybody can post to the login and to an owner's link."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The longest that anybody has to say is a note of 2,000 characters.
MOST_BYTES = 256 * 1024


class BodyLimit:
    """ASGI middleware: reading more than ``most`` bytes of a body ends in 413, before it fills the memory."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self._most:
                    raise HTTPException(413, f"At most {self._most} bytes are taken.")
            return message

        await self._app(scope, bounded, send)
