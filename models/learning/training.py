"""From labelled examples to a model: fitted, calibrated on other devices than it was fitted on, shrunk.

The same examples give the same model: they are put in order first, folds are drawn with a fixed seed, and
the solver is deterministic.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models.diagnose import LIKELY, probabilities
from models.learning.classifier import SMALLEST, Calibrator, Learned, calibrated, columns, logit, mix
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
ISOTONIC_FROM = 60
"""From so many incidents of a class on its calibration may have any rising shape; below it is a sigmoid."""
STRENGTH = 0.3
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
    worth = shares(kept) * np.array([1.0 if one.source == "ticket" else SIMULATED_WORTH for one in kept])
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
    devices = len(np.unique(material.device))
    if devices < 2:
        raise TooFewLabelsError("All labels are of one device: there is nothing to judge a model on.")
    split = StratifiedGroupKFold(min(FOLDS, devices), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer devices with a fault than folds
        parts = list(split.split(material.counted, material.truth, material.device))
    yield from parts


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
    held_out = _held_out(material, x, rows, classes)
    calibrators = tuple(
        _calibrator(held_out[:, c], material.truth[rows] == place, material, rows)
        for c, place in enumerate(classes)
    )
    truth, worth = material.truth[rows], material.worth[rows]
    said = calibrated(held_out, calibrators)
    share = _share(plain[rows], said, classes, truth, worth)
    mixed = mix(plain[rows], said, classes, share)
    model = _fitted(x[rows], truth, worth)
    return Learned(
        version=version,
        features=plan.features,
        faults=plan.faults,
        covered=tuple(names[place] for place in classes),
        share=share,
        likely=_threshold(mixed, truth, worth),
        classifier=model,
        calibrators=calibrators,
    )


def _covered(material: Material) -> Ints:
    """Return (C,) the labels that enough devices have shown, ascending."""
    found = [
        place
        for place in np.unique(material.truth)
        if len(np.unique(material.device[material.truth == place])) >= LEAST_DEVICES
    ]
    return np.array(found, np.int64)


def _share(plain: Floats, learned: Floats, classes: Ints, truth: Ints, worth: Floats) -> float:
    """Return the classifier's share: what it has earned on held-out devices, less with few labels."""
    losses = []
    for share in SHARES:
        own = mix(plain, learned, classes, share)[np.arange(len(truth)), truth]
        losses.append(float(-(worth * np.log(np.maximum(own, SMALLEST))).sum()))
    labels = float(worth.sum())
    return round(SHARES[int(np.argmin(np.round(losses, 9)))] * labels / (labels + SHRINK), 4)


def _fitted(x: Floats, truth: Ints, worth: Floats) -> Pipeline:
    """Return a fitted classifier; one thread, so that sums are always taken in the same order."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=2000, tol=1e-6, random_state=SEED)
    )
    # rare faults are rare in life: no class is blown up, the probabilities would no longer be true
    with threadpool_limits(1):
        model.fit(x, truth, standardscaler__sample_weight=worth, logisticregression__sample_weight=worth)
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


def _calibrator(said: Floats, true: Floats, material: Material, rows: Ints) -> Calibrator:
    """Return the calibration of one class, on devices that the classifier had not seen."""
    worth = material.worth[rows]
    incidents = len(np.unique(material.incident[rows][true.astype(bool)]))
    if incidents >= ISOTONIC_FROM:
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(said, true, worth)
        at, value = fitted.X_thresholds_, fitted.y_thresholds_
        return Calibrator("isotonic", tuple(map(float, at)), tuple(map(float, value)))
    # Platt's targets: a class with few examples is never called certain
    positive, total = worth[true.astype(bool)].sum(), worth.sum()
    high, low = (positive + 1.0) / (positive + 2.0), 1.0 / (total - positive + 2.0)
    target = np.where(true, high, low)
    line = LogisticRegression(C=1e3, max_iter=1000, tol=1e-8)
    logits = logit(said)[:, None]
    line.fit(
        np.concatenate([logits, logits]),
        np.concatenate([np.ones(len(said)), np.zeros(len(said))]),
        np.concatenate([worth * target, worth * (1.0 - target)]),
    )
    # a class must not become less probable the more the classifier believes in it
    return Calibrator("sigmoid", (max(float(line.coef_[0, 0]), 0.05), float(line.intercept_[0])))


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
