"""The ticket desk under arbitrary sequences of what may happen, on a real PostgreSQL."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.messages import repository as messages
from services.tickets import repository
from services.tickets.desk import Desk
from services.tickets.levels import CLOCK_KINDS, runs
from services.tickets.lifecycle import MOVES, PASSING, TERMINAL, Role, State, targets
from services.tickets.rules import Wait
from tests.services.conftest import NOON
from tests.services.world import ENGINEER, FRIDGE, STAFF, World
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.errors import ConflictError, InvalidMessageError
from zerodistance.store.database import Pool

CAUSES = ("door_ajar", "compressor_failed", "bad_air", "gasket_leak", "unknown")
# What a ticket in these states waits for; without a timer it would wait for ever.
AWAITED = {
    State.OWNER_ASKED: Wait.ANSWER,
    State.OWNER_CHECKED: Wait.RECOVERY,
    State.RESOLVED: Wait.RECOVERY,
    State.VERIFIED: Wait.CONFIRMATION,
}


rarely = st.sampled_from([False, False, True])


class TicketMachine(RuleBasedStateMachine):
    """Findings, answers, time, people, replies: in any order."""

    pool: Pool
    catalogue: Catalogue
    seen: set[tuple[str | None, str]]

    @initialize(begun=st.sampled_from([5, 6, 0, 1, 2, 3, 4]))
    def begin(self, begun: int) -> None:
        with self.pool.connection() as conn:
            conn.execute("SET LOCAL session_replication_role = replica")  # the audit refuses it otherwise
            conn.execute("TRUNCATE tenant, outbox CASCADE")
            conn.execute("SET LOCAL session_replication_role = origin")
            conn.execute("INSERT INTO tenant (id, name) VALUES (1, 'default')")
        clock = ManualClock(NOON)
        self.world = World(self.pool, clock, self.catalogue, Desk(self.catalogue, clock))
        if begun == 0:
            return
        # Somewhere in the middle of a story: arbitrary sequences rarely come that far.
        world, cause, id = self.world, "compressor_failed", "a"
        world.find(cause=cause, id=id)
        if begun == 5:
            world.answer("fixed")
        elif begun == 6:
            world.pass_time(minutes=50)
        chapters = (
            lambda: world.answer("checked"),
            lambda: world.move("visiting"),
            world.resolve,
            lambda: world.clear(cause=cause, id=id),
        )
        for chapter in chapters[:begun] if begun < 5 else ():
            chapter()

    @rule(
        cause=st.sampled_from(CAUSES),
        id=st.sampled_from(["a", "b"]),
        urgency=st.sampled_from(["urgent", "soon", "routine"]),
        state=st.sampled_from(["open", "open", "cleared"]),
    )
    def finding(self, cause: str, id: str, urgency: str, state: str) -> None:
        self.world.find(cause=cause, id=id, urgency=urgency, state=state)

    @rule()
    def everything_clears(self) -> None:
        for id in list(self.world.revisions):
            self.world.clear(cause="door_ajar", id=id)

    @rule(id=st.sampled_from(["a", "b"]))
    def redelivered(self, id: str) -> None:
        if id in self.world.revisions:
            before = self.snapshot()
            revision = self.world.revisions[id]
            assert self.world.find(cause="bad_air", id=id, revision=revision) == "repeated"
            assert self.snapshot() == before

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        asked = [m for m in self.world.messages() if m.answers] if self.world.tickets() else []
        if asked:
            # Ids are random: what was asked at one moment is put into an order that is always the same.
            asked.sort(key=lambda m: (m.purpose != "window", m.created_at, m.purpose, sorted(m.answers)))
            message = data.draw(st.sampled_from(asked[-3:]))
            with contextlib.suppress(ConflictError):
                self.world.answer(data.draw(st.sampled_from(sorted(message.answers))), message.purpose)

    @rule(minutes=st.sampled_from([1, 10, 60, 300, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    @rule(
        data=st.data(),
        any_state=st.sampled_from([False, False, True]),
        stale=st.sampled_from([False, False, True]),
    )
    def person(self, data: st.DataObject, any_state: bool, stale: bool) -> None:
        if not self.world.tickets():
            return
        possible = targets(State(self.world.ticket().state), STAFF)
        useful = [to for to in possible if to not in TERMINAL] or possible
        to = data.draw(st.sampled_from(list(State) if any_state or not useful else useful))
        now = self.world.clock.now()
        details: dict[str, Any] = {"note": "because", "assignee": ENGINEER}
        if to is State.PLANNED:
            details |= {"visit_from": now, "visit_until": now.replace(year=now.year + 1)}
        if to is State.RESOLVED:
            details |= {"outcome": "no_fault_found", "minutes": 5}
        version = self.world.ticket().version - (1 if stale else 0)
        before = self.snapshot()
        try:
            self.world.move(to.value, version=version, **details)
        except (ConflictError, InvalidMessageError):
            assert self.snapshot() == before  # refused means that nothing happened
        else:
            assert not stale

    @rule(rating=st.integers(1, 5))
    def rating(self, rating: int) -> None:
        if self.world.tickets():
            with contextlib.suppress(ConflictError):
                self.world.rate(rating)

    @rule(state=st.sampled_from(["done", "refused", "failed"]))
    def reply(self, state: str) -> None:
        from services.commands import repository as commands
        from services.commands.lifecycle import State as CommandState

        with self.world.pool.connection() as conn:
            row = conn.execute("SELECT id FROM command WHERE finished_at IS NULL").fetchone()
            if row is not None:
                self.world.desk.lock_command(conn, row[0])
                now = self.world.clock.now()
                ended = commands.finish(conn, row[0], FRIDGE, CommandState(state), "", now)
                assert ended is not None
                self.world.desk.command_ended(conn, ended)

    def snapshot(self) -> list[Any]:
        with self.world.pool.connection() as conn:
            return conn.execute("SELECT id, version, state FROM ticket ORDER BY number").fetchall()

    @invariant()
    def one_open_ticket(self) -> None:
        if not hasattr(self, "world"):
            return
        assert sum(State(row[2]) not in TERMINAL for row in self.snapshot()) <= 1

    @invariant()
    def history_tells_everything(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.world.pool.connection() as conn:
            for ticket_id, version, state in self.snapshot():
                lines = repository.history(conn, ticket_id)
                assert [line.version for line in lines] == list(range(1, version + 1))
                here: str | None = None
                for line in lines:
                    assert line.from_state == here
                    source = State(here) if here else None
                    move = MOVES.get((source, State(line.to_state)))
                    assert line.from_state == line.to_state or move is not None
                    if move is not None and line.actor == "owner" and here != line.to_state:
                        assert Role.OWNER in move.who
                    if here != line.to_state:
                        self.seen.add((here, line.to_state))
                    here = line.to_state
                assert here == state
                assert State(state) not in PASSING

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.world.pool.connection() as conn:
            for ticket_id, _, state in self.snapshot():
                timers = conn.execute(
                    "SELECT kind FROM timer WHERE ticket_id = %s AND done_at IS NULL AND NOT kind = ANY(%s)",
                    (ticket_id, list(CLOCK_KINDS)),
                ).fetchall()
                clocked = conn.execute(
                    "SELECT count(*) FROM timer WHERE ticket_id = %s AND done_at IS NULL AND kind = ANY(%s)",
                    (ticket_id, list(CLOCK_KINDS)),
                ).fetchone()
                ticket = repository.get(conn, ticket_id)
                assert (ticket.resolve_left_s is not None) == (state == State.ON_HOLD)
                if not runs(ticket):
                    assert clocked == (0,), "a clock that stands still rings for nobody"
                wanted = AWAITED.get(State(state))
                if wanted is not None:
                    assert timers == [(wanted.value,)]
                elif State(state) in TERMINAL:
                    assert timers == []

    @invariant()
    def both_sides_are_told_together(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.world.pool.connection() as conn:
            for ticket_id, _, _ in self.snapshot():
                events: dict[str, set[tuple[str, Any]]] = {}
                for message in messages.of_ticket(conn, ticket_id):
                    events.setdefault(message.event_id, set()).add((message.audience, message.created_at))
                for sides in events.values():
                    told = {audience for audience, _ in sides}
                    rung = told in ({"engineer"}, {"engineer", "dispatcher"})  # the clock is not the owner's
                    assert told == {"owner", "engineer"} or rung
                    assert len({created for _, created in sides}) == 1


def test_whatever_happens_the_ticket_stays_sound(pool: Pool, catalogue: Catalogue) -> None:
    machine: Any = type("Machine", (TicketMachine,), {"pool": pool, "catalogue": catalogue, "seen": set()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=35,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),  # each example is a database: shrinking takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
    # The sequences lead somewhere: most of the life cycle was walked through.
    reached = {to for _, to in machine.seen}
    assert reached >= {State.OWNER_CHECKED, State.UNANSWERED, State.RESOLVED, State.VERIFIED, State.CLOSED}
    assert len(machine.seen) >= 20


@pytest.mark.soak
def test_the_same_for_long(pool: Pool, catalogue: Catalogue) -> None:
    machine: Any = type("Machine", (TicketMachine,), {"pool": pool, "catalogue": catalogue, "seen": set()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=1000, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
