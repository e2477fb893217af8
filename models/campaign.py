"""Fleet-wide causes: many devices of a region or a firmware that deviate at once are one matter, not many.

Pure: who deviates and who belongs together is given. A cohort whose devices deviate in the same direction, in
a share that chance does not explain and that the rest of the fleet does not show, is a campaign: one visit to
the firmware's makers and none to the homes. What moves the whole fleet (a heatwave) needs no
campaign: the fleet's median takes it out of every residual (:mod:`models.reference`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma

import numpy as np

from models.plan import Bools, Floats

DEVIATES = 3.0
"""A device deviates that stands so many spreads out."""
LEAST_DEVICES = 6
LEAST_SHARE = 0.5
CHANCE = 1e-4
"""Highest probability that so many deviate in a cohort that is like the others (one-sided Fisher's test)."""


@dataclass(frozen=True)
class Campaign:
    """One cohort that deviates in one feature.

    Attributes:
        cohort: its name, for example ``firmware 2.1.0``.
        feature: index of the feature.
        direction: +1 or −1.
        devices: indices of the devices that deviate.
        share: of the cohort's devices that report the feature.
        chance: probability of this if the cohort were like the others.
    """

    cohort: str
    feature: int
    direction: int
    devices: tuple[int, ...]
    share: float
    chance: float


def recognise(z: Floats, cohorts: Mapping[str, Bools]) -> list[Campaign]:
    """Return the cohorts that deviate, the clearest first; a cohort has one campaign for each feature.

    Args:
        z: (D, F) smoothed residuals in spreads, NaN where not known.
        cohorts: name → (D,) who belongs to it.

    >>> z = np.zeros((40, 1))
    >>> z[:10] = 5.0
    >>> new = np.arange(40) < 12
    >>> found = recognise(z, {"firmware 2": new, "firmware 1": ~new})
    >>> [(one.cohort, one.direction, len(one.devices)) for one in found]
    [('firmware 2', 1, 10)]
    """
    found = []
    known = np.isfinite(z)
    for name, mine in cohorts.items():
        for feature in range(z.shape[1]):
            inside = mine & known[:, feature]
            outside = ~mine & known[:, feature]
            size = int(inside.sum())
            if size < LEAST_DEVICES:
                continue
            for direction in (1, -1):
                over = np.nan_to_num(z[:, feature]) * direction >= DEVIATES
                hits = int((over & inside).sum())
                if hits < LEAST_DEVICES or hits < LEAST_SHARE * size:
                    continue
                chance = _fisher(hits, size, int((over & outside).sum()), int(outside.sum()))
                if chance <= CHANCE:
                    devices = tuple(int(device) for device in np.flatnonzero(over & inside))
                    found.append(Campaign(name, feature, direction, devices, hits / size, chance))
    return sorted(found, key=lambda one: one.chance)


def _fisher(hits: int, size: int, other_hits: int, others: int) -> float:
    """Return the probability of at least ``hits`` of ``size``, the hits being spread over all by chance.

    By logarithms of factorials: a region has more appliances than whole numbers are quick with.

    >>> round(_fisher(3, 3, 0, 3), 9), round(_fisher(0, 3, 2, 3), 9)
    (0.05, 1.0)
    """
    total, all_hits = size + others, hits + other_hits
    ways = _log_choose(total, all_hits)
    likeliest = (all_hits + 1) * (size + 1) // (total + 2)
    chance = 0.0
    for k in range(max(hits, all_hits - others), min(size, all_hits) + 1):
        term = exp(_log_choose(size, k) + _log_choose(others, all_hits - k) - ways)
        chance += term
        if k > likeliest and term <= 1e-15 * chance:
            break
    return min(chance, 1.0)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)
