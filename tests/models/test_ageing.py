"""Parts that show nothing: told by age and use, once, and until they are replaced."""

from __future__ import annotations

import numpy as np
import pytest

from models.ageing import AHEAD_DAYS, Ageing
from models.engine import Engine
from models.plan import DAY_US, make_plan
from models.state import State
from zerodistance.catalogue import Catalogue

LIFE_DAYS = 4 * 365.25
WHO = np.arange(3)


@pytest.fixture
def ageing(catalogue: Catalogue) -> Ageing:
    plan = make_plan(catalogue["water_heater"])
    state = State(plan)
    for _ in WHO:
        state.add()
    return Ageing(plan, state)


def _days(ageing: Ageing, days: int, duty: list[float], first: int = 0) -> list[tuple[int, int, float]]:
    """Return (day, device, days until half have failed) of what is told."""
    told = []
    feature = ageing.plan.features.index("duty")
    observed = np.full((len(WHO), len(ageing.plan.features)), np.nan)
    observed[:, feature] = duty
    usual = np.full(len(ageing.plan.features), np.nan)
    usual[feature] = 0.05
    for day in range(first + 1, first + days + 1):
        for change in ageing.close_day(WHO, np.full(len(WHO), day * DAY_US), observed, usual):
            assert (change.cause, change.state, change.creeping) == ("anode_worn", "open", True)
            assert change.predicted_us is not None
            told.append((day, change.device, (change.predicted_us - change.time_us) / DAY_US))
    return told


def test_an_anode_is_told_of_two_months_ahead_and_once(ageing: Ageing) -> None:
    """Usual use, twice as much, and a reading that is missing: that counts as usual."""
    told = _days(ageing, 1500, [0.05, 0.1, np.nan])
    assert [device for _, device, _ in told] == [1, 0, 2]
    assert told[0][0] == pytest.approx((LIFE_DAYS - AHEAD_DAYS) / 2, abs=2)
    assert told[1][0] == pytest.approx(LIFE_DAYS - AHEAD_DAYS, abs=2)
    assert told[1][2] == pytest.approx(AHEAD_DAYS, abs=2)


def test_a_new_anode_begins_anew(ageing: Ageing) -> None:
    _days(ageing, 1500, [0.05, 0.1, 0.05])
    assert ageing.replaced(0, "element_scaled", 1500 * DAY_US) == []
    (over,) = ageing.replaced(0, "anode_worn", 1500 * DAY_US)
    assert (over.state, over.cause, over.device) == ("cleared", "anode_worn", 0)
    assert ageing.state.worn_days[0, 0] == 0
    assert _days(ageing, 1000, [0.05, 0.05, 0.05], first=1500) == []


def test_what_was_told_survives_a_restart_and_ends_with_the_repair(catalogue: Catalogue) -> None:
    engine = Engine(catalogue["water_heater"])
    row = engine.row_of("a")
    engine._state.worn_days[row, 0] = LIFE_DAYS
    engine._state.worn_told_us[row, 0] = 5 * DAY_US
    again = Engine(catalogue["water_heater"])
    assert again.import_state([("a", engine.export_state("a"))]) == []
    assert again.recommission("a", 6 * DAY_US, "leak").changes == []
    (over,) = again.recommission("a", 6 * DAY_US, "anode_worn").changes
    assert over.onset_us == 4 * DAY_US
    assert "Replaced" in over.summary["en"]
