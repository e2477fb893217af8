"""Commands: the states, consent whatever the race, replies too early and too late."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.commands import repository as commands
from services.commands.lifecycle import (
    FINISHED,
    MOVES,
    State,
    check_command,
    check_move,
    first_state,
    real_wait_s,
)
from services.commands.repository import CommandRow
from services.commands.requests import request_command
from services.tickets import repository
from services.tickets.desk import Desk
from tests.services.world import FRIDGE, HOME, World
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock, ScaledClock, SystemClock
from zerodistance.errors import (
    ConflictError,
    ForbiddenError,
    IllegalMoveError,
    InvalidMessageError,
    NotFoundError,
)
from zerodistance.store.database import Pool


@pytest.fixture
def careful(catalogue: Catalogue) -> Catalogue:
    """Give a catalogue in which sterilising needs the owner's consent."""
    return consenting(catalogue)


def consenting(catalogue: Catalogue) -> Catalogue:
    fridge = catalogue["refrigerator"]
    sterilise = msgspec.structs.replace(fridge.commands["sterilise"], consent=True)
    changed = msgspec.structs.replace(fridge, commands={**fridge.commands, "sterilise": sterilise})
    return Catalogue({**catalogue, "refrigerator": changed})


@pytest.fixture
def asking(pool: Pool, careful: Catalogue, clock: ManualClock) -> World:
    """Give a world in which sterilising needs the owner's consent."""
    return World(pool, clock, careful, Desk(careful, clock))


def request(world: World, device: str = FRIDGE, life_s: float = 300, **more: Any) -> CommandRow:
    with world.pool.connection() as conn:
        found = repository.device(conn, device)
        assert found is not None
        now = world.clock.now()
        return request_command(
            conn,
            world.catalogue,
            found,
            "sterilise",
            {},
            requested_by="staff",
            now=now,
            expires_at=now + timedelta(seconds=life_s),
            **more,
        )


def state_of(world: World, command: CommandRow) -> CommandRow:
    with world.pool.connection() as conn:
        return commands.get(conn, command.id)


def consent(world: World, command: CommandRow, answer: str) -> None:
    with world.pool.connection() as conn:
        world.desk.answer(conn, HOME, f"consent-{command.id}-owner", answer)


def send(world: World) -> CommandRow | None:
    """Do what `work` does, without a broker."""
    with world.pool.connection() as conn:
        command = commands.take_queued(conn, world.clock.now())
        if command is not None:
            commands.mark_sent(conn, command.id, world.clock.now())
        return command


def reply(world: World, command: CommandRow, state: State, device: str = FRIDGE) -> CommandRow | None:
    with world.pool.connection() as conn:
        return commands.finish(conn, command.id, device, state, "because", world.clock.now())


def end_overdue(world: World) -> CommandRow | None:
    with world.pool.connection() as conn:
        return world.desk.end_overdue_command(conn, shortest_s=0)


def test_without_consent_needed_it_is_queued_at_once(world: World) -> None:
    command = request(world)
    assert (command.state, command.consent_required) == ("queued", False)
    sent = send(world)
    assert sent is not None
    assert sent.id == command.id
    assert send(world) is None
    done = reply(world, command, State.DONE)
    assert done is not None
    assert (done.state, done.sent_at, done.finished_at) == ("done", world.clock.now(), world.clock.now())
    assert reply(world, command, State.FAILED) is None  # it is finished


def test_consent_is_asked_and_given(asking: World) -> None:
    command = request(asking)
    assert command.state == "awaiting_consent"
    assert send(asking) is None
    with asking.pool.connection() as conn:
        row = conn.execute("SELECT body->>'en', purpose FROM message WHERE command_id = %s", (command.id,))
        assert row.fetchone() == (
            "May we do this with your Kitchen fridge: Sterilise the compartment air?",
            "consent",
        )
    consent(asking, command, "approve")
    given = state_of(asking, command)
    assert (given.state, given.consent_by) == ("queued", f"owner:{HOME}")
    assert send(asking) is not None


