"""Which fleets the models are judged on: chunks of one type, most healthy, the others each with a fault.

Nobody has tuned anything on them: seeds from 1000 on (the models' parameters were chosen on seeds below),
every physical parameter of every appliance off by up to 20 %, homes of four climates under different
tariffs, on different waters, from different days of the year on; samples, readings and whole hours are
missing, and clocks are wrong.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from simulators.fleet import FleetPlan, Group, PlannedFault
from simulators.physics import physics_of
from simulators.randomness import keyed
from zerodistance.catalogue import ApplianceType, Catalogue

FIRST_SEED = 1000
WARM_UP = timedelta(days=6)
"""Simulated unseen: an appliance whose physics were perturbed has done each of its cycles by then."""
ONSET_DAYS = (14.0, 28.0)
"""Days after installation between which a fault begins."""
AFTER_DAYS = 5.0
"""From the end of its growth until it is put right."""
LAST_DAYS = 2.0
"""From the repair until the end."""
SLOW_HOURS = 14 * 24.0
"""A fault that takes longer to grow is a slow one: it can be called ahead."""
_LONG_HOURS = 60 * 24.0
_CODE = (
    "models/*.py",
    "simulators/physics/*.py",
    *(
        f"simulators/{name}.py"
        for name in ("faults", "households", "sensors", "simulation", "tariffs", "water_supply", "water_use")
    ),
    "zerodistance/catalogue/*.toml",
    "zerodistance/cli/evaluate/simulated/fleets.py",
    "zerodistance/cli/evaluate/simulated/living.py",
)
_CLIMATES = ("temperate", "subtropical", "tropical", "subtropical_south")
_TARIFFS = ("flat", "shanghai", "heures_creuses")
_REGIONS = ("delta", "plain", "harbour", "limestone")


@dataclass(frozen=True)
class Chunk:
    """One fleet, simulated and judged in one go.

    Attributes:
        type: of all its appliances.
        seed: of everything.
        days: that are judged.
        healthy: appliances without a fault; ``each``: with each of ``faults``.
        period_s: between samples.
    """

    type: str
    seed: int
    days: int
    healthy: int
    each: int
    faults: tuple[str, ...]
    period_s: float

    @property
    def start(self) -> datetime:
        """When it is installed: another day of the year in each chunk."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=self.seed * 97 % 365)

    @property
    def devices(self) -> int:
        """How many appliances there are."""
        return self.healthy + self.each * len(self.faults)

    @property
    def healthy_years(self) -> float:
        """Device-years without any fault, roughly."""
        return (self.healthy * self.days + self.each * len(self.faults) * sum(ONSET_DAYS) / 2) / 365.25

    def key(self, code: str) -> str:
        """Return a name under which its results are kept: another one for other parameters or code."""
        text = repr(sorted(asdict(self).items())) + code
        return f"{self.type}-{self.seed}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def plan_chunks(
    catalogue: Catalogue,
    types: list[str],
    device_years: float,
    seed: int,
    period_s: float,
    healthy: int = 36,
    each: int = 3,
    growth: str = "",
) -> list[Chunk]:
    """Return chunks with at least ``device_years`` of healthy life, of each type at least half its share.

    Faults that grow for months have chunks of their own: what breaks at once need not be watched for a year.
    ``growth``: "quick" or "months" for chunks with such faults alone. Each type has a chunk of each growth.
    What no reading and no code shows (an anode) is a matter of age and cannot be found here.

    Types take turns, so that a run that is stopped has something of each.
    """
    queues: list[list[Chunk]] = []
    spare: list[Chunk] = []  # of each type, in turn, until there are enough years
    for name in types:
        quick: list[str] = []
        long: list[str] = []
        for fault, law in physics_of(name).FAULTS.items():
            if fault in catalogue[name].faults and shows(catalogue[name], fault):
                (long if law.hours > _LONG_HOURS else quick).append(fault)
        wanted = {"quick": [quick], "months": [long]}.get(growth, [quick, long])
        groups = [tuple(faults) for faults in wanted if faults]
        if not groups:
            continue
        queue: list[Chunk] = []
        number = 0
        while sum(one.healthy_years for one in queue) < device_years / len(types) or number < len(groups):
            faults = groups[number % len(groups)]
            hours = max(physics_of(name).FAULTS[fault].hours for fault in faults)
            days = math.ceil(ONSET_DAYS[1] + hours / 24.0 + AFTER_DAYS + LAST_DAYS)
            queue.append(Chunk(name, seed + number, days, healthy, each, faults, period_s))
            number += 1
        owed = len(groups)
        while (
            owed < number and sum(one.healthy_years for one in queue[:owed]) < device_years / len(types) / 2
        ):
            owed += 1
        queues.append(queue[:owed])
        spare.extend(queue[owed:])
    missing = device_years - sum(one.healthy_years for queue in queues for one in queue)
    for one in sorted(spare, key=lambda chunk: chunk.seed):
        if missing > 0:
            next(queue for queue in queues if queue[0].type == one.type).append(one)
            missing -= one.healthy_years
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def shows(appliance: ApplianceType, fault: str) -> bool:
    """Tell whether a fault shows in anything that an appliance sends."""
    description = appliance.faults[fault]
    codes = any(code.fault == fault for code in appliance.fault_codes.values())
    return bool(description.signature or description.invalid or codes)


