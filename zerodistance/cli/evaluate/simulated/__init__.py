"""``zerodistance evaluate --suite simulated``: the models on simulated fleets that nobody has tuned them on.

Settings (``--set NAME=VALUE``): ``device_years`` of healthy life at least; ``types``, separated by commas;
``seed`` of the first chunk of each type; ``period``, seconds between samples; ``healthy`` appliances in each
chunk (more are cheaper by the device-year) and ``each``, those with each fault; ``growth``, ``quick`` or
``months``, for chunks with such faults alone; ``workers``, processes; ``work``, a folder in which the results
of finished chunks are kept (a run that is stopped goes on there); ``budgets``, false alarms per device and
year that the thresholds are set for, for the curve of recall against false alarms; ``without``, layers to
leave out, and ``--ablation`` for all of them one by one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from multiprocessing.pool import AsyncResult
from pathlib import Path
from typing import Any

import msgspec

from simulators.physics import simulated_types
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.cli.evaluate.simulated.fleets import (
    FIRST_SEED,
    Chunk,
    ChunkResult,
    code_digest,
    plan_chunks,
)
from zerodistance.cli.evaluate.simulated.layers import LAYERS, budget, without
from zerodistance.cli.evaluate.simulated.living import Variation, live
from zerodistance.cli.evaluate.simulated.tables import goals_of, tables_of
from zerodistance.cli.evaluate.simulated.verdicts import figures_of, judge, mean_recall
from zerodistance.cli.evaluate.suite import Report, Task
from zerodistance.errors import SettingsError

WHOLE = "whole"
_SETTINGS = (
    *("device_years", "types", "seed", "period", "healthy", "each", "growth"),
    *("workers", "work", "budgets", "without"),
)
_NICE = 10
_POLL_S = 0.2


def run(task: Task) -> Report:
    """Judge the models.

    Raises:
        SettingsError: a setting cannot be.
        StoppedError: it was told to end; finished chunks are kept if there is a folder for them.
    """
    task.allow(*_SETTINGS)
    catalogue = load_catalogue()
    types = _names(task, "types", simulated_types())
    variations: dict[str, Variation] = {WHOLE: without(_names(task, "without", list(LAYERS), default=[]))}
    for alarms in _numbers(task, "budgets"):
        variations[f"budget {alarms:g}"] = budget(alarms)
    if task.ablation:
        variations |= {f"without {layer}": without([layer]) for layer in LAYERS}
    chunks = plan_chunks(
        catalogue,
        types,
        task.option("device_years", 50.0),
        round(task.option("seed", FIRST_SEED)),
        task.option("period", 60.0),
        round(task.option("healthy", 36)),
        round(task.option("each", 3)),
        next(iter(_names(task, "growth", ["quick", "months"], default=[])), ""),
    )
    if not chunks:
        raise SettingsError("--set growth=months: none of the types has a fault that grows for months.")
    work = Path(task.options["work"]) if "work" in task.options else None
    results = _results(task, chunks, catalogue, variations, work)
    figures: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    for name in variations:
        verdict = judge((life for result in results for life in result.lives[name]), catalogue)
        found = figures_of(verdict)
        if name == WHOLE:
            figures, whole = found, verdict
        brief = ("false_tickets_per_device_year", "false_questions_per_device_year", "wrong_cause_rate")
        more = ("unknown_rate", "slow_faults_called_7_days_ahead")
        others.append(
            {"models": name, "recall": mean_recall(found), **{key: found[key] for key in (*brief, *more)}}
        )
    figures["chunks"] = [f"{chunk.type}/{chunk.seed}" for chunk in chunks]
    figures["period_s"] = chunks[0].period_s
    figures["recall_mean"] = mean_recall(figures)
    figures["variations"] = others
    figures["samples"] = sum(result.samples for result in results)
    figures["processor_seconds"] = {
        "simulation": round(sum(result.simulation_s for result in results)),
        "models": round(sum(result.models_s for result in results)),
    }
    return Report(
        figures,
        tables_of(whole, figures, catalogue),
        goals_of(figures),
        (
            "Every physical parameter of every appliance is off by up to 20 %; seeds, climates, tariffs, "
            "waters and seasons differ from those that the models were tuned on; samples and hours are "
            "missing, clocks wrong.",
            "A fault counts as found when a finding is open before it is put right, five days after its law "
            "has run; its cause is what the finding names a day after it was opened.",
        ),
    )


def _results(
    task: Task,
    chunks: list[Chunk],
    catalogue: Catalogue,
    variations: Mapping[str, Variation],
    work: Path | None,
) -> list[ChunkResult]:
    """Return the chunks' results: those that are kept, and the others worked out by a pool of processes."""
    code = code_digest(Path(__file__).parents[4]) + repr(sorted(variations.items()))
    results: dict[int, ChunkResult] = {}
    if work is not None:
        try:
            work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"--set work={work}: the folder cannot be made ({error.strerror})."
            ) from error
    for number, chunk in enumerate(chunks):
        kept = work / f"{chunk.key(code)}.json" if work else None
        if kept is not None and kept.exists():
            results[number] = msgspec.json.decode(kept.read_bytes(), type=ChunkResult)
    owed = [number for number in range(len(chunks)) if number not in results]
    workers = max(1, round(task.option("workers", min(2, os.cpu_count() or 1))))
    days = [chunk.days * chunk.devices for chunk in chunks]
    done = sum(days[number] for number in results)

    def take(number: int, result: ChunkResult) -> None:
        nonlocal done
        results[number] = result
        done += days[number]
        if work is not None:
            _keep(work / f"{chunks[number].key(code)}.json", result)

    if workers == 1:
        for number in owed:
            task.step(f"{chunks[number].type} (device-days)", done, sum(days))
            take(number, live(chunks[number], catalogue, variations))
        return [results[number] for number in range(len(chunks))]
    # Not forked: a child that is forked while a thread of OpenMP holds a lock waits for it for ever.
    with multiprocessing.get_context("spawn").Pool(workers, _quietly) as pool:
        pending: dict[int, AsyncResult[ChunkResult]] = {
            number: pool.apply_async(live, (chunks[number], catalogue, variations)) for number in owed
        }
        while pending:
            names = ", ".join(chunks[number].type for number in list(pending)[:workers])
            task.step(f"{names} (device-days)", done, sum(days))
            ready = [number for number, one in pending.items() if one.ready()]
            if not ready:
                next(iter(pending.values())).wait(_POLL_S)
            for number in ready:
                take(number, pending.pop(number).get())
    return [results[number] for number in range(len(chunks))]


def _quietly() -> None:
    """Let a worker stand behind everything else, and end with the one who started it."""
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _keep(path: Path, result: ChunkResult) -> None:
    half = path.with_suffix(".part")
    half.write_bytes(msgspec.json.encode(result))
    half.replace(path)


def _names(task: Task, option: str, known: list[str], default: list[str] | None = None) -> list[str]:
    text = task.options.get(option, "")
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        if name not in known:
            raise SettingsError(
                f"--set {option}={text}: {name!r} is not known: choose of {', '.join(known)}."
            )
    return names or (known if default is None else default)


def _numbers(task: Task, option: str) -> list[float]:
    text = task.options.get(option, "")
    try:
        numbers = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise SettingsError(f"--set {option}={text}: write numbers separated by commas.") from None
    if any(not number > 0 for number in numbers):
        raise SettingsError(f"--set {option}={text}: budgets are above 0.")
    return numbers
