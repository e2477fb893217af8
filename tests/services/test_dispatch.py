"""Who is sent, which windows owners are offered, the order of a day, and what bridges the wait."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.desk import day_task
from services.dispatch.geometry import Place, travel
from services.dispatch.plan import DayTask, Stop, plan_day
from services.dispatch.planner import Planner
from services.dispatch.windows import Need, Visit, Worker, is_free, propose, suited
from services.messages.quiet import zone_of
from services.policy import default_policy
from tests.services.world import ENGINEER, FRIDGE, World
from zerodistance.clock import to_us
from zerodistance.errors import ConflictError
from zerodistance.store.devices import register_device, register_household

RULE = default_policy().dispatch
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DUTY = (MONDAY + timedelta(hours=8), MONDAY + timedelta(hours=18))
NEED = Need("refrigeration", "refrigerator.compressor", "west", Place(36.1, 120.4), 45)


def worker(id: str, **more: object) -> Worker:
    return Worker(id, id, skills=frozenset({"refrigeration"}), **more)  # type: ignore[arg-type]


def test_who_suits_comes_first_and_who_does_not_is_left_out() -> None:
    busy = worker("busy", region="west", visits=(Visit(*DUTY),), van=frozenset({"refrigerator.compressor"}))
    equipped = worker("equipped", region="west", van=frozenset({"refrigerator.compressor"}))
    team = [
        worker("elsewhere", region="east"),
        Worker("plumber", "plumber", region="west", skills=frozenset({"plumbing"})),
        worker("anywhere"),
        worker("far", region="west", home=Place(37.5, 122.0)),
        worker("near", region="west", home=Place(36.1, 120.3)),
        busy,
        equipped,
    ]
    assert [one.id for one in suited(NEED, team)] == ["equipped", "busy", "near", "far", "anywhere"]


coordinates = st.builds(Place, st.floats(36, 36.3), st.floats(120, 120.3))


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(coordinates, min_size=1, max_size=6),
    agreed=st.lists(st.tuples(st.integers(0, 4), st.integers(8, 16), coordinates), max_size=8),
    now=st.integers(0, 40),
)
def test_a_window_that_is_offered_can_be_kept(
    places: list[Place], agreed: list[tuple[int, int, Place]], now: int
) -> None:
    visits = tuple(
        Visit(MONDAY + timedelta(days=day, hours=hour), MONDAY + timedelta(days=day, hours=hour + 2), place)
        for day, hour, place in agreed
    )
    team = [worker(f"w{n}", home=home, visits=visits if n == 0 else ()) for n, home in enumerate(places)]
    days = [(begin + timedelta(days=n), end + timedelta(days=n)) for n in range(5) for begin, end in [DUTY]]
    moment = MONDAY + timedelta(hours=now)
    offers = propose(NEED, team, days, moment, RULE)
    assert offers
    assert len(offers) <= RULE.windows
    assert [o.begin for o in offers] == sorted({o.begin for o in offers})
    for offer in offers:
        who = next(one for one in team if one.id == offer.worker)
        assert offer.begin >= moment + timedelta(hours=RULE.first_after_h)
        assert is_free(who, offer.begin, offer.until, NEED, RULE)


@settings(max_examples=15, deadline=None)
@given(
    team=st.lists(coordinates, min_size=1, max_size=3),
    calls=st.lists(st.tuples(coordinates, st.sampled_from([None, 8, 10, 14]), st.booleans()), max_size=8),
)
def test_a_plan_keeps_windows_skills_and_the_way_between(
    team: list[Place], calls: list[tuple[Place, int | None, bool]]
) -> None:
    workers = [worker(f"w{n}", home=home) for n, home in enumerate(team)]
    stops = [
        Stop(
            f"t{n}",
            Need("refrigeration" if able else "plumbing", "", "", place, 45),
            "soon",
            window=None
            if hour is None
            else (MONDAY + timedelta(hours=hour), MONDAY + timedelta(hours=hour + 2)),
        )
        for n, (place, hour, able) in enumerate(calls)
    ]
    plan = plan_day(DayTask(tuple(workers), tuple(stops), (DUTY,) * len(workers), RULE))
    by_ticket = {stop.ticket: stop for stop in stops}
    visited = [leg.ticket for route in plan.routes for leg in route.legs]
    assert sorted([*visited, *plan.left_out]) == sorted(by_ticket), "each once, or left out"
    for route, one in zip(plan.routes, workers, strict=True):
        here, free = one.home, DUTY[0]
        for leg in route.legs:
            stop = by_ticket[leg.ticket]
            assert stop.need.skill == "refrigeration"
            assert leg.arrive >= free + travel(here, stop.need.place, RULE) - timedelta(seconds=1)
            if stop.window is not None:
                assert stop.window[0] <= leg.begin <= stop.window[1]
            here, free = stop.need.place, leg.leave
        assert free <= DUTY[1]
    assert all(by_ticket[ticket].need.skill == "plumbing" for ticket in plan.left_out if len(calls) <= 3)


def test_a_day_is_planned_beside_the_interpreter_and_kept() -> None:
    at = Place(31.2, 121.4)
    stops = tuple(
        Stop(f"t{n}", Need("refrigeration", "", "", Place(31.2 + n / 100, 121.4), 45), "soon")
        for n in range(4)
    )
    task = DayTask((worker("w0", home=at),), stops, (DUTY,), RULE)
    planner = Planner()
    try:
        first = planner.plan(task)
        assert first == plan_day(task)
        assert planner.plan(task) is first
        child = planner._child
        assert child is not None
        child.kill()
        child.wait()
        other = DayTask(task.workers, stops[:2], task.duty, RULE)
        assert planner.plan(other) == plan_day(other), "a child that was killed is replaced"
    finally:
        planner.close()
    assert planner._child is None


def test_the_planning_process_ends_with_its_parent() -> None:
    planner = Planner()
    planner.plan(DayTask((worker("w0", home=None),), (), (DUTY,), RULE))
    child = planner._child
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()  # what the kernel does for a parent that was killed
    assert child.wait(timeout=20) == 0
    planner.close()


def test_an_owner_picks_a_window_with_one_tap(world: World) -> None:
    world.find(cause="refrigerant_leak", urgency="soon")
    offer = world.question("window")
    assert "When may we come?" in offer.body["en"]
    assert list(offer.answers)[-1] == "window_other"
    zone = zone_of("Asia/Shanghai")
    for option in offer.options.values():
        begin = datetime.fromisoformat(option["from"]).astimezone(zone)
        assert time(8) <= begin.time() <= time(16)
        assert begin.weekday() < 6
    world.answer("window_2", "window")
    ticket = world.ticket()
    assert (ticket.state, ticket.assignee) == ("planned", ENGINEER)
    assert ticket.visit_from == datetime.fromisoformat(offer.options["window_2"]["from"])
    assert ticket.responded_at == world.clock.now()
    assert world.states() == ["on_site", "planned"]
    with pytest.raises(ConflictError):
        world.answer("window_1", "window")


def test_a_window_that_was_taken_meanwhile_is_offered_anew(world: World) -> None:
    world.find(cause="refrigerant_leak", urgency="soon")
    taken = world.question("window").options["window_1"]
    with world.pool.connection() as conn:
        register_household(conn, "home-2", time_zone="Asia/Shanghai")
        register_device(conn, "fridge-2", "refrigerator", household_id="home-2")
    world.find("fridge-2", "refrigerant_leak", urgency="soon")
    begin, until = (datetime.fromisoformat(taken[key]) for key in ("from", "until"))
    world.move("planned", "fridge-2", assignee=ENGINEER, visit_from=begin, visit_until=until)
    world.pass_time(minutes=1)
    world.answer("window_1", "window")
    assert world.ticket().state == "on_site"
    again = world.question("window")
    assert "just been taken" in again.body["en"]
    assert taken not in again.options.values()
    world.answer("window_1", "window")
    assert world.ticket().state == "planned"


def test_an_owner_whom_no_window_suits_is_called(world: World) -> None:
    world.find(cause="refrigerant_leak", urgency="soon")
    world.answer("window_other", "window")
    assert world.ticket().state == "on_site"


def test_nobody_is_offered_what_nobody_can_do(world: World) -> None:
    world.find(cause="gasket_leak", urgency="routine")  # takes another skill than the only engineer has
    assert not [m for m in world.messages() if m.purpose == "window"]


def predict(world: World, days: float) -> None:
    world.find(
        cause="refrigerant_leak",
        urgency="soon",
        origin="predicted",
        predicted_failure_us=to_us(world.clock.now() + timedelta(days=days)),
    )


def test_a_repair_that_comes_too_late_is_bridged(world: World) -> None:
    predict(world, 0.2)
    asked = world.question("protect")
    assert "Set the fresh-food temperature" in asked.body["en"]
    assert {m.audience for m in world.messages() if m.event_id == asked.event_id} == {"owner", "engineer"}
    with world.pool.connection() as conn:
        assert conn.execute("SELECT count(*) FROM command").fetchone() == (0,), "not before the owner agrees"
    world.answer("approve", "protect")
    with world.pool.connection() as conn:
        rows = conn.execute("SELECT name, arguments, state, ticket_id FROM command").fetchall()
    assert rows == [("set_temperature", {"set_point": 7}, "queued", None)]
    assert world.ticket().state == "on_site", "the repair is still needed"


def test_a_repair_in_time_needs_no_bridge(world: World) -> None:
    predict(world, 20)
    assert not [m for m in world.messages() if m.purpose == "protect"]
    assert world.ticket().origin == "predicted"


def test_the_days_plan_of_an_engineer(world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute("UPDATE engineer SET latitude = 36.07, longitude = 120.38, time_zone = 'Asia/Shanghai'")
        conn.execute("INSERT INTO private.place VALUES ('home-1', 36.2, 120.4)")
    world.find(cause="refrigerant_leak", urgency="soon")
    world.answer("window_1", "window")
    ticket = world.ticket()
    assert ticket.visit_from is not None
    day = ticket.visit_from.astimezone(ZoneInfo("Asia/Shanghai")).date()
    with world.pool.connection() as conn:
        plan = plan_day(day_task(conn, default_policy(), 1, day))
        empty = plan_day(day_task(conn, default_policy(), 1, day + timedelta(days=1)))
    (route,) = plan.routes
    (leg,) = route.legs
    assert (route.worker, leg.ticket) == (ENGINEER, ticket.id)
    assert ticket.visit_from <= leg.begin <= ticket.visit_from + timedelta(hours=2)
    assert 15 < leg.km < 25
    assert not empty.routes[0].legs
    assert world.ticket(FRIDGE).state == "planned"
