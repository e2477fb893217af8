"""How good a namer is: wrong and unknown causes, and whether its probabilities are true. With intervals.

A model is judged on devices that it has never seen: whole devices are held out, five times over, and the
interval is a bootstrap over devices, since incidents of one device are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.diagnose import LIKELY, probabilities
from models.learning.examples import Stage
from models.learning.training import LEAST_DEVICES, SEED, Material, TooFewLabelsError, folds, train
from models.plan import UNKNOWN, Bools, Floats, Ints, TypePlan

BINS = 10
DRAWS = 500
LEVEL = 95.0
_NAMED = ("wrong_rate", "unknown_rate", "false_names")
_STAGES: tuple[Stage, ...] = ("settled", "revised", "opened")
_DAY_US = 86_400_000_000


@dataclass(frozen=True, eq=False)
class Answers:
    """What one namer says of N incidents.

    Attributes:
        said: (N, K + 1) probabilities.
        named: (N,) the cause that it names, K for unknown.
    """

    said: Floats
    named: Ints


def answer(said: Floats, likely: Floats | float) -> Answers:
    """Return what is named where nothing below ``likely`` is."""
    best = said.argmax(axis=1)
    top = said[np.arange(len(said)), best]
    return Answers(said, np.where(top >= likely, best, said.shape[1] - 1))


def decisive(material: Material) -> Ints:
    """Return one look for each incident that led: the last within a day of its opening.

    By then the service plans. An incident that was over before is judged by what its last look showed.
    """
    chosen: list[int] = []
    for incident in np.unique(material.incident):
        mine = np.flatnonzero(material.incident == incident)
        if not material.examples[mine[0]].led:
            continue
        times = np.array([material.examples[i].time_us for i in mine])
        soon = mine[times <= times.min() + _DAY_US]
        open_ones = [i for i in soon if material.examples[i].stage in _STAGES]
        looks = open_ones or list(soon)
        chosen.append(max(looks, key=lambda i: material.examples[i].time_us))
    return np.array(chosen, np.int64)


def cross_validate(
    plan: TypePlan, material: Material, tell: Callable[[int], None] = lambda fold: None
) -> tuple[Answers, Answers, Floats]:
    """Return the signatures' answers on every look, a model's that never saw the device, and (N,) its share.

    The whole training is repeated in each fold, its calibration and threshold included. Where a fold has too
    few labels to learn from, the signatures answer for the model, as they would in life.
    """
    plain = probabilities(material.weights)
    signatures = answer(plain, LIKELY)
    said, likely = plain.copy(), np.full(len(plain), LIKELY)
    share = np.zeros(len(plain))
    for number, (fit, test) in enumerate(folds(material, SEED + 1)):
        try:
            model = train(plan, material.take(fit), "held-out").bind(plan)
        except TooFewLabelsError:
            continue
        part = material.take(test)
        said[test] = model.many(part.counted, part.weights, part.creeping)
        likely[test], share[test] = model.likely, model.model.share
        tell(number + 1)
    return signatures, answer(said, likely), share


def figures(answers: Answers, truth: Ints, device: Ints) -> dict[str, Any]:
    """Return the figures of one namer, each as [value, low, high] with 95 % of a bootstrap over devices.

    ``wrong_rate`` and ``unknown_rate`` are shares of the incidents with a fault of the catalogue;
    ``false_names`` is the share of those behind which there was none that got a name all the same.
    """
    unknown = answers.said.shape[1] - 1
    fault = truth != unknown
    right = answers.named == truth
    wrong = ~right & (answers.named != unknown)
    own = np.maximum(answers.said[np.arange(len(truth)), truth], 1e-6)
    top = answers.said.max(axis=1)
    hit = answers.said.argmax(axis=1) == truth
    squares = ((answers.said - np.eye(unknown + 1)[truth]) ** 2).sum(axis=1)
    return {
        "incidents": len(truth),
        "devices": len(np.unique(device)),
        "with_a_fault": int(fault.sum()),
        "wrong_rate": _interval(wrong.astype(float), fault, device),
        "unknown_rate": _interval((answers.named == unknown).astype(float), fault, device),
        "false_names": _interval(wrong.astype(float), ~fault, device),
        "log_loss": _interval(-np.log(own), np.ones(len(truth), np.bool_), device),
        "brier": _interval(squares, np.ones(len(truth), np.bool_), device),
        "calibration_error": _round(calibration_error(top, hit)),
        "reliability": reliability(top, hit),
    }


def reliability(said: Floats, true: Bools, bins: int = BINS) -> list[dict[str, float]]:
    """Return a table: probability of the first candidate against how often it was right.

    >>> reliability(np.array([0.95, 0.91, 0.3]), np.array([True, False, False]))[-1]["right"]
    0.5
    """
    table = []
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    for number in range(bins):
        mine = place == number
        if mine.any():
            table.append(
                {
                    "from": number / bins,
                    "incidents": int(mine.sum()),
                    "said": _round(float(said[mine].mean())),
                    "right": _round(float(true[mine].mean())),
                }
            )
    return table


def calibration_error(said: Floats, true: Bools, bins: int = BINS) -> float:
    """Return the expected calibration error: mean distance of said and right over the bins, by incidents.

    Naeini, Cooper, Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    if not len(said):
        return float("nan")
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    gaps = [
        (place == number).mean() * abs(said[place == number].mean() - true[place == number].mean())
        for number in np.unique(place)
    ]
    return float(sum(gaps))


