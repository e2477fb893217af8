"""Suite ``nab``: the shared series of the Numenta Anomaly Benchmark, by its own rule."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.nab import PROFILES, Steps, best_threshold, normalised, raw_at, steps
from models.streaming.channel import LAYERS, QUIET_ROWS, TAILS, layers, news
from models.streaming.tails import surprise
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task

Floats = NDArray[np.float64]

FOLDS = 10
PARTITIONS = 3
"""Ways to cut the files into folds, over which the cross-validated figures are averaged."""
SEARCHED_ROWS = (200, 300, 400)
"""Rows of quiet among which the search of the cross-validated figure chooses."""
PUBLISHED = (
    ("ARTime", 78.2, 70.4, 83.1),
    ("CAD-OSE", 74.1, 71.7, 76.9),
    ("Numenta HTM", 71.2, 65.0, 75.9),
    ("KNN-CAD", 64.4, 50.4, 71.0),
    ("relative entropy", 56.3, 48.9, 60.9),
    ("random cut forest", 52.0, 38.3, 61.0),
    ("windowed Gaussian", 36.7, 21.4, 45.2),
)


@dataclass(frozen=True)
class Series:
    """One file: times in seconds (N,), values (N,), first and last rows of its windows."""

    name: str
    time_s: Floats
    value: Floats
    windows: list[tuple[int, int]]


def run(task: Task) -> Report:
    """Score all series with the parameters of ``score-csv``, then cross-validated."""
    task.allow()
    series = read_series(task)
    each: list[dict[str, Floats]] = []
    for place, one in enumerate(series):
        task.step(f"nab: {one.name}", place, len(series))
        found = layers(one.time_s, one.value)
        each.append({name: surprise(statistic, TAILS) for name, statistic in found.items()})
    task.step("nab: cross-validation", len(series), len(series))
    plain = _steps(series, each, frozenset(), QUIET_ROWS)
    figures: dict[str, Any] = {"series": len(series), "windows": sum(len(one.windows) for one in series)}
    figures["plain"] = {name: best_threshold(plain, profile)[1] for name, profile in PROFILES.items()}
    searched = [frozenset[str](), *(frozenset({name}) for name in LAYERS)]
    figures["cross_validated"], figures["cross_validated_deviation"] = _cross_validated(
        series, each, searched, SEARCHED_ROWS
    )
    figures["threshold_cross_validated"] = _cross_validated(series, each, [frozenset()], (QUIET_ROWS,))[0]
    titles = {
        "cross_validated": "Zero Distance, cross-validated (parameters and threshold)",
        "threshold_cross_validated": "Zero Distance, threshold cross-validated",
        "plain": "Zero Distance, best threshold for all files (as published figures are)",
    }
    rows: list[tuple[str | float | int | None, ...]] = [
        (title, *figures[key].values()) for key, title in titles.items()
    ]
    tables = [Table("NAB, 31 shared series", ("detector", *PROFILES), (*rows, *PUBLISHED))]
    if task.ablation:
        without: dict[str, dict[str, float]] = {}
        for name in LAYERS:
            cut = _steps(series, each, frozenset({name}), QUIET_ROWS)
            without[f"without {name}"] = {p: best_threshold(cut, q)[1] for p, q in PROFILES.items()}
        for name in LAYERS:
            only = _steps(series, each, frozenset(LAYERS) - {name}, QUIET_ROWS)
            without[f"{name} alone"] = {p: best_threshold(only, q)[1] for p, q in PROFILES.items()}
        clustered = _steps(series, each, frozenset(), 1)
        without["every row is news"] = {p: best_threshold(clustered, q)[1] for p, q in PROFILES.items()}
        figures["ablation"] = without
        tables.append(
            Table(
                "Layers", ("layers", *PROFILES), tuple((name, *one.values()) for name, one in without.items())
            )
        )
    return Report(
        figures,
        tuple(tables),
        (Goal("standard profile, cross-validated", figures["cross_validated"]["standard"], 75.0),),
        (
            f"Cross-validated: {FOLDS} folds over files, {PARTITIONS} times; which layer is left out, "
            "the rows of quiet and the threshold are chosen on the other folds.",
            "The layers themselves were designed with these files in view.",
        ),
    )


def read_series(task: Task) -> list[Series]:
    """Return the shared series in the order of their names."""
    folder = task.folder("nab")
    labels = json.loads((folder / "windows.json").read_text())
    found = []
    for name in sorted(labels):
        with (folder / name).open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        time_s = np.array([_seconds(row[0]) for row in rows])
        windows = []
        for begin, end in labels[name]:
            inside = np.flatnonzero((time_s >= _seconds(begin)) & (time_s <= _seconds(end)))
            windows.append((int(inside[0]), int(inside[-1])))
        found.append(Series(name, time_s, np.array([float(row[1]) for row in rows]), windows))
    return found


def _steps(
    series: list[Series], each: list[dict[str, Floats]], without: frozenset[str], quiet_rows: int
) -> list[Steps]:
    found = []
    for one, surprises in zip(series, each, strict=True):
        total = np.sum([value for name, value in surprises.items() if name not in without], axis=0)
        found.append(steps(news(total, quiet_rows), one.windows))
    return found


def _cross_validated(
    series: list[Series], each: list[dict[str, Floats]], choices: list[frozenset[str]], rows: tuple[int, ...]
) -> tuple[dict[str, float], float]:
    """Score files with parameters and threshold that were chosen on files of other folds.

    Returns by profile the means over ``PARTITIONS`` ways to cut the folds, and the standard deviation
    among these of the standard profile.
    """
    grid = [_steps(series, each, without, quiet) for without in choices for quiet in rows]
    windows = sum(len(one.windows) for one in series)
    scores: dict[str, list[float]] = {name: [] for name in PROFILES}
    for seed in range(PARTITIONS):
        fold = np.random.default_rng(seed).permutation(len(series)) % FOLDS
        for name, profile in PROFILES.items():
            total = 0.0
            for part in range(FOLDS):
                known, held = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
                found = [best_threshold([one[i] for i in known], profile) for one in grid]
                place = max(range(len(grid)), key=lambda i, found=found: found[i][1])  # type: ignore[misc]
                total += sum(raw_at(grid[place][i], found[place][0], profile) for i in held)
            scores[name].append(normalised(total, windows, profile))
    return {name: float(np.mean(s)) for name, s in scores.items()}, float(np.std(scores["standard"]))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
