"""Simulated fleets through the engine, for the models' tests: as few channels as a test wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from models.engine import Engine
from models.incidents import Change
from simulators.fleet import load_fleet
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us

START = datetime(2026, 6, 1, tzinfo=UTC)


def fleet_file(
    seed: int,
    climate: str,
    groups: dict[str, int],
    faults: dict[str, tuple[str, float]],
    *,
    step_s: int = 60,
    period_s: int | None = None,
) -> str:
    """Return a fleet file: type → count, device → (fault, days after the start)."""
    lines = [f"seed = {seed}", f'climate = "{climate}"', f"step_s = {step_s}", "fault_codes = false"]
    for name, count in groups.items():
        lines += ["[[group]]", f'type = "{name}"', f"count = {count}", f'prefix = "{name}-"']
        lines += [f"period_s = {period_s}"] if period_s else []
    for device, (fault, days) in faults.items():
        lines += ["[[fault]]", f'device = "{device}"', f'fault = "{fault}"', f"at_hours = {24 * days}"]
    return "\n".join(lines)


def findings(
    catalogue: Catalogue, fleet: str, days: int, channels: Sequence[str] | None = None
) -> Iterator[tuple[str, float, Change]]:
    """Simulate day by day and yield (device, days since the start, change).

    Args:
        catalogue: all types.
        fleet: as :func:`fleet_file` gives it.
        days: how long.
        channels: those that the devices report; None: all.
    """
    simulation = FleetSimulation(load_fleet(fleet, catalogue), catalogue, START, live=START)
    engines: dict[str, Engine] = {}
    for day in range(days):
        batches, _ = simulation.advance(to_us(START + timedelta(days=day + 1)))
        for name in {batch.type for batch in batches}:
            engine = engines.setdefault(name, Engine(catalogue[name]))
            parts = []
            for batch in (one for one in batches if one.type == name):
                taken = ~batch.lost
                rows = np.array([engine.row_of(device) for device in batch.devices])
                values = np.full((batch.samples, len(engine.plan.channels)), np.nan, np.float32)
                bad = np.zeros(values.shape, np.bool_)
                for column, channel in enumerate(engine.plan.channels):
                    if channels is not None and channel not in channels:
                        continue
                    reading = batch.values[channel][taken]
                    low, high = engine.plan.appliance.channels[channel].valid
                    bad[:, column] = (reading < low) | (reading > high)
                    values[:, column] = np.where(bad[:, column], np.nan, reading)
                parts.append((np.broadcast_to(rows, taken.shape)[taken], batch.time_us[taken], values, bad))
            outcome = engine.step(*(np.concatenate(column) for column in zip(*parts, strict=True)))
            for change in outcome.changes:
                yield engine.names[change.device], (change.time_us - to_us(START)) / 86_400e6, change
