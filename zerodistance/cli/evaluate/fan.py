"""Suite ``fan``: which weights unbalance a fan, at speeds held out (UCI, accelerometer data set)."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.evaluation.fan import Floats, Ints, amplitudes, curves, cut, f1_by_kind, hold_speeds_out, trees
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task

_PUBLISHED = (
    ("random forest, random split (published)", 0.97),
    ("random forest, speeds held out (published)", 0.83),
)


def run(task: Task) -> Report:
    """Hold out each speed in turn."""
    task.allow()
    features, kind, speed = read_windows(task)
    called = {"curves over the speed": hold_speeds_out(features, kind, speed, curves)}
    if task.ablation:
        for place, (name, columns) in enumerate(
            (
                ("spread only", slice(0, 3)),
                ("median amplitude only", slice(3, 6)),
                ("change only", slice(6, 9)),
            )
        ):
            task.step(f"fan: {name}", place, 4)
            called[name] = hold_speeds_out(features[:, columns], kind, speed, curves)
    task.step("fan: random forest", 3, 4)
    called["random forest on the same features"] = hold_speeds_out(features, kind, speed, trees)
    by_kind = {name: f1_by_kind(kind, one) for name, one in called.items()}
    macro = {name: float(np.mean(list(one.values()))) for name, one in by_kind.items()}
    first = "curves over the speed"
    right = called[first] == kind
    figures: dict[str, Any] = {
        "windows": len(kind),
        "speeds": len(np.unique(speed)),
        "macro_f1": macro[first],
        "f1_by_configuration": {str(k): v for k, v in by_kind[first].items()},
        "accuracy_by_speed": {f"{s:g}": float(right[speed == s].mean()) for s in np.unique(speed)},
        "macro_f1_by_method": macro,
    }
    rows: list[tuple[str | float | None, ...]] = [
        (name, macro[name], *by_kind[name].values()) for name in called
    ]
    rows += [(name, value, None, None, None) for name, value in _PUBLISHED]
    return Report(
        figures,
        (Table("Fan: F1 with speeds held out", ("method", "macro", "1", "2", "3"), tuple(rows)),),
        (Goal("macro-F1, speeds held out", macro[first], 0.90),),
        ("Each of the 17 speeds is held out in turn; windows of 500 samples (10 s).",),
    )


def read_windows(task: Task) -> tuple[Floats, Ints, Floats]:
    """Return features (W, F), configuration (W,) and speed in percent (W,)."""
    table = np.loadtxt(task.folder("fan-unbalance") / "accelerometer.csv", delimiter=",", skiprows=1)
    features, kinds, speeds = [], [], []
    pairs = np.unique(table[:, :2], axis=0)
    for place, (kind, speed) in enumerate(pairs):
        task.step("fan: reading", place, len(pairs))
        windows = cut(table[(table[:, 0] == kind) & (table[:, 1] == speed)][:, 2:5])
        features.append(amplitudes(windows))
        kinds.append(np.full(len(windows), int(kind)))
        speeds.append(np.full(len(windows), speed))
    return np.concatenate(features), np.concatenate(kinds), np.concatenate(speeds)
