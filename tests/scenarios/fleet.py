"""The simulated appliances that scenarios ask for: each module says which it needs, fleets are made of them.

A module's ``FLEET`` lists them. Faults that take days begin in the past, which is written in bulk before a
fleet goes live; those of minutes begin once it is live.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEADER = """name = "scene{days}"
seed = 11
climate = "tropical"
time_zone = "UTC"
region = "north"
step_s = {step}
history_period_s = 300
"""
LONG_DAYS = 20
"""Over so long a history the physics is worked out in longer steps, and samples come less often."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """An appliance of a fleet.

    Attributes:
        device: its id; all of one type and length of history have one prefix, and numbers from 01.
        type: in the catalogue.
        fault: that it gets.
        since_h: platform hours before the fleet goes live at which the fault began; 0: as soon as it is live.
        hours: that the fault takes to its full extent; None: as its physics has it.
        history_days: of readings that the platform has of it beforehand.
        left_alone: its owner and the engineer do nothing by themselves: the scenario plays them.
    """

    device: str
    type: str
    fault: str
    since_h: float = 0.0
    hours: float | None = None
    history_days: int = 12
    left_alone: bool = False


def fleet_files(appliances: Iterable[Simulated]) -> dict[int, str]:
    """Return days of history → fleet file."""
    by_days: dict[int, list[Simulated]] = {}
    for one in appliances:
        by_days.setdefault(one.history_days, []).append(one)
    return {days: _file(days, some) for days, some in by_days.items()}


def devices_of(appliances: Iterable[Simulated]) -> int:
    """Return how many appliances the fleets have: those with lower numbers come along."""
    counts = [count for some in fleet_files(appliances).values() for count in _counts(some)]
    return sum(counts)


def _file(days: int, appliances: list[Simulated]) -> str:
    step, period = (150, 300) if days >= LONG_DAYS else (60, 120)
    lines = [HEADER.format(days=days, step=step)]
    groups: dict[tuple[str, str], int] = {}
    for one in appliances:
        prefix, number = one.device[:-2], int(one.device[-2:])
        groups[one.type, prefix] = max(groups.get((one.type, prefix), 0), number)
    for (type_name, prefix), count in groups.items():
        lines += ["[[group]]", f'type = "{type_name}"', f'prefix = "{prefix}"']
        lines += [f"count = {count}", f"period_s = {period}"]
    for one in appliances:
        if one.since_h > 0:
            lines += ["[[fault]]", f'device = "{one.device}"', f'fault = "{one.fault}"']
            lines += [f"at_hours = {-one.since_h}"]
            lines += [f"hours = {one.hours}"] if one.hours is not None else []
    return "\n".join(lines)


def _counts(text: str) -> list[int]:
    return [int(line.split("=")[1]) for line in text.splitlines() if line.startswith("count")]
