"""How surprising numbers are by the tail of all before them, in six numbers of memory for each.

The same judgement as :mod:`models.streaming.tails`, kept up row by row: the middle and the edge of the tail
by stochastic approximation (Robbins and Monro, Annals of Mathematical Statistics 22, 1951), the excesses
over the edge by their running mean, for an exponential and for a Pareto tail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.streaming.tails import MOST

Singles = NDArray[np.float32]

BEYOND = 0.03
"""Share of the rows that lie in the tail."""
MEMORY = 20_000
"""Rows after which the past is forgotten as fast as it grows."""
LEAST_ROWS = 50
"""Rows that must have been seen before anything is surprising."""
_SETTLE = 20
_TINY = np.float32(1e-12)
_HALF = np.float32(0.5 / np.log(10.0))
_THIN = np.float32(0.05)
"""No tail is thinner than this share of its distance from the middle."""


@dataclass
class RunningTails:
    """The tails of many statistics at once; arrays of the statistics' shape.

    Attributes:
        middle: running median.
        edge: running quantile from which on the tail begins.
        spread: mean distance from the middle.
        excess: mean excess over the edge.
        stretch: mean logarithm of the excess in widths of the body.
        beyond: rows seen over the edge.
        rows: rows seen.
    """

    middle: Singles
    edge: Singles
    spread: Singles
    excess: Singles
    stretch: Singles
    beyond: Singles
    rows: int = 0

    @classmethod
    def begin(cls, shape: tuple[int, ...]) -> RunningTails:
        """Return tails that have seen nothing."""
        zero = np.zeros(shape, np.float32)
        tiny = np.full(shape, _TINY)
        return cls(zero, zero, tiny, tiny, np.full(shape, np.float32(0.3)), np.ones(shape, np.float32))

    def surprise(self, statistic: Singles, there: NDArray[np.bool_] | None = None) -> Singles:
        """Return −log10 of the tail probability of ``statistic`` after all before it, then learn it.

        Args:
            statistic: higher is stranger, no NaN.
            there: where it is a reading; the others are neither surprising nor learned. None: everywhere.
        """
        if not self.rows:
            self.middle, self.edge = statistic.copy(), statistic.copy()
            self.rows = 1
            return np.zeros_like(statistic)
        away = statistic - self.middle
        over = statistic > self.edge
        width = np.maximum(self.edge - self.middle, _TINY)
        excess = np.maximum(statistic - self.edge, np.float32(0.0))
        stretch = np.log(np.float32(1.0) + excess / width)
        found = np.zeros_like(statistic)
        if self.rows >= LEAST_ROWS:
            unit = np.maximum(self.excess, _THIN * width)
            found = np.clip(away / width, np.float32(0.0), np.float32(1.0))
            found *= np.float32(-np.log10(BEYOND))
            found += _HALF * (excess / unit + stretch / np.maximum(self.stretch, _THIN))
            np.minimum(found, np.float32(MOST), out=found)
            if there is not None:
                found *= there
        self._learn(away, over, excess, stretch, there)
        return found

    def _learn(
        self,
        away: Singles,
        over: NDArray[np.bool_],
        excess: Singles,
        stretch: Singles,
        there: NDArray[np.bool_] | None,
    ) -> None:
        gain = np.float32(1.0 / min(self.rows + 1, MEMORY))
        share = gain if there is None else gain * there
        self.spread += share * (np.abs(away) - self.spread)
        self.middle += (2.0 * share) * self.spread * np.sign(away)
        part = np.maximum(np.float32(1.0) / self.beyond, np.float32(1.0 / (BEYOND * MEMORY))) * over
        if there is not None:
            part *= there
        self.excess += part * (excess - self.excess)
        self.stretch += part * (stretch - self.stretch)
        self.beyond += over if there is None else over & there
        if self.rows <= _SETTLE:
            self.edge = np.maximum(self.middle, self.edge + np.float32(0.3) * excess)
        else:
            # the best step is one over the density at the edge: what lies beyond it, by its mean excess
            pace = np.maximum(self.excess, np.float32(0.3) * self.spread)
            slow = np.minimum(share, np.float32(0.02)) * np.float32(1.0 / BEYOND)
            self.edge += slow * pace * (over - np.float32(BEYOND))
        self.rows += 1
