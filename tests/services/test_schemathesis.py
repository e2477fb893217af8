"""Schemathesis over the whole document: whatever it thinks of, no answer is an error of ours.

Requests are made out of the document and carried by httpx into the application, as an administrator or a
home's owner; every other one names an appliance, a ticket, an account that is there. The stream of changes,
which does not end, is left out.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.access.place import Place, opened
from zerodistance.catalogue import Catalogue

SHORT_S = 12.0
LONG_S = float(os.environ.get("ZD_TEST_SCHEMATHESIS_S", "600"))
ENDLESS = "/api/v1/changes"


class Asked:
    """What is asked, and what came of it.

    Args:
        place: the application, with two of everything that a path can name.
        until: monotonic time after which nothing is asked any more.
    """

    def __init__(self, place: Place, until: float) -> None:
        self.requests = 0
        self.answers: Counter[int] = Counter()
        self.operations: set[str] = set()
        self._place = place
        self._until = until
        sides = [place.found[("one", side)] for side in ("north", "south")]
        self._known = {name: [side[name] for side in sides] for name in sides[0]}
        self._known["token"] = [place.owner(side=side) for side in ("north", "south")]
        self._token = place.fresh("admin").access_token

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
                self.operations.add(operation.label)
                self._ask(case)

        ask()

    def _ask(self, case: Any) -> None:
        self.requests += 1
        for name, ids in self._known.items():
            if name in (case.path_parameters or {}) and self.requests % 2:
                case.path_parameters[name] = ids[self.requests // 2 % len(ids)]
        wanted = case.as_transport_kwargs(base_url="http://api.test")
        wanted = {key: wanted[key] for key in ("method", "url", "params", "json", "headers") if key in wanted}
        headers = {**dict(wanted.pop("headers", None) or {}), "Authorization": f"Bearer {self._token}"}
        with contextlib.suppress(httpx.InvalidURL, UnicodeEncodeError):  # what cannot be sent over HTTP
            answer = self._place.loop.run_until_complete(
                self._place.client.request(**wanted, headers=headers)
            )
            self.answers[answer.status_code] += 1
            assert answer.status_code < 500, (wanted, answer.text)
            if answer.status_code == 401:  # it signed itself out
                self._token = self._place.fresh("admin").access_token


@pytest.fixture
def place(database: str, catalogue: Catalogue) -> Iterator[Place]:
    with opened(database, catalogue) as place:
        yield place


def look(place: Place, *, rounds: int, examples: int, most_s: float) -> tuple[int, Asked]:
    """Ask every operation, in rounds of ever another seed; return how many operations there are."""
    schema = schemathesis.openapi.from_dict(place.app.openapi()).exclude(path=ENDLESS)
    operations = [found.ok() for found in schema.get_all_operations()]
    until = time.monotonic() + most_s
    asked = Asked(place, until)
    for round in range(rounds):
        for number, operation in enumerate(operations):
            if time.monotonic() < until:
                asked.operation(operation, examples=examples, seed=1000 * round + number)
    print(f"{asked.requests} requests to {len(asked.operations)} operations:", dict(asked.answers))
    return len(operations), asked


def test_no_request_is_answered_with_an_error_of_ours(place: Place) -> None:
    operations, asked = look(place, rounds=1, examples=3, most_s=SHORT_S)
    assert operations > 60
    assert asked.requests > 0
    assert asked.answers.keys() >= {200, 422}


@pytest.mark.soak
def test_no_request_of_very_many_is_answered_with_an_error_of_ours(place: Place) -> None:
    operations, asked = look(place, rounds=200, examples=5, most_s=LONG_S)
    assert len(asked.operations) == operations
    assert asked.requests > operations


def test_what_was_found(place: Place) -> None:
    """Each of these was a 500 once."""
    token = place.token("admin")
    ids = place.found[("one", "north")]
    tiny = {"channel": "power", "hours": 2.225073858507203e-308}
    assert place.call("GET", f"/devices/{ids['device_id']}/series", token, params=tiny).status_code == 422
    with place.connection() as conn:  # an appliance whose clock is a day ahead
        conn.execute("ALTER TABLE ticket DISABLE TRIGGER USER")
        conn.execute(
            "UPDATE ticket SET onset_at = onset_at + interval '1 day' WHERE id = %s", (ids["ticket_id"],)
        )
        conn.execute("ALTER TABLE ticket ENABLE TRIGGER USER")
    answer = place.call("GET", f"/tickets/{ids['ticket_id']}/evidence", token)
    assert (answer.status_code, answer.json()["series"]) == (200, [])
