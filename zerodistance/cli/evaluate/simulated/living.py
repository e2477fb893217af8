"""One chunk through simulator and models, in process: the very engine that ``stream diagnose`` runs."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import calibration
from models.engine import Engine, Outcome
from simulators.randomness import keyed
from simulators.simulation import Batch, FleetSimulation, Reported
from zerodistance.catalogue import ApplianceType, Catalogue
from zerodistance.cli.evaluate.simulated.fleets import WARM_UP, Chunk, ChunkResult, Life, fleet_of
from zerodistance.clock import to_us

Samples = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]
Variation = Mapping[str, Any]
"""Constants of the models that are set otherwise: ``module:name`` → value; ``budget`` → the engine's."""
BUDGET_OF = "budget"

_DAY_US = 86_400_000_000
_GAP_EVERY_DAYS = 30


@contextmanager
def varied(variation: Variation) -> Iterator[None]:
    """Set the constants of a variation, and set them back."""
    before = []
    for place, value in variation.items():
        if place == BUDGET_OF:
            continue
        module, name = place.split(":")
        owner = importlib.import_module(module)
        before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


def gaps_of(seed: int, devices: int, start_us: int, days: int) -> NDArray[np.int64]:
    """Return (G, 3): device, from, until of the hours in which nothing was sent that ever came."""
    rng = keyed(seed, "evaluate/gaps")
    rows = []
    for block in range(-(-days // _GAP_EVERY_DAYS)):
        for device in np.flatnonzero(rng.random(devices) < 0.5):
            begin = start_us + round((block + rng.random()) * _GAP_EVERY_DAYS * _DAY_US)
            rows.append((int(device), begin, begin + round(rng.uniform(0.5, 18.0) * 3.6e9)))
    return np.array(rows, np.int64).reshape(-1, 3)


def to_samples(
    batches: list[Batch],
    channels: tuple[str, ...],
    appliance: ApplianceType,
    row_of: Callable[[str], int],
    gaps: NDArray[np.int64],
) -> Samples:
    """Return what ingest would hand on: impossible readings are none, and marked as impossible."""
    valid = np.array([appliance.channels[name].valid for name in channels])
    parts: list[Samples] = []
    for batch in batches:
        rows = np.array([row_of(device) for device in batch.devices], np.int64)
        kept = ~batch.lost
        for device, begin, end in gaps:
            column = rows == device
            if column.any():
                kept[:, column] &= (batch.time_us[:, column] < begin) | (batch.time_us[:, column] >= end)
        exact = np.stack([batch.values[name][kept] for name in channels], axis=1)
        bad = (exact < valid[:, 0]) | (exact > valid[:, 1])
        values = np.where(bad, np.nan, exact).astype(np.float32)
        parts.append((np.broadcast_to(rows, kept.shape)[kept], batch.time_us[kept], values, bad))
    a, b, c, d = zip(*parts, strict=True)
    return np.concatenate(a), np.concatenate(b), np.concatenate(c), np.concatenate(d)


def feed(engine: Engine, samples: Samples, codes: list[Reported], take: Callable[[Outcome], None]) -> None:
    """Give a day's samples and fault codes to the engine, of each appliance in the order of time."""
    device, time_us, values, bad = samples
    if not codes:
        take(engine.step(device, time_us, values, bad))
        return
    turn = np.zeros(len(device), np.int64)  # how many codes of its appliance came before a sample
    order: dict[int, int] = {}
    rounds: list[list[Reported]] = []
    for code in sorted(codes, key=lambda one: one.time_us):
        row = engine.row_of(code.device)
        turn[(device == row) & (time_us > code.time_us)] += 1
        number = order[row] = order.get(row, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(code)
    for number, now in enumerate(rounds):
        part = turn == number
        if part.any():
            take(engine.step(device[part], time_us[part], values[part], bad[part]))
        for code in now:
            take(engine.fault_code(code.device, code.happening.name, code.happening.active, code.time_us))
    rest = turn >= len(rounds)
    if rest.any():
        take(engine.step(device[rest], time_us[rest], values[rest], bad[rest]))


def live(
    chunk: Chunk,
    catalogue: Catalogue,
    variations: Mapping[str, Variation],
    tell: Callable[[int], None] = lambda days: None,
) -> ChunkResult:
    """Simulate a chunk and let each variation of the models judge it.

    Args:
        chunk: the fleet.
        catalogue: the appliance types.
        variations: name → what is set otherwise; the same readings go to all of them.
        tell: told the days that are done.
    """
    appliance = catalogue[chunk.type]
    plan = fleet_of(chunk)
    fleet = FleetSimulation(plan, catalogue, chunk.start - WARM_UP, live=chunk.start)
    engines = {}
    for name, variation in variations.items():
        with varied(variation):
            engines[name] = Engine(appliance, variation.get(BUDGET_OF, calibration.BUDGET))
    start_us, until_us = to_us(chunk.start), to_us(chunk.start + timedelta(days=chunk.days))
    switch = next((one.while_on for one in appliance.features.values() if one.while_on), "")
    lives = {
        name: {
            device: Life(device=device, type=chunk.type, from_us=start_us, until_us=until_us)
            for device in fleet.devices
        }
        for name in variations
    }
    for mine in lives.values():
        for device, _, entry in fleet.entries():
            one = mine[device]
            one.fault, one.severity, one.hours = entry.fault, entry.severity, entry.hours
            one.onset_us, one.functional_us = entry.onset_us, entry.functional_failure_us()
            one.cleared_us = entry.cleared_us or until_us
            one.used_h = 0.0 if switch else None
    for engine in engines.values():
        for device in fleet.devices:
            engine.row_of(device)
    gaps = gaps_of(chunk.seed, chunk.devices, start_us, chunk.days)
    result = ChunkResult({}, 0, 0.0, 0.0)
    clock = time.process_time()
    fleet.advance(start_us, silent=True)
    for day in range(1, chunk.days + 1):
        batches, reports = fleet.advance(start_us + day * _DAY_US)
        codes = [report for report in reports if report.happening.kind == "fault"]
        any_engine = next(iter(engines.values()))
        today = (gaps[:, 1] < start_us + day * _DAY_US) & (gaps[:, 2] > start_us + (day - 1) * _DAY_US)
        samples = to_samples(batches, any_engine.plan.channels, appliance, any_engine.row_of, gaps[today])
        result.samples += len(samples[0])
        for batch in batches if switch else ():
            used = _times_on(batch, switch)
            for mine in lives.values():
                _note_use(mine, used, chunk.period_s)
        simulated = time.process_time()
        for name, engine in engines.items():
            mine = lives[name]
            with varied(variations[name]):
                feed(engine, samples, codes, lambda outcome: _note(engine, outcome, mine))  # noqa: B023
            for code in codes:
                if code.happening.active:
                    mine[code.device].codes.append(code.happening.name)
        result.simulation_s += simulated - clock
        clock = time.process_time()
        result.models_s += clock - simulated
        tell(day)
    result.lives = {name: list(mine.values()) for name, mine in lives.items()}
    return result


def _times_on(batch: Batch, switch: str) -> dict[str, NDArray[np.int64]]:
    """Return device → times of its samples at which it was switched on."""
    on = batch.values[switch] > 0.5
    return {device: batch.time_us[on[:, column], column] for column, device in enumerate(batch.devices)}


def _note_use(lives: Mapping[str, Life], used: Mapping[str, NDArray[np.int64]], period_s: float) -> None:
    """Add up how long appliances were in use while something was wrong with them."""
    for device, times in used.items():
        one = lives[device]
        if one.fault and one.used_h is not None:
            since = one.onset_us if one.functional_us is None else one.functional_us
            one.used_h += float(((times >= since) & (times < one.cleared_us)).sum()) * period_s / 3600.0


def _note(engine: Engine, outcome: Outcome, lives: Mapping[str, Life]) -> None:
    for change in outcome.changes:
        leading = change.evidence[0].feature if change.evidence else ", ".join(change.codes)
        lives[engine.names[change.device]].changes.append(
            (change.time_us, change.state, change.cause, leading, change.onset_us)
        )
