"""A fleet in time: physics, households, sensors and faults together, stepped for all devices at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultBook, FaultEntry
from simulators.fleet import FleetPlan, Group
from simulators.households import SPAN_S, Homes
from simulators.physics import physics_of
from simulators.physics.contract import Array, Happening, Outcome, perturb
from simulators.randomness import keyed
from simulators.sensors import Sensors, SpanNoise
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us
from zerodistance.errors import NotFoundError, SettingsError

_SPAN_US = SPAN_S * 1_000_000
WARM_UP = timedelta(hours=12)  # simulated unseen before a series, so that nothing starts from drawn numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of some devices of one type at the same instants.

    Attributes:
        devices: ids, (devices,).
        time_us: the appliances' own clocks, (rows, devices).
        values: channel → (rows, devices); NaN where the reading is missing.
        lost: True where the appliance took no sample at all, (rows, devices).
    """

    type: str
    devices: list[str]
    time_us: NDArray[np.int64]
    values: dict[str, Array]
    lost: NDArray[np.bool_]

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.lost.size - self.lost.sum())


@dataclass(frozen=True, slots=True)
class Reported:
    """An event or fault code of one device; ``time_us`` by true time."""

    device: str
    time_us: int
    happening: Happening


class Rows(NamedTuple):
    """The truth after each step: channel → one row for each; and what broken sensors read, by step."""

    truth: dict[str, list[Array]]
    impossible: dict[int, Mapping[str, Array]]


