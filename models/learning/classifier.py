"""A model that has learned which evidence means which fault, and leans on the signatures where it has not.

What it says is a mixture: ``share`` of a classifier over residuals and signature evidence, and the rest of
the signatures' own opinion; the share grows with the labels. A fault of which too few examples were seen
keeps the probability that the signatures give it, as far as they can be trusted with it; the classifier
divides what is left among the faults that it knows. In the end the mixture is made as sure of itself as it
was right on devices that the classifier had not seen.
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


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained model, by the names of features and faults, not yet tied to a catalogue.

    Attributes:
        features: names, in the order of the classifier's columns.
        faults: names of the type's faults at training time; with ``unknown`` behind them.
        covered: classes that the classifier knows, in its order.
        trust: for each of ``faults`` and unknown, what is left of the signatures' probability of a fault that
            is not covered, 0 to 1: less where they named it often and it never was.
        share: of the classifier in the mixture, 0 to 1.
        sharpness: exponent that calibrates the mixture, 1 where it is as sure as it should be.
        likely: a cause below this probability is not named.
        classifier: a fitted LogisticRegression of scikit-learn.
    """

    version: str
    features: tuple[str, ...]
    faults: tuple[str, ...]
    covered: tuple[str, ...]
    trust: tuple[float, ...]
    share: float
    sharpness: float
    likely: float
    classifier: Any

    def bind(self, plan: TypePlan) -> Bound:
        """Tie it to the catalogue as it is now: what the model does not know is left to the signatures."""
        where = {name: position for position, name in enumerate(plan.features)}
        named = (*plan.faults, UNKNOWN)
        known = {name: position for position, name in enumerate(named)}
        trust = dict(zip((*self.faults, UNKNOWN), self.trust, strict=True))
        return Bound(
            model=self,
            version=self.version,
            likely=self.likely,
            columns=np.array([where.get(name, -1) for name in self.features], np.int64),
            signatures=np.array([known.get(name, -1) for name in (*self.faults, UNKNOWN)], np.int64),
            classes=np.array([known.get(name, -1) for name in self.covered], np.int64),
            trust=np.array([trust.get(name, 1.0) for name in named]),
        )


@dataclass(frozen=True, eq=False)
class Bound:
    """A trained model that speaks in the catalogue's order: a :class:`models.naming.Namer`.

    Attributes:
        columns: (F',) place of each of the model's features in the plan, −1 for one that is gone.
        signatures: (K' + 1,) likewise of its faults and unknown; ``classes`` (C,) of those that it covers.
        trust: (K + 1,) in the signatures, for what is not covered.
    """

    model: Learned
    version: str
    likely: float
    columns: Ints
    signatures: Ints
    classes: Ints
    trust: Floats

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
        learned = said[:, mine] / np.maximum(said[:, mine].sum(axis=1, keepdims=True), SMALLEST)
        return sharpen(
            mix(plain, learned, self.classes[mine], self.trust, self.model.share), self.model.sharpness
        )


def columns(counted: Floats, plain: Floats, creeping: Floats) -> Floats:
    """Return (N, 2 F + K + 2): what the classifier sees.

    Residuals saturate, each beside whether it is known at all; the signatures' opinion stands there as
    logarithms of probabilities; the last column says on which track the incident was found. All are of the
    order of one, so that the penalty on the classifier's weights is fair.
    """
    known = np.isfinite(counted)
    size = np.tanh(np.clip(np.nan_to_num(counted), -LARGEST, LARGEST) / UNIT)
    said = np.log(np.maximum(plain, SMALLEST)) / UNIT
    return np.concatenate([size, known, said, creeping[:, None]], axis=1)


def classify(classifier: Any, x: Floats) -> Floats:
    """Return (N, C): what ``predict_proba`` would, a tenth as slow for the one row that an incident has."""
    score = x @ classifier.coef_.T + classifier.intercept_
    if score.shape[1] == 1:  # of two classes one stands for both
        score = np.concatenate([np.zeros_like(score), score], axis=1)
    odds = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def mix(plain: Floats, learned: Floats, classes: Ints, trust: Floats, share: float) -> Floats:
    """Return (N, K + 1): the signatures' probabilities with ``share`` of the classifier's in them.

    Args:
        plain: (N, K + 1) what the signatures say.
        learned: (N, C) what the classifier says, rows summing to 1.
        classes: (C,) its classes' places in ``plain``.
        trust: (K + 1,) what of the signatures' probability is kept where the classifier knows nothing.
        share: of the classifier.

    >>> plain, learned = np.array([[0.2, 0.3, 0.5]]), np.array([[1.0, 0.0]])
    >>> mix(plain, learned, np.array([0, 1]), np.ones(3), 0.5).round(2).tolist()
    [[0.35, 0.15, 0.5]]
    """
    theirs = plain * trust
    theirs[:, classes] = 0.0
    theirs[:, classes] = (1.0 - theirs.sum(axis=1, keepdims=True)) * learned
    return np.asarray((1.0 - share) * plain + share * theirs)


def sharpen(said: Floats, sharpness: float) -> Floats:
    """Return probabilities raised to a power, summing to 1 again.

    Platt's sigmoid for several classes, with a slope alone: "temperature scaling" of Guo, Pleiss, Sun and
    Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.

    >>> sharpen(np.array([[0.75, 0.25]]), 2.0).tolist()
    [[0.9, 0.1]]
    """
    raised = np.maximum(said, SMALLEST) ** sharpness
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _taken(values: Floats, places: Ints, missing: float) -> Floats:
    """Return the columns at ``places``; a place of −1 gives a column of ``missing``."""
    padded = np.concatenate([values, np.full((len(values), 1), missing)], axis=1)
    return np.asarray(padded[:, places])
