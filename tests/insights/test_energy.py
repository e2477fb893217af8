"""The energy insight, pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insights.energy import MIN_DAYS, Day, EnergyInsight, find_insight, is_weekend, rank
from services.insights.wording import Reason

FRIDGE = {"en": "Refrigerator", "zh": "冰箱"}
AIR_CONDITIONER = {"en": "Air conditioner", "zh": "空调"}
TUESDAY = date(2026, 3, 17)
QUIET = {"door_open": 0.01, "set_point": 4.0, "ambient_temperature": 22.0}


def past(
    until: date, kwh: float = 1.2, days: int = 28, means: Mapping[str, float] = QUIET, coverage: float = 1.0
) -> list[Day]:
    return [Day(until - timedelta(days=n), kwh, coverage, means) for n in range(1, days + 1)]


def today(kwh: float, means: Mapping[str, float] = QUIET, coverage: float = 1.0) -> Day:
    return Day(TUESDAY, kwh, coverage, means)


def found(days: Sequence[Day], title: dict[str, str] = FRIDGE) -> EnergyInsight:
    insight = find_insight(title, days, TUESDAY)
    assert insight is not None
    return insight


def test_a_usual_day_says_nothing() -> None:
    assert find_insight(FRIDGE, [*past(TUESDAY), today(1.3)], TUESDAY) is None


def test_an_open_door_is_named_and_the_saving_is_the_excess() -> None:
    insight = found([*past(TUESDAY), today(2.0, {**QUIET, "door_open": 0.05})])
    assert insight.reason is Reason.DOOR
    assert insight.saving == pytest.approx(0.8)
    assert insight.saving_month == pytest.approx(24)
    assert insight.body["en"] == (
        "On Tuesday your refrigerator used 2.0 kWh; on a usual workday it is 1.2. The difference would boil "
        "7 litres of water for tea. Its door stood open for longer than usual. Take things out in one go and "
        "close it right away: that saves up to 0.8 kWh a day, about 24 kWh a month."
    )
    assert insight.body["zh"] == (
        "周二，您的冰箱用电2.0度，平常工作日为1.2度，多出的电够烧开7升水泡茶。"
        "当天开门时间比平时长。请一次取齐、随手关门：每天最多可省0.8度，每月约24度。"
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"set_point": 2.0}, Reason.COLD_SETTING),
        ({"ambient_temperature": 29.0}, Reason.WARM_PLACE),
        ({}, Reason.COMPARTMENT),
    ],
)
def test_the_advice_follows_what_was_different(changed: dict[str, float], reason: Reason) -> None:
    assert found([*past(TUESDAY), today(2.0, {**QUIET, **changed})]).reason is reason


def test_what_is_not_measured_gives_advice_for_any_appliance() -> None:
    assert found([*past(TUESDAY, means={}), today(2.0, {})]).reason is Reason.UNKNOWN


@pytest.mark.parametrize(
    ("means", "reason", "saving"),
    [
        # two degrees below 26: 12 % of 9 kWh
        ({"running": 0.4, "set_point": 24.0, "outdoor_temperature": 34.0}, Reason.ROOM_SETTING, 1.08),
        # four degrees above 20 in winter: 24 % of 9 kWh
        ({"running": 0.4, "set_point": 24.0, "outdoor_temperature": 2.0}, Reason.ROOM_SETTING, 2.16),
        ({"running": 0.7, "set_point": 26.0, "outdoor_temperature": 34.0}, Reason.RUNNING, 3.0),
        ({"running": 0.4, "set_point": 26.0, "outdoor_temperature": 34.0}, Reason.FILTER, 3.0),
        ({"running": 0.4}, Reason.FILTER, 3.0),
    ],
)
def test_air_conditioner(means: dict[str, float], reason: Reason, saving: float) -> None:
    usual = {"running": 0.4, "set_point": 26.0, "outdoor_temperature": 30.0}
    insight = found([*past(TUESDAY, 6.0, means=usual), today(9.0, means)], AIR_CONDITIONER)
    assert insight.reason is reason
    assert insight.saving == pytest.approx(saving)
    assert "空调" in insight.body["zh"]


def test_workdays_are_compared_with_workdays() -> None:
    days = [replace(d, kwh=9.0) if is_weekend(d.day) else d for d in past(TUESDAY)]
    insight = found([*days, today(2.0)])
    assert insight.usual == pytest.approx(1.2)
    sunday = TUESDAY - timedelta(days=2)
    assert find_insight(FRIDGE, days, sunday) is None  # nine is what its weekends take


def test_an_appliance_that_is_hardly_used_is_left_alone() -> None:
    assert find_insight(AIR_CONDITIONER, [*past(TUESDAY, 0.05), today(3.0)], TUESDAY) is None


def test_one_absurd_day_in_the_past_hides_nothing() -> None:
    days = past(TUESDAY)
    days[0] = replace(days[0], kwh=500.0)
    assert found([*days, today(2.0)]).usual == pytest.approx(1.2)


def test_a_day_that_was_not_fully_reported_says_nothing() -> None:
    assert find_insight(FRIDGE, [*past(TUESDAY), today(2.0, coverage=0.5)], TUESDAY) is None
    assert find_insight(FRIDGE, [*past(TUESDAY, coverage=0.5), today(2.0)], TUESDAY) is None


@given(days=st.integers(0, 13))
def test_nothing_is_said_before_two_weeks_are_known(days: int) -> None:
    assert find_insight(FRIDGE, [*past(TUESDAY, days=days), today(9.0)], TUESDAY) is None


@given(kept=st.sets(st.integers(1, 28), max_size=28))
def test_nothing_is_said_on_too_few_days_of_the_kind(kept: set[int]) -> None:
    days = [d for d in past(TUESDAY) if (TUESDAY - d.day).days in kept]
    workdays = sum(not is_weekend(d.day) for d in days)
    oldest = max(kept, default=0)
    insight = find_insight(FRIDGE, [*days, today(9.0)], TUESDAY)
    assert (insight is not None) == (workdays >= MIN_DAYS and oldest >= 14)


@given(
    history=st.lists(st.floats(0.0, 5.0), min_size=28, max_size=28),
    kwh=st.floats(0.0, 100.0),
    order=st.randoms(use_true_random=False),
)
def test_figures_hold_together_whatever_the_past(history: list[float], kwh: float, order: Random) -> None:
    days = [Day(TUESDAY - timedelta(days=n + 1), value, 1.0, QUIET) for n, value in enumerate(history)]
    insight = find_insight(FRIDGE, [*days, today(kwh)], TUESDAY)
    shuffled = [*days, today(kwh)]
    order.shuffle(shuffled)
    assert find_insight(FRIDGE, shuffled, TUESDAY) == insight
    if insight is None:
        return
    assert insight.kwh > insight.high > insight.usual
    assert insight.excess == pytest.approx(kwh - insight.usual)
    assert 0 < insight.saving <= insight.excess + 1e-9
    assert min(history) <= insight.usual <= max(history)
    for text in insight.body.values():
        assert f"{insight.kwh:.1f}" in text
        assert f"{insight.usual:.1f}" in text
        assert f"{insight.saving:.1f}" in text
        assert "{" not in text


@given(extra=st.floats(0.0, 30.0))
def test_more_used_never_silences(extra: float) -> None:
    assert found([*past(TUESDAY), today(2.0 + extra)]).excess == pytest.approx(0.8 + extra)


def test_those_that_save_most_come_first_and_ties_have_an_order() -> None:
    base = found([*past(TUESDAY), today(2.0)])
    ones = [("b", base), ("a", base), ("c", replace(base, saving=3.0))]
    assert [device for device, _ in rank(ones, 3)] == ["c", "a", "b"]
    assert [device for device, _ in rank(ones, 1)] == ["c"]
