"""One sample's readings against its type's channels: what is good, what is not, what nobody knows.

A number outside the valid range is evidence (a thermistor that is open reads −127 °C): the sample goes on
with NULL and a quality code. A reading that is no number at all is a mistake of the firmware: the sample is
refused, and kept as it came. ``null`` is how a device says that a sensor gives no reading.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ingest.text import clean_text, describe, show
from zerodistance.catalogue import ApplianceType
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import Quality, Reason

# New firmware brings a handful of new channels. Hundreds are a mistake, and would fill a table by name:
# of each sample this many are kept aside.
MAX_UNKNOWN = 64
LONGEST_NAME = 64


class Check(NamedTuple):
    """What a channel's reading must be. ``whole``: the column holds integers; ``flag``: true or false."""

    low: float
    high: float
    whole: bool
    flag: bool


class Judged(NamedTuple):
    """Readings, :class:`Quality` codes of those that are NULL, readings of unknown channels."""

    values: dict[str, float | None]
    quality: dict[str, int]
    unknown: dict[str, float | None]


def checks_of(appliance: ApplianceType) -> dict[str, Check]:
    """Return the check of each channel."""
    return {
        name: Check(*channel.valid, channel.storage in ("integer", "boolean"), channel.storage == "boolean")
        for name, channel in appliance.channels.items()
    }


def judge(readings: dict[str, Any], checks: dict[str, Check]) -> Judged:
    """Return what to keep of a sample's readings.

    Raises:
        InvalidMessageError: ``not_finite`` for NaN and infinities, ``wrong_shape`` for a reading of a known
            channel that is no number (``true`` and ``false`` are readings of boolean channels).
    """
    judged = Judged({}, {}, {})
    for channel, value in readings.items():
        check = checks.get(channel)
        is_number = isinstance(value, int | float)
        if is_number and not math.isfinite(value):
            raise InvalidMessageError(
                Reason.NOT_FINITE, f"{show(channel)} is not a finite number; send null for no reading."
            )
        if check is None:
            if len(judged.unknown) < MAX_UNKNOWN:
                judged.unknown[clean_text(channel, LONGEST_NAME)] = float(value) if is_number else None
            continue
        judged.values[channel] = None
        if value is None:
            judged.quality[channel] = Quality.WRONG_TYPE
        elif not is_number or (value.__class__ is bool and not check.flag):
            raise InvalidMessageError(
                Reason.WRONG_SHAPE, f"{show(channel)} is {describe(value)}, not a number."
            )
        elif value < check.low:
            judged.quality[channel] = Quality.BELOW_VALID
        elif value > check.high:
            judged.quality[channel] = Quality.ABOVE_VALID
        elif check.whole and value != int(value):
            judged.quality[channel] = Quality.WRONG_TYPE
        else:
            judged.values[channel] = float(value)
    return judged
