"""The figures: what counts, what does not, and what is assumed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.figures import figures, satisfaction
from services.policy import default_policy
from services.service_schemas import FiguresPublic
from tests.services.world import AIR, ENGINEER, HOME, World
from zerodistance.errors import InvalidMessageError

marks = st.lists(st.integers(1, 5), max_size=20)


@given(ratings=marks, scores=marks, weight=st.floats(0.01, 0.99))
def test_satisfaction_is_an_index(ratings: list[int], scores: list[int], weight: float) -> None:
    index = satisfaction(ratings, scores, weight)
    if not ratings and not scores:
        assert index is None
        return
    assert index is not None
    assert -1e-9 <= index <= 100 + 1e-9
    everything = [*ratings, *scores]
    if len(set(everything)) == 1:
        assert index == pytest.approx((everything[0] - 1) * 25)
    better = satisfaction([5] * len(ratings), [5] * len(scores), weight)
    assert better is not None
    assert index <= better + 1e-9


def read(world: World, days: float = 30) -> FiguresPublic:
    now = world.clock.now()
    with world.pool.connection() as conn:
        return figures(conn, 1, now - timedelta(days=days), now, default_policy().figures)


def repair(world: World, **more: object) -> None:
    world.find(cause="refrigerant_leak", urgency="soon", **more)
    world.plan()
    world.move("visiting")
    world.resolve(outcome="confirmed", parts_used=("refrigerant_circuit",), minutes=50)
    world.clear(cause="refrigerant_leak", **more)


def test_nothing_is_known_of_nothing(world: World) -> None:
    empty = read(world)
    assert (empty.tickets, empty.visits_avoided, empty.money_saved) == (0, 0, 0)
    assert (empty.cost_per_ticket, empty.availability) == (None, 1.0)
    assert empty.precision is empty.satisfaction is empty.first_time_fix is empty.sla_kept is None


def test_a_repair_and_a_door(world: World) -> None:
    repair(world)
    with world.pool.connection() as conn:
        world.desk.rate(conn, HOME, world.ticket().id, 4, {"skill": 5, "manner": 5})
    world.clock.advance(hours=1)
    world.find(cause="door_ajar", id="door")
    world.answer("fixed")
    world.clear(cause="door_ajar", id="door")
    found = read(world)
    assert (found.tickets, found.proactive_share, found.precision) == (2, 1.0, 1.0)
    assert (found.visits_avoided, found.money_saved, found.currency) == (1, 60.0, "EUR")
    assert (found.first_time_fix, found.sla_kept, found.ratings) == (1.0, 1.0, 1)
    assert found.satisfaction == pytest.approx(0.2 * 75 + 0.8 * 100)
    (engineer,) = found.engineers
    assert (engineer.id, engineer.visits, engineer.minutes) == (ENGINEER, 1, 50)
    assert engineer.satisfaction == found.satisfaction


def test_availability_counts_urgent_incidents_and_cost_the_visits(world: World) -> None:
    world.find(cause="compressor_failed", urgency="urgent")
    world.clock.advance(hours=6)
    world.move("on_site")
    world.move("visiting")
    world.resolve(minutes=30)
    world.clock.advance(hours=6)
    world.find(AIR, cause="bad_air", urgency="routine", id="routine")
    world.clock.advance(hours=12)
    found = read(world, days=2)
    devices = 3
    assert found.availability == pytest.approx(1 - 6.5 / (devices * 48)), (
        "since its onset, half an hour before"
    )
    assert found.cost_per_ticket == pytest.approx(60 / 2), "one visit, two tickets"


def test_what_comes_back_was_not_fixed_at_first(world: World) -> None:
    repair(world, id="a")
    world.rate(5)
    world.clock.advance(hours=72)
    repair(world, id="b")
    assert world.tickets() == 2
    assert read(world).first_time_fix == 0.5


def test_a_visit_that_finds_nothing_is_a_false_ticket(world: World) -> None:
    world.find(cause="refrigerant_leak", urgency="soon")
    world.move("visiting")
    world.resolve(outcome="no_fault_found", parts_used=(), minutes=20)
    found = read(world)
    assert found.precision == 0.0
    assert found.false_per_device_year == pytest.approx(1 / (3 * 30 / 365.25))
    assert found.first_time_fix is None, "there was nothing to fix"


def test_a_late_repair_breaks_its_level_and_one_on_hold_does_not(world: World) -> None:
    world.find(cause="refrigerant_leak", urgency="urgent")
    world.plan()
    world.move("on_hold", note="part ordered")
    world.pass_time(hours=200)
    world.move("on_site")
    world.move("visiting")
    world.resolve()
    assert read(world).sla_kept == 1.0
    world.clear(cause="refrigerant_leak", id="finding-fridge-1")
    world.rate(5)
    world.find(cause="refrigerant_leak", urgency="urgent", id="late")
    world.pass_time(hours=40)
    world.move("visiting")
    world.resolve()
    assert read(world).sla_kept == 0.5


def test_old_tickets_and_merged_ones_do_not_count(world: World) -> None:
    repair(world)
    world.clock.advance(hours=24 * 40)
    assert read(world).tickets == 0
    assert read(world, days=50).tickets == 1


def test_a_sub_score_of_nothing_is_refused(world: World) -> None:
    repair(world)
    for wrong in ({"looks": 5}, {"skill": 6}):
        with pytest.raises(InvalidMessageError), world.pool.connection() as conn:
            world.desk.rate(conn, HOME, world.ticket().id, 4, wrong)
