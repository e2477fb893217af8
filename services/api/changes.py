"""Live changes: one LISTEN on the database for each process, fanned out to the open streams."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import structlog

from zerodistance.errors import UnavailableError
from zerodistance.store.database import connect

CHANNEL = "zd_changes"  # the triggers of migration 0004 notify it
HEARTBEAT_S = 15.0
# A stream that does not read gets one "resync" instead of what it missed.
_QUEUE = 256
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_RESYNC = ("resync", "{}")
_EVENTS = frozenset({"ticket", "message", "device"})
_log = structlog.get_logger(__name__)


class _Stream:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.queue: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue(_QUEUE)

    def put(self, event: tuple[str, str] | None) -> None:
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(event if event is None else _RESYNC)


class ChangeHub:
    """Hears what the database announces and passes it to every open stream.

    The listening thread starts with the first stream. After an interruption every stream is told to
    ``resync``, since what changed in between was not heard.
    """

    def __init__(self, address: str, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._address = address
        self._heartbeat_s = heartbeat_s
        self._streams: set[_Stream] = set()
        self._lock = threading.RLock()  # a signal handler may come in between
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._listening = threading.Event()

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield server-sent events until the reader leaves or the process stops."""
        stream = _Stream(asyncio.get_running_loop())
        with self._lock:
            self._streams.add(stream)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
                self._thread.start()
        try:
            await asyncio.to_thread(self._listening.wait, 5.0)  # from "ready" on nothing is missed
            yield b"retry: 2000\nevent: ready\ndata: {}\n\n"
            while not self._closed.is_set():
                try:
                    event = await asyncio.wait_for(stream.queue.get(), self._heartbeat_s)
                except TimeoutError:
                    yield b": alive\n\n"
                    continue
                if event is None:
                    return
                yield f"event: {event[0]}\ndata: {event[1]}\n\n".encode()
        finally:
            with self._lock:
                self._streams.discard(stream)

    def end_streams(self) -> None:
        """End every stream, without waiting: an open one would keep the server from stopping."""
        self._closed.set()
        self._listening.set()
        self._tell(None)

    def close(self) -> None:
        """End every stream and stop listening."""
        self.end_streams()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        interrupted = False
        while not self._closed.is_set():
            try:
                with connect(self._address, autocommit=True) as conn:
                    conn.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    if interrupted:
                        self._tell(_RESYNC)
                    pause_s = _FIRST_PAUSE_S
                    self._hear(conn)
            except (psycopg.Error, UnavailableError) as error:
                interrupted = True
                self._listening.clear()
                _log.warning("changes.interrupted", error=str(error), retry_in_s=pause_s)
                self._closed.wait(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _hear(self, conn: psycopg.Connection[Any]) -> None:
        while not self._closed.is_set():
            for note in conn.notifies(timeout=0.5):
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    said = json.loads(note.payload)
                    event = said.pop("event")
                    if event in _EVENTS:
                        self._tell((event, json.dumps(said, separators=(",", ":"))))

    def _tell(self, event: tuple[str, str] | None) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            with contextlib.suppress(RuntimeError):  # that reader's loop has ended
                stream.loop.call_soon_threadsafe(stream.put, event)
