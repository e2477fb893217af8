"""Suite ``cost``: points per second and core beside HalfSpaceTrees (river) and IsolationForest (sklearn)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluation.nab import PROFILES, best_threshold, probation, steps
from models.evaluation.synthetic import kinds, with_fault
from models.streaming.channels import Channels
from models.streaming.news import News
from models.streaming.trained import Trained
from zerodistance.cli.evaluate.nab import Series, abreast, read_series
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task
from zerodistance.errors import SettingsError

Floats = NDArray[np.float64]

CHANNELS, TRAIN, ROWS = 8, 2_000, 6_000
"""Channels, training rows, judged rows with a fault in a quarter of them."""
COPIES, NAB_ROWS, RUNS = 64, 4_000, 3
"""Devices that read the same series of NAB, rows of each that are timed, and how often."""
_PIECE = 250


def run(task: Task) -> Report:
    """Score the same streams with each detector, in one run."""
    task.allow()
    series = read_series(task)
    try:
        from river.anomaly import HalfSpaceTrees
    except ImportError:
        raise SettingsError(
            "The suite 'cost' compares with river, which is not installed: `uv pip install river`."
        ) from None
    detectors: dict[str, Callable[[Floats], tuple[Floats, float]]] = {
        "Zero Distance, all layers": _platform,
        "scikit-learn IsolationForest": _forest,
        "river HalfSpaceTrees": lambda values: _river(values, HalfSpaceTrees),
    }
    names = ("white noise", "AR(1) 0.95", "seasonal")
    streams = [(name, values) for name, values in kinds(TRAIN + ROWS, CHANNELS, 7) if name in names]
    jobs = [
        (name, values, fault) for name, values in streams for fault in ("shift", "noise", "correlation break")
    ]
    begin, end = TRAIN + ROWS // 2, TRAIN + 3 * ROWS // 4
    truth = np.zeros(ROWS, np.bool_)
    truth[begin - TRAIN : end - TRAIN] = True
    scored: dict[str, list[tuple[float, float, float]]] = {name: [] for name in detectors}
    for place, (name, values, fault) in enumerate(jobs):
        faulty = with_fault(values, fault, begin, end, place)
        for detector, score in detectors.items():
            task.step(f"cost: {detector}, {name}, {fault}", place, len(jobs))
            judged, seconds = score(faulty)
            quality = roc_auc_score(truth, judged), average_precision_score(truth, judged)
            scored[detector].append((ROWS * CHANNELS / seconds, *quality))
    found: dict[str, dict[str, Any]] = {}
    for detector, one in scored.items():
        speed, area, precision = np.array(one).T
        found[detector] = {
            "points_per_second": float(np.median(speed)),
            "points_per_second_low": float(speed.min()),
            "points_per_second_high": float(speed.max()),
            "roc_auc": float(area.mean()),
            "average_precision": float(precision.mean()),
        }
    alone, state = _many_devices(task, series, HalfSpaceTrees)
    ours, rivals = found["Zero Distance, all layers"], found["river HalfSpaceTrees"]
    rows = [(name, *one.values()) for name, one in found.items()]
    fast, slow = alone[_OURS], alone["river HalfSpaceTrees"]
    return Report(
        {
            "detectors": found,
            "times_half_space_trees": ours["points_per_second"] / rivals["points_per_second"],
            "one_channel": alone,
            "one_channel_times_half_space_trees": fast["points_per_second"] / slow["points_per_second"],
            "bytes_per_channel": state,
        },
        (
            Table(
                f"One channel a device, NAB's series, {COPIES * len(series)} devices at once: processor time",
                ("detector", "points/s, median", "least", "most", "NAB standard"),
                tuple((name, *one.values()) for name, one in alone.items()),
            ),
            Table(
                f"Cost and accuracy, {CHANNELS} channels, processor time of one core",
                ("detector", "points/s, median", "least", "most", "ROC AUC", "average precision"),
                tuple(rows),
            ),
        ),
        (
            Goal("points per second and core, one channel", fast["points_per_second"], 1_000_000),
            Goal("points per second and core, trained", ours["points_per_second"], 1_000_000),
            Goal(
                "times as fast as HalfSpaceTrees", fast["points_per_second"] / slow["points_per_second"], 50
            ),
            Goal("NAB above HalfSpaceTrees'", fast["nab_standard"] - slow["nab_standard"], 0.0),
            Goal("bytes of state per device and channel", state, 4096, "at most"),
            Goal("ROC AUC above HalfSpaceTrees'", ours["roc_auc"] - rivals["roc_auc"], 0.0),
        ),
        (
            f"One channel: the first {NAB_ROWS} rows of each series, each read by {COPIES} devices; "
            "HalfSpaceTrees, a model for each series, read them once. No training rows.",
            f"{CHANNELS} channels: {TRAIN} rows to learn from (not timed), {ROWS} judged.",
        ),
    )


_OURS = "Zero Distance, all layers of suite nab"


def _many_devices(task: Task, series: list[Series], trees: Any) -> tuple[dict[str, dict[str, float]], int]:
    """Score NAB's series, ours as so many devices at once; return figures by detector, bytes of our state."""
    time_s, values = abreast(series)
    timed = values[:NAB_ROWS]
    points = int(np.isfinite(timed).sum())
    speeds: dict[str, list[float]] = {_OURS: [], "river HalfSpaceTrees": []}
    state = 0
    for run in range(RUNS):
        task.step("cost: one channel, Zero Distance", run, RUNS)
        spent = 0.0
        channels, news = Channels(COPIES * len(series)), News(COPIES * len(series))
        for begin in range(0, len(timed), _PIECE):
            part = slice(begin, min(begin + _PIECE, len(timed)))
            times, readings = np.tile(time_s[part], COPIES), np.tile(timed[part], COPIES)
            started = time.process_time()
            news.told(*channels.judge(times, readings))
            spent += time.process_time() - started
        speeds[_OURS].append(points * COPIES / spent)
        state = channels.bytes_per_channel + news.bytes_per_series
        task.step("cost: one channel, HalfSpaceTrees", run, RUNS)
        spent = sum(_one_channel(one.value[:NAB_ROWS], one, trees)[1] for one in series)
        speeds["river HalfSpaceTrees"].append(points / spent)
    told = News(len(series)).told(*Channels(len(series)).judge(time_s, values))
    quality = {
        _OURS: [steps(told[: len(one.value), place], one.windows) for place, one in enumerate(series)],
        "river HalfSpaceTrees": [
            steps(_one_channel(one.value, one, trees)[0], one.windows) for one in series
        ],
    }
    return {
        name: {
            "points_per_second": float(np.median(speed)),
            "points_per_second_low": min(speed),
            "points_per_second_high": max(speed),
            "nab_standard": best_threshold(quality[name], PROFILES["standard"])[1],
        }
        for name, speed in speeds.items()
    }, state


