"""A release that makes its appliances deviate is told once, as one matter; drifting scores are a gauge."""

from __future__ import annotations

import numpy as np
import pytest
from prometheus_client import REGISTRY

from models.engine import Engine
from models.plan import DAY_US
from stream.cohorts import FleetWatch, load_cohorts
from stream.diagnose import DiagnosisHandler
from tests.models.series import START_US
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.messages import COHORTS, decode_deviation
from zerodistance.store import counts
from zerodistance.store.database import connect
from zerodistance.store.devices import register_device

DEVICES, NEW = 40, 10
USUAL = {"duty": (0.3, 0.01), "running_power": (110.0, 0.5), "freezer_mean": (-18.0, 0.05)}


class Fleet:
    """Forty refrigerators of which only the daily values exist; the first ten get a bad release."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.engine = Engine(catalogue["refrigerator"])
        self.who = np.array([self.engine.row_of(f"f-{number}") for number in range(DEVICES)])
        self.rng = np.random.default_rng(3)
        self.day = START_US // DAY_US
        self.findings = 0

    def run(self, days: int, **worse: float) -> None:
        """Go on; ``worse``: feature → how far the first ten are off."""
        state, creeping = self.engine._state, self.engine._judge.creeping
        state.pane_us[: len(self.who)] = 300_000_000
        for _ in range(days):
            state.day[self.who] = self.day
            for name, (level, noise) in USUAL.items():
                column = self.engine.plan.features.index(name)
                value = level + self.rng.normal(size=DEVICES) * noise
                value[:NEW] += worse.get(name, 0.0)
                state.daily_sum[self.who, column, 0] = 288
                state.daily_sum[self.who, column, 1] = 288 * value
            self.day += 1
            ends = np.full(DEVICES, self.day * DAY_US)
            self.findings += len(creeping.close_day(self.who, ends, {}))
        state.day[self.who] = self.day


@pytest.fixture
def registered(database: str) -> str:
    with connect(database) as conn:
        for number in range(DEVICES):
            register_device(conn, f"f-{number}", "refrigerator")
            firmware = "2.1" if number < NEW else "2.0"
            conn.execute("UPDATE device SET firmware = %s WHERE id = %s", (firmware, f"f-{number}"))
    return database


def test_a_release_that_deviates_is_told_once_before_any_finding(
    registered: str, catalogue: Catalogue
) -> None:
    fleet = Fleet(catalogue)
    watch = FleetWatch({"refrigerator": fleet.engine})
    with connect(registered) as conn:
        assert load_cohorts(conn, "refrigerator")["1/firmware/2.1"] == sorted(f"f-{n}" for n in range(NEW))
        fleet.run(20)
        assert watch.look(conn) == [], "the first look only marks the day"
        fleet.run(1)
        assert watch.look(conn) == []
        fleet.run(4, duty=0.025, running_power=-1.5)
        assert fleet.findings == 0
        (deviation,) = watch.look(conn)
        assert (deviation.dimension, deviation.value, deviation.tenant) == ("firmware", "2.1", 1)
        assert deviation.cause == "refrigerant_leak"
        assert set(deviation.devices) <= {f"f-{n}" for n in range(NEW)}
        assert deviation.share >= 0.5
        assert watch.look(conn) == [], "the day has not turned"
        fleet.run(1, duty=0.025, running_power=-1.5)
        assert watch.look(conn) == [], "it is no news"
    assert REGISTRY.get_sample_value("zd_models_cohorts_deviating", {"type": "refrigerator"}) == 1.0


def test_scores_that_drift_are_a_gauge_for_operations(registered: str, catalogue: Catalogue) -> None:
    fleet = Fleet(catalogue)
    watch = FleetWatch({"refrigerator": fleet.engine})
    with connect(registered) as conn:
        fleet.run(60)
        watch.look(conn)
        assert REGISTRY.get_sample_value("zd_models_drift", {"type": "refrigerator"}) < 0.25
        fleet.rng = np.random.default_rng(4)
        state = fleet.engine._state
        state.tally[:DEVICES] = state.tally_then[:DEVICES]
        state.tally[:DEVICES, 12] += 20  # weeks of scores as there never were
        fleet.run(1)
        watch.look(conn)
    assert REGISTRY.get_sample_value("zd_models_drift", {"type": "refrigerator"}) > 0.25


def test_the_diagnosis_puts_what_deviates_into_the_outbox_of_its_checkpoint(
    registered: str, catalogue: Catalogue
) -> None:
    fleet = Fleet(catalogue)
    handler = DiagnosisHandler(catalogue, ManualClock())
    handler._engines["refrigerator"] = fleet.engine
    with connect(registered) as conn:
        fleet.run(20)
        handler.checkpoint(conn)
        fleet.run(5, duty=0.025, running_power=-1.5)
        handler.checkpoint(conn)
        rows = conn.execute("SELECT payload FROM outbox WHERE topic = %s", (COHORTS,)).fetchall()
        counted = counts.read(conn)["diagnose", "cohorts"]
    assert [decode_deviation(bytes(row[0])).value for row in rows] == ["2.1"]
    assert counted == 1
