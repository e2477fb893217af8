"""Live changes: one LISTEN on the database for each process, fanned out to the open streams.

A stream that broke off says the number of the last change that it has seen (``Last-Event-ID``), and is given
what it missed (:mod:`services.change_log`) before it goes on live. A stream of somebody who sees a part of
the brand is told of that part (:mod:`services.accounts.audience`): one query for all that the database
announced at once, however many streams are open, and none while nobody is narrow.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import psycopg
import structlog

from services.accounts.audience import NOBODY, Audience, Audiences
from services.accounts.scope import Reach, Scope
from services.change_log import RESYNC, Change, read_number, since
from zerodistance.errors import StoreError, UnavailableError
from zerodistance.store.database import Connection, connect, translated

CHANNEL = "zd_changes"  # the triggers of migration 0022 notify it
HEARTBEAT_S = 15.0
# A stream that does not read gets one "resync" instead of what it missed.
_QUEUE = 256
# Each stream holds a connection and a queue: more of them than this are somebody's mistake.
MOST_STREAMS = 500
# What somebody loses (a role, a region, the session) is lost within this time on an open stream as well.
_STANDING_S = 60.0
_RETRY_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_EVENTS = frozenset({"ticket", "message", "device"})
_log = structlog.get_logger(__name__)


class _Stream:
    def __init__(self, loop: asyncio.AbstractEventLoop, scope: Scope) -> None:
        self.loop = loop
        self.scope = scope
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue(_QUEUE)

    def put(self, changes: Sequence[Change | None]) -> None:
        for change in changes:
            try:
                self.queue.put_nowait(change)
            except asyncio.QueueFull:
                while not self.queue.empty():
                    self.queue.get_nowait()
                self.queue.put_nowait(change if change is None else RESYNC)


class ChangeHub:
    """Hears what the database announces and passes it to every open stream that may know of it.

    The listening thread starts with the first stream. After an interruption every stream is told to
    ``resync``, since what changed in between was not heard.
    """

    def __init__(
        self,
        address: str,
        heartbeat_s: float = HEARTBEAT_S,
        most_streams: int = MOST_STREAMS,
        standing_s: float = _STANDING_S,
    ) -> None:
        self._address = address
        self._standing_s = standing_s
        self._heartbeat_s = heartbeat_s
        self._most_streams = most_streams
        self._streams: set[_Stream] = set()
        self._lock = threading.RLock()  # a signal handler may come in between
        self._thread: threading.Thread | None = None
        self._lookup: psycopg.Connection[Any] | None = None  # the listening thread's
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

    async def stream(
        self,
        scope: Scope,
        last_event_id: str = "",
        standing: Callable[[], Scope | None] | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield server-sent events until the reader leaves, may not read any more, or the process stops.

        Args:
            scope: what the reader sees.
            last_event_id: what the reader saw last; "" for one that begins.
            standing: tells what the reader sees by now, None for nothing any more; asked once a minute.
        """
        stream = _Stream(asyncio.get_running_loop(), scope)
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
                missed = await asyncio.to_thread(self._missed, scope, last_event_id)
                told = frozenset(change.number for change in missed)
                for change in missed:
                    yield change.encode()
            asked = time.monotonic()
            while not self._closed.is_set():
                if standing is not None and time.monotonic() - asked > self._standing_s:
                    sees = await asyncio.to_thread(standing)
                    if sees is None:
                        return
                    stream.scope, asked = sees, time.monotonic()
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        change_or_end = await stream.queue.get()
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
        self._tell([None])

    def close(self) -> None:
        """End every stream and stop listening."""
        self.end_streams()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _missed(self, scope: Scope, last_event_id: str) -> list[Change]:
        number = read_number(last_event_id)
        if number is None:
            return [RESYNC]
        try:
            with translated(), connect(self._address) as conn:
                found = since(conn, scope.tenant, number)
                if found and scope.reach is not Reach.TENANT:
                    told = _audiences(conn, found)
                    found = [change for change in found if told[change.number].includes(scope)]
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
                        self._tell([RESYNC])
                    pause_s = _FIRST_PAUSE_S
                    self._hear(conn)
            except (psycopg.Error, UnavailableError) as error:
                interrupted = True
                self._listening.clear()
                _log.warning("changes.interrupted", error=str(error), retry_in_s=pause_s)
                self._closed.wait(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        self._let_go()

    def _hear(self, conn: psycopg.Connection[Any]) -> None:
        while not self._closed.is_set():
            # What was announced at once comes at once, and is told at once.
            changes = [
                change
                for note in conn.notifies(timeout=0.5, stop_after=1)
                if (change := _read(note.payload)) is not None
            ]
            if changes:
                self._tell(changes)

    def _tell(self, changes: Sequence[Change | None]) -> None:
        """Tell the streams, those that see their tenant first: they need no query."""
        with self._lock:
            streams = list(self._streams)
        narrow: dict[Scope, list[_Stream]] = defaultdict(list)
        wide: dict[int, list[_Stream]] = defaultdict(list)
        for stream in streams:
            if stream.scope.reach is Reach.TENANT:
                wide[stream.scope.tenant].append(stream)
            else:
                narrow[stream.scope].append(stream)
        for tenant, listeners in wide.items():
            _put(listeners, [one for one in changes if one is None or one.tenant in (tenant, RESYNC.tenant)])
        if narrow:
            self._tell_narrow(narrow, changes)

    def _tell_narrow(self, narrow: dict[Scope, list[_Stream]], changes: Sequence[Change | None]) -> None:
        tenants = {scope.tenant for scope in narrow}
        named = [one for one in changes if one is not None and one.tenant in tenants]
        told: dict[int, Audience] | None = {}
        if named:
            told = self._look_up(named)
        for scope, listeners in narrow.items():
            if told is None:  # they read again what they see
                _put(listeners, [RESYNC])
                continue
            _put(
                listeners,
                [
                    one
                    for one in changes
                    if one is None
                    or one.tenant == RESYNC.tenant
                    or (one.tenant == scope.tenant and told[one.number].includes(scope))
                ],
            )

    def _look_up(self, changes: Sequence[Change]) -> dict[int, Audience] | None:
        """Return who sees each change; None if the database does not say."""
        try:
            with translated():
                if self._lookup is None:  # a connection of its own: the other one listens
                    self._lookup = connect(self._address, autocommit=True)
                return _audiences(self._lookup, changes)
        except (UnavailableError, StoreError) as error:
            _log.warning("changes.not_narrowed", error=str(error))
            self._let_go()
            return None

    def _let_go(self) -> None:
        if self._lookup is not None:
            self._lookup.close()
            self._lookup = None


def _put(streams: Sequence[_Stream], changes: Sequence[Change | None]) -> None:
    """Put changes into the queues of streams, with one call into each event loop."""
    if not changes:
        return
    by_loop: dict[asyncio.AbstractEventLoop, list[_Stream]] = defaultdict(list)
    for stream in streams:
        by_loop[stream.loop].append(stream)
    for loop, listeners in by_loop.items():
        with contextlib.suppress(RuntimeError):  # those readers' loop has ended
            loop.call_soon_threadsafe(_put_now, listeners, changes)


def _put_now(streams: Sequence[_Stream], changes: Sequence[Change | None]) -> None:
    for stream in streams:
        stream.put(changes)


def _read(payload: str) -> Change | None:
    """Return what the database announced; None for what is no event of ours."""
    try:
        said = json.loads(payload)
        if said["event"] not in _EVENTS:
            return None
        data = json.dumps(said["data"], separators=(",", ":"))
        return Change(int(said["number"]), int(said["tenant"]), said["event"], data)
    except (ValueError, TypeError, KeyError):
        return None


def _audiences(conn: Connection, changes: Sequence[Change]) -> dict[int, Audience]:
    """Return who sees each change, by its number."""
    said = {change.number: (change.event, json.loads(change.data)) for change in changes}
    of_tickets = {
        number: data.get("ticket") if event == "message" else data["id"]
        for number, (event, data) in said.items()
        if event != "device"
    }
    of_devices = {number: data["id"] for number, (event, data) in said.items() if event == "device"}
    found = Audiences(conn, filter(None, of_tickets.values()), of_devices.values())
    audiences = dict.fromkeys(said, NOBODY)
    audiences |= {number: found.of_ticket(ticket) for number, ticket in of_tickets.items()}
    return audiences | {number: found.of_device(device) for number, device in of_devices.items()}
