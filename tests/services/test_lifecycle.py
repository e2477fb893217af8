"""The table of moves: whole, reachable, and refusing with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from services import schemas
from services.policy import default_policy
from services.sla import clock
from services.sla.calendar import WorkingCalendar
from services.tickets import diagram
from services.tickets.lifecycle import (
    MOVES,
    OPEN,
    PASSING,
    TABLE,
    Demand,
    Details,
    Role,
    State,
    check_move,
    targets,
)
from services.tickets.policy import URGENCIES
from zerodistance.errors import IllegalMoveError
from zerodistance.store.database import Pool

ALL = frozenset(Role)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FULL = Details(
    note="because",
    assignee="engineer-1",
    visit_from=NOW,
    visit_until=NOW + timedelta(hours=1),
    outcome="confirmed",
    minutes=10,
    merge_into="other",
)


def test_the_states_are_those_of_the_api() -> None:
    assert {state.value for state in State} == set(get_args(schemas.TicketState))
    assert set(URGENCIES) == set(get_args(schemas.Urgency)) == set(default_policy().levels)


def test_every_move_stands_once() -> None:
    assert len(MOVES) == len(TABLE)


def test_every_state_is_reached_and_leads_to_an_end() -> None:
    def reach(start: set[State | None], moves: set[tuple[State | None, State | None]]) -> set[State | None]:
        seen, todo = set(start), list(start)
        while todo:
            here = todo.pop()
            for target in {to for source, to in moves if source is here} - seen:
                seen.add(target)
                todo.append(target)
        return seen

    forward: set[tuple[State | None, State | None]] = {(m.source, m.target) for m in TABLE}
    assert reach({None}, forward) == {None, *State}
    backward = {(target, source) for source, target in forward}
    assert reach({State.CLOSED}, backward) >= {*OPEN, None}


def test_finished_tickets_stay_so_but_a_closed_one_may_reopen() -> None:
    assert targets(State.MERGED, ALL) == []
    assert targets(State.CLOSED, ALL) == targets(State.CANCELLED, ALL) == [State.ON_SITE]


def test_the_database_holds_the_same_table(pool: Pool) -> None:
    with pool.connection() as conn:
        kept = set(conn.execute("SELECT from_state, to_state FROM ticket_move").fetchall())
    assert kept == {
        (move.source.value, move.target.value)
        for move in TABLE
        if move.source is not None and move.source is not move.target
    }


def test_states_that_are_passed_through_are_left_by_the_platform() -> None:
    for state in PASSING:
        assert any(m.source is state and Role.PLATFORM in m.who for m in TABLE), state


@pytest.mark.parametrize("source", [None, *State])
@pytest.mark.parametrize("target", list(State))
def test_what_the_table_does_not_have_is_refused(source: State | None, target: State) -> None:
    if (source, target) in MOVES:
        assert check_move(source, target, ALL, FULL) is MOVES[source, target]
        return
    with pytest.raises(IllegalMoveError, match="cannot become"):
        check_move(source, target, ALL, FULL)


@pytest.mark.parametrize("move", TABLE, ids=lambda m: f"{m.source}>{m.target}")
def test_only_those_who_may_and_only_with_what_is_demanded(move: object) -> None:
    assert hasattr(move, "who")
    allowed = next(m for m in TABLE if m is move)
    for role in Role:
        if role in allowed.who:
            check_move(allowed.source, allowed.target, {role}, FULL)
        else:
            with pytest.raises(IllegalMoveError, match="only through"):
                check_move(allowed.source, allowed.target, {role}, FULL)
    if allowed.demands:
        with pytest.raises(IllegalMoveError, match="needs") as refusal:
            check_move(allowed.source, allowed.target, allowed.who, Details())
        assert all(demand.value in str(refusal.value) for demand in allowed.demands)
    else:
        check_move(allowed.source, allowed.target, allowed.who, Details())


def test_owners_never_close_or_resolve() -> None:
    by_owner = {m.target for m in TABLE if Role.OWNER in m.who}
    assert by_owner <= {
        State.OWNER_CHECKED, State.ON_SITE, State.REMOTE, State.CONFIRMED, State.CANCELLED, State.PLANNED,
    }  # fmt: skip
    planning = [m.source for m in TABLE if m.target is State.PLANNED and Role.OWNER in m.who]
    assert planning == [State.ON_SITE], "an owner picks one of the windows that were offered"


def test_closing_demands_an_outcome_and_a_repair_its_minutes() -> None:
    for move in TABLE:
        if move.target is State.CLOSED:
            assert Demand.OUTCOME in move.demands
        if move.target is State.RESOLVED:
            assert {Demand.REPAIR, Demand.MINUTES} <= move.demands
    with pytest.raises(IllegalMoveError):
        check_move(State.VISITING, State.RESOLVED, ALL, Details(outcome="recovered", minutes=1))


@pytest.mark.parametrize(("begin", "end"), [(NOW, NOW), (NOW, NOW - timedelta(1)), (NOW, None), (None, NOW)])
def test_a_visit_window_is_a_window(begin: datetime | None, end: datetime | None) -> None:
    with pytest.raises(IllegalMoveError):
        check_move(
            State.ON_SITE, State.PLANNED, ALL, Details(assignee="x", visit_from=begin, visit_until=end)
        )


def test_deadlines_are_longer_the_less_pressing() -> None:
    spans = [clock.spans_of(default_policy(), urgency, warranty=True) for urgency in URGENCIES]
    assert [span.resolve for span in spans] == sorted(span.resolve for span in spans)
    assert all(span.respond < span.resolve for span in spans)
    day_and_night = WorkingCalendar(ZoneInfo("UTC"))
    begun = clock.start(day_and_night, spans[0], NOW)
    assert (begun.respond_by, begun.resolve_by) == (NOW + timedelta(hours=4), NOW + timedelta(hours=24))


def test_the_documentation_shows_the_table_as_it_is() -> None:
    path = Path(__file__).parents[2] / "docs" / "service.md"
    text = path.read_text(encoding="utf-8")
    assert text == diagram.renew(text), "run: python -m services.tickets.diagram docs/service.md"
    assert "owner_asked --> owner_checked" in text


def test_the_diagram_needs_its_marks(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not found"):
        diagram.renew("no marks")
    path = tmp_path / "doc.md"
    path.write_text(f"a\n{diagram.BEGIN}\nold\n{diagram.END}\nb\n")
    diagram.main([str(path)])
    assert path.read_text() == f"a\n{diagram.section()}\nb\n"
