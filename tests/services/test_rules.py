"""The rules by themselves: what is decided, without database or clock."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from services.tickets import rules
from services.tickets.lifecycle import MOVES, State
from services.tickets.rules import Command, Go, News, Note, Open, Situation, Tell, Wait, WaitFor
from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.model import Fault, Question
from zerodistance.errors import ConflictError, InvalidMessageError


@pytest.fixture
def door(catalogue: Catalogue) -> Fault:
    return catalogue["refrigerator"].faults["door_ajar"]


@pytest.fixture
def compressor(catalogue: Catalogue) -> Fault:
    return catalogue["refrigerator"].faults["compressor_failed"]


def steps(decisions: list[rules.Decision]) -> list[State]:
    return [d.to for d in decisions if isinstance(d, Go)]


def test_f1_door_and_compressor_begin_alike_and_end_differently(door: Fault, compressor: Fault) -> None:
    for fault in (door, compressor):
        opened, told, wait = rules.on_new_incident(fault, owner=True)
        assert isinstance(opened, Open)
        assert opened.state is State.OWNER_ASKED
        assert told == Tell(News.ASKED)
        assert wait == WaitFor(Wait.ANSWER, timedelta(minutes=45))

    asked = Situation(State.OWNER_ASKED, "door_ajar", door)
    fixed = rules.on_check_answer(asked, "fixed")
    assert steps(fixed) == [State.OWNER_CHECKED]
    assert fixed[-1] == WaitFor(Wait.RECOVERY, timedelta(minutes=180))
    closing = rules.on_clear(Situation(State.OWNER_CHECKED, "door_ajar", door, abnormal=False))
    assert steps(closing) == [State.RECOVERED, State.CLOSED]
    assert isinstance(closing[1], Go)
    assert (closing[1].outcome, closing[1].visit_avoided) == ("owner_fixed", True)

    checked = rules.on_check_answer(Situation(State.OWNER_ASKED, "compressor_failed", compressor), "checked")
    assert steps(checked) == [State.ON_SITE]
    assert checked[-1] == Tell(News.DISPATCHED)


def test_who_is_asked_and_who_is_not(catalogue: Catalogue, door: Fault) -> None:
    faults = catalogue["refrigerator"].faults
    for fault, owner, state in (
        (None, True, State.ON_SITE),
        (faults["gasket_leak"], True, State.ON_SITE),
        (faults["bad_air"], True, State.REMOTE),
        (door, False, State.REMOTE),
        (faults["compressor_failed"], False, State.ON_SITE),
    ):
        opened = rules.on_new_incident(fault, owner=owner)[0]
        assert isinstance(opened, Open)
        assert opened.state is state
    assert rules.on_new_incident(faults["bad_air"], owner=True)[-1] == Command("sterilise")


def test_an_owner_approves_or_declines(door: Fault) -> None:
    question = Question(
        text={"en": "?"}, answers={"approve": {"en": "y"}, "decline": {"en": "n"}}, deadline_minutes=5
    )
    trip = msgspec.structs.replace(door, question=question, remedy="remote", command="switch_off")
    asked = Situation(State.OWNER_ASKED, "trip", trip)
    assert rules.on_check_answer(asked, "approve")[-1] == Command("switch_off", approved=True)
    assert steps(rules.on_check_answer(asked, "decline")) == [State.CANCELLED]
    without = Situation(State.OWNER_ASKED, "trip", msgspec.structs.replace(trip, command=""))
    assert steps(rules.on_check_answer(without, "approve")) == [State.REMOTE]


def test_a_visit_is_avoided_only_by_somebodys_doing(door: Fault, compressor: Fault) -> None:
    def avoided(state: State, fault: Fault | None, *, commanded: bool = False) -> bool:
        closing = rules.on_clear(Situation(state, "x", fault, abnormal=False, commanded=commanded))[1]
        assert isinstance(closing, Go)
        return closing.visit_avoided

    assert avoided(State.OWNER_CHECKED, compressor)
    assert avoided(State.OWNER_ASKED, door)
    assert not avoided(State.OWNER_ASKED, compressor)
    assert avoided(State.REMOTE, door, commanded=True)
    assert not avoided(State.REMOTE, door)
    assert not avoided(State.ON_SITE, None)


def test_a_command_that_ends_badly_sends_somebody(door: Fault) -> None:
    remote = Situation(State.REMOTE, "bad_air", door)
    assert rules.on_command_end(remote, "sterilise", "done", "")[1] == WaitFor(
        Wait.RECOVERY, timedelta(hours=3)
    )
    for state in ("refused", "failed", "expired", "declined"):
        assert steps(rules.on_command_end(remote, "sterilise", state, "why")) == [State.ON_SITE]
    later = Situation(State.PLANNED, "bad_air", door)
    assert all(isinstance(d, Note) for d in rules.on_command_end(later, "sterilise", "failed", ""))
    assert all(isinstance(d, Note) for d in rules.on_command_end(later, "sterilise", "done", ""))


def test_a_revised_cause_that_cannot_be_dealt_with_from_afar(compressor: Fault, door: Fault) -> None:
    revised = rules.on_revision(
        Situation(State.REMOTE, "compressor_failed", compressor), "bad_air", came_back=False
    )
    assert steps(revised) == [State.ON_SITE]
    assert rules.on_revision(Situation(State.ON_SITE, "x", None), "x", came_back=False) == []
    told = rules.on_revision(Situation(State.PLANNED, "door_ajar", door), "x", came_back=False)
    assert told[-1] == Tell(News.REVISED)
    assert steps(rules.on_revision(Situation(State.RESOLVED, "y", None), "x", came_back=True)) == []


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("commanded", [True, False])
@pytest.mark.parametrize("remedy", ["owner", "remote", "visit", None])
def test_whatever_happens_the_rules_ask_only_for_moves_that_exist(
    state: State, commanded: bool, remedy: str | None, door: Fault
) -> None:
    fault = msgspec.structs.replace(door, remedy=remedy) if remedy else None
    now = Situation(state, "cause", fault, commanded=commanded, outcome="confirmed")
    answers = ("fixed", "checked", "approve", "decline", "confirm", "still_wrong")
    everything = [
        rules.on_clear(now),
        rules.on_revision(now, "other", came_back=True),
        rules.on_revision(now, "other", came_back=False),
        *(rules.on_check_answer(now, answer) for answer in answers),
        *(rules.on_confirm_answer(now, answer) for answer in answers),
        *(rules.on_timer(now, wait) for wait in Wait),
        *(rules.on_command_end(now, "c", end, "") for end in ("done", "refused", "failed", "expired")),
        *(rules.on_rating(now, rating) for rating in range(1, 6)),
    ]
    for decisions in everything:
        here = state
        for decision in decisions:
            assert not isinstance(decision, Open)
            if isinstance(decision, Go):
                move = MOVES[here, decision.to]
                assert decision.role in move.who
                here = decision.to


def test_answers_are_checked() -> None:
    rules.check_offered({"fixed": 1}, "fixed")
    with pytest.raises(InvalidMessageError, match="choose fixed"):
        rules.check_offered({"fixed": 1}, "other")
    with pytest.raises(InvalidMessageError, match="asks nothing"):
        rules.check_offered({}, "fixed")
    assert not rules.check_repeat(None, "fixed")
    assert rules.check_repeat("fixed", "fixed")
    with pytest.raises(ConflictError):
        rules.check_repeat("checked", "fixed")