def test_consent_refused_or_not_given_in_time(asking: World) -> None:
    command = request(asking)
    consent(asking, command, "decline")
    consent(asking, command, "decline")
    assert state_of(asking, command).state == "declined"
    with pytest.raises(ConflictError, match="answered already"):
        consent(asking, command, "approve")
    late = request(asking)
    asking.clock.advance(seconds=301)
    with pytest.raises(ConflictError, match="too late"):
        consent(asking, late, "approve")
    ended = end_overdue(asking)
    assert ended is not None
    assert (ended.id, ended.state, ended.reason) == (late.id, "expired", "no consent in time")
    with pytest.raises(ConflictError, match="too late"):
        consent(asking, late, "decline")
    assert send(asking) is None


def test_nobody_can_consent_for_a_device_without_an_owner(asking: World) -> None:
    with pytest.raises(ForbiddenError, match="no owner"):
        request(asking, "ownerless")


def test_a_retired_device_takes_no_commands(world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute("UPDATE device SET retired_at = now() WHERE id = %s", (FRIDGE,))
    with pytest.raises(ConflictError, match="retired"):
        request(world)


def test_not_sent_in_time_and_no_reply_in_time(world: World) -> None:
    unsent = request(world)
    world.clock.advance(seconds=301)
    assert send(world) is None
    ended = end_overdue(world)
    assert ended is not None
    assert (ended.id, ended.reason) == (unsent.id, "not sent in time")
    silent = request(world)
    send(world)
    world.clock.advance(seconds=119)
    assert end_overdue(world) is None
    world.clock.advance(seconds=1)
    ended = end_overdue(world)
    assert ended is not None
    assert (ended.id, ended.state, ended.reason) == (silent.id, "failed", "no reply within 120 s")
    with world.pool.connection() as conn:
        assert commands.note_late_reply(conn, silent.id, FRIDGE, "done")
        assert not commands.note_late_reply(conn, silent.id, FRIDGE, "done")
    assert state_of(world, silent).reason == "no reply within 120 s; late reply: done"


def test_a_reply_before_the_sending_is_noted(world: World) -> None:
    command = request(world)
    done = reply(world, command, State.DONE)  # the process that sent it died before its commit
    assert done is not None
    assert done.sent_at is not None
    assert send(world) is None


def test_a_reply_of_another_device_changes_nothing(world: World) -> None:
    command = request(world)
    send(world)
    assert reply(world, command, State.DONE, "air-1") is None
    assert state_of(world, command).state == "sent"


def test_the_database_and_the_code_have_the_same_moves(world: World) -> None:
    for source in State:
        for target in State:
            if source is target:
                continue
            with world.pool.connection() as conn:
                conn.execute("DELETE FROM command")
                sent_at = "now()" if source is State.SENT else "NULL"
                finished = "now()" if source in FINISHED else "NULL"
                conn.execute(
                    "INSERT INTO command (id, tenant_id, device_id, name, state, requested_by,"
                    " consent_required, created_at, expires_at, sent_at, finished_at)"
                    " VALUES ('c', 1, %s, 'x', %s, 's', false,"
                    f" now(), now(), {sent_at}, {finished})",
                    (FRIDGE, source.value),
                )
            finished = "now()" if target in FINISHED else "NULL"
            try:
                with world.pool.connection() as conn:
                    conn.execute(
                        f"UPDATE command SET state = %s, sent_at = now(), finished_at = {finished}",
                        (target.value,),
                    )
                accepted = True
            except psycopg.IntegrityError:
                accepted = False
            assert accepted == (target in MOVES[source]), f"{source} → {target}"
            if accepted:
                check_move(source, target)
            else:
                with pytest.raises(IllegalMoveError):
                    check_move(source, target)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'queued'",
        "state = 'sent', sent_at = now()",
        "state = 'done', finished_at = now()",
        "consent_required = false",
        "consent_required = false, state = 'queued'",
        "sent_at = now()",
        "consent_by = 'nobody'",
        "arguments = '{\"a\": 1}'",
        "name = 'other', state = 'queued', consent_by = 'owner'",
    ],
)
def test_the_database_lets_nothing_leave_without_consent(asking: World, change: str) -> None:
    request(asking)
    with pytest.raises(psycopg.IntegrityError), asking.pool.connection() as conn:
        conn.execute(f"UPDATE command SET {change}".encode())


