"""Servers that are not there yet are waited for: a consumer that starts during an outage outlives it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TypeVar

import structlog

from zerodistance.errors import UnavailableError, ZeroDistanceError
from zerodistance.log import Log, open_log
from zerodistance.settings import Settings
from zerodistance.store.database import Pool, open_pool

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0


def patiently(attempt: Callable[[], _T], stop: threading.Event) -> _T | None:
    """Return what ``attempt`` gives, trying again while a server is unavailable; None when stopped."""
    pause_s = _FIRST_PAUSE_S
    while not stop.is_set():
        try:
            return attempt()
        except UnavailableError as error:
            _log.warning("stream.server_away", error=str(error), next_try_s=pause_s)
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
    return None


@contextmanager
def servers(
    settings: Settings, stop: threading.Event, *, client_id: str, connections: int
) -> Iterator[tuple[Pool, Log] | None]:
    """Open database and log, waiting for them, and close them in the end; None when told to stop meanwhile.

    Args:
        settings: where they are.
        stop: ends the wait.
        client_id: the name under which the log knows us.
        connections: to the database, at most.
    """
    with ExitStack() as opened:
        pool = patiently(lambda: open_pool(settings, size=connections), stop)
        if pool is None:
            yield None
            return
        opened.enter_context(closing(pool))
        log = patiently(lambda: open_log(settings.log_address(), client_id=client_id), stop)
        if log is None:
            yield None
            return
        opened.callback(_close, log)
        yield pool, log


def _close(log: Log) -> None:
    try:
        log.close()
    except ZeroDistanceError as error:  # it is away as well, and all that matters stands in the database
        _log.warning("stream.close_failed", error=str(error))
