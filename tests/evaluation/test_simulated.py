"""The simulated suite: what counts as false, found, rightly named; chunks that are kept; a small run."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import detect
from models.engine import Engine
from simulators.physics import physics_of, simulated_types
from simulators.physics.contract import Happening
from simulators.simulation import Reported
from zerodistance.catalogue import Catalogue
from zerodistance.cli.evaluate import simulated
from zerodistance.cli.evaluate.simulated import fleets, verdicts
from zerodistance.cli.evaluate.simulated.fleets import Chunk, Life, code_digest, fleet_of, plan_chunks
from zerodistance.cli.evaluate.simulated.layers import LAYERS, budget
from zerodistance.cli.evaluate.simulated.living import feed, gaps_of, varied
from zerodistance.cli.evaluate.simulated.verdicts import figures_of, judge, judge_case, poisson_upper
from zerodistance.cli.evaluate.suite import StoppedError, Task
from zerodistance.errors import SettingsError

HOUR, DAY = 3_600_000_000, 86_400_000_000
MINUTE = 60_000_000


def _ill(*changes: tuple[float, str, str], device: str = "f-1", fault: str = "gasket_leak") -> Life:
    """Return a refrigerator that falls ill on day 20, fails on day 50 and is repaired on day 60."""
    return Life(
        device=device,
        type="refrigerator",
        from_us=0,
        until_us=64 * DAY,
        fault=fault,
        severity=1.0,
        hours=35 * 24.0,
        onset_us=20 * DAY,
        functional_us=50 * DAY,
        cleared_us=60 * DAY,
        changes=[(round(day * DAY), state, cause, "soon", 0) for day, state, cause in changes],
    )


def _well(*changes: tuple[float, str, str], device: str = "f-2") -> Life:
    life = _ill(*changes, device=device)
    return Life(
        device=device, type="refrigerator", from_us=0, until_us=365.25 * DAY // 1, changes=life.changes
    )


def test_a_fault_is_found_by_what_opens_after_its_onset_and_named_by_what_stands_a_day_later() -> None:
    case, false = judge_case(
        _ill((30, "open", "unknown"), (30.5, "open", "gasket_leak"), (60.25, "cleared", "gasket_leak"))
    )
    assert (case.named, case.first, false) == ("gasket_leak", "unknown", [])
    assert case.delay_us == 10 * DAY
    assert case.warning_us == 20 * DAY
    assert case.clear_us == 6 * HOUR
    assert case.slow
    assert case.functional
    # A revision that comes two days later comes too late for the visit.
    case, _ = judge_case(_ill((30, "open", "unknown"), (32, "open", "gasket_leak")))
    assert case.named == "unknown"
    # After the failure is no warning, after the repair no finding.
    case, _ = judge_case(_ill((55, "open", "gasket_leak")))
    assert case.warning_us == -5 * DAY
    case, false = judge_case(_ill((60.5, "open", "gasket_leak")))
    assert (case.named, len(false)) == (verdicts.MISSED, 0)
    case, false = judge_case(_ill((62.5, "open", "gasket_leak")))
    assert (case.named, len(false)) == (verdicts.MISSED, 1)


def test_what_nobody_used_has_failed_nobody() -> None:
    life = _ill()
    assert judge_case(life)[0].functional
    life.used_h = 0.0  # in the ten days between its failure and its repair
    assert not judge_case(life)[0].functional
    life.codes = ["Er dH"]  # somebody did, and it told
    assert judge_case(life)[0].functional
    life.codes, life.used_h = [], 0.1
    assert judge_case(life)[0].functional


def test_a_finding_from_before_is_false_and_counts_for_the_fault_only_once_it_names_it() -> None:
    case, false = judge_case(_ill((10, "open", "unknown"), (25, "open", "gasket_leak")))
    assert len(false) == 1
    assert (case.named, case.delay_us) == ("gasket_leak", 5 * DAY)
    case, false = judge_case(_ill((10, "open", "unknown")))
    assert (case.named, len(false)) == (verdicts.MISSED, 1)
    case, false = judge_case(
        _ill((10, "open", "door_ajar"), (10.1, "cleared", "door_ajar"), (40, "open", "x"))
    )
    assert (case.named, len(false)) == ("x", 1)


def test_two_findings_of_one_appliance_are_told_apart_and_share_a_ticket(catalogue: Catalogue) -> None:
    life = _well()
    life.changes = [
        (5 * DAY, "open", "gasket_leak", "soon", 4 * DAY),
        (6 * DAY, "open", "compressor_failed", "urgent", 6 * DAY - HOUR),
        (7 * DAY, "cleared", "compressor_failed", "urgent", 6 * DAY - HOUR),
        (9 * DAY, "cleared", "gasket_leak", "soon", 4 * DAY),
        (30 * DAY, "open", "gasket_leak", "soon", 29 * DAY),
    ]
    found = verdicts.findings_of(life)
    ends = [(one.opened_us // DAY, one.cleared_us and one.cleared_us // DAY) for one in found]
    assert ends == [(5, 9), (6, 7), (30, None)]
    verdict = judge([life], catalogue)
    assert (verdict.overall.findings, verdict.overall.tickets) == (3, 2)


def test_false_findings_cost_what_the_ticket_rules_make_of_them(catalogue: Catalogue) -> None:
    minutes = MINUTE / DAY

    def doors(lasting: float, count: int) -> list[Life]:
        changes = (5, "open", "door_ajar"), (5 + lasting, "cleared", "door_ajar")
        return [_well(*changes, device=f"{lasting}-{number}") for number in range(count)]

    verdict = judge(doors(5 * minutes, 9), catalogue)
    assert (verdict.overall.questions, verdict.overall.tickets) == (9, 0)
    verdict = judge(doors(1.0, 9), catalogue)
    assert (verdict.overall.questions, verdict.overall.tickets) == (9, 9)
    # Half an hour: over for those whose owner has said that there is nothing, not for those who wait.
    deadline = catalogue["refrigerator"].faults["door_ajar"].question
    assert deadline is not None
    tickets = judge(doors(28 * minutes, 100), catalogue).overall.tickets
    assert tickets == 100 if deadline.deadline_minutes <= 28 else 55 < tickets < 85
    verdict = judge([_well((5, "open", "refrigerant_leak"), (20, "open", "unknown"))], catalogue)
    assert (verdict.overall.questions, verdict.overall.tickets) == (0, 1)
    assert verdict.young.tickets == 1
    assert verdict.overall.years == pytest.approx(1.0, rel=1e-3)


def test_figures_have_the_keys_of_the_issue_and_add_up(catalogue: Catalogue) -> None:
    lives = [
        _well(),
        _well((5, "open", "unknown"), device="f-3"),
        _ill((30, "open", "gasket_leak")),
        _ill((45, "open", "unknown"), device="f-4"),
        _ill(device="f-5"),
        _ill((21, "open", "bad_air"), device="f-6", fault="refrigerant_leak"),
    ]
    figures = figures_of(judge(lives, catalogue))
    assert figures["device_years"] == pytest.approx(2 + 4 * 20 / 365.25, rel=1e-3)
    assert figures["false_tickets_per_device_year"] == pytest.approx(1 / figures["device_years"], rel=1e-3)
    assert figures["false_tickets_upper95"] == pytest.approx(5.572 / figures["device_years"], rel=1e-3)
    assert figures["recall_by_fault"] == {
        "refrigerator/gasket_leak": pytest.approx(2 / 3, rel=1e-3),
        "refrigerator/refrigerant_leak": 1.0,
    }
    assert figures["wrong_cause_rate"] == pytest.approx(1 / 3, rel=1e-3)
    assert figures["unknown_rate"] == pytest.approx(1 / 3, rel=1e-3)
    assert figures["precision"] == 0.75  # one of four is false
    assert figures["warning_days_p10_by_fault"]["refrigerator/gasket_leak"] == pytest.approx(
        1.0
    )  # 20, 5, none
    assert figures["slow_faults_called_7_days_ahead"] == 0.5
    assert figures["delay_hours_by_fault"]["refrigerator/refrigerant_leak"] == 24
    assert figures["confusion_by_type"]["refrigerator"]["gasket_leak"] == {
        "gasket_leak": 1,
        "unknown": 1,
        "missed": 1,
    }
    json.dumps(figures)


def test_the_interval_is_garwoods() -> None:
    for count, upper in ((0, 3.689), (1, 5.572), (2, 7.225), (10, 18.390), (50, 65.919)):
        assert poisson_upper(count) == pytest.approx(upper, abs=2e-3)


def test_chunks_cover_every_fault_on_seeds_that_nobody_tuned_on(catalogue: Catalogue) -> None:
    chunks = plan_chunks(catalogue, simulated_types(), 100.0, fleets.FIRST_SEED, 60.0, 36, 3)
    assert sum(chunk.healthy_years for chunk in chunks) >= 100.0
    assert {chunk.seed for chunk in chunks} <= set(range(1000, 1100))
    assert len({chunk.start for chunk in chunks if chunk.type == "oven"}) == sum(
        c.type == "oven" for c in chunks
    )
    for name in simulated_types():
        covered = {fault for chunk in chunks if chunk.type == name for fault in chunk.faults}
        simulated = set(physics_of(name).FAULTS) & set(catalogue[name].faults)
        assert covered == simulated - ({"anode_worn"} if name == "water_heater" else set())
    assert [chunk.type for chunk in chunks[:10]] == simulated_types()
    code = code_digest(Path(fleets.__file__).parents[4])
    assert len({chunk.key(code) for chunk in chunks}) == len(chunks)
    for chunk in chunks[:20]:
        plan = fleet_of(chunk)
        assert plan == fleet_of(chunk)
        assert plan.perturb == 0.2
        for fault in plan.fault:
            assert fault.clear_after_hours is not None
            assert 14 * 24 <= fault.at_hours <= 28 * 24
            assert fault.at_hours + fault.clear_after_hours <= (chunk.days - 2) * 24 + 1e-6
    some = gaps_of(1000, 50, 0, 60)
    assert (some[:, 1] < some[:, 2]).all()
    assert 30 < len(some) < 70


def test_codes_reach_the_engine_after_what_was_measured_before_them() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.said: list[tuple[str, int, int]] = []

        def row_of(self, device: str) -> int:
            return int(device)

        def step(self, device: Any, time_us: Any, values: Any, bad: Any) -> None:
            self.said += [("sample", int(one), int(when)) for one, when in zip(device, time_us, strict=True)]

        def fault_code(self, device: str, code: str, active: bool, time_us: int) -> None:
            self.said.append(("code", int(device), time_us))

    engine = Recorder()
    device, time_us = np.repeat(np.arange(3), 10), np.tile(np.arange(10) * 10, 3)
    values = np.zeros((30, 2), np.float32)
    codes = [
        Reported("1", when, Happening(0.0, 1, "fault", "X", active=on))
        for when, on in ((55, False), (25, True))
    ] + [Reported("2", 40, Happening(0.0, 2, "fault", "Y"))]
    feed(engine, (device, time_us, values, values > 1), codes, lambda outcome: None)  # type: ignore[arg-type]
    assert sum(one[0] == "sample" for one in engine.said) == 30
    for number in range(3):
        mine = [when for _, who, when in engine.said if who == number]
        assert mine == sorted(mine)


def test_variations_are_set_and_set_back() -> None:
    before = detect.RETURN_DAYS
    with varied(budget(4.0)):
        assert before == detect.RETURN_DAYS  # it is the engine's own
    for layer, variation in LAYERS.items():
        with varied(variation):
            assert variation, layer
    assert before == detect.RETURN_DAYS


def test_a_small_fleet_whole_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    monkeypatch.setattr(simulated, "code_digest", lambda root: "as it was")
    monkeypatch.setattr(fleets, "ONSET_DAYS", (2.0, 2.5))
    monkeypatch.setattr(fleets, "AFTER_DAYS", 1.0)
    monkeypatch.setattr("zerodistance.cli.evaluate.simulated.living.WARM_UP", timedelta(hours=6))
    chunk = Chunk("refrigerator", 1001, 4, 3, 1, ("door_ajar", "thermistor_open"), 300.0)
    monkeypatch.setattr(simulated, "plan_chunks", lambda *_: [chunk])
    options = {"work": str(tmp_path / "work"), "workers": "1", "budgets": "0.05"}
    told: list[tuple[str, int, int]] = []
    report = simulated.run(Task(options=options, show=lambda *step: told.append(step)))
    assert told[0] == ("refrigerator (device-days)", 0, 20)
    assert report.figures["recall_by_fault"]["refrigerator/thermistor_open"] == 1.0
    assert report.figures["confusion_by_type"]["refrigerator"]["thermistor_open"] == {"thermistor_open": 1}
    assert [one["models"] for one in report.figures["variations"]] == ["whole", "budget 0.05"]
    assert report.figures["variations"][0] | {"models": ""} == report.figures["variations"][1] | {
        "models": ""
    }
    assert 4 * 275 * 5 < report.figures["samples"] < 4 * 288 * 5  # some are missing
    assert len(list((tmp_path / "work").iterdir())) == 1

    def never(*_: Any) -> None:
        raise AssertionError("it was kept")

    monkeypatch.setattr(simulated, "live", never)
    assert simulated.run(Task(options=options)).figures == report.figures
    monkeypatch.setattr(simulated, "plan_chunks", lambda *_: [chunk] * 2)
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        simulated.run(Task(options=options | {"budgets": "2"}, stop=stop))


@pytest.mark.parametrize("option", ["types=toaster", "budgets=1,x", "budgets=0", "without=hope", "speed=2"])
def test_settings_that_cannot_be_are_one_sentence(option: str) -> None:
    name, _, value = option.partition("=")
    with pytest.raises(SettingsError, match=f"--set {name}="):
        simulated.run(Task(options={name: value}))


def test_a_notice_of_supplies_is_no_finding(catalogue: Catalogue) -> None:
    engine = Engine(catalogue["dishwasher"])
    for code in (
        "Dishcare.Dishwasher.Event.SaltNearlyEmpty",
        "Dishcare.Dishwasher.Event.RinseAidNearlyEmpty",
    ):
        assert engine.fault_code("d-1", code, True, 10 * DAY).changes == []
    assert [one.cause for one in engine.fault_code("d-1", "IE", True, 10 * DAY).changes] == ["inlet_blocked"]
