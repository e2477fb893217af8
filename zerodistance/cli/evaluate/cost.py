"""Suite ``cost``: points per second and core beside HalfSpaceTrees (river) and IsolationForest (sklearn)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluation.synthetic import kinds, with_fault
from models.streaming.trained import Trained
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task
from zerodistance.errors import SettingsError

Floats = NDArray[np.float64]

CHANNELS, TRAIN, ROWS = 8, 2_000, 6_000
"""Channels, training rows, judged rows with a fault in a quarter of them."""


def run(task: Task) -> Report:
    """Score the same streams with each detector, in one run."""
    task.allow()
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
    ours, rivals = found["Zero Distance, all layers"], found["river HalfSpaceTrees"]
    ratio = ours["points_per_second"] / rivals["points_per_second"]
    rows = [(name, *one.values()) for name, one in found.items()]
    return Report(
        {"detectors": found, "times_half_space_trees": ratio},
        (
            Table(
                f"Cost and accuracy, {CHANNELS} channels, processor time of one core",
                ("detector", "points/s, median", "least", "most", "ROC AUC", "average precision"),
                tuple(rows),
            ),
        ),
        (
            Goal("points per second and core", ours["points_per_second"], 1_000_000),
            Goal("times as fast as HalfSpaceTrees", ratio, 50),
            Goal("ROC AUC above HalfSpaceTrees'", ours["roc_auc"] - rivals["roc_auc"], 0.0),
        ),
        (f"{TRAIN} rows to learn from (not timed), {ROWS} judged; {len(jobs)} streams.",),
    )


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
