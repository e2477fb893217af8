"""The vapour-compression cycle, shared by refrigerator, freezer, wine cellar and air conditioner.

How faults change a cycle's capacity and power is taken from measurements, as NREL published them: Kim,
Frank, Im, Braun, Goldwasser, Leach, "Representing Small Commercial Building Faults in EnergyPlus, Part I:
Model Development", Buildings 9 (2019) 233, with the coefficients of NREL's OpenStudio fault measures
(NonStandardCharging, EvaporatorFouling, CondenserFouling). For each fault

    ratio = 1 + F · (C1 + C2·Twb' + C3·Toa' + C4·F + C5·F² + C6·COP),   T' = T / 273.15 + 1  (T in °C)

holds once for cooling capacity and once for the energy input ratio (EIR, power per capacity); Twb is the
wet bulb of the air that enters the evaporator, Toa the dry bulb of the air that enters the condenser, COP
the rated one. Power is capacity × EIR. With a rated COP of 4 at 19.4 °C and 35 °C: undercharge of 10/20/30
% gives capacity ×.948/.881/.800 and power ×.963/.936/.918; indoor airflow −10/−20/−30 % capacity
×.914/.862/.837, power ×.977/.957/.946; condenser airflow −10/−25/−50 % capacity ×1/1/.963, power
×1.03/1.07/1.22. So a leak or a clogged filter lowers the watts while the running time rises, and a
condenser fault raises the watts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.physics.contract import Array

REFERENCE_WET_BULB = 19.4  # °C, the rating point of the measurements
REFERENCE_OUTDOOR = 35.0  # °C
REFERENCE_COP = 4.0


@dataclass(frozen=True, slots=True)
class FaultMeasure:
    """One fault's law.

    Attributes:
        capacity: C1 to C6 of the capacity ratio.
        eir: C1 to C6 of the ratio of power per capacity.
        limit: largest intensity F that was measured; beyond it the law is continued by :meth:`ratios`.
    """

    capacity: tuple[float, float, float, float, float, float]
    eir: tuple[float, float, float, float, float, float]
    limit: float

    def ratios(
        self,
        intensity: Array,
        wet_bulb: Array | float = REFERENCE_WET_BULB,
        outdoor: Array | float = REFERENCE_OUTDOOR,
        cop: float = REFERENCE_COP,
    ) -> tuple[Array, Array]:
        """Return (capacity ratio, power ratio), arrays like ``intensity``.

        Temperatures are held to the range of the measurements (12.8–23.9 °C wet bulb, 18–46 °C outdoor).
        Beyond
        ``limit`` the capacity goes on in a straight line to zero at F = 1, power to 0.55 (engineering
        estimate: an empty compressor turns against little pressure).
        """
        f = np.minimum(intensity, self.limit)
        a = np.clip(wet_bulb, 12.8, 23.9) / 273.15 + 1.0
        b = np.clip(outdoor, 18.0, 46.0) / 273.15 + 1.0
        capacity = _ratio(self.capacity, f, a, b, cop)
        power = capacity * _ratio(self.eir, f, a, b, cop)
        beyond = np.maximum(intensity - self.limit, 0.0) / (1.0 - self.limit)
        return capacity * (1.0 - beyond), power + (0.55 - power) * beyond


def _ratio(c: tuple[float, ...], f: Array, wet_bulb: Array, outdoor: Array, cop: float) -> Array:
    ratio: Array = 1.0 + f * (c[0] + c[1] * wet_bulb + c[2] * outdoor + c[3] * f + c[4] * f * f + c[5] * cop)
    return ratio


UNDERCHARGE = FaultMeasure(
    capacity=(7.7179, -10.765, 3.129, -0.88403, 0.30043, -0.036993),
    eir=(-5.7419, 8.6709, -4.4104, 1.2489, 1.2095, 0.36051),
    limit=0.3,
)
"""F: share of the refrigerant that is missing."""

INDOOR_AIRFLOW = FaultMeasure(
    capacity=(-1.680856, 1.955241, 0.013734, 1.944498, -0.958203, -0.367406),
    eir=(1.075997, -1.609711, 0.054396, -1.58432, 0.803225, 0.356159),
    limit=0.35,
)
"""F: share of the evaporator's airflow that is missing. Measured to 0.5; past 0.35 the fit turns up again."""

CONDENSER_AIRFLOW = FaultMeasure(
    capacity=(-2.2162, 5.6315, -3.1199, 0.22492, -0.76245, -0.072843),
    eir=(-5.9806, 0.9479, 4.3816, -1.0667, 2.9142, 0.090476),
    limit=0.5,
)
"""F: share of the condenser's airflow that is missing."""


def compressor_map(
    evaporating: Array,
    condensing: Array,
    *,
    evaporating_rated: float,
    condensing_rated: float,
    capacity_per_k: float,
    capacity_per_k_condensing: float,
    power_per_k: float,
    power_per_k_condensing: float,
) -> tuple[Array, Array]:
    """Return (capacity, power) relative to the rating point of a fixed-speed compressor.

    Straight lines around the rating point; the slopes are engineering estimates from the shape of makers'
    tables (AHRI 540 polynomials): warmer suction gives more of both, warmer condensing less capacity for
    more power.
    """
    de, dc = evaporating - evaporating_rated, condensing - condensing_rated
    capacity = (1.0 + capacity_per_k * de) * (1.0 - capacity_per_k_condensing * dc)
    power = (1.0 + power_per_k * de) * (1.0 + power_per_k_condensing * dc)
    return np.maximum(capacity, 0.05), np.maximum(power, 0.2)
