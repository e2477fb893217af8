"""Run appliances with and without a fault from the same seed, so that only the fault differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultBook
from simulators.households import SPAN_S, Homes
from simulators.physics import physics_of
from simulators.randomness import keyed

START_S = 1_772_323_200  # 2026-03-01 00:00 UTC
STEP_S = 60
EACH = 6  # devices for every fault
ONSET_DAYS = 2
Case = tuple[str, float]  # fault and severity


@dataclass(frozen=True)
class Run:
    """True values after each minute: channel → (minutes, devices); ``codes``: (device, code) raised."""

    values: dict[str, NDArray[np.float64]]
    codes: frozenset[tuple[int, str]]

    def of(self, number: int) -> Run:
        """Return the devices of one case alone."""
        mine = slice(number * EACH, (number + 1) * EACH)
        return Run(
            {name: values[:, mine] for name, values in self.values.items()},
            frozenset(one for one in self.codes if mine.start <= one[0] < mine.stop),
        )

    def raised(self, code: str) -> int:
        """Return how many devices raised a fault code."""
        return len({device for device, name in self.codes if name == code})

    def since_onset(self, channel: str, minutes: float) -> NDArray[np.float64]:
        """Return the devices' values at so many minutes after the faults' onset."""
        values: NDArray[np.float64] = self.values[channel][ONSET_DAYS * 1440 + round(minutes) - 1]
        return values

    def day(self, channel: str, day: float, days: float = 1.0) -> NDArray[np.float64]:
        """Return the rows of some days; day 0 is the first of the run."""
        return self.values[channel][round(day * 1440) : round((day + days) * 1440)]


@dataclass(frozen=True)
class Twins:
    """A fleet with faults and its healthy twin, which differs in nothing else."""

    cases: tuple[Case, ...]
    ill_run: Run
    well_run: Run

    def ill(self, fault: str, severity: float = 1.0) -> Run:
        """Return the devices that have the fault from the end of day two on."""
        return self.ill_run.of(self.cases.index((fault, severity)))

    def well(self, fault: str, severity: float = 1.0) -> Run:
        """Return the same devices in good health."""
        return self.well_run.of(self.cases.index((fault, severity)))


def twins(
    appliance: str, days: float, well_days: float, cases: tuple[Case, ...], climate: str = "tropical"
) -> Twins:
    """Simulate both at once, since a step costs hardly more for twice the devices.

    Of the healthy one ``well_days`` are kept.
    """
    both = _simulate(appliance, days, cases, climate, twin=True)
    devices = EACH * len(cases)
    ill = {name: values[:, :devices] for name, values in both.values.items()}
    well = {name: values[: round(well_days * 1440), devices:] for name, values in both.values.items()}
    return Twins(
        cases,
        Run(ill, frozenset(one for one in both.codes if one[0] < devices)),
        Run(well, frozenset((device - devices, code) for device, code in both.codes if device >= devices)),
    )


def run(
    appliance: str,
    days: float,
    cases: tuple[Case, ...] = (("", 0.0),),
    climate: str = "tropical",
    ambient: float | None = None,
) -> Run:
    """Simulate six appliances for each case; its fault stands at its severity from the end of day two."""
    return _simulate(appliance, days, cases, climate, ambient)


def _simulate(
    appliance: str,
    days: float,
    cases: tuple[Case, ...],
    climate: str = "tropical",
    ambient: float | None = None,
    *,
    twin: bool = False,
) -> Run:
    """Simulate; ``twin``: every device once more, behind them, without a fault and else the same."""
    devices = EACH * len(cases)
    drawn = physics_of(appliance).create(devices, keyed(3, appliance), 0.08)
    copies = 2 if twin else 1
    physics = type(drawn)(
        {name: np.tile(values, copies) for name, values in drawn.parameters.items()},
        {name: np.tile(values, copies) for name, values in drawn.state.items()},
    )
    homes = Homes(devices, 3, climate, 7.0)
    book = FaultBook(physics.FAULTS, devices * copies)
    onset = (START_S + ONSET_DAYS * 86_400) * 1_000_000
    for device in range(devices):
        fault, severity = cases[device // EACH]
        if fault:
            book.plan(device, f"device-{device}", fault, onset, severity=severity, growth="step")
    rows: dict[str, list[NDArray[np.float64]]] = {}
    codes: set[tuple[int, str]] = set()
    for span in range(round(days * 86_400 / SPAN_S)):
        start = START_S + span * SPAN_S
        inputs = drawn.inputs(homes.span(start, STEP_S), keyed(3, f"inputs/{appliance}", span))
        inputs = {name: np.tile(column, (1, copies)) for name, column in inputs.items()}
        if ambient is not None:
            inputs["ambient"] = np.full_like(inputs["ambient"], ambient)
        for step in range(SPAN_S // STEP_S):
            severities = book.at((start + step * STEP_S) * 1_000_000)
            physics.step({name: column[step] for name, column in inputs.items()}, severities, STEP_S)
            for channel, value in physics.read().items():
                rows.setdefault(channel, []).append(np.asarray(value, dtype=np.float64))
            happenings = physics.take_happenings()
            codes |= {(one.device, one.name) for one in happenings if one.kind == "fault" and one.active}
            physics.take_cured()
    return Run({channel: np.stack(column) for channel, column in rows.items()}, frozenset(codes))


def run_lengths_min(on: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the lengths in minutes of all whole runs in (minutes, devices)."""
    lengths: list[int] = []
    for column in on.T.astype(int):
        edges = np.diff(column)
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        if len(starts) and len(ends):
            ends = ends[ends > starts[0]]
            lengths += list(ends - starts[: len(ends)])
    return np.array(lengths, dtype=float)
