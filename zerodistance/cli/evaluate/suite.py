"""What a suite of ``zerodistance evaluate`` is given, and what it gives back.

A suite is a module of this package with one function::

    def run(task: Task) -> Report: ...

It reads its data through :meth:`Task.folder`, says how far it is through :meth:`Task.step` (which also ends
the run when it is told to stop) and returns the figures for programs and the tables for people.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zerodistance.errors import SettingsError, ZeroDistanceError

DATASETS_VARIABLE = "ZD_DATASETS"


class StoppedError(ZeroDistanceError):
    """The run was told to end before its figures were complete."""

    code = "stopped"
    exit_code = 130


@dataclass(frozen=True)
class Goal:
    """One figure that the project wants to reach."""

    name: str
    value: float | None
    target: float
    sense: Literal["at least", "at most"] = "at least"

    @property
    def is_met(self) -> bool:
        """Whether the measured value reaches the target; a value that is missing does not."""
        if self.value is None or self.value != self.value:
            return False
        return self.value >= self.target if self.sense == "at least" else self.value <= self.target


@dataclass(frozen=True)
class Table:
    """Rows for people; the first column is text, numbers are right-aligned."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]


@dataclass(frozen=True)
class Report:
    """What a suite found.

    Attributes:
        figures: the top-level keys of the JSON document; JSON values only.
        tables: the same for people.
        goals: figures that the project wants to reach.
        remarks: sentences that belong to the figures, for example how they were judged.
    """

    figures: Mapping[str, Any]
    tables: tuple[Table, ...] = ()
    goals: tuple[Goal, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """What a suite is asked to do.

    Attributes:
        datasets: folder of the recorded data sets, or None for the usual place.
        ablation: also measure what each layer is worth.
        options: settings of the suite's own, from ``--set NAME=VALUE``.
        stop: set when the run has been told to end.
        show: called with (what is being done, steps done, steps in all).
    """

    datasets: Path | None = None
    ablation: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    show: Callable[[str, int, int], None] = lambda what, done, total: None

    def folder(self, name: str) -> Path:
        """Return the folder of one recorded data set.

        Raises:
            SettingsError: it is not there.
        """
        root = self.datasets or default_datasets()
        path = root / name
        if not path.is_dir():
            raise SettingsError(
                f"The recorded data set {name!r} is not in {root}: "
                f"name the folder that holds it with --datasets or {DATASETS_VARIABLE}."
            )
        return path

    def step(self, what: str, done: int, total: int) -> None:
        """Say how far the run is.

        Raises:
            StoppedError: it has been told to end.
        """
        if self.stop.is_set():
            raise StoppedError(f"Stopped while at {what!r}: there are no figures of an unfinished run.")
        self.show(what, done, total)

    def option(self, name: str, default: float) -> float:
        """Return a number given by ``--set NAME=VALUE``.

        Raises:
            SettingsError: what was given is not a number.
        """
        text = self.options.get(name)
        if text is None:
            return default
        try:
            return float(text)
        except ValueError:
            raise SettingsError(
                f"--set {name}={text}: a number is needed, for example {default:g}."
            ) from None

    def allow(self, *names: str) -> None:
        """Refuse options that the suite does not know.

        Raises:
            SettingsError: another name was given.
        """
        for name in self.options:
            if name not in names:
                known = f"known are {', '.join(names)}" if names else "this suite takes none"
                raise SettingsError(f"--set {name}=…: there is no such setting; {known}.")


def default_datasets() -> Path:
    """Return where recorded data sets are looked for: ``ZD_DATASETS``, else beside the checkout."""
    named = os.environ.get(DATASETS_VARIABLE)
    return Path(named) if named else Path(__file__).parents[4] / "shared" / "datasets"
