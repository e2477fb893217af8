"""Tap water by region: hardness, dissolved solids, turbidity, and the temperature of the mains.

Hardness classes (mg/L as CaCO₃): soft to 60, moderately hard to 120, hard to 180, very hard above (U.S.
Geological Survey, "Hardness of Water"). China's drinking water standard GB 5749-2022 allows 450 mg/L of
hardness, 1000 mg/L of dissolved solids and 1 NTU. The figures of each kind of source are engineering
estimates within these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.randomness import keyed

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Supply:
    """Water as the works deliver it.

    Attributes:
        hardness: mg/L as CaCO₃. tds: dissolved solids, mg/L. turbidity: NTU.
        pressure: at the home's connection, kPa.
    """

    hardness: float
    tds: float
    turbidity: float
    pressure: float


SUPPLIES = {
    "reservoir": Supply(40.0, 85.0, 0.35, 290.0),
    "river": Supply(130.0, 240.0, 0.5, 270.0),
    "groundwater": Supply(260.0, 410.0, 0.25, 250.0),
    "limestone": Supply(380.0, 580.0, 0.25, 260.0),
}
_REGIONS = {
    "": "river",
    "harbour": "reservoir",
    "hills": "reservoir",
    "delta": "river",
    "plain": "groundwater",
}


def supply_of(region: str) -> Supply:
    """Return the tap water of a region: a kind of source, a region known here, or else one by its name.

    >>> supply_of("limestone").hardness
    380.0
    """
    kind = _REGIONS.get(region, region)
    if kind not in SUPPLIES:
        kind = str(keyed(0, f"supply/{region}").choice(sorted(SUPPLIES)))
    return SUPPLIES[kind]


def mains_temperature(mean: float, season: float, warmest_day: int, year_day: Array) -> Array:
    """Return the mains' temperature, °C.

    Burch and Christensen, "Towards Development of an Algorithm for Mains Water Temperature", Proc. ASES
    (2007): about 3 K above the yearly mean of the air; a swing that is damped, the more the colder the
    place; and weeks late. Their law is in °F, for the climates of the United States; that the ground is no
    warmer than the air where it is hot all the year is an engineering estimate.

    Args:
        mean: yearly mean of the outdoor air, °C.
        season: amplitude of the outdoor air's monthly means, K.
        warmest_day: of the outdoor air, day of the year.
        year_day: days since the first of January, any shape.
    """
    above = 1.8 * mean + 32.0 - 44.0
    swing = np.clip(0.4 + 0.01 * above, 0.1, 1.0) * season
    late = max(35.0 - above, 0.0)
    offset = 6.0 / 1.8 * np.clip((27.0 - mean) / 12.0, 0.0, 1.0)
    result: Array = mean + offset + swing * np.cos(2 * np.pi * (year_day - warmest_day - late) / 365.2425)
    return np.maximum(result, 3.0)
