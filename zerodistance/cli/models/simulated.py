"""Labelled examples from simulated fleets: for the first day, before any ticket was closed.

The fleets are those of ``evaluate --suite simulated`` (perturbed physics, four climates, lost samples), of
seeds that neither the models were tuned on nor the suite judges them by. What turned out to be behind
a finding is judged as there: it belongs to the fault if it was opened between its onset and its repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from models.engine import Engine, Outcome
from models.learning.examples import Example, stage_of, to_vector
from models.plan import UNKNOWN
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Catalogue
from zerodistance.cli.evaluate.simulated.fleets import WARM_UP, Chunk, fleet_of, plan_chunks
from zerodistance.cli.evaluate.simulated.living import feed, gaps_of, to_samples
from zerodistance.clock import to_us

FIRST_SEED = 20_000
"""Fleets from here on are for learning."""
_DAY_US = 86_400_000_000
_AFTERMATH_US = 2 * _DAY_US


def plan_fleets(
    catalogue: Catalogue, name: str, fleets: int, *, seed: int, each: int, healthy: int, period_s: float
) -> list[Chunk]:
    """Return ``fleets`` fleets of one type, whose faults grow within two months."""
    chunks: list[Chunk] = []
    for number in range(fleets):
        chunks += plan_chunks(
            catalogue, [name], 0.0, seed + number, period_s, healthy=healthy, each=each, growth="quick"
        )
    return chunks


def collect(
    chunk: Chunk, catalogue: Catalogue, tell: Callable[[int], None] = lambda days: None
) -> list[Example]:
    """Simulate a fleet and return what the diagnosis saw in each of its incidents, with the truth.

    Args:
        chunk: the fleet.
        catalogue: the appliance types.
        tell: told the days that are done; may raise to end it.
    """
    appliance = catalogue[chunk.type]
    fleet = FleetSimulation(fleet_of(chunk), catalogue, chunk.start - WARM_UP, live=chunk.start)
    engine = Engine(appliance)
    for device in fleet.devices:
        engine.row_of(device)
    start_us, until_us = to_us(chunk.start), to_us(chunk.start + timedelta(days=chunk.days))
    truth = {
        device: (entry.fault, entry.onset_us, entry.cleared_us or until_us)
        for device, _, entry in fleet.entries()
    }
    gaps = gaps_of(chunk.seed, chunk.devices, start_us, chunk.days)
    examples: list[Example] = []
    opened: dict[str, int] = {}
    led: dict[str, bool] = {}
    now_open: dict[str, set[str]] = {}

    def take(outcome: Outcome) -> None:
        for change in sorted([*outcome.changes, *outcome.noted], key=lambda one: one.time_us):
            device = engine.names[change.device]
            incident = f"{chunk.seed}/{device}/{change.onset_us}{'/creeping' if change.creeping else ''}"
            began = opened.setdefault(incident, change.time_us)
            mine = now_open.setdefault(device, set())
            led.setdefault(incident, not mine)
            (mine.discard if change.state == "cleared" else mine.add)(incident)
            label = label_at(truth.get(device), began, change.time_us)
            if label is None or change.seen is None:
                continue
            examples.append(
                Example(
                    type=chunk.type,
                    device=f"{chunk.seed}/{device}",
                    incident=incident,
                    stage=stage_of(change),
                    time_us=change.time_us,
                    vector=to_vector(engine.plan, change.seen),
                    label=label,
                    named=change.cause,
                    led=led[incident],
                    outcome="no_fault_found" if label == UNKNOWN else "confirmed",
                    source="simulated",
                )
            )

    fleet.advance(start_us, silent=True)
    for day in range(1, chunk.days + 1):
        batches, reports = fleet.advance(start_us + day * _DAY_US)
        codes = [report for report in reports if report.happening.kind == "fault"]
        today = (gaps[:, 1] < start_us + day * _DAY_US) & (gaps[:, 2] > start_us + (day - 1) * _DAY_US)
        samples = to_samples(batches, engine.plan.channels, appliance, engine.row_of, gaps[today])
        feed(engine, samples, codes, take)
        tell(day)
    return examples


def label_at(truth: tuple[str, int, int] | None, opened_us: int, time_us: int) -> str | None:
    """Return what is behind an incident: the fault, ``unknown`` for nothing, None where it cannot be said.

    Args:
        truth: (fault, onset, repair) of the device, None for a healthy one.
        opened_us: when the finding was opened.
        time_us: of the look at it: what is seen long after the repair teaches nothing.
    """
    if truth is None:
        return UNKNOWN
    fault, onset_us, repaired_us = truth
    if opened_us < onset_us:
        return UNKNOWN if time_us < onset_us else None
    if opened_us < repaired_us + _AFTERMATH_US:
        return fault if opened_us < repaired_us and time_us < repaired_us + _AFTERMATH_US else None
    return UNKNOWN


def faulty(examples: Iterable[Example]) -> int:
    """Return how many incidents with a fault there are."""
    return len({example.incident for example in examples if example.label != UNKNOWN})
