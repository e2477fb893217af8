"""`work` on a real PostgreSQL and a SQLite log: findings, crashes, damaged records, F1 by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from services.api.app import make_app
from services.messages import repository as messages
from services.tickets import repository
from services.tickets.desk import Desk
from services.tickets.lifecycle import Details, State
from services.work import duties
from services.work.consumer import WorkConsumer
from services.work.intake import TOPICS, Intake
from services.work.service import Hourly, repeat, run
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import wait_until
from tests.services.api import settings_of
from tests.services.world import AIR, ENGINEER, FRIDGE, HOME, STAFF, World, make_finding
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock, SystemClock, to_us
from zerodistance.errors import FencedError, StoreError, UnavailableError
from zerodistance.log import Log, Record
from zerodistance.messages import (
    EVENTS,
    FINDINGS,
    LOG_TOPICS,
    TICKETS,
    DeviceEvent,
    Finding,
    decode_ticket_change,
    encode_event,
    encode_finding,
)
from zerodistance.settings import Settings
from zerodistance.store import counts
from zerodistance.store.database import Connection, Pool

PARTITIONS = 4


@pytest.fixture
def log(sqlite_log: Log) -> Log:
    sqlite_log.create_topics(LOG_TOPICS, PARTITIONS)
    return sqlite_log


def put(log: Log, topic: str, *values: bytes, key: str = FRIDGE) -> None:
    producer = log.producer()
    for value in values:
        producer.send(topic, value, key=key.encode())
    producer.flush()
    producer.close()


def put_finding(log: Log, finding: Finding) -> None:
    put(log, FINDINGS, encode_finding(finding), key=finding.device)


def consumer_of(world: World, log: Log, take: Any = None) -> WorkConsumer:
    intake = Intake(world.desk, world.clock)
    return WorkConsumer(log, world.pool, "work", TOPICS, take or intake.take)


def drain(worker: WorkConsumer, log: Log, expected: int) -> None:
    """Join the group, work until ``expected`` records are taken, and leave."""
    member = log.consumer("work", TOPICS, on_assigned=worker._note, on_revoked=worker._note)
    taken = 0

    def turn() -> bool:
        nonlocal taken
        taken += worker.turn(member)
        return taken >= expected

    try:
        wait_until(turn, what=f"{expected} records")
    finally:
        worker._note([])
        member.close()


def tally(pool: Pool) -> dict[str, int]:
    with pool.connection() as conn:
        return {outcome: n for (stage, outcome), n in counts.read(conn).items() if stage == "work"}


def test_findings_are_taken_once_and_in_order(world: World, log: Log) -> None:
    now = world.clock.now()
    for revision, state in ((1, "open"), (2, "open"), (3, "cleared")):
        put_finding(log, make_finding(at=now, revision=revision, state=state))
    put_finding(log, make_finding("nobody", at=now))
    drain(consumer_of(world, log), log, 4)
    assert world.states() == ["owner_asked", "recovered", "closed"]
    assert tally(world.pool) == {"opened": 1, "revised": 1, "cleared": 1, "unknown_device": 1}
    put_finding(log, make_finding(at=now, revision=3, state="cleared"))  # the outbox sent it twice
    drain(consumer_of(world, log), log, 1)
    assert tally(world.pool)["repeated"] == 1


def test_a_crash_before_the_commit_loses_and_doubles_nothing(world: World, log: Log) -> None:
    put_finding(log, make_finding(at=world.clock.now()))
    intake = Intake(world.desk, world.clock)
    crashes = [True]

    def crash_once(conn: Connection, record: Record) -> str:
        done = intake.take(conn, record)
        if crashes.pop() if crashes else False:
            raise psycopg.OperationalError("the connection broke")
        return done

    worker = consumer_of(world, log, crash_once)
    member = log.consumer("work", TOPICS, on_assigned=worker._note, on_revoked=worker._note)

    def broken() -> bool:
        try:
            worker.turn(member)
        except UnavailableError:
            return True
        return False

    wait_until(broken, what="the crash")
    assert world.tickets() == 0
    worker._note([])
    member.close()
    drain(worker, log, 1)
    assert world.tickets() == 1
    assert len(world.messages()) == 2


def test_a_zombie_is_fenced_and_its_work_rolled_back(world: World, log: Log) -> None:
    put_finding(log, make_finding(at=world.clock.now()))
    zombie, heir = consumer_of(world, log), consumer_of(world, log)
    member = log.consumer("zombie", TOPICS, on_assigned=zombie._note, on_revoked=zombie._note)
    member.poll(0, 1)
    zombie._take_over(member)
    drain(heir, log, 1)
    with pytest.raises(FencedError):
        wait_until(lambda: zombie.turn(member), what="the zombie's batch")
    member.close()
    assert world.tickets() == 1
    assert tally(world.pool) == {"opened": 1}


def test_damaged_records_become_dead_letters_and_hold_up_nothing(world: World, log: Log) -> None:
    put(log, FINDINGS, b"not json", b"{}", encode_finding(make_finding(at=world.clock.now())), b"\xff\x00")
    put(log, EVENTS, b"\x02 another version", b"")
    drain(consumer_of(world, log), log, 6)
    assert world.ticket().state == "owner_asked"
    assert tally(world.pool) == {"refused": 5, "opened": 1}
    with world.pool.connection() as conn:
        letters = conn.execute("SELECT source, raw FROM dead_letter ORDER BY source").fetchall()
    assert len(letters) == 5
    assert {bytes(raw) for _, raw in letters} == {
        b"not json",
        b"{}",
        b"\xff\x00",
        b"\x02 another version",
        b"",
    }


def test_a_record_that_no_code_expected_is_kept_apart(world: World, log: Log) -> None:
    odd = make_finding(AIR, "cooling_lost", at=world.clock.now(), type="air_conditioner", urgency="whenever")
    put_finding(log, odd)
    put_finding(log, make_finding(at=world.clock.now()))
    drain(consumer_of(world, log), log, 2)
    assert world.tickets() == 1
    assert tally(world.pool) == {"refused": 1, "opened": 1}


def event(code: str, device: str = FRIDGE, *, kind: str = "reply", **data: Any) -> bytes:
    now = to_us(SystemClock().now())
    return encode_event(
        DeviceEvent(
            id=code,
            tenant=1,
            device=device,
            type="refrigerator",
            kind=kind,  # type: ignore[arg-type]
            code=code,
            time_us=now,
            received_us=now,
            data=data,
        )
    )


def test_replies_of_every_kind(world: World, log: Log) -> None:
    from tests.services.test_commands import request, send, state_of

    first, second, third = (request(world) for _ in range(3))
    for _ in range(3):
        send(world)
    put(
        log,
        EVENTS,
        event(first.id, outcome="done"),
        event(second.id, outcome="refused", reason="door open"),
        event(third.id, device=AIR, outcome="done"),
        event("no-such-command", outcome="done"),
        event(third.id, outcome="exploded"),
        event(third.id, outcome=["done"]),
        event("door_opened", kind="event"),
    )
    drain(consumer_of(world, log), log, 7)
    assert state_of(world, first).state == "done"
    assert (state_of(world, second).state, state_of(world, second).reason) == ("refused", "door open")
    assert state_of(world, third).state == "sent"
    assert tally(world.pool) == {
        "reply_done": 1, "reply_refused": 1, "reply_unknown": 2, "refused": 2, "event": 1,
    }  # fmt: skip


def test_two_workers_fire_each_timer_once(world: World) -> None:
    world.find()
    world.find(AIR, "cooling_lost", type="air_conditioner")
    world.clock.advance(hours=3)
    fired: list[int] = []
    threads = [
        threading.Thread(target=lambda: fired.append(duties.fire_timers(world.pool, world.desk)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    while duties.fire_timers(world.pool, world.desk):  # those that were skipped because somebody had them
        pass
    assert world.states() == ["owner_asked", "unanswered", "on_site"]
    assert world.states(AIR) == ["owner_asked", "unanswered", "on_site"]


def test_a_duty_in_trouble_waits_and_the_others_go_on() -> None:
    stop = threading.Event()
    turns = {"broken": 0, "good": 0}

    def broken() -> None:
        turns["broken"] += 1
        raise UnavailableError("not now")

    def good() -> None:
        turns["good"] += 1
        if turns["good"] == 20:
            stop.set()

    repeat(stop, 0.001, broken, good)
    assert turns["good"] == 20
    assert turns["broken"] < 5


def test_the_hourly_jobs_run_once_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []

    def job(_conn: Any, _catalogue: Catalogue, now: Any) -> int:
        ran.append(now)
        if len(ran) == 2:
            raise KeyError("a mistake of ours")
        return 1

    monkeypatch.setattr("services.work.service.job.run_once", job)
    hourly = Hourly(world.pool, world.catalogue, world.clock)
    assert hourly.turn() == 0
    for expected in (1, 0, 1):
        world.clock.advance(minutes=60)
        assert hourly.turn() == expected
        assert hourly.turn() == 0
    assert len(ran) == 3


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Run the whole of `work` in a thread."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def target() -> None:
        try:
            run(settings, stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert not failures


def test_f1_both_endings_by_the_clock(
    database: str, world: World, sqlite_log_address: str, log: Log, mosquitto: Mosquitto, catalogue: Catalogue
) -> None:
    """At 1,200 times: 45 minutes last 2.25 s. Both appliances warm up; one owner closes the door, the other's
    does not answer."""
    settings = settings_of(
        database, clock="2026-03-02T04:00:00Z@1200", log=sqlite_log_address, mqtt=mosquitto.url
    )
    clock = settings.make_clock()
    settings = settings.model_copy(update={"clock": clock.setting()})  # type: ignore[attr-defined]
    desk = Desk(catalogue, clock)

    def state(device: str) -> str:
        with world.pool.connection() as conn:
            row = conn.execute("SELECT state FROM ticket WHERE device_id = %s", (device,)).fetchone()
        return row[0] if row else ""

    with working(settings):
        put_finding(log, make_finding(at=clock.now()))
        put_finding(log, make_finding("ownerless", "compressor_failed", at=clock.now()))
        put_finding(log, make_finding(AIR, "cooling_lost", at=clock.now(), type="air_conditioner"))
        wait_until(lambda: state(AIR) == "owner_asked" and state(FRIDGE) == "owner_asked", what="tickets")
        wait_until(lambda: all(m.sent_at for m in world.messages()), what="both told")
        with world.pool.connection() as conn:
            desk.answer(conn, HOME, world.question().id, "fixed")
        put_finding(log, make_finding(at=clock.now(), revision=2, state="cleared"))
        wait_until(lambda: state(FRIDGE) == "closed", what="the door's ticket to close")
        wait_until(lambda: state(AIR) == "on_site", what="the deadline of the other")

        with world.pool.connection() as conn:
            ticket = repository.lock_open_of_device(conn, AIR)
            assert ticket is not None
            ticket = desk.move(
                conn, ticket.id, ticket.version, State.VISITING, Details(), roles=STAFF, actor="staff"
            )
            done = Details(outcome="confirmed", minutes=30, assignee=ENGINEER)
            desk.move(conn, ticket.id, ticket.version, State.RESOLVED, done, roles=STAFF, actor="staff")
        cleared = make_finding(
            AIR, "cooling_lost", at=clock.now(), type="air_conditioner", revision=2, state="cleared"
        )
        put_finding(log, cleared)
        wait_until(lambda: state(AIR) == "verified", what="telemetry's word")
        wait_until(lambda: world.question("confirm", AIR).sent_at, what="the last question")
        with world.pool.connection() as conn:
            desk.answer(conn, HOME, world.question("confirm", AIR).id, "confirm")
        assert state(AIR) == "closed"
        wait_until(lambda: outbox_empty(world), what="the outbox to be sent")

    door, cooling = world.ticket(FRIDGE), world.ticket(AIR)
    assert (door.outcome, door.visit_avoided) == ("owner_fixed", True)
    assert (cooling.outcome, cooling.visit_avoided) == ("confirmed", False)
    assert world.states(AIR) == [
        "owner_asked", "unanswered", "on_site", "visiting", "resolved", "verified", "confirmed", "closed",
    ]  # fmt: skip
    assert state("ownerless") == "on_site"
    changes = read_all(log)
    assert changes[door.id][-1].state == "closed"
    assert [change.version for change in changes[cooling.id]] == list(range(1, cooling.version + 1))


def outbox_empty(world: World) -> bool:
    with world.pool.connection() as conn:
        return conn.execute("SELECT 1 FROM outbox LIMIT 1").fetchone() is None


def read_all(log: Log) -> dict[str, list[Any]]:
    """Return the ticket changes on the log by ticket."""
    reader = log.consumer("reader", [TICKETS])
    changes: dict[str, list[Any]] = {}
    expected = sum(log.end_offsets(TICKETS).values())
    got = 0

    def read() -> bool:
        nonlocal got
        for record in reader.poll(0.1):
            change = decode_ticket_change(record.value)
            changes.setdefault(change.ticket, []).append(change)
            got += 1
        return got >= expected

    wait_until(read, what="all ticket changes")
    reader.close()
    return changes


def test_both_are_told_at_once_while_other_work_goes_on(world: World) -> None:
    world.find()
    clock = SystemClock()
    with world.pool.connection() as conn:
        conn.execute("UPDATE message SET not_before = now()")
    assert duties.tell(world.pool, clock) == 2
    owner, engineer = sorted(messages_of(world), key=lambda m: m.audience, reverse=True)
    assert owner.sent_at is not None
    assert engineer.sent_at is not None
    assert abs((owner.sent_at - engineer.sent_at).total_seconds()) < 1


def messages_of(world: World) -> list[messages.Message]:
    return world.messages()


def test_nothing_is_sent_before_the_transaction_that_decided_it_commits(world: World) -> None:
    with world.pool.connection() as conn:
        world.desk.take_finding(conn, make_finding(at=world.clock.now()))
        assert duties.tell(world.pool, ManualClock(world.clock.now())) == 0
    assert duties.tell(world.pool, world.clock) == 2


def test_an_unusable_log_address_is_one_sentence(database: str) -> None:
    from zerodistance.errors import SettingsError

    with pytest.raises(SettingsError, match="ZD_LOG"):
        run(settings_of(database, log="carrier-pigeon"), threading.Event())


def test_a_database_that_is_not_migrated_is_named(empty_database: str, sqlite_log_address: str) -> None:
    settings = settings_of(empty_database, log=sqlite_log_address)
    with pytest.raises(StoreError, match="zerodistance migrate"):
        run(settings, threading.Event())
    with pytest.raises(StoreError, match="zerodistance migrate"):
        make_app(settings)
