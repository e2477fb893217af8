"""The engine as a whole on synthetic series: found, named, cleared, remembered."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.engine import Engine
from models.incidents import Change
from tests.models.series import (
    DAY_US,
    MINUTE_US,
    START_US,
    Series,
    feed,
    leave_door_open,
    refrigerator,
    stop_compressor,
    told,
)
from zerodistance.catalogue import Catalogue


@pytest.fixture
def engine(catalogue: Catalogue) -> Engine:
    return Engine(catalogue["refrigerator"])


def _changes(engine: Engine, device: str, series: Series, batch: int = 5000) -> list[Change]:
    return [change for outcome in feed(engine, device, series, batch=batch) for change in outcome.changes]


def test_healthy_refrigerators_raise_nothing(engine: Engine) -> None:
    for seed in range(4):
        assert _changes(engine, f"fridge-{seed}", refrigerator(14, seed)) == []


def test_an_open_door_is_found_within_twenty_minutes_named_and_cleared(engine: Engine) -> None:
    series = refrigerator(10.5, seed=1)
    since = START_US + 10 * DAY_US + 137 * MINUTE_US
    leave_door_open(series, since, since + 90 * MINUTE_US)
    changes = _changes(engine, "fridge-1", series)
    assert [change.state for change in changes] == ["open", "cleared"]
    opened, cleared = changes
    assert opened.cause == "door_ajar"
    assert since < opened.time_us <= since + 20 * MINUTE_US
    assert abs(opened.onset_us - since) <= 10 * MINUTE_US
    assert cleared.time_us <= since + (90 + 120) * MINUTE_US
    assert opened.urgency == "urgent"
    assert "time with the door open" in opened.summary["en"]
    assert "开门时间" in opened.summary["zh"]
    first = opened.evidence[0]
    assert first.observed > first.high >= first.expected
    shares = [item for change in changes for item in change.evidence if item.unit == "%"]
    assert shares
    assert all(0.0 <= item.low <= item.high <= 100.0 for item in shares), "no band beyond what can be"
    assert {"compressor_failed"} <= {cause for cause, _ in opened.ruled_out}
    assert sum(probability for _, probability in opened.candidates) <= 1.001


def test_a_dead_compressor_is_found_within_the_hour_and_named(engine: Engine) -> None:
    series = refrigerator(10.5, seed=2)
    since = START_US + 10 * DAY_US + 200 * MINUTE_US
    stop_compressor(series, since)
    changes = _changes(engine, "fridge-2", series)
    assert changes[0].time_us <= since + 70 * MINUTE_US  # it may have been resting when it died
    assert changes[-1].cause == "compressor_failed"
    assert "door_ajar" in {cause for cause, _ in changes[-1].ruled_out}
    assert all(one.revision < other.revision for one, other in pairwise(changes))


def test_an_open_finding_has_its_band_from_before_the_onset(engine: Engine) -> None:
    series = refrigerator(10.3, seed=1)
    since = START_US + 10 * DAY_US + 137 * MINUTE_US
    leave_door_open(series, since, since + 90 * MINUTE_US)
    bands = [band for outcome in feed(engine, "fridge-1", series) for band in outcome.bands]
    fresh = sorted(
        (band for band in bands if band.channel == "fresh_food_temperature"), key=lambda band: band.time_us
    )
    assert since - 6.5 * 60 * MINUTE_US < fresh[0].time_us < since - 5 * 60 * MINUTE_US
    assert fresh[-1].time_us > since + 60 * MINUTE_US
    assert all(band.low <= band.expected <= band.high for band in bands)
    assert all(2.5 < band.expected < 5.5 for band in fresh)


@pytest.mark.parametrize("batch", [1, 97, 1440, 100_000])
def test_batches_do_not_matter(catalogue: Catalogue, batch: int) -> None:
    series = refrigerator(6.2, seed=5)
    leave_door_open(series, START_US + 6 * DAY_US, START_US + 6 * DAY_US + 80 * MINUTE_US)
    tail = len(series.time_us) - 500
    whole, cut = Engine(catalogue["refrigerator"]), Engine(catalogue["refrigerator"])
    expected = told(feed(whole, "a", series, batch=3000))
    before = feed(cut, "a", series.part(slice(0, tail)), batch=max(batch, 50))
    got = told(before + feed(cut, "a", series.part(slice(tail, None)), batch=batch))
    assert expected
    assert got == expected


def test_a_restart_forgets_nothing(catalogue: Catalogue) -> None:
    """Saved and restored every 400 samples, also in the middle of an incident: the same findings."""
    series = refrigerator(6.3, seed=7)
    leave_door_open(series, START_US + 6 * DAY_US, START_US + 6 * DAY_US + 100 * MINUTE_US)
    steady = Engine(catalogue["refrigerator"])
    expected = told(feed(steady, "a", series, batch=400))
    assert len(expected) >= 2
    engine, got = Engine(catalogue["refrigerator"]), []
    for start in range(0, len(series.time_us), 400):
        got += feed(engine, "a", series.part(slice(start, start + 400)))
        saved = engine.export_state("a")
        engine = Engine(catalogue["refrigerator"])
        engine.row_of("somebody-else")  # another place in the arrays
        assert engine.import_state([("a", saved)]) == []
    assert told(got) == expected
    assert len(saved) < 4096 * len(catalogue["refrigerator"].channels)


def test_state_of_another_version_is_refused_and_learned_again(engine: Engine) -> None:
    assert engine.import_state([("a", b"\x81rubbish"), ("b", b"")]) == ["a", "b"]
    assert _changes(engine, "a", refrigerator(1)) == []


def test_a_new_device_is_judged_against_the_fleet(catalogue: Catalogue) -> None:
    """Its compressor is dead from the first day on: it has no past of its own to differ from."""
    engine = Engine(catalogue["refrigerator"])
    for seed in range(6):
        feed(engine, f"old-{seed}", refrigerator(8, seed))
    series = refrigerator(8.9, seed=9).part(slice(8 * 1440, None))
    stop_compressor(series, int(series.time_us[0]) + 120 * MINUTE_US)
    assert "compressor_failed" in {change.cause for change in _changes(engine, "new", series)}


def test_without_a_fleet_the_hard_limits_hold_from_the_first_hour(engine: Engine) -> None:
    series = refrigerator(0.3)
    series.values["fresh_food_temperature"] += 12
    changes = _changes(engine, "a", series)
    assert changes[0].state == "open"
    assert changes[0].time_us - START_US < 90 * MINUTE_US
    assert changes[0].evidence[0].channel == "fresh_food_temperature"


def test_an_impossible_reading_is_a_sensor_fault(engine: Engine) -> None:
    series = refrigerator(0.3)
    series.bad["fresh_food_temperature"][100:] = True
    changes = _changes(engine, "a", series)
    assert changes[0].cause == "thermistor_open"
    assert "not possible" in changes[0].summary["en"]


def test_few_channels_are_enough_for_what_they_show(engine: Engine) -> None:
    """A smart plug gives power only: a compressor that draws none is found, health raises nothing."""
    series = refrigerator(10, seed=4)
    series = Series(series.time_us, {"power": series.values["power"]}, {"power": series.bad["power"]})
    assert _changes(engine, "plug-1", series) == []
    dead = refrigerator(10.4, seed=6)
    stop_compressor(dead, START_US + 10 * DAY_US)
    dead = Series(dead.time_us, {"power": dead.values["power"]}, {"power": dead.bad["power"]})
    changes = _changes(engine, "plug-2", dead)
    assert changes[0].time_us >= START_US + 10 * DAY_US
    assert changes[-1].cause == "compressor_failed"


def test_a_new_normal_is_learned_and_the_finding_cleared(engine: Engine) -> None:
    """Evaporator colder and air drier for good, for which no signature stands: it becomes the usual."""
    series = refrigerator(16, seed=8)
    here = series.time_us > START_US + 8 * DAY_US
    series.values["evaporator_temperature"][here] -= 14
    series.values["humidity"][here] -= 30
    changes = _changes(engine, "a", series)
    assert [change.state for change in changes if change.state != "open"] == ["cleared"]
    assert engine.open_findings() == {}
    assert changes[-1].time_us - changes[0].time_us < 4 * DAY_US


def test_what_no_signature_explains_needs_a_second_channel(engine: Engine) -> None:
    series = refrigerator(12, seed=8)
    series.values["evaporator_temperature"][series.time_us > START_US + 8 * DAY_US] -= 14
    assert _changes(engine, "a", series) == []


def test_a_changed_set_point_is_no_fault(engine: Engine) -> None:
    series = refrigerator(12, seed=3)
    here = series.time_us > START_US + 9 * DAY_US
    series.values["set_point"][here] = 7.0
    series.values["fresh_food_temperature"][here] += 3.0
    assert _changes(engine, "a", series) == []


def test_a_fault_code_is_a_finding(engine: Engine) -> None:
    at = START_US
    (change,) = engine.fault_code("a", "Er CF", True, at).changes
    assert (change.cause, change.state, change.onset_us) == ("condenser_fan_stopped", "open", at)
    assert "Er CF" in change.summary["en"]
    assert engine.fault_code("a", "Er CF", True, at + MINUTE_US).changes == []
    (cleared,) = engine.fault_code("a", "Er CF", False, at + 5 * MINUTE_US).changes
    assert cleared.state == "cleared"
    assert engine.fault_code("a", "nobody knows it", True, at).changes == []


def test_a_door_alarm_is_a_finding_only_when_it_lasts(engine: Engine) -> None:
    alarm = "Refrigeration.FridgeFreezer.Event.DoorAlarmRefrigerator"
    series = refrigerator(0.2)
    feed(engine, "a", series.part(slice(0, 100)))
    at = int(series.time_us[100])
    assert engine.fault_code("a", alarm, True, at).changes == []
    changes = _changes(engine, "a", series.part(slice(100, 130)))
    assert [(change.cause, change.state) for change in changes] == [("door_ajar", "open")]
    assert engine.fault_code("b", alarm, True, at).changes == []
    assert engine.fault_code("b", alarm, False, at + 5 * MINUTE_US).changes == []


def test_thousands_of_devices_are_one_step(catalogue: Catalogue) -> None:
    """State is arrays: one step over 2,000 devices, each judged up to the same moment."""
    engine = Engine(catalogue["refrigerator"])
    series = refrigerator(0.05)
    rows = np.array([engine.row_of(f"d{n}") for n in range(2000)])
    size = len(series.time_us)
    values = np.full((size, len(engine.plan.channels)), np.nan, np.float32)
    for column, name in enumerate(engine.plan.channels):
        values[:, column] = series.values[name]
    outcome = engine.step(
        np.tile(rows, size),
        np.repeat(series.time_us, 2000),
        np.repeat(values, 2000, axis=0),
        np.zeros((size * 2000, values.shape[1]), np.bool_),
    )
    assert outcome.changes == []
    assert (engine._state.closed_us[:2000] == engine._state.closed_us[0]).all()
