"""How a long-running command is told to end."""

from __future__ import annotations

import signal
import threading


def until_told() -> threading.Event:
    """Return an event that SIGTERM and Ctrl-C set: the command finishes what it is at and ends with 0."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
