"""Suite ``cmapss``: lead time before failure of NASA's simulated turbofan engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.cmapss import TOO_EARLY, Leads, judge
from zerodistance.cli.evaluate.suite import Goal, Report, Table, Task

_SENSORS = slice(5, 26)
_ABLATIONS = {
    "all": frozenset[str](),
    "one memory": frozenset({"memory"}),
    "wear alone": frozenset({"prognosis"}),
}


def run(task: Task) -> Report:
    """Judge each engine by what the others taught."""
    task.allow("folds", "seed")
    engines = read_engines(task)
    folds, seed = int(task.option("folds", 10)), int(task.option("seed", 0))
    kinds = _ABLATIONS if task.ablation else {"all": _ABLATIONS["all"]}
    found: dict[str, dict[str, Any]] = {}
    for name, without in kinds.items():
        leads = judge(
            engines,
            folds=folds,
            seed=seed,
            without=without,
            step=lambda done, total, name=name: task.step(f"C-MAPSS: {name}", done, total),  # type: ignore[misc]
        )
        found[name] = _figures(leads)
    figures = found["all"]
    columns = ("layers", "detected", "median lead", "10 % lead", "shortest", "longest", f"over {TOO_EARLY}")
    keys = ("detected", "lead_median", "lead_p10", "lead_min", "lead_max", "too_early")
    rows = [(name, *(figure[key] for key in keys)) for name, figure in found.items()]
    rows.append(("EWMA on a baseline of 30 cycles (published)", 100, 58.0, None, None, None, 0))
    return Report(
        figures | ({"ablation": found} if task.ablation else {}),
        (Table("C-MAPSS FD001: cycles from alarm to failure", columns, tuple(rows)),),
        (
            Goal("engines called before failure", figures["detected"], 100),
            Goal("median lead, cycles", figures["lead_median"], 60),
            Goal(f"engines called more than {TOO_EARLY} cycles early", figures["too_early"], 0, "at most"),
        ),
        (f"{folds} folds over engines: an engine is never judged by a model or threshold that has seen it.",),
    )


def read_engines(task: Task) -> list[NDArray[np.float64]]:
    """Return the sensors (cycles, 21) of each engine."""
    table = np.loadtxt(task.folder("cmapss") / "train_FD001.txt")
    return [table[table[:, 0] == unit][:, _SENSORS] for unit in np.unique(table[:, 0])]


def _figures(leads: Leads) -> dict[str, Any]:
    called = leads.lead[leads.lead >= 0]
    return {
        "engines": len(leads.lead),
        "detected": len(called),
        "lead_median": float(np.median(called)) if len(called) else None,
        "lead_p10": float(np.quantile(called, 0.1)) if len(called) else None,
        "lead_min": int(called.min()) if len(called) else None,
        "lead_max": int(called.max()) if len(called) else None,
        "too_early": int((called > TOO_EARLY).sum()),
    }
