"""Series of one or many devices of a type into one file; stopped, the same run goes on where it was.

While it runs, finished parts wait in a folder beside the target (``TARGET.parts``) together with how far
they reach. At the end they become the file, in one step, and the folder goes.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from zerodistance.errors import SettingsError
from zerodistance.store import series
from zerodistance.store.formats import CsvRows, ParquetRows, Writer
from zerodistance.store.series import Connect, Question

_PART_ROWS = 200_000  # a stopped run does so much again at most
FORMATS: dict[str, type[Writer]] = {"csv": CsvRows, "parquet": ParquetRows}

OnProgress = Callable[[float, int], None]  # share of the whole done, 0 to 1; rows so far


@dataclass(frozen=True, slots=True)
class Figures:
    """What an export did.

    Attributes:
        complete: False: it was stopped, and the same export goes on.
        resumed: it went on from an earlier run.
        rows: in the file, or in the parts so far.
        seconds: of this run.
    """

    complete: bool
    resumed: bool
    rows: int
    devices: int
    seconds: float
    file: str


@dataclass(slots=True)
class _State:
    """How far the finished parts reach."""

    parts: int = 0
    rows: int = 0
    device: int = 0
    after: datetime | None = None
    about: dict[str, Any] = field(default_factory=dict)


def export(
    connect: Connect,
    question: Question,
    devices: Sequence[str],
    target: Path,
    format: str,
    stop: threading.Event,
    on_progress: OnProgress,
) -> Figures:
    """Write ``target``, or go on with it.

    Args:
        connect: gives a connection for as long as one slice takes.
        question: what of each device; settled.
        devices: all of the question's type, in the order of the file.
        format: csv or parquet.
        stop: ends it after the slice at hand; what is finished is kept.
        on_progress: told how far it is.

    Raises:
        SettingsError: the file is there already, cannot be written, or its parts belong to another export.
        UnavailableError: the database does not answer; the same export goes on later.
    """
    began = time.perf_counter()
    folder = target.with_name(target.name + ".parts")
    try:
        state = _open(folder, target, _about(question, devices, format))
        resumed = state.parts > 0
        while state.device < len(devices) and not stop.is_set():
            _write_part(connect, question, devices, folder, format, state, stop, on_progress)
        complete = state.device >= len(devices)
        if complete:
            _join(folder, target, format, state.parts, FORMATS[format](question.columns, question.zone))
    except OSError as error:
        raise SettingsError(
            f"{target} cannot be written: {error.strerror or error}. Make room, or choose another --out; "
            "the same command goes on from where it was."
        ) from error
    seconds = round(time.perf_counter() - began, 3)
    return Figures(complete, resumed, state.rows, len(devices), seconds, str(target))


def recorded_until(target: Path) -> datetime | None:
    """Return where the range of an unfinished export to ``target`` ends, None if there is none.

    An export without an end means "until now"; the one that goes on means the same now.
    """
    try:
        said = json.loads((target.with_name(target.name + ".parts") / "state.json").read_text())
        return datetime.fromisoformat(said["about"]["until"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_part(
    connect: Connect,
    question: Question,
    devices: Sequence[str],
    folder: Path,
    format: str,
    state: _State,
    stop: threading.Event,
    on_progress: OnProgress,
) -> None:
    """Write one more part: devices, and pieces of them, until it has rows enough."""
    writer = FORMATS[format](question.columns, question.zone)
    path = folder / f"{state.parts:06d}{writer.suffix}"
    rows, number, after = 0, state.device, state.after
    span = question.until - question.since
    with path.with_suffix(".tmp").open("wb") as file:
        opening = writer.begin()
        file.write(opening if format == "parquet" else b"")  # the header line comes once, at the end
        while number < len(devices) and rows < _PART_ROWS and not stop.is_set():
            for slice_ in series.slices(connect, question, devices[number], after):
                file.write(writer.rows(devices[number], slice_))
                rows += len(slice_)
                after = slice_[-1][0]
                share = min(1.0, max(0.0, (after - question.since) / span))
                on_progress((number + share) / len(devices), state.rows + rows)
                if rows >= _PART_ROWS or stop.is_set():
                    break
            else:
                number, after = number + 1, None
                on_progress(number / len(devices), state.rows + rows)
        file.write(writer.end())
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".tmp").replace(path)
    state.parts, state.rows, state.device, state.after = state.parts + 1, state.rows + rows, number, after
    _save(folder, state)


def _join(folder: Path, target: Path, format: str, parts: int, writer: Writer) -> None:
    waiting = folder / "whole.tmp"
    paths = [folder / f"{number:06d}{writer.suffix}" for number in range(parts)]
    if isinstance(writer, ParquetRows):
        writer.join(paths, waiting)
    else:
        with waiting.open("wb") as whole:
            whole.write(writer.begin())
            for path in paths:
                with path.open("rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
            whole.flush()
            os.fsync(whole.fileno())
    waiting.replace(target)
    shutil.rmtree(folder)


def _open(folder: Path, target: Path, about: dict[str, Any]) -> _State:
    if target.exists():
        raise SettingsError(f"{target} is there already: move it away, or choose another --out.")
    state_file = folder / "state.json"
    if not state_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        state = _State(about=about)
        _save(folder, state)
        return state
    try:
        said = json.loads(state_file.read_text(encoding="utf-8"))
        after = said["after"]
        state = _State(
            int(said["parts"]),
            int(said["rows"]),
            int(said["device"]),
            None if after is None else datetime.fromisoformat(after),
            said["about"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{state_file} cannot be read: remove {folder} to begin again.") from error
    if state.about != about:
        different = [key for key in about if about[key] != state.about.get(key)]
        raise SettingsError(
            f"{folder} holds the parts of another export ({', '.join(different)} differ): give the same "
            "options to go on with it, or remove the folder to begin again."
        )
    return state


def _save(folder: Path, state: _State) -> None:
    said = {
        "parts": state.parts,
        "rows": state.rows,
        "device": state.device,
        "after": state.after.isoformat() if state.after else None,
        "about": state.about,
    }
    waiting = folder / "state.tmp"
    with waiting.open("w", encoding="utf-8") as file:
        json.dump(said, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(folder / "state.json")


def _about(question: Question, devices: Sequence[str], format: str) -> dict[str, Any]:
    return {
        "format": format,
        "type": question.appliance.type,
        "devices": list(devices),
        "columns": [column.name for column in question.columns],
        "since": question.since.isoformat(),
        "until": question.until.isoformat(),
        "resolution": question.resolution,
        "zone": question.zone.key,
    }
