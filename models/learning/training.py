"""From labelled examples to a model: fitted, calibrated on other devices than it was fitted on, shrunk.

The same examples give the same model: they are put in order first, folds are drawn with a fixed seed, and
the solver is deterministic.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from models.diagnose import LIKELY, probabilities
from models.learning.classifier import Learned, columns, mix, sharpen
from models.learning.examples import Example, arrays, in_order, shares
from models.plan import UNKNOWN, Floats, Ints, TypePlan
from zerodistance.errors import ZeroDistanceError

FOLDS = 5
LEAST_DEVICES = 3
"""A fault that fewer devices have shown is left to its signature."""
SHRINK = 10.0
"""With so many labelled incidents the classifier may have half of the share that it has earned."""
SHARES = tuple(round(0.1 * step, 1) for step in range(11))
SIMULATED_WORTH = 0.25
"""What a simulated incident counts beside one that somebody has looked at."""
SHARPNESS = (0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.9, 3.5)
STRENGTH = 10.0
"""Inverse of the penalty on the classifier's weights (``C`` of scikit-learn's LogisticRegression)."""
WRONG_COSTS = 3.0
"""A wrong cause (the wrong part in the van) costs so many times what ``unknown`` costs."""
THRESHOLDS = tuple(round(LIKELY + 0.05 * step, 2) for step in range(9))
SEED = 20261122


class TooFewLabelsError(ZeroDistanceError):
    """There is not enough to learn from; the signatures go on alone."""

    code = "too_few_labels"
    exit_code = 6


@dataclass(frozen=True, eq=False)
class Material:
    """Examples as arrays, in an order of their own: N looks at incidents.

    Attributes:
        counted: (N, F) residuals, ``weights`` (N, K + 1) signature evidence, ``creeping`` (N,) 0 or 1.
        truth: (N,) place of the label among the plan's faults, K for unknown.
        device: (N,) number of the device; ``incident`` (N,) of the incident.
        worth: (N,) weight: the looks at one incident together count 1, less where it is simulated.
    """

    examples: tuple[Example, ...]
    counted: Floats
    weights: Floats
    creeping: Floats
    truth: Ints
    device: Ints
    incident: Ints
    worth: Floats

    def take(self, which: Ints) -> Material:
        """Return some of the looks."""
        return Material(
            tuple(self.examples[i] for i in which),
            self.counted[which],
            self.weights[which],
            self.creeping[which],
            self.truth[which],
            self.device[which],
            self.incident[which],
            self.worth[which],
        )


def prepare(plan: TypePlan, examples: Sequence[Example]) -> Material:
    """Return examples as arrays, without those whose label the catalogue does not have any more."""
    names = {name: place for place, name in enumerate((*plan.faults, UNKNOWN))}
    kept = tuple(one for one in in_order(examples) if one.label in names)
    counted, weights = arrays(plan, kept)
    worth = shares(kept)
    simulated = np.array([one.source == "simulated" for one in kept], np.bool_)
    if not simulated.all():
        worth[simulated] *= SIMULATED_WORTH
    return Material(
        kept,
        counted,
        weights,
        np.array([float(one.vector.creeping) for one in kept]),
        np.array([names[one.label] for one in kept], np.int64),
        _numbered([one.device for one in kept]),
        _numbered([one.incident for one in kept]),
        worth,
    )


def folds(material: Material, seed: int = SEED) -> Iterator[tuple[Ints, Ints]]:
    """Yield (train, test) rows; all looks at one device are on the same side, faults are spread evenly."""
    parts = min(FOLDS, len(np.unique(material.device)), np.bincount(material.truth).max(initial=0))
    if parts < 2:
        raise TooFewLabelsError("All labels are of one device: there is nothing to judge a model on.")
    split = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer devices with a fault than folds
        drawn = list(split.split(material.counted, material.truth, material.device))
    yield from drawn


def train(plan: TypePlan, material: Material, version: str) -> Learned:
    """Train a model.

    Raises:
        TooFewLabelsError: fewer than two causes have been seen on :data:`LEAST_DEVICES` devices each.
    """
    names = (*plan.faults, UNKNOWN)
    classes = _covered(material)
    if len(classes) < 2:
        raise TooFewLabelsError(
            f"{plan.appliance.type}: to learn, two causes are needed with {LEAST_DEVICES} devices each; "
            f"there are {len(classes)}. Close more tickets with an outcome, or add simulated examples."
        )
    plain = probabilities(material.weights)
    x = columns(material.counted, plain, material.creeping)
    rows = np.flatnonzero(np.isin(material.truth, classes))
    truth, worth = material.truth[rows], material.worth[rows]
    trust = _trust(plain, material, classes)
    said = _held_out(material, x, rows, classes)
    share, sharpness = _tune(plain[rows], said, classes, trust, truth, worth)
    mixed = sharpen(mix(plain[rows], said, classes, trust, share), sharpness)
    return Learned(
        version=version,
        features=plan.features,
        faults=plan.faults,
        covered=tuple(names[place] for place in classes),
        trust=tuple(float(t) for t in trust),
        share=share,
        sharpness=sharpness,
        likely=_threshold(mixed, truth, worth),
        classifier=_fitted(x[rows], truth, worth),
    )


def _covered(material: Material) -> Ints:
    """Return (C,) the labels that enough devices have shown, ascending."""
    found = [
        place
        for place in np.unique(material.truth)
        if len(np.unique(material.device[material.truth == place])) >= LEAST_DEVICES
    ]
    return np.array(found, np.int64)


def _trust(plain: Floats, material: Material, classes: Ints) -> Floats:
    """Return (K + 1,) how far the signatures are believed of what the classifier does not know.

    Who has named a fault five times in vain is believed a sixth. What no signature explains stays unknown.
    """
    said = material.worth @ plain
    was = np.bincount(material.truth, material.worth, plain.shape[1])
    trust = np.minimum(1.0, (1.0 + was) / (1.0 + said))
    trust[[*classes, -1]] = 1.0
    return np.asarray(np.round(trust, 4))


def _tune(
    plain: Floats, said: Floats, classes: Ints, trust: Floats, truth: Ints, worth: Floats
) -> tuple[float, float]:
    """Return (share, sharpness): what the classifier has earned on held-out devices, less with few labels."""

    def loss(share: float, sharpness: float) -> float:
        own = sharpen(mix(plain, said, classes, trust, share), sharpness)[np.arange(len(truth)), truth]
        # a prior of one incident against being much surer, or less sure, than the sum of both
        return float(-(worth * np.log(own)).sum() + np.log(sharpness) ** 2)

    earned = min(SHARES, key=lambda share: round(min(loss(share, sharp) for sharp in SHARPNESS), 9))
    labels = float(worth.sum())
    share = round(earned * labels / (labels + SHRINK), 4)
    return share, min(SHARPNESS, key=lambda sharp: round(loss(share, sharp), 9))


def _fitted(x: Floats, truth: Ints, worth: Floats) -> LogisticRegression:
    """Return a fitted classifier; one thread, so that sums are always taken in the same order."""
    model = LogisticRegression(C=STRENGTH, max_iter=2000, tol=1e-5, random_state=SEED)
    # rare faults are rare in life: no class is blown up, the probabilities would no longer be true
    with threadpool_limits(1):
        model.fit(x, truth, sample_weight=worth)
    return model


def _held_out(material: Material, x: Floats, rows: Ints, classes: Ints) -> Floats:
    """Return (R, C): what a classifier fitted on other devices says of each of ``rows``."""
    said = np.full((len(rows), len(classes)), 0.0)
    part = material.take(rows)
    for fit, test in folds(part):
        seen = np.unique(part.truth[fit])
        if len(seen) < 2:
            said[test] = 1.0 / len(classes)
            continue
        model = _fitted(x[rows][fit], part.truth[fit], part.worth[fit])
        said[np.ix_(test, np.searchsorted(classes, model.classes_))] = model.predict_proba(x[rows][test])
    return said


def _threshold(mixed: Floats, truth: Ints, worth: Floats) -> float:
    """Return the probability from which a cause is named that costs least on the held-out devices."""
    unknown = mixed.shape[1] - 1
    best = mixed.argmax(axis=1)
    top = mixed[np.arange(len(mixed)), best]
    costs = []
    for threshold in THRESHOLDS:
        named = np.where(top >= threshold, best, unknown)
        wrong = (named != truth) & (named != unknown)
        silent = (named == unknown) & (truth != unknown)
        costs.append(float((worth * (WRONG_COSTS * wrong + silent)).sum()))
    return THRESHOLDS[int(np.argmin(np.round(costs, 9)))]


def _numbered(names: Sequence[str]) -> Ints:
    return np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
