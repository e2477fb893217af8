"""A cause that recurs across a model becomes one product issue; people move it, and it may come again."""

from __future__ import annotations

import psycopg
import pytest

from services.policy import default_policy
from services.product_issues import repository as issues
from services.product_issues.repository import MOVES, State
from tests.services.world import World
from zerodistance.errors import ConflictError, IllegalMoveError, InvalidMessageError, NotFoundError
from zerodistance.store.devices import register_device

RULE = default_policy().product_issue


def make_fleet(world: World, count: int, model: str = "BCD-500") -> list[str]:
    names = [f"{model.lower()}-{n:03}" for n in range(count)]
    with world.pool.connection() as conn:
        for name in names:
            register_device(conn, name, "refrigerator", model=model, household_id="home-1")
    return names


def repair(
    world: World,
    device: str,
    cause: str = "defrost_heater_open",
    outcome: str = "confirmed",
    parts_used: tuple[str, ...] = (),
) -> None:
    """Find a fault, and let the engineer say what it was; two days later, so that it is no campaign."""
    world.clock.advance(days=2)
    world.find(device, cause, urgency="soon")
    world.move("visiting", device)
    world.move(
        "resolved",
        device,
        outcome=outcome,
        outcome_cause="" if outcome == "no_fault_found" else cause,
        minutes=30,
        parts_used=parts_used,
    )


def look(world: World) -> list[issues.ProductIssue]:
    with world.pool.connection() as conn:
        return issues.look(conn, RULE, world.clock.now())


def test_it_opens_once_prevalence_crosses_the_threshold(world: World) -> None:
    fleet = make_fleet(world, 250)
    for device in fleet[:4]:
        repair(world, device)
    assert look(world) == [], "four are fewer than five"
    repair(world, fleet[4])
    assert look(world)[0].affected == 5, "five of 250 are two in a hundred"
    assert look(world) == [], "one issue, however often it is looked at"
    repair(world, fleet[5])
    look(world)
    with world.pool.connection() as conn:
        (issue,) = issues.listing(conn, 1)
        shares = {(one.dimension, one.value): one.affected for one in issues.shares(conn, issue)}
        said = issues.history(conn, issue.id)
    assert (issue.model, issue.cause, issue.affected, issue.devices) == (
        "BCD-500",
        "defrost_heater_open",
        6,
        250,
    )
    assert issue.prevalence == pytest.approx(0.024)
    assert shares["month", f"{world.clock.now():%Y-%m}"] == 6
    assert [(one.actor, one.state) for one in said] == [("platform", "open")]


def test_what_does_not_count(world: World) -> None:
    for device in make_fleet(world, 300)[:5]:
        repair(world, device)
    assert look(world) == [], "five of 300 are few"
    small = make_fleet(world, 20, "BCD-200")
    for device in small[:5]:
        repair(world, device, outcome="no_fault_found")
    assert look(world) == [], "nothing was found"
    for device in small[5:9]:
        repair(world, device, "gasket_leak")
    repair(world, small[9], "condenser_fan_stopped")
    assert look(world) == [], "different causes"
    world.clock.advance(days=RULE.days - 5)
    repair(world, small[10], "gasket_leak")
    assert look(world) == [], "half a year apart"


def test_people_move_it_and_it_may_come_again(world: World) -> None:
    fleet = make_fleet(world, 20)
    for device in fleet[:5]:
        repair(world, device)
    (issue,) = look(world)

    def move(to: State, version: int, note: str = "") -> issues.ProductIssue:
        with world.pool.connection() as conn:
            return issues.move(conn, 1, issue.id, version, to, actor="mei", note=note, now=world.clock.now())

    assert move(State.INVESTIGATING, 1).version == 2
    with pytest.raises(ConflictError, match="version 2, you saw 1"):
        move(State.OPEN, 1)
    with pytest.raises(InvalidMessageError, match="Say what was found"):
        move(State.MENDED, 2)
    world.clock.advance(hours=1)
    move(State.MENDED, 2, "Heaters from lot 7 have a weak weld; lot 8 is good.")
    with pytest.raises(IllegalMoveError, match="it goes to nowhere"):
        move(State.OPEN, 3)
    assert look(world) == [], "those before it was closed are dealt with"
    world.clock.advance(days=2)
    for device in fleet[5:10]:
        repair(world, device)
    (again,) = look(world)
    assert (again.affected, again.number > issue.number) == (5, True)
    with world.pool.connection() as conn:
        assert [one.state for one in issues.history(conn, issue.id)] == ["open", "investigating", "mended"]
        assert [one.id for one in issues.listing(conn, 1, closed=True)] == [issue.id]
        with pytest.raises(NotFoundError):
            issues.get(conn, 2, issue.id)


def test_the_database_holds_it_too(world: World) -> None:
    fleet = make_fleet(world, 5)
    for device in fleet:
        repair(world, device)
    (issue,) = look(world)
    for statement in (
        "UPDATE product_issue SET state = 'mended'",
        "UPDATE product_issue SET devices = 1",
        "UPDATE product_issue_history SET note = 'nothing'",
        "DELETE FROM product_issue_history",
        "INSERT INTO product_issue (id, tenant_id, type, model, cause, since, opened_at, affected, devices,"
        " counted_at) SELECT 'other', tenant_id, type, model, cause, since, opened_at, 1, 1, counted_at"
        " FROM product_issue",
    ):
        with world.pool.connection() as conn, pytest.raises(psycopg.Error):
            conn.execute(statement.encode())
    assert set(MOVES) == set(State)
    assert issue.state == State.OPEN
