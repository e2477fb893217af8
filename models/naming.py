"""Who names the cause: the signatures alone, or a learned model that has taken their place.

One narrow door: an incident shows what was seen (:class:`Seen`), and the panel's champion says how probable
each fault is. :mod:`models.learning` makes champions; nothing here knows how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """The evidence on one incident at one moment: all that a model may judge by, and is trained on.

    Attributes:
        counted: (F,) what each residual counts, NaN where not known, averaged over the incident.
        weights: (K + 1,) evidence for each fault by its signature and codes, then for unknown, likewise.
        creeping: it was found in daily values.
    """

    counted: Floats
    weights: Floats
    creeping: bool


class Namer(Protocol):
    """A model that names causes."""

    @property
    def version(self) -> str:
        """Name under which findings carry it."""

    @property
    def likely(self) -> float:
        """A cause below this probability is not named: it is ``unknown``."""

    def probabilities(self, seen: Seen) -> Floats:
        """Return (K + 1,): the probability of each fault in the plan's order, then of unknown."""


@dataclass
class Panel:
    """Who speaks for one appliance type; None: the signatures, as on the first day."""

    champion: Namer | None = None
