"""Live changes: one LISTEN on the database for each process, fanned out to the open streams.

A stream that broke off says the number of the last change that it has seen (``Last-Event-ID``), and is given
what it missed (:mod:`services.change_log`) before it goes on live.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import structlog

from services.change_log import RESYNC, Change, read_number, since
from zerodistance.errors import StoreError, UnavailableError
from zerodistance.store.database import connect, translated

CHANNEL = "zd_changes"  # the triggers of migration 0022 notify it
HEARTBEAT_S = 15.0
# A stream that does not read gets one "resync" instead of what it missed.
_QUEUE = 256
# Each stream holds a connection and a queue: more of them than this are somebody's mistake.
MOST_STREAMS = 500
_RETRY_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_EVENTS = frozenset({"ticket", "message", "device"})
_log = structlog.get_logger(__name__)


class _Stream:
    def __init__(self, loop: asyncio.AbstractEventLoop, tenant: int) -> None:
        self.loop = loop
        self.tenant = tenant
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue(_QUEUE)

    def put(self, change: Change | None) -> None:
        try:
            self.queue.put_nowait(change)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(change if change is None else RESYNC)


class ChangeHub:
    """Hears what the database announces and passes it to every open stream of the tenant.

    The listening thread starts with the first stream. After an interruption every stream is told to
    ``resync``, since what changed in between was not heard.
    """

    def __init__(
        self, address: str, heartbeat_s: float = HEARTBEAT_S, most_streams: int = MOST_STREAMS
    ) -> None:
        self._address = address
        self._heartbeat_s = heartbeat_s
        self._most_streams = most_streams
        self._streams: set[_Stream] = set()
        self._lock = threading.RLock()  # a signal handler may come in between
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._listening = threading.Event()

    def check_room(self) -> None:
        """Return if one more stream may be opened.

        Raises:
            UnavailableError: there are too many.
        """
        with self._lock:
            if len(self._streams) >= self._most_streams:
                raise UnavailableError(
                    f"{self._most_streams} streams of changes are open: close some, or try again later.",
                    retry_after_s=_RETRY_S,
                )

    async def stream(self, tenant: int, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Yield server-sent events until the reader leaves or the process stops.

        Args:
            tenant: whose changes.
            last_event_id: what the reader saw last; "" for one that begins.
        """
        stream = _Stream(asyncio.get_running_loop(), tenant)
        with self._lock:
            self._streams.add(stream)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
                self._thread.start()
        try:
            # From "ready" on nothing is missed; what was missed before comes after it, in its order.
            await asyncio.to_thread(self._listening.wait, 5.0)
            yield b"retry: 2000\nevent: ready\ndata: {}\n\n"
            told: frozenset[int] = frozenset()
            if last_event_id:
                missed = await asyncio.to_thread(self._missed, tenant, last_event_id)
                told = frozenset(change.number for change in missed)
                for change in missed:
                    yield change.encode()
            while not self._closed.is_set():
                try:
                    change_or_end = await asyncio.wait_for(stream.queue.get(), self._heartbeat_s)
                except TimeoutError:
                    yield b": alive\n\n"
                    continue
                if change_or_end is None:
                    return
                if change_or_end.number not in told:
                    yield change_or_end.encode()
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

    def _missed(self, tenant: int, last_event_id: str) -> list[Change]:
        number = read_number(last_event_id)
        if number is None:
            return [RESYNC]
        try:
            with translated(), connect(self._address) as conn:
                found = since(conn, tenant, number)
        except (UnavailableError, StoreError) as error:
            _log.warning("changes.replay_failed", error=str(error))
            found = None
        return [RESYNC] if found is None else found

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        interrupted = False
        while not self._closed.is_set():
            try:
                with connect(self._address, autocommit=True) as conn:
                    conn.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    if interrupted:
                        self._tell(RESYNC)
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
                    if said["event"] in _EVENTS:
                        data = json.dumps(said["data"], separators=(",", ":"))
                        self._tell(Change(int(said["number"]), int(said["tenant"]), said["event"], data))

    def _tell(self, change: Change | None) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            if change is None or change is RESYNC or change.tenant == stream.tenant:
                with contextlib.suppress(RuntimeError):  # that reader's loop has ended
                    stream.loop.call_soon_threadsafe(stream.put, change)
