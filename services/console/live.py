"""One subscription to the API's change feed, passed on to every open console page.

The browser never sees the API: it listens to the console, which holds a single upstream connection
however many pages are open, reconnects with growing pauses, and says when the feed was interrupted.

The console hears of the whole brand, and those who look at a page may not: so a page is told that something
changed, and not what. It then asks for itself, in the name of whoever looks at it. A page about one ticket or
appliance is told of that alone; it shows by a signature that the console made it for this person.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import time
from collections.abc import AsyncIterator

import httpx
import structlog
from itsdangerous import BadSignature, URLSafeSerializer

from services.console.acting import act_as_console
from services.console.api_client import ApiClient

_HEARTBEAT_S = 15.0
# A list of a large fleet would be fetched anew with each of its changes: so often at most.
_PACE_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
# The API sends a comment at least every 15 seconds; twice that without a byte means a dead connection.
_SILENCE_S = 45.0
_CHANGE = b"event: change\ndata: {}\n\n"
_BEAT = b"event: beat\ndata: {}\n\n"
_NAMING = ("id", "ticket", "device")


class _Page:
    """An open page: what it still has to be told, which is never more than once of each kind."""

    def __init__(self, about: str) -> None:
        self.about = about
        self.wake = asyncio.Event()
        self.changed = self.reconnected = False

    def tell(self, *, changed: bool = False, reconnected: bool = False) -> None:
        self.changed, self.reconnected = self.changed or changed, self.reconnected or reconnected
        self.wake.set()


class ChangeFeed:
    """Fans the API's server-sent events out to the pages."""

    def __init__(self, api: ApiClient, secret_key: str) -> None:
        self._api = api
        self._signer = URLSafeSerializer(secret_key, salt="console-live")
        self._pages: set[_Page] = set()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._run = secrets.token_hex(4)
        self._count = 0
        self.connected = False

    def start(self) -> None:
        """Begin to listen to the API."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._listen(), name="change-feed")

    def end_pages(self) -> None:
        """End every page's stream, from any thread: a server waits for open answers before it stops."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every page's stream and stop listening, from within the event loop."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        for page in self._pages:
            page.tell()

    async def wait_closed(self) -> None:
        """Wait until the upstream connection is gone."""
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def about(self, what: str) -> str:
        """Return what a page about one ticket or appliance shows when it listens."""
        return str(self._signer.dumps(what)) if what else ""

    async def page(self, about: str = "") -> AsyncIterator[bytes]:
        """Yield events for one page until it leaves or the console stops.

        Args:
            about: as :meth:`about` made it; anything else is a page about everything.
        """
        try:
            page = _Page(str(self._signer.loads(about)) if about else "")
        except BadSignature:
            page = _Page("")
        self._pages.add(page)
        try:
            yield b"retry: 3000\n\n" + self._upstream()
            told = float("-inf")
            while not self._closed:
                try:
                    async with asyncio.timeout(_HEARTBEAT_S):
                        await page.wake.wait()
                except TimeoutError:
                    yield _BEAT
                    continue
                if page.changed and not page.about:
                    await asyncio.sleep(told + _PACE_S - time.monotonic())
                    told = time.monotonic()
                page.wake.clear()
                reconnected, changed = page.reconnected, page.changed
                page.reconnected = page.changed = False
                if reconnected:
                    yield self._upstream()
                if changed:
                    yield _CHANGE
        finally:
            self._pages.discard(page)

    @property
    def mark(self) -> str:
        """Return how far the feed is: a page that was made at an earlier mark has missed a change."""
        return f"{self._run}-{self._count}"

    def _upstream(self) -> bytes:
        said = json.dumps({"connected": self.connected, "mark": self.mark})
        return f"event: upstream\ndata: {said}\n\n".encode()

    def _publish(self, named: frozenset[str] | None) -> None:
        """Tell the pages that something changed; ``named``: what, None for what is not known."""
        self._count += 1
        for page in self._pages:
            if named is None or not page.about or page.about in named:
                page.tell(changed=True)

    async def _listen(self) -> None:
        act_as_console()
        pause_s = _FIRST_PAUSE_S
        log = structlog.get_logger()
        while True:
            try:
                timeout = httpx.Timeout(10.0, read=_SILENCE_S)
                headers = {"Accept": "text/event-stream"}
                async with self._api.http.stream(
                    "GET", "/changes", timeout=timeout, headers=headers
                ) as answer:
                    answer.raise_for_status()
                    self._set_connected(True)
                    self._publish(None)  # what changed while nobody listened
                    pause_s = _FIRST_PAUSE_S
                    async for event in split_events(answer.aiter_bytes()):
                        self._publish(names_in(event))
            except httpx.HTTPStatusError as error:
                log.error(
                    "change_feed_refused",
                    status=error.response.status_code,
                    hint="set the same ZD_STAFF_TOKEN for API and console",
                )
            except httpx.HTTPError as error:
                log.info("change_feed_interrupted", error=type(error).__name__, retry_in_s=round(pause_s, 1))
            self._set_connected(False)
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _set_connected(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            for page in self._pages:
                page.tell(reconnected=True)


async def split_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a byte stream into whole server-sent events, comments left out.

    What comes out ends with an empty line, so that events of different sources can follow each other.
    """
    buffer = b""
    async for chunk in chunks:
        # A "\r" at the very end may be the first half of "\r\n": normalise only what is complete.
        buffer = (buffer + chunk).replace(b"\r\n", b"\n")
        while (end := buffer.find(b"\n\n")) >= 0:
            lines = [line for line in buffer[:end].split(b"\n") if line and not line.startswith(b":")]
            buffer = buffer[end + 2 :]
            if lines:
                yield b"\n".join(lines) + b"\n\n"


def names_in(event: bytes) -> frozenset[str] | None:
    """Return the ids that an event names; None if it says that anything may have changed.

    >>> sorted(names_in(b'event: ticket\\ndata: {"id":"t-1","version":3,"device":"fridge-1"}\\n\\n'))
    ['fridge-1', 't-1']
    >>> names_in(b"event: resync\\ndata: {}\\n\\n") is None
    True
    """
    for line in event.split(b"\n"):
        if line.startswith(b"data:"):
            try:
                data = json.loads(line[5:])
                found = frozenset(str(data[name]) for name in _NAMING if data.get(name))
            except (ValueError, TypeError, AttributeError):  # a newer API may say it otherwise
                return None
            return found or None
    return None
