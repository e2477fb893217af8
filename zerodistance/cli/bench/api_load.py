"""The load of ``zerodistance bench api``: people at the console, as a locustfile.

Locust runs it in a process of its own (its client is gevent's). Every user asks once a second on the
average, at moments of a Poisson process that are set whatever the answers take: a slow answer does not thin
the load out, and nobody asks in step. (Locust's ``constant_throughput`` counts what a user did before its
first task as that task's time, so that after a second all ask in the same instant, 100 at once.)

What to ask stands in the JSON file that ``ZD_BENCH_PLAN`` names; every answer is written down in the file
that it names in turn.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import msgspec
from locust import FastHttpUser, events, task

from zerodistance.cli.bench.load_shares import REFERENCE, SHARES


class Plan(msgspec.Struct):
    """What to ask.

    Attributes:
        hosts: base addresses of the API's processes, taken in turn.
        token: bearer token.
        out: where the answers' times go: JSON, name → [[seconds since the first, ms, was right], …].
        seed: of what is asked next.
        searches: words looked for in the list of devices.
    """

    hosts: list[str]
    token: str
    out: str
    seed: int
    devices: list[str]
    open_tickets: list[str]
    ended_tickets: list[str]
    plotted_tickets: list[str]
    searches: list[str]


_PER_SECOND = 1.0  # questions of one user
_PLAN = os.environ.get("ZD_BENCH_PLAN", "")
plan = msgspec.json.decode(Path(_PLAN).read_bytes(), type=Plan) if _PLAN else None
_random = random.Random(plan.seed if plan else 0)
_taken: dict[str, list[tuple[float, float, bool]]] = {}
_users = 0
_begin: list[float] = []


@events.request.add_listener  # type: ignore[untyped-decorator]
def _note(name: str, response_time: float, exception: Exception | None, start_time: float, **_: Any) -> None:
    if not _begin:
        _begin.append(start_time)
    _taken.setdefault(name, []).append((start_time - _begin[0], response_time, exception is None))


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _write(**_: Any) -> None:
    if plan is not None:
        Path(plan.out).write_text(json.dumps(_taken), encoding="utf-8")


class _Person(FastHttpUser):
    """Somebody who asks; the addresses are given to one after the other."""

    abstract = True
    network_timeout = 30.0
    connection_timeout = 30.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        global _users
        assert plan is not None
        self.plan = plan
        self.host = plan.hosts[_users % len(plan.hosts)]
        _users += 1
        super().__init__(*arguments, **named)
        self.said = {"Authorization": f"Bearer {plan.token}", "Accept-Encoding": "identity"}
        self.due = time.perf_counter()

    def on_start(self) -> None:
        """Wait for the first question's moment: Locust starts all users at once."""
        time.sleep(self.wait_time())  # gevent's: Locust has replaced it

    def wait_time(self) -> float:
        """Return the seconds until the next question is due; 0 if it is overdue."""
        self.due += _random.expovariate(_PER_SECOND)
        return max(0.0, self.due - time.perf_counter())

    def ask(self, path: str, name: str) -> Any:
        """Ask, and return what was answered."""
        answer = self.client.get(path, headers=self.said, name=name)
        return answer.json() if answer.status_code == 200 else {}


class Staff(_Person):
    """A dispatcher or engineer who works through the inbox."""

    weight = 100
    cursor = ""

    @task
    def work(self) -> None:
        """Ask one of the questions, each as often as its share says."""
        assert plan is not None
        name = _random.choices(list(SHARES), list(SHARES.values()))[0]
        if name == "ticket list":
            self.cursor = self.ask("/api/v1/tickets", name).get("next") or ""
        elif name == "ticket list, next page":
            self.ask(f"/api/v1/tickets?cursor={self.cursor}", name)
        elif name == "ticket list, closed":
            self.ask("/api/v1/tickets?state=closed", name)
        elif name == "ticket page":
            kind = plan.open_tickets if _random.random() < 0.8 else plan.ended_tickets
            self.ask(f"/api/v1/tickets/{_random.choice(kind or plan.open_tickets)}", name)
        elif name == "evidence":
            self.ask(f"/api/v1/tickets/{_random.choice(plan.plotted_tickets)}/evidence", name)
        elif name == "device list":
            self.ask("/api/v1/devices", name)
        elif name == "device search":
            self.ask(f"/api/v1/devices?q={_random.choice(plan.searches)}", name)
        else:
            self.ask(f"/api/v1/devices/{_random.choice(plan.devices)}", name)


class Probe(_Person):
    """The reference in the same run: what an answer costs that does nothing but ask the database for 1."""

    fixed_count = 5

    @task
    def look(self) -> None:
        """Ask for the health of the process."""
        self.ask("/api/v1/health", REFERENCE)
