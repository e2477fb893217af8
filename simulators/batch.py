"""A fleet's series straight into files, at full speed: for training models, without broker or database.

What is written is what the fleet would send if it went live at ``start``: the same seed gives the same
bytes, however often the run is stopped and resumed. The series grows in portions. Each finished portion
stands as one part for each type in a folder beside the target (``TARGET.parts``), together with the state
of the physics; the same command goes on from there. At the end the parts become one file for each
appliance type, the ground truth is written beside them, and the folder goes.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from simulators.fleet import FleetPlan
from simulators.households import SPAN_S
from simulators.series_files import Portion, SeriesFormat, format_of
from simulators.simulation import WARM_UP, Batch, FleetSimulation
from simulators.state import load_state, save_state
from simulators.truth import describe_fault, describe_run
from zerodistance.catalogue import Catalogue
from zerodistance.clock import from_us, to_us
from zerodistance.errors import SettingsError

_SPAN_US = SPAN_S * 1_000_000
_PORTION_ROWS = 500_000  # about 50 MB of a type with a dozen channels
_LONGEST_PORTION = 336  # spans: a week
OnProgress = Callable[[float, int], None]  # share of the series done, 0 to 1; samples written by this run


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One series to write.

    Attributes:
        target: FILE.parquet, FILE.csv, or a folder (Parquet).
        start: first moment of the series; planned faults count from here.
        days: how long it is.
    """

    target: Path
    start: datetime
    days: float

    @property
    def folder(self) -> Path:
        """Where finished portions wait for the end."""
        return self.target.with_name(self.target.name + ".parts")

    @property
    def is_folder(self) -> bool:
        """Whether the target is a folder."""
        return self.target.suffix.lower() not in (".parquet", ".csv")

    def file_of(self, type_name: str, types: int, series: SeriesFormat) -> Path:
        """Return the file of one of so many types: the target itself where it is the only one."""
        if self.is_folder:
            return self.target / f"{type_name}{series.suffix}"
        return (
            self.target
            if types == 1
            else self.target.with_name(f"{self.target.stem}-{type_name}{series.suffix}")
        )

    @property
    def truth(self) -> Path:
        """Where the ground truth goes."""
        return (
            self.target / "truth.jsonl"
            if self.is_folder
            else self.target.with_name(f"{self.target.stem}.truth.jsonl")
        )


def write_batch(
    job: BatchJob, plan: FleetPlan, catalogue: Catalogue, stop: threading.Event, on_progress: OnProgress
) -> dict[str, Any]:
    """Write a series, or go on with one that was stopped, and return its figures.

    Args:
        job: what to write.
        plan: the fleet.
        catalogue: channels of the types.
        stop: ends it early; finished portions are kept.
        on_progress: told how far it is.

    Raises:
        SettingsError: a file is in the way or cannot be written, the parts belong to another run, or
            Parquet is wanted and pyarrow is not there.
    """
    series = format_of(job.target)
    types = list(dict.fromkeys(group.type for group in plan.group))
    files = {name: job.file_of(name, len(types), series) for name in types}
    try:
        resumed = _open_folder(job, plan, [*files.values(), job.truth])
        fleet, begin_us = _fleet_at_start(job, plan, catalogue, stop)
        run_line = describe_run(fleet)
        load_state(job.folder / "state", fleet)
        resumed = resumed and fleet.time_us > begin_us
        began, written, kept_us = time.perf_counter(), 0, max(fleet.time_us, begin_us)
        end_us = begin_us + round(job.days * 86_400e6)
        portion_us = _portion_spans(plan, catalogue) * _SPAN_US

        def told(now_us: int, more: int) -> None:
            on_progress((now_us - begin_us) / (end_us - begin_us), written + more)

        while fleet.time_us < _whole_steps(end_us, plan) and not stop.is_set():
            number = (fleet.time_us - begin_us) // portion_us
            until = min(end_us, begin_us + (number + 1) * portion_us)
            batches = _simulate(fleet, until, stop, told)
            if batches is None:
                break
            for name in types:
                portion = _portion(name, batches, plan)
                series.write_part(_part(job, name, number, series), portion, catalogue.get_type(name))
                written += len(portion.time_ms)
            save_state(job.folder / "state", fleet, 0, {})
            kept_us = fleet.time_us
        seconds = time.perf_counter() - began
        figures: dict[str, Any] = {
            "complete": kept_us >= _whole_steps(end_us, plan),
            "resumed": resumed,
            "samples": written,
            "seconds": round(seconds, 3),
            "samples_per_s": round(written / seconds) if seconds > 0 else 0,
            "start": _text(begin_us),
            "reached": _text(kept_us),
        }
        if not figures["complete"]:
            return figures | {"files": {}, "truth": None}
        counts = _finish(job, files, series)
        _write_truth(job, fleet, catalogue, run_line | {"until": _text(end_us), "samples": counts})
        shutil.rmtree(job.folder)
    except OSError as error:
        raise SettingsError(
            f"{error.filename or job.target} cannot be written ({error.strerror or error}): give --batch "
            "another path, or make room."
        ) from error
    return figures | {
        "series_samples": sum(counts.values()),
        "files": {name: str(path) for name, path in files.items()},
        "truth": str(job.truth),
    }


