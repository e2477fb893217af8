"""Electricity that is cheaper at night: hours of the tariffs, and which homes make use of them.

Hours as the tariffs have them: Shanghai's and Zhejiang's residential time-of-use tariffs (valley 22–6 and
22–8, of the municipal and provincial development and reform commissions; the valley price is about half),
Jiangsu's (valley 21–8), Great Britain's Economy 7 (seven hours, mostly 0:30–7:30), France's *heures creuses*
(eight hours, most often 22:30–6:30, switched by the grid's own signal), Italy's two bands (F23: 19–8 and the
whole weekend, set by the regulator ARERA). Local time; that a home's own hours begin up to 40 minutes late
(grids stagger them, and people set round times) is an engineering estimate, as are the shares: of the homes
on such a tariff half delay their washing machines and dishwashers, and six of ten have the lower element of
their storage heater on the timer (the upper one may always heat: the off-peak and boost wiring of two-element
tanks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.randomness import keyed
from zerodistance.errors import SettingsError

Array = NDArray[np.float64]

_DELAYS, _TIMED = 0.5, 0.6
_LATEST_H = 0.67


@dataclass(frozen=True, slots=True)
class Tariff:
    """When electricity is cheap.

    Attributes:
        begins, ends: local hours of the cheap time, over midnight where it begins later than it ends; where
            both are equal there is no difference.
        weekend: Saturday and Sunday are cheap all day.
    """

    begins: float = 0.0
    ends: float = 0.0
    weekend: bool = False


TARIFFS = {
    "flat": Tariff(),
    "shanghai": Tariff(22.0, 6.0),
    "zhejiang": Tariff(22.0, 8.0),
    "jiangsu": Tariff(21.0, 8.0),
    "economy_7": Tariff(0.5, 7.5),
    "heures_creuses": Tariff(22.5, 6.5),
    "fasce": Tariff(19.0, 8.0, weekend=True),
}


class TariffHomes:
    """What a tariff is to the homes of a fleet: all of it drawn from the seed.

    Attributes:
        on: whether there is a cheap time at all.
        delays: 1 where people delay the start of washing machine and dishwasher, (homes,).
        timed: 1 where a timer holds the storage heater's lower element to the cheap hours, (homes,).
    """

    def __init__(self, name: str, homes: int, seed: int) -> None:
        """Draw the habits of ``homes`` homes.

        Raises:
            SettingsError: for a tariff that is not in :data:`TARIFFS`.
        """
        if name not in TARIFFS:
            raise SettingsError(f"tariff {name!r} is not known: choose of {', '.join(TARIFFS)}.")
        self.tariff = TARIFFS[name]
        self.on = self.tariff.begins != self.tariff.ends
        rng = keyed(seed, "tariff")
        self.delays = (rng.random(homes) < _DELAYS * self.on).astype(np.float64)
        self.timed = (rng.random(homes) < _TIMED * self.on).astype(np.float64)
        self._late = rng.uniform(0.0, _LATEST_H, homes)

    def cheap(self, hour: Array, weekend: bool) -> Array:
        """Return 1 where electricity is cheap, (steps, homes).

        Args:
            hour: local hour of the day, (steps,).
            weekend: whether the day is a Saturday or a Sunday.
        """
        if not self.on or (weekend and self.tariff.weekend):
            return np.ones((len(hour), len(self._late)))
        length = (self.tariff.ends - self.tariff.begins) % 24.0
        since = (hour[:, None] - self.tariff.begins - self._late) % 24.0
        return (since < length).astype(np.float64)
