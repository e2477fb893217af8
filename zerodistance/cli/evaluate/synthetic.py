"""Suite ``synthetic``: alarms of ``score-csv`` on series of many kinds, with and without faults."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.evaluation.synthetic import FAULTS, kinds, with_fault
from models.streaming.score import score_series
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task


def run(task: Task) -> Report:
    """Measure the rate of false alarms per row and the share of faulty rows found, against training rows."""
    task.allow("rate", "seeds", "rows", "train", "channels")
    rate, seeds = task.option("rate", 0.005), int(task.option("seeds", 2))
    rows, train = int(task.option("rows", 1200)), int(task.option("train", 400))
    channels = int(task.option("channels", 8))
    time_s = np.arange(rows, dtype=np.float64)
    begin, end = train + (rows - train) // 2, train + 3 * (rows - train) // 4
    false: dict[str, list[float]] = {}
    found: dict[str, dict[str, list[float]]] = {}
    for seed in range(seeds):
        for name, values in kinds(rows, channels, 1000 + seed):
            task.step(f"synthetic: {name}", seed, seeds)
            scores = score_series(time_s, values, train_rows=train, rate=rate)
            false.setdefault(name, []).append(float(scores.alarm[train:].mean()))
            for fault in FAULTS:
                faulty = with_fault(values, fault, begin, end, seed)
                scores = score_series(time_s, faulty, train_rows=train, rate=rate)
                by_fault = found.setdefault(name, {}).setdefault(fault, [])
                by_fault.append(float(scores.alarm[begin:end].mean()))
    figures: dict[str, Any] = {
        "rate_asked": rate,
        "false_alarm_rate": {name: float(np.mean(one)) for name, one in false.items()},
        "share_found": {
            name: {fault: float(np.mean(one)) for fault, one in by.items()} for name, by in found.items()
        },
    }
    table = [
        (name, 100 * figures["false_alarm_rate"][name], *figures["share_found"][name].values())
        for name in false
    ]
    mean = float(np.mean(list(figures["false_alarm_rate"].values())))
    figures["false_alarm_rate_mean"] = mean
    return Report(
        figures,
        (
            Table(
                f"Alarms at {100 * rate:g} % of the rows", ("kind", "false alarms, %", *FAULTS), tuple(table)
            ),
        ),
        (Goal("false alarms against the rate asked for, mean over kinds", mean / rate, 2.0, "at most"),),
        (
            f"{channels} channels, {train} training rows, {rows - train} judged, {seeds} seeds."
            " Per fault: share of its rows flagged.",
        ),
    )
