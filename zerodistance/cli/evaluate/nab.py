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
from models.streaming.channels import LAYERS, Channels, excess_of
from models.streaming.news import HABIT, QUIET_ROWS, News
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task

Floats = NDArray[np.float64]

FOLDS = 10
PARTITIONS = 5
"""Ways to cut the files into folds, over which the cross-validated figures are averaged."""
SEARCHED_ROWS = (200, 300, 500)
"""Rows of quiet among which the search of the cross-validated figure chooses."""
SEARCHED_HABITS = (4, 6, 10)
"""Habits among which it chooses."""
LOWEST = 2.0
"""No lower threshold is looked at: it would be passed every few hundred rows."""
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
    time_s, values = abreast(series)
    task.step("nab: scores", 0, len(_SEARCHED) + 1)
    layers = Channels(len(series)).layers(time_s, values).astype(np.float64)
    plain = _steps(series, layers, Choice())
    figures: dict[str, Any] = {"series": len(series), "windows": sum(len(one.windows) for one in series)}
    figures["plain"] = {name: best_threshold(plain, profile)[1] for name, profile in PROFILES.items()}
    figures["threshold_cross_validated"], figures["threshold_cross_validated_deviation"] = _cross_validated(
        [plain]
    )
    threshold_only = figures["threshold_cross_validated"]
    grid = []
    for place, choice in enumerate(_SEARCHED):
        task.step("nab: search", place + 1, len(_SEARCHED) + 1)
        grid.append(_steps(series, layers, choice, LOWEST))
    figures["cross_validated"], figures["cross_validated_deviation"] = _cross_validated(grid)
    every = [best_threshold(one, PROFILES["standard"])[1] for one in grid]
    figures["searched"] = {"choices": len(grid), "least": min(every), "most": max(every)}
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
        cuts = {f"without {name}": Choice(frozenset({name})) for name in LAYERS}
        cuts |= {f"{name} alone": Choice(frozenset(LAYERS) - {name}) for name in LAYERS}
        cuts |= {"without habits": Choice(habit=0), "every row is news": Choice(quiet_rows=0)}
        for title, choice in cuts.items():
            cut = _steps(series, layers, choice)
            without[title] = {name: best_threshold(cut, q)[1] for name, q in PROFILES.items()}
        figures["ablation"] = without
        tables.append(
            Table(
                "Layers", ("layers", *PROFILES), tuple((name, *one.values()) for name, one in without.items())
            )
        )
    return Report(
        figures,
        tuple(tables),
        (
            Goal("standard profile, threshold cross-validated", threshold_only["standard"], 75.0),
            Goal("standard profile, all cross-validated", figures["cross_validated"]["standard"], 75.0),
        ),
        (
            f"Cross-validated: {FOLDS} folds over files, {PARTITIONS} times; which layer is left out, "
            "the rows of quiet, the habit and the threshold are chosen on the other folds.",
            "The layers and the parameters that stand were set with these files in view: only the threshold "
            "of the second row has not seen them.",
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


def abreast(series: list[Series]) -> tuple[Floats, Floats]:
    """Return times and values (N, C) of all series side by side; NaN after a shorter one's end."""
    rows = max(len(one.value) for one in series)
    time_s, values = np.empty((rows, len(series))), np.full((rows, len(series)), np.nan)
    for place, one in enumerate(series):
        n = len(one.value)
        time_s[:n, place], values[:n, place] = one.time_s, one.value
        time_s[n:, place] = one.time_s[-1]
    return time_s, values


@dataclass(frozen=True)
class Choice:
    """What a search may change of the detector."""

    without: frozenset[str] = frozenset()
    quiet_rows: int = QUIET_ROWS
    habit: int = HABIT


_SEARCHED = [
    Choice(without, rows, habit)
    for without in (frozenset[str](), *(frozenset({name}) for name in LAYERS))
    for rows in SEARCHED_ROWS
    for habit in SEARCHED_HABITS
]


def _steps(series: list[Series], layers: Floats, choice: Choice, lowest: float = 0.0) -> list[Steps]:
    kept = [place for place, name in enumerate(LAYERS) if name not in choice.without]
    news = News(len(series), habit=choice.habit, quiet_rows=choice.quiet_rows)
    told = news.told(layers[:, kept].sum(axis=1), excess_of(layers[:, kept]))
    found = []
    for place, one in enumerate(series):
        each = steps(told[: len(one.value), place], one.windows)
        over = each.at >= lowest
        found.append(
            Steps(each.at[over], each.hits[over], each.false_alarms[over], each.found[over], each.windows)
        )
    return found


def _cross_validated(grid: list[list[Steps]]) -> tuple[dict[str, float], float]:
    """Score files with the choice and the threshold that did best on files of other folds.

    Returns by profile the means over ``PARTITIONS`` ways to cut the folds, and the standard deviation
    among these of the standard profile.
    """
    files = len(grid[0])
    windows = sum(one.windows for one in grid[0])
    scores: dict[str, list[float]] = {name: [] for name in PROFILES}
    for seed in range(PARTITIONS):
        fold = np.random.default_rng(seed).permutation(files) % FOLDS
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