def fleet_of(chunk: Chunk) -> FleetPlan:
    """Return the chunk's fleet with its faults; healthy appliances come first."""
    rng = keyed(chunk.seed, f"evaluate/{chunk.type}")
    group = Group(type=chunk.type, count=chunk.devices, prefix=f"{chunk.type}-", period_s=chunk.period_s)
    faults = []
    laws = physics_of(chunk.type).FAULTS
    for number, device in enumerate(group.ids()[chunk.healthy :]):
        fault = chunk.faults[number // chunk.each]
        law = laws[fault]
        # Most grow to their full magnitude; every fourth stops on the way.
        severity = 1.0 if rng.random() < 0.75 else float(rng.uniform(0.5, 1.0))
        onset = 24.0 * float(rng.uniform(*ONSET_DAYS))
        faults.append(
            PlannedFault(
                device=device,
                fault=fault,
                at_hours=onset,
                severity=round(severity, 3),
                clear_after_hours=law.hours + 24.0 * AFTER_DAYS,
                persistent=True,  # what the appliance does by itself while nobody is told is no repair
            )
        )
    return FleetPlan(
        name=f"{chunk.type}-{chunk.seed}",
        seed=chunk.seed,
        climate=_CLIMATES[chunk.seed % len(_CLIMATES)],
        tariff=_TARIFFS[chunk.seed % len(_TARIFFS)],
        region=_REGIONS[chunk.seed // 2 % len(_REGIONS)],
        step_s=min(60.0, chunk.period_s),
        perturb=0.2,
        lost=0.003,
        missing=0.001,
        skew_s=15.0,
        group=[group],
        fault=faults,
    )


def code_digest(root: Path) -> str:
    """Return a digest of everything that a chunk's results depend on, in the source tree at ``root``."""
    digest = hashlib.sha256()
    for pattern in _CODE:
        for path in sorted(root.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Life(msgspec.Struct, kw_only=True):
    """What happened to one appliance, and what the models said. Times: µs since 1970.

    Attributes:
        fault: "" for a healthy one.
        functional_us: when it no longer does what it is for; None: it never comes to that.
        used_h: hours that it was switched on between the functional failure (or the onset) and the repair;
            None: nobody switches such an appliance off.
        changes: of its findings, in order: (time, open or cleared, cause, leading evidence, onset): the onset
            tells findings of one appliance apart.
        codes: fault codes that it raised itself.
    """

    device: str
    type: str
    from_us: int
    until_us: int
    fault: str = ""
    severity: float = 0.0
    hours: float = 0.0
    onset_us: int = 0
    functional_us: int | None = None
    cleared_us: int = 0
    used_h: float | None = None
    changes: list[tuple[int, str, str, str, int]] = []
    codes: list[str] = []


class ChunkResult(msgspec.Struct):
    """A chunk's lives, by variation of the models, and what it cost."""

    lives: dict[str, list[Life]]
    samples: int
    simulation_s: float
    models_s: float
