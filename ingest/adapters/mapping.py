"""From readings to channels: as chosen at adoption, else as name, class and unit leave no doubt.

A wrong guess is worse than none: a temperature sensor beside a refrigerator has four channels it could
mean, so it is kept aside, counted by its name, until somebody says which (``zerodistance devices map``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ingest.adapters.contract import Reading
from ingest.adapters.units import class_of_unit, convert, is_convertible
from zerodistance.catalogue import ApplianceType
from zerodistance.catalogue.model import Channel

IGNORE = ""
"""The channel of readings that nobody wants."""

# Device classes that mean the same contact.
_SAME = {"opening": "door", "window": "door", "garage_door": "door", "problem": "moisture"}
# A channel's class says what it is, but a set-point is no measurement.
_NEVER_GUESSED = ("set_point",)


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
        guessed = _guess(_Shape(appliance), reading.name, reading.unit, reading.device_class)
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


class _Shape:
    """An appliance type as a key: two loads of one catalogue file are the same for guessing."""

    def __init__(self, appliance: ApplianceType) -> None:
        self.channels = appliance.channels
        self._key = (appliance.type, appliance.version, tuple(appliance.channels))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and self._key == other._key


@lru_cache(maxsize=4096)
def _guess(shape: _Shape, name: str, unit: str, device_class: str) -> tuple[int, str] | None:
    """Return (rank, channel): 1 of that very name, 2 a name that ends so, 3 the only one of its class."""
    device_class = _SAME.get(device_class, device_class) or class_of_unit(unit)
    fitting = [
        channel
        for channel, about in shape.channels.items()
        if channel not in _NEVER_GUESSED and _fits(about, unit, device_class)
    ]
    if name in fitting:
        return 1, name
    ending = [channel for channel in fitting if device_class and name.endswith(f"_{channel}")]
    if ending:
        return 2, max(ending, key=len)
    alike = [
        channel
        for channel in fitting
        if device_class and shape.channels[channel].device_class == device_class
    ]
    return (3, alike[0]) if len(alike) == 1 else None


def _fits(channel: Channel, unit: str, device_class: str) -> bool:
    if device_class and channel.device_class and device_class != channel.device_class:
        return False
    if not unit and not device_class:
        return False  # a bare number could be anything, whatever it is called
    return is_convertible(unit or channel.unit, channel.unit)
