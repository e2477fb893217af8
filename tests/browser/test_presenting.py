"""Order, words and forms of the console; texts of the owner's page."""

from __future__ import annotations

import random
import string
from datetime import timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from services.console.device_pages import read_arguments
from services.console.presenting import (
    STATES,
    deadline,
    due_tone,
    offered_moves,
    order_tickets,
    say_due,
    told_apart_ms,
)
from services.console.ticket_pages import proposed_window
from services.owner.texts import TEXTS
from services.schemas import CommandDescription, TicketState
from services.tickets.lifecycle import MOVES, Demand, State
from tests.browser.fake_api import FakeApi
from tests.browser.fake_data import NOW


def test_every_state_has_words() -> None:
    assert set(STATES) == set(get_args(TicketState)) == {state.value for state in State}


def test_what_matters_comes_first_in_whatever_order_it_arrives(fake: FakeApi) -> None:
    tickets = list(fake.tickets.values())
    wanted = ["t-117", "t-118", "t-112", "t-101", "t-109", "t-96"]
    for seed in range(5):
        random.Random(seed).shuffle(tickets)
        assert [t.id for t in order_tickets(list(tickets))] == wanted


def test_a_planned_visit_counts_down_to_the_resolution(fake: FakeApi) -> None:
    asked, planned, closed = (fake.tickets[i] for i in ("t-118", "t-109", "t-96"))
    assert deadline(asked) == asked.respond_by
    assert deadline(planned) == planned.resolve_by
    assert deadline(closed) is None


def test_a_deadline_warns_before_it_is_over() -> None:
    tones = [due_tone(NOW + timedelta(minutes=m), NOW) for m in (120, 20, -1)]
    assert tones == ["neutral", "warn", "critical"]
    assert say_due(NOW - timedelta(minutes=61), NOW) == "1 h 1 min over"


@pytest.mark.parametrize("pair", [pair for pair in MOVES if pair[0] is not None])
def test_every_form_asks_for_what_the_life_cycle_demands(pair: tuple[State, State]) -> None:
    source, target = pair
    (form,) = offered_moves(source.value, [target.value])
    asked = {
        Demand.NOTE: form.note,
        Demand.ASSIGNEE: form.assignee,
        Demand.WINDOW: form.window,
        Demand.REPAIR: form.repair,
        Demand.MINUTES: form.repair,
        Demand.TARGET: form.target,
        Demand.OUTCOME: form.repair,
    }
    platform_sets = {Demand.OUTCOME}
    assert all(asked[demand] for demand in MOVES[pair].demands - platform_sets)


def test_the_visit_proposed_lies_ahead_in_working_hours() -> None:
    for hours in range(0, 48, 3):
        now = NOW + timedelta(hours=hours)
        start, end = proposed_window(now, ZoneInfo("Asia/Shanghai"))
        assert now < start < end
        assert 8 <= start.hour < end.hour <= 19


def test_how_far_apart_both_were_told(fake: FakeApi) -> None:
    owner, engineer = fake.tickets["t-118"].messages
    assert told_apart_ms([owner, engineer]) == 0
    assert owner.sent_at is not None
    late = engineer.model_copy(update={"sent_at": owner.sent_at + timedelta(seconds=2)})
    assert told_apart_ms([owner, late]) == 2000
    assert told_apart_ms([owner, late], rate=200) == 10, "real time, however fast the platform's clock runs"
    assert told_apart_ms([owner]) is None


NUMBER = CommandDescription(
    title={"en": "Set"}, consent=False, arguments={"set_point": {"type": "number", "range": [2, 8]}}
)


@pytest.mark.parametrize(("text", "value"), [("4", 4), ("4.5", 4.5), ("4,5", 4.5)])
def test_a_number_is_read(text: str, value: float) -> None:
    assert read_arguments(NUMBER, _form({"argument-set_point": text})) == {"set_point": value}


@pytest.mark.parametrize("text", ["", "warm", "9", "nan", "inf"])
def test_what_is_no_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"set point|Set point"):
        read_arguments(NUMBER, _form({"argument-set_point": text}))


def test_the_owners_texts_are_complete_in_both_languages() -> None:
    assert set(TEXTS["en"]) == set(TEXTS["zh"])
    for key, text in TEXTS["en"].items():
        fields = [{f for _, f, _, _ in string.Formatter().parse(t) if f} for t in (text, TEXTS["zh"][key])]
        assert fields[0] == fields[1], key
        assert TEXTS["zh"][key] != text or key == "visit_when", key


def _form(fields: dict[str, str]):  # type: ignore[no-untyped-def]
    from starlette.datastructures import FormData

    return FormData(fields)
