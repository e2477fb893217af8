"""Schemathesis over the whole document: whatever it thinks of, no answer is an error of ours.

Requests are made out of the document, carried by httpx into the application, as a staff that may do
everything; every other one names an appliance, a ticket or a webhook that is there. The stream of changes,
which does not end, is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from services.api.app import make_app
from tests.services.api import TOKEN, settings_of
from tests.services.world import AIR, ENGINEER, FRIDGE, World

SHORT_S = 12.0
LONG_S = 600.0
ENDLESS = "/api/v1/changes"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Asked:
    """What is asked, and what came of it.

    Args:
        app: the application.
        known: parameter of a path → ids that are there.
        until: monotonic time after which nothing is asked any more.
    """

    def __init__(self, app: Any, known: dict[str, list[str]], until: float) -> None:
        self.requests = 0
        self.answers: dict[int, int] = {}
        self._known = known
        self._until = until
        self._loop = asyncio.new_event_loop()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://api.test", headers=HEADERS)

    def operation(self, operation: Any, *, examples: int, seed: int) -> None:
        """Ask one operation ``examples`` times."""

        @seeded(seed)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if time.monotonic() < self._until:
                self._ask(case)

        ask()

    def close(self) -> None:
        self._loop.run_until_complete(self._http.aclose())
        self._loop.close()

    def _ask(self, case: Any) -> None:
        self.requests += 1
        for name, ids in self._known.items():
            if name in (case.path_parameters or {}) and self.requests % 2:
                case.path_parameters[name] = ids[self.requests // 2 % len(ids)]
        wanted = case.as_transport_kwargs(base_url="http://api.test", headers=HEADERS)
        wanted = {key: wanted[key] for key in ("method", "url", "params", "json", "headers") if key in wanted}
        with contextlib.suppress(httpx.InvalidURL, UnicodeEncodeError):  # what cannot be sent over HTTP
            answer = self._loop.run_until_complete(self._http.request(**wanted))
            self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, (wanted, answer.text)


@pytest.fixture
def app(world: World, database: str) -> Iterator[Any]:
    """Give the application over a world in which something has happened."""
    world.find()
    world.find(AIR, "filter_clogged", type="air_conditioner", urgency="routine")
    world.work()
    made = make_app(settings_of(database, api_rate=0))
    yield made
    made.state.platform.close()


def look(app: Any, world: World, *, rounds: int, examples: int, most_s: float) -> tuple[int, Asked]:
    """Ask every operation, in rounds of ever another seed; return how many operations there are."""
    schema = schemathesis.openapi.from_dict(app.openapi()).exclude(path=ENDLESS)
    operations = [found.ok() for found in schema.get_all_operations()]
    known = {
        "device_id": [FRIDGE, AIR, "ownerless"],
        "ticket_id": [world.ticket(FRIDGE).id, world.ticket(AIR).id],
        "message_id": [message.id for message in world.messages(FRIDGE)],
        "engineer_id": [ENGINEER],
    }
    asked = Asked(app, known, time.monotonic() + most_s)
    try:
        for round in range(rounds):
            for number, operation in enumerate(operations):
                asked.operation(operation, examples=examples, seed=1000 * round + number)
    finally:
        asked.close()
    return len(operations), asked


def test_no_request_is_answered_with_an_error_of_ours(app: Any, world: World) -> None:
    operations, asked = look(app, world, rounds=1, examples=3, most_s=SHORT_S)
    assert operations > 60
    assert asked.requests > operations
    assert asked.answers.keys() >= {200, 404, 422}


@pytest.mark.soak
def test_no_request_of_very_many_is_answered_with_an_error_of_ours(app: Any, world: World) -> None:
    operations, asked = look(app, world, rounds=20, examples=30, most_s=LONG_S)
    assert asked.requests > 20 * operations