def test_whoever_forgets_to_say_is_taken_to_need_consent(world: World) -> None:
    with pytest.raises(psycopg.IntegrityError), world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO command (id, tenant_id, device_id, name, state, requested_by, created_at,"
            " expires_at) VALUES ('c', 1, %s, 'x', 'queued', 's', now(), now())",
            (FRIDGE,),
        )


def test_consent_declined_sending_and_expiry_race(asking: World) -> None:
    """Whoever wins: what was sent had the consent, and what was declined was not sent."""
    for _ in range(15):
        command = request(asking, life_s=10)
        barrier = threading.Barrier(5)
        failures: list[BaseException] = []
        sent: list[str] = []

        def together(action: Any, barrier: Any = barrier, failures: Any = failures) -> None:
            barrier.wait()
            try:
                action()
            except ConflictError:
                pass  # that one came too late
            except BaseException as error:
                failures.append(error)

        def sending(command: CommandRow = command, sent: Any = sent) -> None:
            for _ in range(20):
                with asking.pool.connection() as conn:
                    taken = commands.take_queued(conn, asking.clock.now())
                    if taken is not None:
                        row = conn.execute(
                            "SELECT consent_by FROM command WHERE id = %s", (taken.id,)
                        ).fetchone()
                        assert row is not None
                        assert row[0] is not None
                        sent.append(taken.id)
                        commands.mark_sent(conn, taken.id, asking.clock.now())

        def declining(command: CommandRow = command) -> None:
            with asking.pool.connection() as conn:
                commands.decline(conn, command.id, "owner", asking.clock.now())

        actions = [lambda c=command: consent(asking, c, "approve"), sending, sending, declining, declining]
        threads = [threading.Thread(target=together, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not failures
        end = state_of(asking, command)
        assert len(sent) <= 1
        assert (end.state == "sent") == bool(sent)
        assert end.sent_at is None or end.consent_by is not None
        assert end.state in ("sent", "declined")


class ConsentMachine(RuleBasedStateMachine):
    """One command at a time, asked for, approved, declined, sent, answered, overdue: in any order."""

    pool: Pool
    catalogue: Catalogue

    @initialize()
    def begin(self) -> None:
        with self.pool.connection() as conn:
            conn.execute("SET LOCAL session_replication_role = replica")  # the audit refuses it otherwise
            conn.execute("TRUNCATE tenant, outbox CASCADE")
            conn.execute("SET LOCAL session_replication_role = origin")
            conn.execute("INSERT INTO tenant (id, name) VALUES (1, 'default')")
        clock = ManualClock()
        careful = consenting(self.catalogue)
        self.world = World(self.pool, clock, careful, Desk(careful, clock))
        self.made: list[CommandRow] = []
        self.approved: set[str] = set()
        self.sent: list[str] = []

    @rule(life=st.sampled_from([1, 60]))
    def ask(self, life: int) -> None:
        self.made.append(request(self.world, life_s=life))

    @rule(answer=st.sampled_from(["approve", "decline"]), which=st.integers(0, 3))
    def answer(self, answer: str, which: int) -> None:
        if which < len(self.made):
            try:
                consent(self.world, self.made[which], answer)
            except ConflictError:
                return
            if answer == "approve":
                self.approved.add(self.made[which].id)

    @rule()
    def send(self) -> None:
        taken = send(self.world)
        if taken is not None:
            assert taken.id in self.approved
            assert taken.expires_at > self.world.clock.now()
            self.sent.append(taken.id)

    @rule(state=st.sampled_from([State.DONE, State.REFUSED, State.FAILED]), which=st.integers(0, 3))
    def reply(self, state: State, which: int) -> None:
        if which < len(self.made):
            ended = reply(self.world, self.made[which], state)
            assert ended is None or ended.id in self.approved

    @rule(seconds=st.sampled_from([1, 30, 130]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds=seconds)

    @invariant()
    def nothing_left_without_consent(self) -> None:
        for made in getattr(self, "made", []):
            row = state_of(self.world, made)
            if row.id not in self.approved:
                assert row.state in ("awaiting_consent", "declined", "expired")
                assert row.sent_at is None
        assert len(set(getattr(self, "sent", []))) == len(getattr(self, "sent", []))


def test_no_consent_no_command(pool: Pool, catalogue: Catalogue) -> None:
    machine: Any = type("Machine", (ConsentMachine,), {"pool": pool, "catalogue": catalogue})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_ticket_that_needs_consent_goes_on_when_it_is_refused(asking: World) -> None:
    asking.find(cause="bad_air", urgency="routine")
    assert asking.ticket().state == "remote"
    with asking.pool.connection() as conn:
        row = conn.execute("SELECT id, state FROM command").fetchone()
    assert row is not None
    assert row[1] == "awaiting_consent"
    with asking.pool.connection() as conn:
        asking.desk.answer(conn, HOME, f"consent-{row[0]}-owner", "decline")
    assert asking.ticket().state == "on_site"


def test_f3_the_command_helps(world: World) -> None:
    world.find(cause="bad_air", urgency="routine")
    command = send(world)
    assert command is not None
    with world.pool.connection() as conn:
        world.desk.lock_command(conn, command.id)
        ended = commands.finish(conn, command.id, FRIDGE, State.DONE, "", world.clock.now())
        assert ended is not None
        world.desk.command_ended(conn, ended)
    assert world.ticket().state == "remote"
    world.clear(cause="bad_air", urgency="routine")
    assert (world.ticket().state, world.ticket().visit_avoided) == ("closed", True)


def test_f3_the_command_does_not_help(world: World) -> None:
    world.find(cause="bad_air", urgency="routine")
    command = send(world)
    assert command is not None
    with world.pool.connection() as conn:
        ended = commands.finish(conn, command.id, FRIDGE, State.DONE, "", world.clock.now())
        assert ended is not None
        world.desk.command_ended(conn, ended)
    world.pass_time(minutes=481)  # the time that the filter takes, as the catalogue says
    assert world.ticket().state == "on_site"


@pytest.fixture
def texts(catalogue: Catalogue) -> Catalogue:
    from zerodistance.catalogue.model import Argument, Command

    fridge = catalogue["refrigerator"]
    mode = Command(
        title={"en": "Mode"},
        arguments={
            "mode": Argument(type="text", choices=("eco", "turbo")),
            "note": Argument(type="text"),
            "on": Argument(type="boolean"),
        },
    )
    return Catalogue({"refrigerator": msgspec.structs.replace(fridge, commands={"mode": mode})})


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"mode": "eco", "note": "", "on": True}, ""),
        ({"mode": "slow", "note": "", "on": True}, "one of eco, turbo"),
        ({"mode": 1, "note": "", "on": True}, "must be a text"),
        ({"mode": "eco", "note": "x" * 201, "on": True}, "longer than"),
        ({"mode": "eco", "note": "", "on": 1}, "true or false"),
        ({"mode": "eco", "note": ""}, "needs the argument 'on'"),
        ({"mode": "eco", "note": "", "on": True, "x": 1}, "no argument 'x'"),
    ],
)
def test_arguments_are_those_of_the_catalogue(
    texts: Catalogue, arguments: dict[str, Any], problem: str
) -> None:
    if not problem:
        check_command(texts["refrigerator"], "mode", arguments)
        return
    with pytest.raises(InvalidMessageError, match=problem):
        check_command(texts["refrigerator"], "mode", arguments)


def test_numbers_are_in_their_range(catalogue: Catalogue) -> None:
    fridge = catalogue["refrigerator"]
    check_command(fridge, "set_temperature", {"set_point": 2})
    for wrong in (1.9, 8.1, float("nan"), float("inf"), "4", None, True, [4]):
        with pytest.raises(InvalidMessageError):
            check_command(fridge, "set_temperature", {"set_point": wrong})
    with pytest.raises(NotFoundError, match="it takes: set_temperature, sterilise"):
        check_command(fridge, "fly", {})


def test_first_states() -> None:
    assert first_state(True, None) is State.AWAITING_CONSENT
    assert first_state(True, "owner") is State.QUEUED
    assert first_state(False, None) is State.QUEUED


def test_an_accelerated_clock_does_not_make_the_network_faster() -> None:
    now = SystemClock().now()
    assert real_wait_s(ScaledClock(now, 200, now), 60) == pytest.approx(1000)
    assert real_wait_s(ScaledClock(now, 1, now), 60) == 60
    assert real_wait_s(SystemClock(), 1) == 5
    assert real_wait_s(ManualClock(), 1) == 1
