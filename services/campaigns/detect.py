"""When a cause is common to many appliances. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from services.policy import CampaignRule

Dimension = Literal["firmware", "model", "region"]
# The more telling one first, where two explain a cause equally well.
DIMENSIONS: tuple[Dimension, ...] = ("firmware", "model", "region")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many appliances of one type have a cause, in a scope and elsewhere.

    Attributes:
        dimension: what the scope has in common.
        value: which firmware, model or region.
        affected: appliances in the scope that have the cause.
        total: appliances in the scope.
        affected_elsewhere: appliances outside it that have the cause.
        total_elsewhere: appliances outside it.
    """

    dimension: Dimension
    value: str
    affected: int
    total: int
    affected_elsewhere: int
    total_elsewhere: int

    @property
    def share(self) -> float:
        """Share of the scope's appliances that have the cause."""
        return self.affected / self.total if self.total else 0.0

    @property
    def times(self) -> float:
        """How many times as common the cause is in the scope as elsewhere; half a case is always added there,
        so that a scope that nobody stands outside of explains nothing."""
        if not self.total_elsewhere:
            return 1.0
        return self.share / ((self.affected_elsewhere + 0.5) / (self.total_elsewhere + 1))


def common_scope(tallies: Iterable[Tally], rule: CampaignRule) -> Tally | None:
    """Return the scope that a cause is common to, None if there is none.

    >>> rule = CampaignRule(window_h=24, least=5, share=0.2, times_elsewhere=4.0)
    >>> bad_release = Tally("firmware", "2.1", 8, 20, 1, 80)
    >>> chance = Tally("region", "west", 5, 60, 4, 40)
    >>> common_scope([chance, bad_release], rule).value
    '2.1'
    >>> common_scope([chance], rule) is None
    True
    """
    fitting = [
        tally
        for tally in tallies
        if tally.value
        and tally.affected >= rule.least
        and tally.share >= rule.share
        and tally.times >= rule.times_elsewhere
    ]
    return max(fitting, key=lambda t: (t.times, -DIMENSIONS.index(t.dimension)), default=None)
