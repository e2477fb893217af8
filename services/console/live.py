"""One subscription to the API's change feed, passed on to every open console page.

The browser never sees the API: it listens to the console, which holds a single upstream connection
however many pages are open, reconnects with growing pauses, and says when the feed was interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
from collections.abc import AsyncIterator

import httpx
import structlog

from services.console.acting import act_as_console
from services.console.api_client import ApiClient

# A page that does not read is told to reload everything instead of filling memory.
_QUEUE = 256
_HEARTBEAT_S = 15.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
# The API sends a comment at least every 15 seconds; twice that without a byte means a dead connection.
_SILENCE_S = 45.0
_RESYNC = b"event: resync\ndata: {}\n\n"


class ChangeFeed:
    """Fans the API's server-sent events out to the pages."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._pages: set[asyncio.Queue[bytes | None]] = set()
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
        for queue in self._pages:
            _put(queue, None)

    async def wait_closed(self) -> None:
        """Wait until the upstream connection is gone."""
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def page(self) -> AsyncIterator[bytes]:
        """Yield events for one page until it leaves or the console stops."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)
        self._pages.add(queue)
        try:
            yield b"retry: 3000\n\n" + self._upstream()
            while not self._closed:
                try:
                    event = await asyncio.wait_for(queue.get(), _HEARTBEAT_S)
                except TimeoutError:
                    event = b"event: beat\ndata: {}\n\n"
                if event is None:
                    return
                yield event
        finally:
            self._pages.discard(queue)

    @property
    def mark(self) -> str:
        """Return how far the feed is: a page that was made at an earlier mark has missed a change."""
        return f"{self._run}-{self._count}"

    def _upstream(self) -> bytes:
        said = json.dumps({"connected": self.connected, "mark": self.mark})
        return f"event: upstream\ndata: {said}\n\n".encode()

    def _publish(self, event: bytes) -> None:
        self._count += 1
        for queue in self._pages:
            _put(queue, event)

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
                    self._publish(_RESYNC)  # what changed while nobody listened
                    pause_s = _FIRST_PAUSE_S
                    async for event in split_events(answer.aiter_bytes()):
                        self._publish(event)
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
            for queue in self._pages:
                _put(queue, self._upstream())


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


def _put(queue: asyncio.Queue[bytes | None], event: bytes | None) -> None:
    try:
        queue.put_nowait(event)
    except asyncio.QueueFull:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(_RESYNC if event is not None else None)
