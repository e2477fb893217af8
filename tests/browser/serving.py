"""Run an application on a free port in this process, for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from tests.fixtures.processes import free_port, wait_until


@contextmanager
def served(app: FastAPI, before_end: Callable[[], None] | None = None) -> Iterator[str]:
    """Give the address at which ``app`` answers; ``before_end`` runs before it is stopped."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, what="the application")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        if before_end is not None:
            before_end()
        server.should_exit = True
        thread.join(10)
