"""How fast a fleet is simulated, measured."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

from simulators.fleet import FleetPlan, Group
from simulators.physics import simulated_types
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import to_us

_START = datetime(2026, 7, 1, 6, tzinfo=UTC)


def measure(devices: int, period_s: float, hours: float, processes: int) -> dict[str, Any]:
    """Simulate ``devices`` appliances of all types for ``hours`` in ``processes`` processes, timed.

    Every sample is made with noise and quantisation; nothing is sent. Making the fleet is not timed.

    Returns:
        devices, samples, simulated and real seconds, ``times_real_time`` and samples per second.
    """
    share = -(-devices // processes)
    if processes == 1:
        parts = [_part(share, period_s, hours, 1)]
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(_part, share, period_s, hours, 1 + number) for number in range(processes)]
            parts = [job.result() for job in jobs]
    samples, real_s = sum(part[0] for part in parts), max(part[1] for part in parts)
    return {
        "devices": share * processes,
        "processes": processes,
        "cores": os.cpu_count(),
        "period_s": period_s,
        "samples": samples,
        "simulated_s": hours * 3600,
        "real_s": round(real_s, 3),
        "times_real_time": round(hours * 3600 / real_s, 1),
        "samples_per_s": round(samples / real_s),
    }


def _part(devices: int, period_s: float, hours: float, seed: int) -> tuple[int, float]:
    kinds = simulated_types()
    sizes = [devices // len(kinds) + (number < devices % len(kinds)) for number in range(len(kinds))]
    groups = [
        Group(type=kind, count=size, prefix=f"{kind}-{seed}-", period_s=period_s)
        for kind, size in zip(kinds, sizes, strict=True)
        if size
    ]
    plan = FleetPlan(seed=seed, climate="subtropical", step_s=period_s, group=groups)
    fleet = FleetSimulation(plan, load_catalogue(), _START)
    began, samples = time.perf_counter(), 0
    for minutes in range(30, round(hours * 60) + 1, 30):
        batches, _ = fleet.advance(to_us(_START + timedelta(minutes=minutes)))
        samples += sum(batch.samples for batch in batches)
    return samples, time.perf_counter() - began
