"""Moist air, vectorised: temperatures in °C, humidity ratios in kg of vapour per kg of dry air."""

from __future__ import annotations

import numpy as np

from simulators.physics.contract import Array

_PRESSURE_PA = 101_325.0
VAPORISATION_J_PER_KG = 2.45e6
SUBLIMATION_J_PER_KG = 2.83e6
FUSION_J_PER_KG = 3.34e5
AIR_J_PER_KG_K = 1_006.0


def saturation(temperature: Array) -> Array:
    """Return the humidity ratio of saturated air (Magnus formula with Sonntag's 1990 constants, over water).

    Below 0 °C it is some per cent too high against the value over ice, which no reading here can tell.
    """
    pressure = 611.2 * np.exp(17.62 * temperature / (243.12 + temperature))
    ratio: Array = 0.622 * pressure / (_PRESSURE_PA - pressure)
    return ratio


def relative_humidity(ratio: Array, temperature: Array) -> Array:
    """Return relative humidity in per cent, at most 100."""
    return np.minimum(100.0 * ratio / saturation(temperature), 100.0)


def wet_bulb(temperature: Array, humidity: Array) -> Array:
    """Return the wet-bulb temperature for ``humidity`` in per cent.

    Stull, "Wet-Bulb Temperature from Relative Humidity and Air Temperature", J. Appl. Meteor. Climatol. 50
    (2011): within 1 K between 5 and 99 % and −20 and 50 °C.
    """
    h = np.clip(humidity, 5.0, 99.0)
    result: Array = (
        temperature * np.arctan(0.151977 * np.sqrt(h + 8.313659))
        + np.arctan(temperature + h)
        - np.arctan(h - 1.676331)
        + 0.00391838 * h**1.5 * np.arctan(0.023101 * h)
        - 4.686035
    )
    return result
