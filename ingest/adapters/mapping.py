"""From readings to channels: as chosen at adoption, else as name, class and unit leave no doubt.

A wrong guess is worse than none: a temperature sensor beside a refrigerator has four channels it could
mean, so it is kept aside, counted by its name, until somebody says which (``zerodistance devices map``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ingest.adapters.contract import Reading
from zerodistance.catalogue import ApplianceType
from zerodistance.catalogue.placing import guess_channel
from zerodistance.units import convert

IGNORE = ""
"""The channel of readings that nobody wants."""


class Placed(NamedTuple):
    """Readings by channel, in the channel's unit; those of no channel, by their own name."""

    values: dict[str, float | None]
    aside: dict[str, float | None]


def place(readings: tuple[Reading, ...], appliance: ApplianceType, chosen: Mapping[str, str]) -> Placed:
    """Return where the readings of one instant go.

    Args:
        readings: of one device.
        appliance: its type.
        chosen: reading's name → channel, as somebody decided; :data:`IGNORE` for none.
    """
    placed = Placed({}, {})
    ranked: list[tuple[int, int, str, Reading]] = []
    for order, reading in enumerate(readings):
        if reading.name in chosen:
            channel = chosen[reading.name]
            if channel in appliance.channels:
                ranked.append((0, order, channel, reading))
            continue
        guessed = guess_channel(appliance, reading.name, reading.unit, reading.device_class)
        if guessed is not None:
            ranked.append((guessed[0], order, guessed[1], reading))
        elif reading.device_class:
            placed.aside[_aside(reading.name, appliance)] = reading.value
    for rank, _, channel, reading in sorted(ranked, key=lambda one: one[:2]):
        value = reading.value
        if value is not None:
            unit = reading.unit or appliance.channels[channel].unit
            value = convert(value, unit, appliance.channels[channel].unit)
            if value is None and rank == 0 and not appliance.channels[channel].unit:
                value = reading.value
        if channel in placed.values or (value is None and reading.value is not None):
            placed.aside[_aside(reading.name, appliance)] = reading.value
        else:
            placed.values[channel] = value
    return placed


def _aside(name: str, appliance: ApplianceType) -> str:
    """Return the name under which a reading without a channel is counted, never that of a channel."""
    return f"other_{name}" if name in appliance.channels else name
