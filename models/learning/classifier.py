"""A model that has learned which evidence means which fault, and leans on the signatures where it has not.

What it says is a mixture: ``share`` of a classifier over residuals and signature evidence, with probabilities
calibrated on devices it was not fitted on, and the rest of the signatures' own opinion. The share grows
with the labels. A fault of which too few examples were seen keeps the probability that the signatures
give it; the classifier only divides what is left among those that it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.diagnose import LIKELY, probabilities
from models.naming import Seen
from models.plan import UNKNOWN, Floats, Ints, TypePlan
from zerodistance.errors import ZeroDistanceError

LARGEST = 12.0
"""A residual that counts more says no more."""
UNIT = 4.0
SMALLEST = 1e-4
"""No probability is taken for smaller than this before its logarithm."""


class ModelError(ZeroDistanceError):
    """A model's file is damaged, not the one that was registered, or holds what it must not."""

    code = "model"
    exit_code = 7


@dataclass(frozen=True, eq=False)
class Signatures:
    """The signatures alone as a namer: champion of the first day, and what each model is compared with."""

    version: str
    likely: float = LIKELY

    def probabilities(self, seen: Seen) -> Floats:
        """Return (K + 1,) probabilities."""
        return probabilities(seen.weights)

    def many(self, counted: Floats, weights: Floats, creeping: Floats) -> Floats:
        """Return (N, K + 1) probabilities of N incidents; of the arguments only ``weights`` counts."""
        return probabilities(weights)