def _open_folder(job: BatchJob, plan: FleetPlan, finished: list[Path]) -> bool:
    """Make the folder of the parts, or see that the one that is there belongs to this job; say which."""
    mark = job.folder / "job.json"
    mine = {"plan": msgspec.to_builtins(plan), "start": job.start.isoformat(), "days": job.days}
    if mark.exists():
        try:
            theirs = json.loads(mark.read_text(encoding="utf-8"))
        except ValueError:
            theirs = None
        if theirs != mine:
            raise SettingsError(
                f"{job.folder} holds the parts of another run (fleet, --start or --days differ): repeat the "
                "command that began it, or remove the folder."
            )
        return True
    for path in finished:
        if path.exists():
            raise SettingsError(f"{path} is there already: remove it, or give --batch another path.")
    job.folder.mkdir(parents=True, exist_ok=True)
    draft = mark.with_suffix(".new")
    draft.write_text(json.dumps(mine), encoding="utf-8")
    os.replace(draft, mark)
    return False


def _fleet_at_start(
    job: BatchJob, plan: FleetPlan, catalogue: Catalogue, stop: threading.Event
) -> tuple[FleetSimulation, int]:
    """Return the fleet as it goes live at the job's start, and that moment rounded down to a step."""
    fleet = FleetSimulation(plan, catalogue, job.start - WARM_UP, live=job.start)
    begin_us = _whole_steps(to_us(job.start), plan)
    if (job.folder / "state").exists():
        fleet.skip_to(begin_us)  # the state says the rest
    while fleet.time_us < begin_us and not stop.is_set():
        fleet.advance(min(begin_us, fleet.time_us + _SPAN_US), silent=True)
    return fleet, begin_us


def _whole_steps(time_us: int, plan: FleetPlan) -> int:
    step_us = round(plan.step_s * 1e6)
    return time_us // step_us * step_us


def _portion_spans(plan: FleetPlan, catalogue: Catalogue) -> int:
    """Return how many spans make a portion; by the plan alone, so that a resumed run cuts alike."""
    rows = sum(group.count * SPAN_S / plan.period_s(group, catalogue) for group in plan.group)
    return max(1, min(_LONGEST_PORTION, int(_PORTION_ROWS / rows)))


def _simulate(
    fleet: FleetSimulation, until_us: int, stop: threading.Event, told: Callable[[int, int], None]
) -> list[Batch] | None:
    """Simulate a portion, span by span; None if it was stopped meanwhile."""
    batches: list[Batch] = []
    samples = 0
    while fleet.time_us < _whole_steps(until_us, fleet.plan):
        if stop.is_set():
            return None
        more, _ = fleet.advance(min(until_us, (fleet.time_us // _SPAN_US + 1) * _SPAN_US))
        batches += more
        samples += sum(batch.samples for batch in more)
        told(fleet.time_us, samples)
    return batches


def _portion(type_name: str, batches: list[Batch], plan: FleetPlan) -> Portion:
    """Put the samples of one type in order of device and time; what was never taken is left out."""
    ids = [device for group in plan.group if group.type == type_name for device in group.ids()]
    place = {device: number for number, device in enumerate(ids)}
    mine = [batch for batch in batches if batch.type == type_name]
    taken = np.concatenate([~batch.lost.ravel() for batch in mine])
    who = [np.array([place[one] for one in batch.devices], dtype=np.int32) for batch in mine]
    device = np.concatenate([np.tile(one, len(batch.time_us)) for one, batch in zip(who, mine, strict=True)])
    time_ms = np.concatenate([batch.time_us.ravel() // 1000 for batch in mine])
    order = np.lexsort((time_ms, device))
    order = order[taken[order]]
    values = {
        name: np.concatenate([batch.values[name].ravel() for batch in mine])[order] for name in mine[0].values
    }
    return Portion(ids, device[order], time_ms[order], values)


def _part(job: BatchJob, type_name: str, number: int, series: SeriesFormat) -> Path:
    return job.folder / f"{type_name}.{number:06d}{series.suffix}"


def _finish(job: BatchJob, files: dict[str, Path], series: SeriesFormat) -> dict[str, int]:
    """Join the parts of each type to its file, put it in place in one move, and count the samples."""
    counts = {}
    for name, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = job.folder / f"{name}.whole"
        counts[name] = series.join(sorted(job.folder.glob(f"{name}.[0-9]*{series.suffix}")), draft)
        os.replace(draft, path)
    return counts


def _write_truth(
    job: BatchJob, fleet: FleetSimulation, catalogue: Catalogue, run_line: dict[str, Any]
) -> None:
    lines = [run_line]
    lines += [describe_fault(device, kind, entry, catalogue) for device, kind, entry in fleet.entries()]
    draft = job.folder / "truth.new"
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, job.truth)


def _text(time_us: int) -> str:
    return from_us(time_us).isoformat().replace("+00:00", "Z")
