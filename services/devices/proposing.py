"""What a device that waits for its claim has sent, and where its readings would go. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from zerodistance.catalogue.model import ApplianceType
from zerodistance.catalogue.placing import fitting_channels, guess_channel
from zerodistance.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class ProposedReading:
    """A reading of another maker's device.

    Attributes:
        name: as its system calls it.
        value: with its unit, as it was last sent; "" for none.
        channel: where it goes by itself; "" where there is a doubt.
        channels: what its unit allows a person to choose.
    """

    name: str
    value: str
    channel: str
    channels: list[str]


def propose(sample: str, appliance: ApplianceType | None) -> list[ProposedReading]:
    """Return the readings in what an unclaimed device sent last, with the channels that they could be.

    Our own devices name their channels themselves: they have nothing to be chosen, and the list is empty.

    Args:
        sample: as the list of unclaimed devices keeps it: ``{"topic": …, "readings": {name: "4.1 °C"}}`` of
            other makers' devices; anything else has no readings.
        appliance: what the device is thought to be; None: not known yet, nothing is proposed.
    """
    try:
        said = json.loads(sample)
    except (ValueError, RecursionError):
        return []
    readings = said.get("readings") if isinstance(said, dict) else None
    if not isinstance(readings, dict):
        return []
    found = []
    best: dict[str, tuple[int, int]] = {}  # channel → (rank, place in the list) of the reading that has it
    for place, (name, value) in enumerate(readings.items()):
        text = value if isinstance(value, str) else ""
        unit = text.partition(" ")[2]
        guessed = guess_channel(appliance, name, unit) if appliance is not None else None
        channels = fitting_channels(appliance, unit, names=True) if appliance is not None else []
        found.append(ProposedReading(name, text, guessed[1] if guessed else "", channels))
        if guessed is not None and (guessed[0], place) < best.get(guessed[1], (9, 0)):
            best[guessed[1]] = (guessed[0], place)
    winners = {place for _, place in best.values()}
    return [
        one if place in winners else ProposedReading(one.name, one.value, "", one.channels)
        for place, one in enumerate(found)
    ]


def check_mapping(appliance: ApplianceType, mapping: Mapping[str, str]) -> None:
    """Return if every channel of a mapping is one of the appliance's, or empty.

    Raises:
        NotFoundError: says which channels there are.
    """
    for reading, channel in mapping.items():
        if channel and channel not in appliance.channels:
            raise NotFoundError(
                f"{reading!r} cannot be {channel!r}: a {appliance.type} has {', '.join(appliance.channels)}."
            )
