"""One platform for all scenarios, also of several workers: the first one starts it, and stops it last."""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from tests.fixtures.postgres import made_database
from tests.scenarios.platform import Everything, Running

_started: list[Everything] = []


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Running]:
    """Give the platform; the worker that started it waits until the others need it no more."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "scenarios"
    users = folder / "users"
    users.mkdir(parents=True, exist_ok=True)
    me = users / uuid.uuid4().hex
    ready = folder / "ready.json"
    with _alone(folder):
        owner = not ready.exists()
        if owner:
            database = made_database(postgres_server)
            everything = Everything(tmp_path_factory.mktemp("platform"), database.__enter__())
            running = everything.start()
            _started.append(everything)
            names = [one.name for one in fields(Running) if one.init]
            ready.write_text(json.dumps({name: getattr(running, name) for name in names}))
        else:
            running = Running(**json.loads(ready.read_text()))
        me.touch()
    try:
        yield running
    finally:
        running.http.close()
        me.unlink()
        if owner:
            deadline = time.monotonic() + 240
            while True:
                with _alone(folder):
                    if not any(users.iterdir()) or time.monotonic() > deadline:
                        ready.unlink()
                        break
                time.sleep(0.2)
            everything.stop()
            database.__exit__(None, None, None)
            assert everything.people_error is None, everything.people_error


@pytest.fixture(scope="session")
def fleet(platform: Running) -> Running:
    """Give the platform with a simulated fleet, whose owners answer and whose engineer repairs."""
    assert _started, "the fleet's scenarios run in one process: make soak"
    _started[0].start_fleet()
    _started[0].let_people_act()
    platform.patience_s = 600.0  # a repair takes hours, and the fleet needs its share of the processor
    return platform
