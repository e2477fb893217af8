"""Suite ``lbnl``: staged faults of two air-handling units (LBNL fault-detection data)."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.air_handling import CHANNELS, TOLERANCE, Normal, held_out
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task

UNITS = ("SZCAV", "SZVAV")
_DETECTED = 30
"""Minutes of alarm in a day that make its fault a detected one."""

Floats = NDArray[np.float64]


def run(task: Task) -> Report:
    """Fit on fault-free days, set the threshold on held-out ones, judge the days with faults."""
    task.allow("rate")
    rate = task.option("rate", 0.05)
    units = {unit: read_days(task, unit) for unit in UNITS}
    found = {unit: _judge(days, rate) for unit, days in units.items()}
    single = _single_day(units["SZVAV"], rate)
    ablation = {}
    if task.ablation:
        for place, name in enumerate(TOLERANCE):
            task.step(f"lbnl: without {name}", place, len(TOLERANCE))
            part = [_judge(days, rate, frozenset({name})) for days in units.values()]
            ablation[name] = {
                "days_detected": sum(one["days_detected"] for one in part),
                "minutes_rate": float(np.mean([one["minutes_rate"] for one in part])),
            }
    faults = sum(one["faults"] for one in found.values())
    detected = sum(one["days_detected"] for one in found.values())
    rows: list[tuple[str | float | int | None, ...]] = [
        (f"{unit} {day['day']}", day["detection_rate"], day["alarm_minutes"], day["by"])
        for unit, one in found.items()
        for day in one["by_fault"]
    ]
    tables = [
        Table(
            "LBNL: share of occupied minutes flagged, by staged fault (a day each)",
            ("unit, day", "rate", "minutes", "most by"),
            tuple(rows),
        )
    ]
    tables.append(
        Table(
            "False alarms on fault-free days, held out",
            ("unit", "days", "rate", "threshold"),
            tuple(
                (unit, one["fault_free_days"], one["false_alarm_rate"], one["threshold"])
                for unit, one in found.items()
            ),
        )
    )
    if ablation:
        tables.append(
            Table(
                "Without one residual",
                ("left out", "faults detected", "minutes flagged"),
                tuple((name, one["days_detected"], one["minutes_rate"]) for name, one in ablation.items()),
            )
        )
    worst = max(one["false_alarm_rate"] for one in found.values())
    return Report(
        {"faults": faults, "faults_detected": detected, "units": found, "single_day": single}
        | ({"ablation": ablation} if ablation else {}),
        tuple(tables),
        (Goal("false alarms on fault-free days, share of minutes", worst, 0.05, "at most"),),
        (
            f"A fault is detected if {_DETECTED} minutes of its day or more are flagged.",
            "The threshold is the 95 % quantile of held-out fault-free minutes: 5 % are flagged by design.",
            "SZCAV has one fault-free day: its halves judge each other; other weather it has not seen. "
            f"Of SZVAV's, each alone flags {single['false_alarm_rate']:.1%} of the other three so, and "
            f"finds {single['days_detected']:.2g} of its faults.",
        ),
    )


def read_days(task: Task, unit: str) -> dict[str, tuple[Floats, bool]]:
    """Return for each day its readings (N, 14) and whether a fault was staged."""
    with (task.folder("lbnl-ahu") / f"{unit}.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    task.step(f"lbnl: {unit}", 1, 1)
    days: dict[str, list[list[float]]] = {}
    for row in rows:
        days.setdefault(row[0].split()[0], []).append([_number(cell) for cell in row[1:]])
    return {
        day: (np.array(lines)[:, : len(CHANNELS)], bool(lines[0][len(CHANNELS)]))
        for day, lines in days.items()
    }


def _judge(
    days: dict[str, tuple[Floats, bool]], rate: float, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    healthy = [readings for readings, faulty in days.values() if not faulty]
    held = held_out(healthy, without)
    threshold = max(float(np.quantile(held, 1.0 - rate)), 0.0)
    normal = Normal.fit(healthy)
    by_fault: list[dict[str, Any]] = []
    for day, (readings, faulty) in days.items():
        if faulty:
            statistic, names = normal.statistic(readings, without)
            alarm = statistic > threshold
            why = Counter(name for name, over in zip(names, alarm, strict=True) if over)
            by_fault.append(
                {
                    "day": day,
                    "detection_rate": float(alarm.mean()),
                    "alarm_minutes": int(alarm.sum()),
                    "by": why.most_common(1)[0][0] if why else None,
                }
            )
    return {
        "faults": len(by_fault),
        "days_detected": sum(one["alarm_minutes"] >= _DETECTED for one in by_fault),
        "minutes_rate": float(np.mean([one["detection_rate"] for one in by_fault])),
        "fault_free_days": len(healthy),
        "false_alarm_rate": float((held > threshold).mean()),
        "threshold": threshold,
        "by_fault": by_fault,
    }


def _single_day(days: dict[str, tuple[Floats, bool]], rate: float) -> dict[str, float]:
    """Return what one fault-free day alone does on the others and on the faults, on the average over them."""
    healthy = [readings for readings, faulty in days.values() if not faulty]
    faults = [readings for readings, faulty in days.values() if faulty]
    flagged, detected = [], []
    for place, day in enumerate(healthy):
        threshold = max(float(np.quantile(held_out([day]), 1.0 - rate)), 0.0)
        normal = Normal.fit([day])
        others = [one for at, one in enumerate(healthy) if at != place]
        flagged += [(normal.statistic(one)[0] > threshold).mean() for one in others]
        detected.append(sum((normal.statistic(one)[0] > threshold).sum() >= _DETECTED for one in faults))
    return {"false_alarm_rate": float(np.mean(flagged)), "days_detected": float(np.mean(detected))}


def _number(cell: str) -> float:
    """Return the number in a cell; the file holds empty cells and a spreadsheet's #VALUE!."""
    try:
        return float(cell)
    except ValueError:
        return np.nan
