"""One platform for all scenarios, of all workers: whoever is first starts it, and stops it after the last."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.amqtt import AmqttBroker
from tests.fixtures.kafka import own_address
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.postgres import made_database
from tests.fixtures.scenes import SEEN
from tests.fixtures.skips import required
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Everything, Running
from zerodistance.errors import HostError
from zerodistance.servers.kafka import find_jars, find_java
from zerodistance.servers.mosquitto import find_mosquitto

Say = Callable[[str], None]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _appliances(session: pytest.Session) -> list[Simulated]:
    """Return what the scenarios of this run ask for; the same in every worker."""
    modules = {item.module for item in session.items if isinstance(item, pytest.Function)}
    scenarios = [module for module in modules if module.__name__.startswith(__package__)]
    wanted = {one for module in scenarios for one in getattr(module, "FLEET", ())}
    return sorted(wanted, key=lambda one: one.device)


def _servers(request: pytest.FixtureRequest, opened: ExitStack, folder: Path) -> tuple[str, str]:
    """Return addresses of a log and a broker: Kafka and Mosquitto where they are installed."""
    try:
        find_java(), find_jars()
        program = find_mosquitto()
    except HostError as error:
        if lacking := required() & {"kafka", "mosquitto"}:
            pytest.fail(f"{', '.join(sorted(lacking))} is required here (ZD_REQUIRE), yet: {error}")
        amqtt = AmqttBroker()
        amqtt.start()
        opened.callback(amqtt.stop)
        return f"sqlite:///{folder / 'log.sqlite'}", amqtt.url
    broker = Mosquitto(program, folder)
    broker.start()
    opened.callback(broker.kill)
    return opened.enter_context(own_address(request.getfixturevalue("kafka"))), broker.url


@pytest.fixture(scope="session")
def platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Running]:
    """Give the platform; the worker that started it waits until the others need it no more."""
    folder = _shared(tmp_path_factory)
    users = folder / "users"
    users.mkdir(parents=True, exist_ok=True)
    me, ready = users / uuid.uuid4().hex, folder / "ready.json"
    with ExitStack() as opened:
        with _alone(folder):
            mine = not ready.exists()
            if mine:
                place = tmp_path_factory.mktemp("platform")
                database = opened.enter_context(made_database(postgres_server))
                log, mqtt = _servers(request, opened, place)
                everything = Everything(place, database, log, mqtt, _appliances(request.session))
                opened.callback(everything.stop)
                running = everything.start()
                everything.let_live()
                _stop_after_last(everything, folder / "done", _scenarios(request.session))
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
            if mine:
                _wait_for_others(everything, folder, users, ready)
                assert everything.people_error is None, everything.people_error


def _scenarios(session: pytest.Session) -> int:
    return sum(item.path.parent == Path(__file__).parent for item in session.items)


def _stop_after_last(everything: Everything, done: Path, count: int) -> None:
    """Stop the platform once all scenarios are done: the tests that follow need the processor."""

    def watch() -> None:
        while not everything.stopped:
            if done.exists() and len(list(done.iterdir())) >= count:
                everything.stop()
            time.sleep(0.3)

    threading.Thread(target=watch, daemon=True).start()


@pytest.fixture(autouse=True)
def _tick_off(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Note that a scenario is done, for all workers to see."""
    yield
    done = _shared(tmp_path_factory) / "done"
    done.mkdir(parents=True, exist_ok=True)
    (done / request.node.name).touch()


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the workers share; each has its own base folder within the run's."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "scenarios"


def _wait_for_others(everything: Everything, folder: Path, users: Path, ready: Path) -> None:
    deadline = time.monotonic() + 400
    while True:
        with _alone(folder):
            if everything.stopped or not any(users.iterdir()) or time.monotonic() > deadline:
                ready.unlink()
                return
        time.sleep(0.2)


@pytest.fixture
def say(record_property: Callable[[str, Any], None]) -> Say:
    """Give what keeps a scenario's line for the table."""

    def keep(line: str) -> None:
        record_property(SEEN, line)
        print(f"\n{line}")

    return keep
