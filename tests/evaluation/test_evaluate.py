"""``zerodistance evaluate``: the command, and the suites on recorded data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.evaluation import air_handling, cmapss, fan
from tests.fixtures.skips import missing
from zerodistance.cli.evaluate import app
from zerodistance.cli.evaluate.suite import Goal, StoppedError, Task, default_datasets
from zerodistance.errors import SettingsError


def figures(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("suite", ["nab", "lbnl", "cmapss", "fan"])
def test_a_missing_folder_is_said_with_the_way_out(suite: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ZD_DATASETS") as caught:
        figures("--suite", suite, "--datasets", str(tmp_path))
    assert caught.value.exit_code == 2


def test_the_folder_can_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_DATASETS", str(tmp_path))
    (tmp_path / "nab").mkdir()
    assert Task().folder("nab") == tmp_path / "nab"


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(SettingsError, match="no such setting"):
        figures("--suite", "fan", "--set", "speed=3")
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        figures("--suite", "fan", "--set", "speed")


def test_a_run_that_is_told_to_stop_has_no_figures() -> None:
    task = Task()
    task.stop.set()
    with pytest.raises(StoppedError) as caught:
        task.step("something", 0, 1)
    assert caught.value.exit_code == 130


def test_a_goal_without_a_figure_is_not_met() -> None:
    assert Goal("x", 3.0, 3.0).is_met
    assert Goal("x", 3.0, 3.0, "at most").is_met
    assert not Goal("x", None, 0.0).is_met
    assert not Goal("x", float("nan"), 0.0, "at most").is_met


def test_curves_interpolate_where_a_kind_was_never_seen() -> None:
    random = np.random.default_rng(0)
    speed = np.repeat(np.arange(10.0), 20)
    kind = np.tile(np.repeat([1, 2], 10), 10)
    features = np.stack([np.log1p(speed) * kind, speed * 0.1], axis=1) + 0.02 * random.normal(size=(200, 2))
    called = fan.hold_speeds_out(features, kind, speed, fan.curves)
    inner = (speed > 2) & (speed < 9)
    assert (called == kind)[inner].mean() > 0.95
    assert fan.f1_by_kind(np.array([1, 1, 2]), np.array([1, 2, 2])) == {1: 2 / 3, 2: 2 / 3}


def test_wear_is_called_before_failure_and_not_while_healthy() -> None:
    random = np.random.default_rng(1)
    engines = []
    for life in random.integers(150, 260, size=20):
        wear = np.clip((np.arange(life) - life + 100) / 100, 0.0, None) ** 2
        engines.append(random.normal(size=(life, 4)) + 6 * wear[:, None] * np.array([1.0, -1.0, 0.5, 0.0]))
    leads = cmapss.judge(engines, folds=4)
    assert (leads.lead >= 20).all()
    assert (leads.lead <= 125).mean() >= 0.9


def test_an_open_valve_that_does_not_heat_is_found() -> None:
    def day(gain: float, seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        readings = np.zeros((600, len(air_handling.CHANNELS)))
        at = {name: place for place, name in enumerate(air_handling.CHANNELS)}
        for name, value in (
            ("outdoor", 40.0),
            ("return", 70.0),
            ("outdoor_damper", 0.2),
            ("heating_valve", 0.4),
        ):
            readings[:, at[name]] = value
        readings[:, at["mixed"]] = 64.0 + 0.1 * random.normal(size=600)
        readings[:, at["supply"]] = readings[:, at["mixed"]] + gain * 0.4
        readings[:, at["heating_set_point"]], readings[:, at["cooling_set_point"]] = 60.0, 80.0
        readings[:, at["return_damper"]] = 0.8
        readings[:, at["fan"]] = readings[:, at["occupied"]] = 1.0
        return readings

    healthy = [day(20.0, seed) for seed in range(3)]
    threshold = max(float(np.quantile(air_handling.held_out(healthy), 0.95)), 0.0)
    statistic, why = air_handling.Normal.fit(healthy).statistic(day(5.0, 9))
    assert (statistic > threshold).all()
    assert set(why) == {"heating_gain"}


@pytest.mark.datasets
def test_recorded_air_handlers_are_judged() -> None:
    if not (default_datasets() / "lbnl-ahu").is_dir():
        missing("datasets", "the recorded air handlers are not beside the repository")
    found = figures("--suite", "lbnl")
    assert found["faults"] == 21
    assert found["faults_detected"] >= 14


@pytest.mark.datasets
@pytest.mark.soak
@pytest.mark.parametrize(
    ("suite", "key", "least"),
    [
        ("nab", "threshold_cross_validated", 75.0),
        ("nab", "cross_validated", 70.0),
        ("cmapss", "detected", 100),
        ("cmapss", "lead_median", 64.0),
        ("lbnl", "faults_detected", 15),
        ("fan", "macro_f1", 0.95),
        ("cost", "one_channel_times_half_space_trees", 50.0),
    ],
)
def test_recorded_suites_reach_what_the_page_says(suite: str, key: str, least: float) -> None:
    if not default_datasets().is_dir():
        missing("datasets", "the recorded data sets are not beside the repository")
    value = figures("--suite", suite)[key]
    assert (value["standard"] if isinstance(value, dict) else value) >= least
