"""A small world for the tests of the service side."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.messages import delivery
from services.messages import repository as messages
from services.messages.repository import Message
from services.tickets import repository
from services.tickets.desk import Desk
from services.tickets.incidents import Taken
from services.tickets.lifecycle import Details, Role, State
from services.tickets.repository import Ticket
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock, to_us
from zerodistance.messages import Candidate, Evidence, Finding, RuledOut
from zerodistance.store.database import Pool
from zerodistance.store.devices import register_device, register_engineer, register_household

HOME = "home-1"
FRIDGE = "fridge-1"
AIR = "air-1"
ENGINEER = "engineer-1"
STAFF = frozenset({Role.ENGINEER, Role.DISPATCHER})


def make_finding(
    device: str = FRIDGE,
    cause: str = "door_ajar",
    *,
    id: str = "",
    revision: int = 1,
    state: str = "open",
    at: datetime,
    urgency: str = "urgent",
    type: str = "refrigerator",
    observed: float = 12.0,
    summary: str = "It is getting warm.",
    **more: Any,
) -> Finding:
    """Return a finding as the diagnosis would write it."""
    usual = [
        Evidence("fresh_food_mean", "fresh_food_temperature", "°C", observed, 4.0, 3.0, 5.0, 8.0),
        Evidence("duty", "power", "", 0.9, 0.3, 0.2, 0.4, 5.0),
    ]
    return Finding(
        id=id or f"finding-{device}",
        revision=revision,
        tenant=1,
        device=device,
        type=type,
        state=state,  # type: ignore[arg-type]
        cause=cause,
        probability=0.8,
        candidates=[Candidate(cause, 0.8), Candidate("unknown", 0.2)],
        ruled_out=[RuledOut("gasket_leak", {"en": "It is too quick for that.", "zh": "变化过快。"})],
        urgency=urgency,  # type: ignore[arg-type]
        onset_us=to_us(at - timedelta(minutes=30)),
        time_us=to_us(at),
        summary={"en": summary, "zh": "正在升温。"},
        **{"model": "rules-1", "evidence": usual, **more},
    )


@dataclass
class World:
    """The desk with its database and clock, and the things that happen to it."""

    pool: Pool
    clock: ManualClock
    catalogue: Catalogue
    desk: Desk
    elapsed: timedelta = timedelta(0)
    revisions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.pool.connection() as conn:
            register_household(conn, HOME, region="west", time_zone="Asia/Shanghai", owner_name="Li")
            register_engineer(conn, ENGINEER, "Wang", skills=["refrigeration"])
            register_device(
                conn, FRIDGE, "refrigerator", household_id=HOME, name="Kitchen fridge", model="R1"
            )
            register_device(conn, AIR, "air_conditioner", household_id=HOME)
            register_device(conn, "ownerless", "refrigerator")

    def find(self, device: str = FRIDGE, cause: str = "door_ajar", **more: Any) -> Taken:
        """Let the diagnosis say something; revisions count up by themselves."""
        found = make_finding(device, cause, at=self.clock.now(), **more)
        if "revision" not in more:
            self.revisions[found.id] = self.revisions.get(found.id, 0) + 1
            found = make_finding(
                device, cause, at=self.clock.now(), revision=self.revisions[found.id], **more
            )
        with self.pool.connection() as conn:
            return self.desk.take_finding(conn, found)

    def clear(self, device: str = FRIDGE, cause: str = "door_ajar", **more: Any) -> Taken:
        return self.find(device, cause, state="cleared", **more)

    def ticket(self, device: str = FRIDGE) -> Ticket:
        """Return the latest ticket of a device."""
        with self.pool.connection() as conn:
            row = conn.execute(
                "SELECT id FROM ticket WHERE device_id = %s ORDER BY number DESC LIMIT 1", (device,)
            ).fetchone()
            assert row is not None, f"{device} has no ticket"
            return repository.get(conn, row[0])

    def tickets(self) -> int:
        with self.pool.connection() as conn:
            row = conn.execute("SELECT count(*) FROM ticket").fetchone()
            assert row is not None
            return int(row[0])

    def states(self, device: str = FRIDGE) -> list[str]:
        """Return the states that the latest ticket went through, each once in a row."""
        with self.pool.connection() as conn:
            lines = repository.history(conn, self.ticket(device).id)
        passed = [line.to_state for line in lines]
        return [state for n, state in enumerate(passed) if n == 0 or passed[n - 1] != state]

    def messages(self, device: str = FRIDGE) -> list[Message]:
        with self.pool.connection() as conn:
            return messages.of_ticket(conn, self.ticket(device).id)

    def question(self, purpose: str = "check", device: str = FRIDGE) -> Message:
        """Return the latest question of that purpose to the owner."""
        asked = [m for m in self.messages(device) if m.purpose == purpose]
        assert asked, f"nothing was asked for {purpose}"
        return asked[-1]

    def answer(self, answer: str, purpose: str = "check", device: str = FRIDGE) -> Message:
        message = self.question(purpose, device)
        with self.pool.connection() as conn:
            return self.desk.answer(conn, HOME, message.id, answer)

    def move(self, to: str, device: str = FRIDGE, version: int | None = None, **details: Any) -> Ticket:
        ticket = self.ticket(device)
        with self.pool.connection() as conn:
            return self.desk.move(
                conn,
                ticket.id,
                ticket.version if version is None else version,
                State(to),
                Details(**details),
                roles=STAFF,
                actor="staff:wang",
            )

    def plan(self, device: str = FRIDGE) -> Ticket:
        start = self.clock.now() + timedelta(hours=2)
        return self.move(
            "planned",
            device,
            assignee=ENGINEER,
            visit_from=start,
            visit_until=start + timedelta(hours=1),
        )

    def resolve(self, device: str = FRIDGE, **more: Any) -> Ticket:
        given: dict[str, Any] = {"outcome": "confirmed", "minutes": 40, "parts_used": ("compressor",), **more}
        return self.move("resolved", device, **given)

    def rate(self, rating: int, device: str = FRIDGE) -> Ticket:
        with self.pool.connection() as conn:
            return self.desk.rate(conn, HOME, self.ticket(device).id, rating)

    def pass_time(self, **parts: float) -> None:
        """Let platform time pass and do all that comes due."""
        self.clock.advance(**parts)
        self.elapsed += timedelta(**parts)
        self.work()

    def work(self) -> None:
        """Deliver messages, fire timers, end commands, until nothing is due."""
        for _ in range(50):
            with self.pool.connection() as conn:
                done = bool(delivery.deliver_inbox(conn, self.clock, 100))
            with self.pool.connection() as conn:
                done |= self.desk.fire_due_timer(conn)
            with self.pool.connection() as conn:
                done |= self.desk.end_overdue_command(conn, shortest_s=0) is not None
            if not done:
                return
        raise AssertionError("work never ends")
