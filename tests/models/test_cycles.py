"""Cycles: runs, rests and plateaus are what they are, however the samples were cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine import Engine
from tests.models.series import MINUTE_US, START_US, Series, feed
from zerodistance.catalogue.model import ApplianceType, Channel, Feature

TITLE = {"en": "x"}


def _type() -> ApplianceType:
    def feature(kind: str, **more: float) -> Feature:
        return Feature(title=TITLE, kind=kind, channel="power", **more)  # type: ignore[arg-type]

    return ApplianceType(
        type="tester",
        title=TITLE,
        ecosystem="food",
        version=1,
        period_s=60,
        channels={"power": Channel(title=TITLE, valid=(-10, 4000))},
        features={
            "starts": feature("starts", above=30, release=20, below=185),
            "run": feature("on_time", above=30, release=20, below=185),
            "rest": feature("rest_time", above=30, release=20, below=185),
            "gap": feature("since", above=185, lasting_minutes=4, counting_above=30),
        },
    )


def _series(power: list[float]) -> Series:
    values = {"power": np.array(power)}
    times = START_US + np.arange(len(power), dtype=np.int64) * MINUTE_US
    return Series(times, values, {"power": np.zeros(len(power), np.bool_)})


def _features(power: list[float]) -> dict[str, list[float]]:
    """Feature → its values at each pane."""
    engine = Engine(_type())
    seen: dict[str, list[float]] = {name: [] for name in engine.plan.features}
    judge = engine._judge.judge

    def spy(table, outcome):  # type: ignore[no-untyped-def]
        from models.features import compute_features

        values = compute_features(engine.plan, table)[0][table.is_new]
        for column, name in enumerate(engine.plan.features):
            seen[name].extend(float(v) for v in values[:, column])
        judge(table, outcome)

    engine._judge.judge = spy  # type: ignore[method-assign]
    feed(engine, "a", _series(power))
    return seen


def test_runs_and_rests_have_their_lengths() -> None:
    """12 minutes on, 18 off: two starts an hour."""
    seen = _features(([4.0] * 18 + [110.0] * 12) * 8)
    assert seen["starts"][-1] == 2.0
    assert seen["run"][-1] == 12.0
    assert seen["rest"][-1] == 18.0


def test_a_reading_between_the_levels_ends_no_run() -> None:
    seen = _features(([4.0] * 18 + [110.0, 25.0] * 6) * 8)
    assert seen["starts"][-1] == 2.0


def test_a_defrost_is_a_plateau_of_the_heater_and_no_run() -> None:
    cycle, defrost = [4.0] * 30 + [110.0] * 30, [240.0] * 15
    seen = _features([*cycle * 3, *defrost, *cycle * 3, *defrost, *cycle * 2])
    assert np.isnan(seen["gap"][:36]).all(), "it may have no heater at all"
    after = np.array(seen["gap"][39:])
    assert after[0] < 0.1
    assert 1.4 <= after.max() <= 1.6, "three runs of half an hour"
    assert 0.9 <= after[-1] <= 1.1, "two"
    assert seen["starts"][-1] == 1.0


def test_a_spike_is_no_defrost() -> None:
    cycle = [4.0] * 30 + [250.0, *[110.0] * 29]
    seen = _features([*[240.0] * 15, *cycle * 6])
    assert seen["gap"][-1] > 2.5


def test_after_a_silence_nobody_knows_how_long_a_run_was() -> None:
    series = _series([4.0] * 30 + [110.0] * 400 + [4.0] * 60)
    keep = np.r_[0:40, 400:490]
    engine = Engine(_type())
    feed(engine, "a", series.part(keep))
    assert engine._state.ring_cycles[0, :, 0, 1].sum() == 0, "it ended, but began nobody knows when"


@settings(max_examples=25, deadline=None)
@given(
    power=st.lists(st.sampled_from([4.0, 25.0, 110.0, 240.0, float("nan")]), min_size=30, max_size=200),
    cut=st.integers(1, 60),
)
def test_batches_do_not_matter(power: list[float], cut: int) -> None:
    whole, parts = Engine(_type()), Engine(_type())
    feed(whole, "a", _series(power))
    feed(parts, "other", _series(power[::-1]))
    feed(parts, "a", _series(power), batch=cut)
    for name in ("run_on", "run_us", "plateau_us", "since_us", "ring_cycles"):
        one, other = getattr(whole._state, name)[0], getattr(parts._state, name)[1]
        assert np.array_equal(one, other, equal_nan=True), name
