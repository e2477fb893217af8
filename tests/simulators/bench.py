"""Appliances on the bench: commanded at midnight, with and without a fault, everything else the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultBook
from simulators.households import SPAN_S, Homes
from simulators.physics import physics_of
from simulators.physics.contract import Happening, Outcome, Physics
from simulators.randomness import keyed

START_S = 1_772_323_200  # 2026-03-01 00:00 UTC, a Sunday; everybody is asleep
DEVICES = 6
Orders = Sequence[tuple[float, str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Bench:
    """What a run showed: channel → (steps, devices); (minute, happening); answers to the orders."""

    values: dict[str, NDArray[np.float64]]
    happenings: list[tuple[float, Happening]]
    answers: list[Outcome]
    step_s: float
    physics: Physics

    def last(self, channel: str) -> NDArray[np.float64]:
        """Return a channel's values at the end, (devices,)."""
        values: NDArray[np.float64] = self.values[channel][-1]
        return values

    def at(self, channel: str, minute: float) -> NDArray[np.float64]:
        """Return a channel's values after so many minutes, (devices,)."""
        values: NDArray[np.float64] = self.values[channel][round(minute * 60 / self.step_s) - 1]
        return values

    def events(self, name: str) -> list[Happening]:
        """Return all events or fault codes of a name."""
        return [one for _, one in self.happenings if one.name == name]

    def raised(self, code: str) -> int:
        """Return how many devices raised a fault code."""
        return len({one.device for one in self.events(code) if one.active and one.kind == "fault"})


def bench(
    appliance: str,
    hours: float,
    orders: Orders = (),
    fault: str = "",
    severity: float = 1.0,
    *,
    cleared_h: float | None = None,
    climate: str = "temperate",
    step_s: int = 30,
    seed: int = 3,
    devices: int = DEVICES,
) -> Bench:
    """Run ``devices`` appliances; ``orders`` are (hour, command, arguments) for all of them.

    ``fault`` stands at ``severity`` from the beginning until ``cleared_h``.
    """
    physics = physics_of(appliance).create(devices, keyed(seed, appliance), 0.08)
    homes = Homes(devices, seed, climate)
    book = FaultBook(physics.FAULTS, devices)
    for device in range(devices if fault else 0):
        entry = book.plan(device, f"d{device}", fault, START_S * 1_000_000, severity=severity, growth="step")
        if cleared_h is not None:
            entry.cleared_us = round((START_S + cleared_h * 3600) * 1e6)
    book.changed()
    rows: dict[str, list[NDArray[np.float64]]] = {}
    happenings: list[tuple[float, Happening]] = []
    answers: list[Outcome] = []
    left = sorted(orders, key=lambda order: order[0])
    for count in range(round(hours * 3600 / step_s)):
        now = START_S + count * step_s
        if now % SPAN_S == 0:
            inputs = physics.inputs(homes.span(now, step_s), keyed(seed, "inputs", now // SPAN_S))
        while left and left[0][0] * 3600 <= now - START_S:
            _, name, arguments = left.pop(0)
            answers += [physics.obey(device, name, arguments) for device in range(devices)]
        row = {name: column[now % SPAN_S // step_s] for name, column in inputs.items()}
        physics.step(row, book.at(now * 1_000_000), step_s)
        for channel, value in physics.read().items():
            rows.setdefault(channel, []).append(np.array(value, dtype=np.float64))
        happenings += [((count * step_s + one.offset_s) / 60, one) for one in physics.take_happenings()]
    values = {channel: np.stack(column) for channel, column in rows.items()}
    return Bench(values, happenings, answers, step_s, physics)
