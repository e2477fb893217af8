"""How a fan is unbalanced, told from its vibration at speeds at which it was never seen.

The force of an unbalance grows with the square of the speed and the frame answers smoothly, so the logarithms
of the vibration's amplitudes are smooth curves over the speed, one for each weight configuration. They are
interpolated to the speed at hand, and the window goes to the nearest curve by Mahalanobis distance; its
covariance holds the scatter within a speed and the error of interpolating over a missing one. A classifier
that takes the speed as one more input (``trees``) has no reason to interpolate, and falls between the speeds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW = 500
"""Samples looked at together: ten seconds at 50 Hz."""
SHRINK = 0.3
"""Pull of the covariance towards its diagonal."""
_TINY = 1e-6


def cut(samples: Floats, window: int = WINDOW) -> Floats:
    """Return ``samples`` (N, A) as windows (N // window, window, A)."""
    whole = len(samples) // window
    return samples[: whole * window].reshape(whole, window, samples.shape[1])


def amplitudes(windows: Floats) -> Floats:
    """Return the features (W, 3·A): logarithms of spread, median amplitude and sample-to-sample change."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    return np.concatenate(
        [
            np.log(centred.std(axis=1) + _TINY),
            np.log(np.median(np.abs(centred), axis=1) + _TINY),
            np.log(np.diff(centred, axis=1).std(axis=1) + _TINY),
        ],
        axis=1,
    )


def hold_speeds_out(
    features: Floats,
    kind: Ints,
    speed: Floats,
    classify: Callable[[Floats, Ints, Floats, Floats, float], Ints],
) -> Ints:
    """Return the kinds (W,) called by ``classify`` when it has never seen the speed at hand.

    ``classify`` gets the features, kinds and speeds to learn from, then the features to call and their speed.
    """
    called = np.zeros(len(kind), np.int64)
    for held in np.unique(speed):
        known = speed != held
        called[~known] = classify(features[known], kind[known], speed[known], features[~known], float(held))
    return called


def curves(features: Floats, kind: Ints, speed: Floats, wanted: Floats, at: float) -> Ints:
    """Return the kind (V,) of each row of ``wanted`` (V, F): the nearest curve over the speed."""
    kinds, speeds = np.unique(kind), np.unique(speed)
    means = np.array(
        [[features[(kind == k) & (speed == s)].mean(axis=0) for s in speeds] for k in kinds]
    )  # (K, S, F)
    place = np.searchsorted(speeds, speed)
    scatter = features - means[np.searchsorted(kinds, kind), place]
    missed = []
    for left in range(1, len(speeds) - 1):
        others = np.delete(means, left, axis=1)
        missed.append(_interpolate(others, np.delete(speeds, left), float(speeds[left])) - means[:, left])
    error = np.concatenate(missed)
    covariance = scatter.T @ scatter / len(scatter) + error.T @ error / len(error)
    covariance = (1.0 - SHRINK) * covariance + SHRINK * np.diag(np.diag(covariance))
    precision = np.linalg.inv(covariance)
    away = wanted[None] - _interpolate(means, speeds, at)[:, None]
    distance = np.einsum("kvf,fg,kvg->kv", away, precision, away)
    return np.asarray(kinds[distance.argmin(axis=0)])


def trees(features: Floats, kind: Ints, speed: Floats, wanted: Floats, at: float) -> Ints:
    """Return what a random forest calls, the speed being one more feature: the yardstick."""
    forest = RandomForestClassifier(n_estimators=100, random_state=0)
    forest.fit(np.column_stack([features, speed]), kind)
    return np.asarray(forest.predict(np.column_stack([wanted, np.full(len(wanted), at)])))


def f1_by_kind(truth: Ints, called: Ints) -> dict[int, float]:
    """Return the F1 of each kind."""
    found = {}
    for kind in np.unique(truth):
        hits = float(((truth == kind) & (called == kind)).sum())
        found[int(kind)] = 2.0 * hits / float((truth == kind).sum() + (called == kind).sum())
    return found


def _interpolate(means: Floats, speeds: Floats, at: float) -> Floats:
    """Return (K, F) at speed ``at``; beyond the last known speed the last known means."""
    right = int(np.clip(np.searchsorted(speeds, at), 1, len(speeds) - 1))
    share = float(np.clip((at - speeds[right - 1]) / (speeds[right] - speeds[right - 1]), 0.0, 1.0))
    return np.asarray((1.0 - share) * means[:, right - 1] + share * means[:, right])