class Population:
    """All devices of one group."""

    def __init__(
        self, plan: FleetPlan, group: Group, homes: Homes, catalogue: Catalogue, start_us: int
    ) -> None:
        self.type, self.ids = group.type, group.ids()
        self.index = {device: number for number, device in enumerate(self.ids)}
        self._purpose = f"{group.type}/{group.prefix}"
        self._seed, self._homes = plan.seed, homes
        self._home_of = np.arange(group.count, dtype=np.intp)
        kind = physics_of(group.type)
        self.physics = kind.create(group.count, keyed(plan.seed, f"physics/{self._purpose}"), plan.spread)
        perturb(self.physics, plan.perturb, keyed(plan.seed, f"perturb/{self._purpose}"))
        self.book = FaultBook(kind.FAULTS, group.count)
        self.sensors = Sensors(
            catalogue.get_type(group.type),
            kind.NOISE,
            group.count,
            plan.seed ^ len(group.prefix),
            lost=plan.lost,
            missing=plan.missing,
            skew_s=plan.skew_s,
        )
        self._dt_us = round(plan.step_s * 1e6)
        self.time_us = start_us // self._dt_us * self._dt_us
        self.sample_every(plan.period_s(group, catalogue))
        self._inputs: dict[str, Array] = {}
        self._noise: list[SpanNoise] = []

    def sample_every(self, period_s: float) -> None:
        """Take samples every ``period_s`` seconds from now on; devices take turns within the period."""
        self._every = round(period_s * 1e6 / self._dt_us)
        self._phases = [
            np.arange(phase, len(self.ids), self._every, dtype=np.intp)
            for phase in range(min(self._every, len(self.ids)))
        ]
        self._span = -1  # the span's noise is drawn anew, for the new phases

    def advance(self, until_us: int, *, silent: bool = False) -> tuple[list[Batch], list[Reported]]:
        """Step until the next step would pass ``until_us``; return samples and what was reported meanwhile.

        ``silent``: the physics go on, and nothing is sampled or reported.
        """
        batches: list[Batch] = []
        reports: list[Reported] = []
        while self.time_us + self._dt_us <= until_us:
            self._enter(self.time_us // _SPAN_US)
            first = self.time_us % _SPAN_US // self._dt_us
            last = min(_SPAN_US // self._dt_us, first + (until_us - self.time_us) // self._dt_us)
            rows = self._steps(int(first), int(last), silent, reports)
            if not silent:
                batches += self._sample(int(first), int(last), rows)
        return batches, reports

    def command(self, device: str, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Let one device obey a command."""
        return self.physics.obey(self.index[device], name, arguments)

    def active(self, time_us: int) -> dict[str, list[str]]:
        """Return device → names of the faults that it has at a moment, for devices that have any."""
        found: dict[str, list[str]] = {}
        for entry in self.book.entries:
            if entry.onset_us <= time_us and (entry.cleared_us is None or entry.cleared_us > time_us):
                found.setdefault(self.ids[entry.device], []).append(entry.fault)
        return found

    def _enter(self, span: int) -> None:
        if span == self._span:
            return
        self._span = span
        homes = self._homes.span(span * SPAN_S, self._dt_us / 1e6).of(self._home_of)
        self._inputs = self.physics.inputs(homes, keyed(self._seed, f"inputs/{self._purpose}", span))
        rows = _SPAN_US // self._dt_us // self._every
        self._noise = [
            self.sensors.draw(span, phase, rows, len(who)) for phase, who in enumerate(self._phases)
        ]

    def _steps(self, first: int, last: int, silent: bool, reports: list[Reported]) -> Rows:
        """Run the steps ``first`` … ``last`` − 1 of the span; return the truth after each."""
        physics, seconds = self.physics, self._dt_us / 1e6
        rows = Rows({name: [] for name in self.sensors.channels}, {})
        names, columns = list(self._inputs), list(self._inputs.values())
        for step in range(first, last):
            severity = self.book.at(self.time_us)
            physics.step(
                dict(zip(names, [column[step] for column in columns], strict=True)), severity, seconds
            )
            happenings = physics.take_happenings()
            if not silent:
                reports += [
                    Reported(self.ids[one.device], self.time_us + round(one.offset_s * 1e6), one)
                    for one in happenings
                ]
                truth = physics.read()
                for name, column in rows.truth.items():
                    column.append(truth[name])
                impossible = physics.impossible(severity)
                if impossible:
                    rows.impossible[step] = impossible
            self.time_us += self._dt_us
            for device, fault in physics.take_cured():
                self.book.clear(device, fault, self.time_us)
        return rows

    def _sample(self, first: int, last: int, rows: Rows) -> list[Batch]:
        """Turn the truth of the steps into what the sensors report, phase by phase."""
        batches: list[Batch] = []
        for phase, who in enumerate(self._phases):
            steps = list(range(first + (phase - first) % self._every, last, self._every))
            if not steps:
                continue
            taken = slice(steps[0] // self._every, steps[-1] // self._every + 1)
            noise = self._noise[phase]
            after = self._span * _SPAN_US + (np.array(steps, dtype=np.int64) + 1) * self._dt_us
            time_us = self.sensors.clock_us(after, who)
            values = {}
            for name, column in rows.truth.items():
                true = np.stack([column[step - first][who] for step in steps]).astype(np.float64)
                broken = None
                if any(name in rows.impossible.get(step, ()) for step in steps):
                    nothing = np.full(len(who), np.nan)
                    broken = np.stack(
                        [
                            rows.impossible[step][name][who]
                            if name in rows.impossible.get(step, ())
                            else nothing
                            for step in steps
                        ]
                    )
                values[name] = self.sensors.observe(
                    name, true, noise, taken, who, self._span * SPAN_S, broken
                )
            ids = [self.ids[number] for number in who]
            batches.append(Batch(self.type, ids, time_us, values, noise.lost[taken]))
        return batches

    def skip_to(self, time_us: int) -> None:
        """Go on at ``time_us``, rounded down to a step, without the time between."""
        self.time_us = max(self.time_us, time_us // self._dt_us * self._dt_us)

    def save(self) -> dict[str, NDArray[Any]]:
        """Return the physical state as arrays, to be given to :meth:`resume`."""
        return dict(self.physics.state)

    def resume(self, state: Mapping[str, NDArray[Any]], time_us: int, entries: list[FaultEntry]) -> None:
        """Go on from a saved state.

        Raises:
            SettingsError: it was saved for other appliances.
        """
        mine = self.physics.state
        if set(state) != set(mine) or any(state[name].shape != mine[name].shape for name in mine):
            raise SettingsError(
                f"The state file was saved for another fleet than this one ({self._purpose}): "
                "give the fleet file that it was saved with, or remove the state file."
            )
        self.physics.state = {name: np.array(state[name]) for name in mine}
        self.time_us = time_us
        self.book.entries = entries
        self.book.changed()


class FleetSimulation:
    """The whole fleet: one :class:`Population` for each group.

    Args:
        plan: the fleet file.
        catalogue: channels, resolutions and valid ranges.
        start: where it begins, platform time.
        live: when it goes live; planned faults count from there. Default: ``start``.
    """

    def __init__(
        self, plan: FleetPlan, catalogue: Catalogue, start: datetime, live: datetime | None = None
    ) -> None:
        self.plan, self._catalogue = plan, catalogue
        offset = plan.utc_offset_hours(live or start)
        homes = Homes(plan.homes, plan.seed, plan.climate, offset, plan.region, plan.tariff)
        self.populations = [Population(plan, group, homes, catalogue, to_us(start)) for group in plan.group]
        self._of = {device: population for population in self.populations for device in population.ids}
        live_us = to_us(live or start)
        for planned in plan.fault:
            onset = live_us + round(planned.at_hours * 3.6e9)
            population = self._of[planned.device]
            entry = population.book.plan(
                population.index[planned.device],
                planned.device,
                planned.fault,
                onset,
                severity=planned.severity,
                growth=planned.growth,
                hours=planned.hours,
                persistent=planned.persistent,
            )
            if planned.clear_after_hours is not None:
                entry.cleared_us = onset + round(planned.clear_after_hours * 3.6e9)

    def sample_every(self, period_s: float | None) -> None:
        """Take samples every ``period_s`` seconds from now on; None: as the plan and the catalogue say."""
        for population, group in zip(self.populations, self.plan.group, strict=True):
            population.sample_every(period_s or self.plan.period_s(group, self._catalogue))

    @property
    def time_us(self) -> int:
        """How far it has been simulated, microseconds since 1970 of platform time."""
        return min(population.time_us for population in self.populations)

    @property
    def devices(self) -> list[str]:
        """All device ids."""
        return list(self._of)

    def type_of(self, device: str) -> str:
        """Return the type of a device."""
        return self._population(device).type

    def advance(self, until_us: int, *, silent: bool = False) -> tuple[list[Batch], list[Reported]]:
        """Simulate until ``until_us``, as far as whole steps fit, and return what the appliances say."""
        batches: list[Batch] = []
        reports: list[Reported] = []
        for population in self.populations:
            more, said = population.advance(until_us, silent=silent)
            batches += more
            reports += said
        if not self.plan.fault_codes:
            reports = [one for one in reports if one.happening.kind != "fault"]
        return batches, reports

    def skip_to(self, time_us: int) -> None:
        """Leave out the time until ``time_us``: the appliances wake up there as they are."""
        for population in self.populations:
            population.skip_to(time_us)

    def command(self, device: str, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Let a device obey a command."""
        return self._population(device).command(device, name, arguments)

    def start_fault(self, device: str, fault: str, severity: float = 1.0, **law: Any) -> FaultEntry:
        """Begin a fault now; ``law`` may replace ``growth`` and ``hours`` and say ``persistent``.

        Raises:
            SettingsError: for an unknown fault or a severity out of range.
            NotFoundError: for a device that is not in this fleet.
        """
        population = self._population(device)
        number = population.index[device]
        for entry in population.book.entries:
            mine = entry.device == number and entry.fault == fault and entry.cleared_us is None
            if mine and entry.onset_us <= population.time_us:
                return entry  # it has it already: a repeated message changes nothing
        return population.book.plan(number, device, fault, population.time_us, severity=severity, **law)

    def clear_fault(self, device: str, fault: str | None) -> list[FaultEntry]:
        """Put a fault of a device right now, or all of them."""
        population = self._population(device)
        return population.book.clear(population.index[device], fault, population.time_us)

    def active_faults(self) -> dict[str, list[str]]:
        """Return device → names of the faults that it has now, for devices that have any."""
        return {
            device: faults
            for population in self.populations
            for device, faults in population.active(population.time_us).items()
        }

    def entries(self) -> Iterable[tuple[str, str, FaultEntry]]:
        """Yield (device, type, fault) for every fault planned or injected."""
        for population in self.populations:
            for entry in population.book.entries:
                yield population.ids[entry.device], population.type, entry

    def _population(self, device: str) -> Population:
        try:
            return self._of[device]
        except KeyError:
            raise NotFoundError(f"There is no device {device!r} in this fleet.") from None
