"""Which fault it is: probabilities over the type's faults and ``unknown``, from the catalogue's signatures.

Rules: every fault earns evidence for each residual that moves as its signature says, loses
twice as much for one that moves the other way, some for what it leaves unexplained, and for what it
expects and does not see. A softmax over the evidence, ``unknown`` having a fixed share, gives the
probabilities. What an appliance itself says (fault codes, impossible readings) is evidence of the same kind.
A model learned from outcomes (:mod:`models.learning`) may take the softmax's place: :func:`opine`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.naming import Seen
from models.plan import UNKNOWN, Bools, Floats, TypePlan

AGREE = 1.6
CONTRADICT = 2.0
"""A residual that moves against the signature counts this many times more than one that moves with it."""
SILENT = 0.5
STEADY = 1.2
UNEXPLAINED = 0.5
UNKNOWN_EVIDENCE = 2.0
CODE_EVIDENCE = 6.0
INVALID_EVIDENCE = 7.0
POSSIBLE_READINGS = 3.0
"""What speaks against a sensor fault whose sensor gives possible readings."""
WITHOUT = 3.0
"""What speaks against a fault whose necessary sign is not there."""
SUDDEN = 0.25
"""What a residual of now is worth for a fault that takes days, when the daily means do not show it."""
LIKELY = 0.35
"""A cause below this probability is not named: it is ``unknown``."""


SPREADS = 5.0
"""A daily residual of so many spreads says three quarters of what a residual can say."""
CREEPING_GAIN = 2.5
CREEPING_UNKNOWN = 1.0


@dataclass(frozen=True)
class Opinion:
    """What is wrong with one device at one moment.

    Attributes:
        probabilities: (K + 1,) faults in the plan's order, then unknown.
        likely: a cause below this probability is not named.
        model: version of the learned model whose opinion it is, "" for the signatures'.
        order: candidates, most probable first.
    """

    probabilities: Floats
    likely: float = LIKELY
    model: str = ""

    @property
    def order(self) -> list[int]:
        """Indices of the candidates, most probable first."""
        return [int(i) for i in np.argsort(-self.probabilities, kind="stable")]

    def cause(self, plan: TypePlan) -> str:
        """Return the most probable cause, or ``unknown`` where none is likely."""
        best = self.order[0]
        if best == len(plan.faults) or self.probabilities[best] < self.likely:
            return UNKNOWN
        return plan.faults[best]


def evidence(plan: TypePlan, counted: Floats, slow: Floats, codes: Floats, invalid: Bools) -> Floats:
    """Return (R, K + 1): evidence for each fault, then for unknown.

    Args:
        plan: the type.
        counted: (R, F) what each residual counts now, NaN where not known.
        slow: (R, F) smoothed daily residuals, for the faults that creep.
        codes: (R, K) number of active fault codes that point to the fault.
        invalid: (R, C) channels whose readings are impossible.
    """
    result = np.zeros((len(counted), len(plan.faults) + 1))
    there = np.isfinite(counted)
    creeping = np.where(there & ~_larger(slow, counted), SUDDEN * counted, slow)
    for speed, basis in ((True, counted), (False, creeping)):
        which = plan.is_fast == speed
        if not which.any():
            continue
        # 1: its return level
        d = np.clip(np.nan_to_num(basis) / 4.0, -2.0, 2.0)
        signature, steady = plan.signature[which], plan.steady[which]
        along = d[:, None, :] * signature
        gained = AGREE * (np.maximum(along, 0.0) - CONTRADICT * np.maximum(-along - 0.15, 0.0)).sum(axis=2)
        silent = SILENT * ((along < 0.2) & (signature != 0) & there[:, None, :]).sum(axis=2)
        moved = STEADY * (np.maximum(np.abs(d[:, None, :]) - 0.4, 0.0) * steady).sum(axis=2)
        rest = (signature == 0) & ~steady
        unexplained = UNEXPLAINED * (np.maximum(np.abs(d[:, None, :]) - 0.5, 0.0) * rest).sum(axis=2)
        blind = SILENT * ((signature != 0) & ~there[:, None, :]).sum(axis=2) * 0.5
        needed = plan.necessary[which] & there[:, None, :]
        absent = WITHOUT * (needed & (along < 0.5)).any(axis=2)
        result[:, :-1][:, which] = gained - absent - silent - moved - unexplained - blind
    result[:, :-1] += CODE_EVIDENCE * codes
    seen = (invalid[:, None, :] & plan.invalid).any(axis=2)
    result[:, :-1] += np.where(
        seen, INVALID_EVIDENCE, np.where(plan.invalid.any(axis=1), -POSSIBLE_READINGS, 0.0)
    )
    result[:, -1] = UNKNOWN_EVIDENCE
    return result


def creeping_evidence(plan: TypePlan, z: Floats) -> Floats:
    """Return (R, K + 1): evidence for each fault from daily residuals, then for unknown.

    Days average out what minutes do not, so a residual says more here, and what a signature leaves open
    costs little: a slow fault moves much that nobody wrote down.

    Args:
        plan: the type.
        z: (R, F) smoothed residuals in spreads, NaN where not known.
    """
    there = np.isfinite(z)
    d = np.tanh(np.nan_to_num(z) / SPREADS)
    along = d[:, None, :] * plan.signature
    named = (plan.signature != 0) & there[:, None, :]
    size = np.sqrt(np.maximum(named.sum(axis=2), 1.0))
    gained = AGREE * (np.maximum(along, 0.0) - CONTRADICT * np.maximum(-along - 0.15, 0.0)).sum(axis=2)
    silent = SILENT * (named & (along < 0.2)).sum(axis=2)
    moved = STEADY * (np.maximum(np.abs(d[:, None, :]) - 0.4, 0.0) * plan.steady).sum(axis=2)
    rest = (plan.signature == 0) & ~plan.steady
    unexplained = 0.5 * UNEXPLAINED * (np.maximum(np.abs(d[:, None, :]) - 0.4, 0.0) * rest).sum(axis=2)
    absent = WITHOUT * (plan.necessary & there[:, None, :] & (along < 0.3)).any(axis=2)
    # what a device does not report can neither show nor exclude it: others are likelier
    whole = np.maximum((plan.signature != 0).sum(axis=1), 1)
    absent += WITHOUT * (named.sum(axis=2) < 0.5 * whole)
    # what is judged only in one season or mode is not there in the other: that excludes nothing
    owed = plan.necessary & (plan.when < 0)
    absent += 0.5 * WITHOUT * (owed & ~there[:, None, :]).any(axis=2)
    result = np.full((len(z), len(plan.faults) + 1), CREEPING_UNKNOWN)
    result[:, :-1] = CREEPING_GAIN * ((gained - silent) / size - moved - unexplained) - absent
    result[:, :-1][:, ~plan.creeps] = -10.0
    return result


def probabilities(evidence_for: Floats) -> Floats:
    """Return softmax of evidence over the last axis; never quite 0 or 1.

    >>> probabilities(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    shifted = np.exp(np.clip(evidence_for - evidence_for.max(axis=-1, keepdims=True), -30.0, 0.0))
    share = shifted / shifted.sum(axis=-1, keepdims=True)
    return np.asarray(0.98 * share + 0.02 / share.shape[-1])


def opine(plan: TypePlan, seen: Seen) -> Opinion:
    """Return what the champion of the type's panel thinks of an incident."""
    champion = plan.panel.champion
    if champion is None:
        return Opinion(probabilities(seen.weights))
    return Opinion(champion.probabilities(seen), champion.likely, champion.version)


def _larger(slow: Floats, counted: Floats) -> Bools:
    return np.asarray(np.abs(np.nan_to_num(slow)) >= 0.5 * np.abs(np.nan_to_num(counted)))