@dataclass(frozen=True)
class Calibrator:
    """What the classifier says of one class → how often it is true: straight pieces between knots.

    Attributes:
        kind: ``sigmoid`` (Platt) or ``isotonic``.
        at, value: knots; for a sigmoid ``at`` is (slope, intercept) on the logit and ``value`` is empty.
    """

    kind: str
    at: tuple[float, ...]
    value: tuple[float, ...] = ()

    def __call__(self, said: Floats) -> Floats:
        """Return calibrated probabilities, never quite 0 or 1.

        >>> Calibrator("isotonic", (0.2, 0.8), (0.1, 0.5))(np.array([0.0, 0.5])).tolist()
        [0.1, 0.3]
        """
        if self.kind == "isotonic":
            result = np.interp(said, self.at, self.value)
        else:
            result = 1.0 / (1.0 + np.exp(-(self.at[0] * logit(said) + self.at[1])))
        return np.asarray(np.clip(result, SMALLEST, 1.0 - SMALLEST))


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained model, by the names of features and faults, not yet tied to a catalogue.

    Attributes:
        features: names, in the order of the classifier's columns.
        faults: names of the type's faults at training time; with ``unknown`` behind them.
        covered: classes that the classifier knows, in its order.
        share: of the classifier in the mixture, 0 to 1.
        likely: a cause below this probability is not named.
        classifier: a fitted pipeline of scikit-learn with ``predict_proba``.
        calibrators: one for each of ``covered``.
    """

    version: str
    features: tuple[str, ...]
    faults: tuple[str, ...]
    covered: tuple[str, ...]
    share: float
    likely: float
    classifier: Any
    calibrators: tuple[Calibrator, ...]

    def bind(self, plan: TypePlan) -> Bound:
        """Tie it to the catalogue as it is now: what the model does not know is left to the signatures."""
        where = {name: position for position, name in enumerate(plan.features)}
        named = (*plan.faults, UNKNOWN)
        known = {name: position for position, name in enumerate(named)}
        return Bound(
            model=self,
            version=self.version,
            likely=self.likely,
            columns=np.array([where.get(name, -1) for name in self.features], np.int64),
            signatures=np.array([known.get(name, -1) for name in (*self.faults, UNKNOWN)], np.int64),
            classes=np.array([known.get(name, -1) for name in self.covered], np.int64),
        )


@dataclass(frozen=True, eq=False)
class Bound:
    """A trained model that speaks in the catalogue's order: a :class:`models.naming.Namer`.

    Attributes:
        columns: (F',) place of each of the model's features in the plan, −1 for one that is gone.
        signatures: (K' + 1,) likewise of its faults and unknown; ``classes`` (C,) of those that it covers.
    """

    model: Learned
    version: str
    likely: float
    columns: Ints
    signatures: Ints
    classes: Ints

    def probabilities(self, seen: Seen) -> Floats:
        """Return (K + 1,) probabilities."""
        counted = seen.counted
        if not len(counted):  # an incident from before evidence was kept: the signatures' weights are there
            counted = np.full(int(self.columns.max(initial=-1)) + 1, np.nan)
        creeping = np.array([float(seen.creeping)])
        return np.asarray(self.many(counted[None, :], seen.weights[None, :], creeping)[0])

    def many(self, counted: Floats, weights: Floats, creeping: Floats) -> Floats:
        """Return (N, K + 1) probabilities of N incidents.

        Args:
            counted: (N, F) what each residual counts, NaN where not known.
            weights: (N, K + 1) evidence by signature.
            creeping: (N,) 1 for what was found in daily values, else 0.
        """
        plain = probabilities(weights)
        mine = self.classes >= 0
        if not mine.any():
            return plain
        residuals = _taken(counted, self.columns, np.nan)
        said = classify(
            self.model.classifier, columns(residuals, _taken(plain, self.signatures, 0.0), creeping)
        )
        learned = calibrated(said, self.model.calibrators)[:, mine]
        learned /= learned.sum(axis=1, keepdims=True)
        return mix(plain, learned, self.classes[mine], self.model.share)


def columns(counted: Floats, plain: Floats, creeping: Floats) -> Floats:
    """Return (N, 2 F + K + 2): what the classifier sees.

    Residuals saturate, each beside whether it is known at all; the signatures' opinion stands there as
    logarithms of probabilities; the last column says on which track the incident was found.
    """
    known = np.isfinite(counted)
    size = np.tanh(np.clip(np.nan_to_num(counted), -LARGEST, LARGEST) / UNIT)
    return np.concatenate([size, known, np.log(np.maximum(plain, SMALLEST)), creeping[:, None]], axis=1)


def classify(classifier: Any, x: Floats) -> Floats:
    """Return (N, C): what ``predict_proba`` would, a tenth as slow for the one row that an incident has."""
    scaler, regression = classifier[0], classifier[-1]
    score = ((x - scaler.mean_) / scaler.scale_) @ regression.coef_.T + regression.intercept_
    if score.shape[1] == 1:  # of two classes one stands for both
        score = np.concatenate([np.zeros_like(score), score], axis=1)
    odds = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def calibrated(said: Floats, calibrators: tuple[Calibrator, ...]) -> Floats:
    """Return (N, C) each class calibrated by itself, and all made to sum to 1."""
    one_by_one = np.stack([make(said[:, c]) for c, make in enumerate(calibrators)], axis=1)
    return np.asarray(one_by_one / one_by_one.sum(axis=1, keepdims=True))


def mix(plain: Floats, learned: Floats, classes: Ints, share: float) -> Floats:
    """Return (N, K + 1): the signatures' probabilities with ``share`` of the classifier's in them.

    Args:
        plain: (N, K + 1) what the signatures say.
        learned: (N, C) what the classifier says, rows summing to 1.
        classes: (C,) its classes' places in ``plain``.
        share: of the classifier.

    >>> mix(np.array([[0.2, 0.3, 0.5]]), np.array([[1.0, 0.0]]), np.array([0, 1]), 0.5).tolist()
    [[0.35, 0.15, 0.5]]
    """
    result = plain.copy()
    left = plain[:, classes].sum(axis=1, keepdims=True)
    result[:, classes] = (1.0 - share) * plain[:, classes] + share * left * learned
    return result


def logit(p: Floats) -> Floats:
    """Return the log odds of probabilities, which are kept off 0 and 1."""
    kept = np.clip(p, SMALLEST, 1.0 - SMALLEST)
    return np.asarray(np.log(kept / (1.0 - kept)))


def _taken(values: Floats, places: Ints, missing: float) -> Floats:
    """Return the columns at ``places``; a place of −1 gives a column of ``missing``."""
    padded = np.concatenate([values, np.full((len(values), 1), missing)], axis=1)
    return np.asarray(padded[:, places])