def _one_channel(value: Floats, one: Series, trees: Any) -> tuple[Floats, float]:
    """Return HalfSpaceTrees' scores of the rows of one channel, and the seconds that they took.

    It is told the range of the probation, which it asks for.
    """
    known = one.value[: probation(len(one.value))]
    low = float(known.min())
    unit = max(float(known.max()) - low, 1e-9)
    rows = [{"value": x} for x in np.clip((value - low) / unit, 0.0, 1.0).tolist()]
    model = trees(seed=0)
    score = []
    started = time.process_time()
    for row in rows:
        score.append(model.score_one(row))
        model.learn_one(row)
    return np.array(score), time.process_time() - started


def _platform(values: Floats) -> tuple[Floats, float]:
    time_s = np.arange(len(values), dtype=np.float64)
    model = Trained.fit(time_s[:TRAIN], values[:TRAIN], 0.005)
    started = time.process_time()
    judged = model.judge(time_s, values, TRAIN)
    return judged.total, time.process_time() - started


def _forest(values: Floats) -> tuple[Floats, float]:
    forest = IsolationForest(random_state=0).fit(values[:TRAIN])
    started = time.process_time()
    score = -forest.score_samples(values[TRAIN:])
    return np.asarray(score), time.process_time() - started


def _river(values: Floats, trees: Any) -> tuple[Floats, float]:
    low, high = values[:TRAIN].min(axis=0), values[:TRAIN].max(axis=0)
    scaled = np.clip((values - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)  # what it asks for
    rows = [dict(enumerate(row)) for row in scaled.tolist()]
    model = trees(seed=0)
    for row in rows[:TRAIN]:
        model.learn_one(row)
    started = time.process_time()
    score = []
    for row in rows[TRAIN:]:
        score.append(model.score_one(row))
        model.learn_one(row)
    return np.array(score), time.process_time() - started
