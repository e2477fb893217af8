"""What creeps, on synthetic days: found although it is slow, told once, foretold, and nobody else accused."""

from __future__ import annotations

import numpy as np
import pytest

from models.creeping import Creeping, matched
from models.engine import Engine
from models.incidents import Change
from models.plan import DAY_US, make_plan
from models.reference import recommission
from models.state import State
from tests.models.series import START_US, feed, leave_door_open, refrigerator
from zerodistance.catalogue import Catalogue

PANE_US = 300_000_000
DEVICES = 20


class Days:
    """A fleet of refrigerators of which only the daily values exist."""

    def __init__(self, catalogue: Catalogue, devices: int = DEVICES, seed: int = 1) -> None:
        self.plan = make_plan(catalogue["refrigerator"])
        self.state = State(self.plan)
        for _ in range(devices):
            self.state.add()
        self.who = np.arange(devices)
        self.creeping = Creeping(self.plan, self.state)
        self.rng = np.random.default_rng(seed)
        usual = {"duty": 0.3, "running_power": 110.0, "freezer_mean": -18.0, "humidity_mean": 55.0}
        self.names = list(usual)
        self.noise = np.array([0.01, 0.5, 0.05, 1.0])
        between = np.array([0.02, 7.0, 0.15, 2.5])
        self.level = np.array(list(usual.values())) + self.rng.normal(size=(devices, 4)) * between
        self.day = START_US // DAY_US
        self.told: list[tuple[int, Change]] = []

    def run(self, days: int, **change: np.ndarray) -> None:
        """Go on: feature → (devices,) change per day, on top of what the device was when it was new."""
        self.state.pane_us[: len(self.who)] = PANE_US
        columns = [self.plan.features.index(name) for name in self.names]
        for _ in range(days):
            value = self.level + self.rng.normal(size=self.level.shape) * self.noise
            self.state.day[self.who] = self.day
            self.state.daily_sum[np.ix_(self.who, columns, [0])] = 288
            self.state.daily_sum[np.ix_(self.who, columns, [1])] = 288 * value[:, :, None]
            self.day += 1
            ends = np.full(len(self.who), self.day * DAY_US)
            for one in self.creeping.close_day(self.who, ends, {}):
                self.told.append((self.day - START_US // DAY_US, one))
            for name, step in change.items():
                self.level[:, self.names.index(name)] += step


def _of(device: int, amount: float) -> np.ndarray:
    return np.where(np.arange(DEVICES) == device, amount, 0.0)


def test_a_leak_of_weeks_is_found_named_told_once_and_foretold(catalogue: Catalogue) -> None:
    fleet = Days(catalogue)
    fleet.run(30)
    assert fleet.told == []
    fleet.run(24, duty=_of(7, 0.006), running_power=_of(7, -1.0), freezer_mean=_of(7, 0.02))
    assert {change.device for _, change in fleet.told} == {7}
    day, first = fleet.told[0]
    assert first.cause == "refrigerant_leak"
    assert first.creeping
    assert 32 <= day <= 44
    foretold = [(day, change) for day, change in fleet.told if change.predicted_us]
    assert foretold, "days to the loss of function"
    day, change = foretold[-1]
    # the catalogue says at −30 W, and it loses a watt a day since day 30
    assert change.predicted_us is not None
    assert abs(change.predicted_us / DAY_US - START_US // DAY_US - 60) < 5
    assert "At this pace" in change.summary["en"]
    assert "预计" in change.summary["zh"]


def test_nothing_is_forgotten_however_slow_it_comes(catalogue: Catalogue) -> None:
    """A watt a week: within the two weeks that a moving baseline remembers it is hidden by noise."""
    fleet = Days(catalogue)
    fleet.run(30)
    fleet.run(150, duty=_of(3, 0.0008), running_power=_of(3, -0.15), freezer_mean=_of(3, 0.003))
    assert {change.device for _, change in fleet.told} == {3}
    assert fleet.told[0][1].cause == "refrigerant_leak"


def test_what_happens_to_everybody_is_nobodys_fault(catalogue: Catalogue) -> None:
    """A heatwave: all run longer and draw more."""
    fleet = Days(catalogue)
    fleet.run(30)
    fleet.run(10, duty=np.full(DEVICES, 0.02), running_power=np.full(DEVICES, 2.0))
    fleet.run(20)
    assert fleet.told == []


def test_ill_from_the_first_day_is_found_against_the_fleet(catalogue: Catalogue) -> None:
    fleet = Days(catalogue)
    leak = [fleet.names.index(name) for name in ("duty", "running_power", "freezer_mean")]
    fleet.level[5, leak] = 0.62, 78.0, -15.5
    fleet.run(20)
    assert {(change.device, change.cause) for _, change in fleet.told} == {(5, "refrigerant_leak")}
    assert fleet.told[0][0] <= 12


def test_a_finding_is_cleared_when_the_device_is_as_it_was(catalogue: Catalogue) -> None:
    fleet = Days(catalogue)
    fleet.run(30)
    fleet.run(20, duty=_of(2, 0.01), running_power=_of(2, -1.5))
    fleet.level[2] = fleet.level[2] - np.array([0.2, -30.0, 0.0, 0.0])
    fleet.run(12)
    assert [change.state for _, change in fleet.told][-1] == "cleared"
    assert fleet.creeping.incidents == {}


def test_after_a_repair_the_new_normal_is_learned(catalogue: Catalogue) -> None:
    """Another compressor: 30 W less for good. Forgetting the reference keeps it from being a leak."""
    fleet = Days(catalogue)
    fleet.run(30)
    recommission(fleet.state, 4)
    fleet.level[4, fleet.names.index("running_power")] -= 15.0
    fleet.level[4, fleet.names.index("duty")] += 0.06
    fleet.run(40)
    assert fleet.told == []


def test_what_was_put_right_is_cleared_within_two_days(catalogue: Catalogue) -> None:
    """Memories of weeks still hold the fault then; the days themselves do not."""
    fleet = Days(catalogue)
    fleet.run(30)
    days = 25
    fleet.run(days, duty=_of(2, 0.01), running_power=_of(2, -1.5))
    fleet.level[2] = fleet.level[2] - days * np.array([0.01, -1.5, 0.0, 0.0])
    fleet.run(3)
    assert [change.state for _, change in fleet.told][-1] == "cleared"
    fleet.run(20)
    assert [change.state for _, change in fleet.told][-1] == "cleared"


@pytest.mark.parametrize("seed", range(2))
def test_a_healthy_fleet_is_left_alone_for_a_year(catalogue: Catalogue, seed: int) -> None:
    fleet = Days(catalogue, seed=10 + seed)
    fleet.run(250)
    assert fleet.told == []


def test_a_door_left_open_is_told_beside_a_creeping_finding(catalogue: Catalogue) -> None:
    """Both tracks of one device have their own findings, and a restart keeps both."""
    engine = Engine(catalogue["refrigerator"])
    series = refrigerator(24.2, seed=3, period_s=300)
    on = series.values["power"] > 30
    here = series.time_us > START_US + 18 * DAY_US
    series.values["power"][here & on] += 40.0
    since = START_US + 24 * DAY_US
    leave_door_open(series, since, since + 100 * 60_000_000)
    changes = [change for outcome in feed(engine, "a", series) for change in outcome.changes]
    creeping = [change for change in changes if change.creeping or change.cause == "condenser_fan_stopped"]
    assert creeping
    assert "door_ajar" in {change.cause for change in changes if change.time_us > since}
    again = Engine(catalogue["refrigerator"])
    assert again.import_state([("a", engine.export_state("a"))]) == []
    assert again.open_findings() == engine.open_findings()
    over = again.recommission("a", since + 100 * 60_000_000).changes
    assert [(change.state, change.creeping) for change in over] == [("cleared", True)]
    assert again.recommission("nobody", since).changes == []


def _named(catalogue: Catalogue, kind: str, **moved: float) -> dict[str, float]:
    """Return the scores of the creeping faults when features stand so many spreads, and tolerances, out."""
    plan = make_plan(catalogue[kind])
    z = np.full((1, len(plan.features)), np.nan)
    for name, amount in moved.items():
        z[0, plan.features.index(name)] = amount
    scores = matched(plan, z, np.sign(z) * plan.tolerance)[0]
    return {name: float(score) for name, score in zip(plan.faults, scores, strict=True) if score > 0}


def test_the_air_of_a_clogged_filter_is_colder_and_that_of_a_leak_warmer(catalogue: Catalogue) -> None:
    """Both take watts away; what blows while the compressor works tells them apart, cooling and heating."""
    watts = {"running_power": -8.0, "duty": 3.0, "supply_mean": 0.0}
    assert list(_named(catalogue, "air_conditioner", **watts, supply_cooling=-8.0)) == ["filter_clogged"]
    assert list(_named(catalogue, "air_conditioner", **watts, supply_cooling=8.0)) == ["refrigerant_leak"]
    heat = {"power_heat": -8.0, "duty_heat": 3.0, "supply_heat": 0.0}
    assert list(_named(catalogue, "air_conditioner", **heat, supply_heating=8.0)) == ["filter_clogged"]
    assert list(_named(catalogue, "air_conditioner", **heat, supply_heating=-8.0)) == ["refrigerant_leak"]


def test_a_day_without_a_wash_neither_denies_nor_forgets_what_creeps(catalogue: Catalogue) -> None:
    """Vibration is known on days with a wash only, every third here, and is told on one of the others too."""
    plan = make_plan(catalogue["washing_machine"])
    state = State(plan)
    devices, column = 20, plan.features.index("vibration_mean")
    for _ in range(devices):
        state.add()
    who, rng, creeping = np.arange(devices), np.random.default_rng(5), Creeping(plan, state)
    state.pane_us[:devices] = PANE_US
    usual, first = 4.0 + rng.normal(size=devices) * 0.3, START_US // DAY_US
    told = []
    for day in range(150):
        washed = (day + who) % 3 == 0
        worn = np.where(who == 0, 1.0 + 0.01 * max(day - 60, 0), 1.0)
        value = usual * worn * np.exp(rng.normal(size=devices) * 0.3)
        state.day[who] = first + day
        state.daily_sum[who, column, 0] = np.where(washed, 12, 0)
        state.daily_sum[who, column, 1] = np.where(washed, 12 * value, 0.0)
        ends = np.full(devices, (first + day + 1) * DAY_US)
        told += [(day, one) for one in creeping.close_day(who, ends, {})]
    assert {one.device for _, one in told} == {0}
    assert {one.cause for _, one in told} == {"imbalance"}
    assert told[0][0] < 145
    # on a day without a wash the last one is told
    assert all([item.feature for item in one.evidence] == ["vibration_mean"] for _, one in told)
