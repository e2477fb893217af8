"""The ground truth of a run, as JSON lines: what was wrong with which appliance, since when, how badly.

The first line describes the run. Then one line for each fault, written whenever it is planned, begins,
changes or ends: the last line of an ``id`` holds. Times are RFC 3339, severity over time is a list of
[time, severity].
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulators.faults import FaultEntry, hours_until
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Catalogue
from zerodistance.clock import from_us
from zerodistance.errors import SettingsError

Json = dict[str, Any]
_LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def describe_run(fleet: FleetSimulation) -> Json:
    """Return the line that describes the run."""
    plan = fleet.plan
    return {
        "record": "run",
        "fleet": plan.name,
        "seed": plan.seed,
        "climate": plan.climate,
        "spread": plan.spread,
        "step_s": plan.step_s,
        "devices": {group.type: group.count for group in plan.group},
        "from": _text(fleet.time_us),
    }


def describe_fault(device: str, type_name: str, entry: FaultEntry, catalogue: Catalogue) -> Json:
    """Return the line of one fault; ``part`` is the catalogue's, "" where it has none."""
    known = catalogue[type_name].faults.get(entry.fault) if type_name in catalogue else None
    end = entry.cleared_us
    course = []
    for level in _LEVELS:
        moment = entry.onset_us + round(hours_until(entry.growth, level, entry.hours) * 3.6e9)
        if end is None or moment < end:
            course.append([_text(moment), round(entry.severity_at(moment), 4)])
    if entry.growth == "step":
        course = course[:1]
    if end is not None:
        course.append([_text(end), 0.0])
    failure = entry.functional_failure_us()
    return {
        "record": "fault",
        "id": entry.id,
        "device": device,
        "type": type_name,
        "fault": entry.fault,
        "part": known.part if known else "",
        "onset": _text(entry.onset_us),
        "growth": entry.growth,
        "hours": entry.hours,
        "severity": entry.severity,
        "persistent": entry.persistent,
        "functional_at": entry.functional_at,
        "functional_failure": None if failure is None else _text(failure),
        "cleared": None if end is None else _text(end),
        "course": course,
    }


class TruthFile:
    """Writes the truth of a run as it happens."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        """Open ``path`` for appending.

        Raises:
            SettingsError: the file cannot be written.
        """
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                f"{path} cannot be written ({error.strerror}): give --truth another path."
            ) from error
        self._catalogue = catalogue
        self._written: dict[str, Json] = {}

    def begin(self, fleet: FleetSimulation) -> None:
        """Write the line of the run and all faults that are planned."""
        self._write(describe_run(fleet))
        self.note(fleet)

    def note(self, fleet: FleetSimulation) -> None:
        """Write every fault that is new or has changed since it was last written."""
        for device, type_name, entry in fleet.entries():
            line = describe_fault(device, type_name, entry, self._catalogue)
            if self._written.get(entry.id) != line:
                self._written[entry.id] = line
                self._write(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: Json) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()


def _text(time_us: int) -> str:
    return from_us(time_us).isoformat().replace("+00:00", "Z")