def difference(first: Answers, second: Answers, truth: Ints, device: Ints) -> dict[str, Any]:
    """Return second minus first: [value, low, high], by the same bootstrap, of the three that decide."""
    unknown = first.said.shape[1] - 1
    fault = truth != unknown

    def missed(answers: Answers) -> tuple[Floats, Floats, Floats]:
        wrong = ((answers.named != truth) & (answers.named != unknown)).astype(float)
        own = np.maximum(answers.said[np.arange(len(truth)), truth], 1e-6)
        return wrong, (answers.named == unknown).astype(float), -np.log(own)

    one, two = missed(first), missed(second)
    every = np.ones(len(truth), np.bool_)
    return {
        "wrong_rate": _interval(two[0] - one[0], fault, device),
        "unknown_rate": _interval(two[1] - one[1], fault, device),
        "log_loss": _interval(two[2] - one[2], every, device),
    }


def by_cause(plan: TypePlan, answers: Sequence[Answers], truth: Ints) -> dict[str, dict[str, Any]]:
    """Return cause → incidents, and for each namer (right, unknown, wrong)."""
    names = (*plan.faults, "unknown")
    table: dict[str, dict[str, Any]] = {}
    for place in np.unique(truth):
        mine = truth == place
        rows = []
        for one in answers:
            named = one.named[mine]
            right, silent = int((named == place).sum()), int((named == len(plan.faults)).sum())
            if place == len(plan.faults):
                silent = 0
            rows.append([right, silent, int(mine.sum()) - right - silent])
        table[names[place]] = {"incidents": int(mine.sum()), "right_unknown_wrong": rows}
    return table


def evaluate(
    plan: TypePlan, material: Material, tell: Callable[[int], None] = lambda fold: None
) -> dict[str, Any]:
    """Return what learning is worth: signatures and model side by side on devices it never saw.

    ``told`` is what the findings named at the same moments: the champion's word, slow to change.

    Raises:
        TooFewLabelsError: there is nothing to learn from at all.
    """
    if len(np.unique(material.device)) < 2 * LEAST_DEVICES:
        raise TooFewLabelsError(
            f"{plan.appliance.type}: labels of {len(np.unique(material.device))} devices are too few to hold "
            f"some out: {2 * LEAST_DEVICES} are needed."
        )
    signatures, learned, share = cross_validate(plan, material, tell)
    looks = decisive(material)
    truth, device = material.truth[looks], material.device[looks]
    names = {name: place for place, name in enumerate((*plan.faults, UNKNOWN))}
    told = np.array([names.get(material.examples[i].named, len(plan.faults)) for i in looks])
    one, two = (Answers(a.said[looks], a.named[looks]) for a in (signatures, learned))
    return {
        "told": {key: figures(Answers(one.said, told), truth, device)[key] for key in _NAMED},
        "signatures": figures(one, truth, device),
        "learned": figures(two, truth, device),
        "difference": difference(one, two, truth, device),
        "share": _round(float(share.mean())),
        "by_cause": by_cause(plan, (one, two), truth),
    }


def _interval(values: Floats, where: Bools, device: Ints) -> list[float] | None:
    """Return [mean, low, high] over ``where``, drawing devices with replacement; None where there is none."""
    if not where.any():
        return None
    owners, place = np.unique(device[where], return_inverse=True)
    totals = np.bincount(place, values[where], len(owners))
    counts = np.bincount(place, minlength=len(owners)).astype(float)
    drawn = np.random.default_rng(SEED).multinomial(len(owners), np.full(len(owners), 1 / len(owners)), DRAWS)
    means = (drawn @ totals) / np.maximum(drawn @ counts, 1e-9)
    tail = (100.0 - LEVEL) / 2
    low, high = np.percentile(means, [tail, 100.0 - tail])
    return [_round(float(totals.sum() / counts.sum())), _round(float(low)), _round(float(high))]


def _round(value: float) -> float:
    return float(f"{value:.4g}")
