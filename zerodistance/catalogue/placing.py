"""Which channel another maker's reading belongs to, as its name, class and unit leave no doubt. Pure.

A wrong guess is worse than none: a temperature sensor beside a refrigerator has four channels it could mean.
"""

from __future__ import annotations

from functools import lru_cache

from zerodistance.catalogue.model import ApplianceType, Channel
from zerodistance.units import class_of_unit, is_convertible

# Device classes that mean the same contact.
_SAME = {"opening": "door", "window": "door", "garage_door": "door", "problem": "moisture"}
# A channel's class says what it is, but a set-point is no measurement.
_NEVER_GUESSED = ("set_point",)


def guess_channel(
    appliance: ApplianceType, name: str, unit: str, device_class: str = ""
) -> tuple[int, str] | None:
    """Return (rank, channel), None where there is a doubt.

    The rank is 1 for a channel of that very name, 2 for one that the name ends with, 3 for the only channel
    of that class: where two readings want one channel, the lower rank has it.

    Args:
        appliance: the type of the device.
        name: the reading's, in small letters, digits and underscores.
        unit: as Home Assistant writes it, "" for none.
        device_class: Home Assistant's, "" if none was told.

    >>> from zerodistance.catalogue import load_catalogue
    >>> fridge = load_catalogue()["refrigerator"]
    >>> guess_channel(fridge, "power", "W"), guess_channel(fridge, "temperature", "°C")
    ((1, 'power'), None)
    """
    return _guess(_Shape(appliance), name, unit, device_class)


def fitting_channels(
    appliance: ApplianceType, unit: str, device_class: str = "", *, names: bool = False
) -> list[str]:
    """Return the channels that a reading with this unit and class could be, in the catalogue's order.

    Args:
        appliance: the type of the device.
        unit: of the reading.
        device_class: of the reading.
        names: also those that are never guessed, such as a set-point: a person may choose them.
    """
    device_class = _SAME.get(device_class, device_class) or class_of_unit(unit)
    return [
        channel
        for channel, about in appliance.channels.items()
        if (names or channel not in _NEVER_GUESSED) and _fits(about, unit, device_class)
    ]


class _Shape:
    """An appliance type as a key: two loads of one catalogue file are the same for guessing."""

    def __init__(self, appliance: ApplianceType) -> None:
        self.appliance = appliance
        self._key = (appliance.type, appliance.version, tuple(appliance.channels))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and self._key == other._key


@lru_cache(maxsize=4096)
def _guess(shape: _Shape, name: str, unit: str, device_class: str) -> tuple[int, str] | None:
    channels = shape.appliance.channels
    device_class = _SAME.get(device_class, device_class) or class_of_unit(unit)
    fitting = fitting_channels(shape.appliance, unit, device_class)
    if name in fitting:
        return 1, name
    ending = [channel for channel in fitting if device_class and name.endswith(f"_{channel}")]
    if ending:
        return 2, max(ending, key=len)
    alike = [
        channel for channel in fitting if device_class and channels[channel].device_class == device_class
    ]
    return (3, alike[0]) if len(alike) == 1 else None


def _fits(channel: Channel, unit: str, device_class: str) -> bool:
    if device_class and channel.device_class and device_class != channel.device_class:
        return False
    if not unit and not device_class:
        return False  # a bare number could be anything, whatever it is called
    return is_convertible(unit or channel.unit, channel.unit)
