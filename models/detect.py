"""From residuals to alarms: thresholds that calibrate themselves, scores per fault, persistence.

The peaks of healthy days follow an extreme value distribution (Gumbel, Statistics of Extremes, 1958). It
is fitted per device, residual and direction by moments, shrunk towards the fleet's, and read off at a
return period of :data:`RETURN_DAYS`: that residual counts :data:`UNIT`. So what is normal life in one home
(a door that opens all day) counts little there, and a compressor that never rests for an hour counts much
when it does.
Each fault's signature is a matched filter over these: the sum of those that should go up minus those that
should go down; its threshold is calibrated in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plan import MINUTE_US, PATIENCE_US, Bools, Floats, Ints, TypePlan
from models.state import State

RETURN_DAYS = 80.0
"""Days in which a healthy device's peak reaches the threshold once, per score and before persistence; at the
default budget of false alarms."""
UNIT = 4.0
"""What a residual counts at its return level; never more than its share of the tolerance."""
FAULT_FLOOR = 4.0
"""A fault's score below this never alarms, however quiet the device has been."""
SINGLE_FLOOR = 2.0
"""Least return level of one residual, in scales."""
SINGLE_ALARM = 7.0
"""What a residual must count to alarm without a signature …"""
SECOND_ALARM = 4.0
"""… and what one of another channel must count with it: a household moves one channel often, two seldom."""
LONE_ALARM = 5.5
"""What the only channel of a device must count, without a pause: a second one can never confirm it. Tails
fall by e for about a tenth of the level (:data:`models.calibration.BY_FACTOR`): healthy days reach this about
once in nine years, where nothing but themselves moves them."""
LONE_SHARE = 1.0
"""Share of the panes of the window in which it must."""
CLIP = 12.0
"""No single residual counts more than this."""
STRONG = 4.0
"""At least one residual of the signature must count this much: its return level, and the tolerance."""
NECESSARY = 3.0
"""What a residual without which it is not the fault must count at least."""
SUPPORT = 0.5
"""Share of a signature's available features that must move the right way."""
COVERAGE = 0.3
"""Share of a signature's features that a device must report for the fault to be named from them."""
CALM = 0.6
"""A score below this share of its threshold is back to normal (hysteresis)."""

# the first categories are the faults' patience; then single residuals, hard limits, impossible readings
SINGLE, HARD, INVALID, RESTLESS = range(len(PATIENCE_US), len(PATIENCE_US) + 4)
# category → (window, share of its panes that must be over)
PERSISTENCE = {
    **{category: (window, 0.6) for category, window in enumerate(PATIENCE_US)},
    SINGLE: (240 * MINUTE_US, 0.8),
    HARD: (45 * MINUTE_US, 1.0),
    INVALID: (15 * MINUTE_US, 1.0),
}
SURE = 0.45
"""A cause less probable than this is told only where the finding might be told without one."""
UNNAMED = (SINGLE, HARD, INVALID)
"""Only what is over for one of these reasons may be told without a cause."""
HOLD_US = 30 * MINUTE_US
"""A finding is cleared after this long without any score above :data:`CALM`."""
REFRACTORY_US = 30 * MINUTE_US
"""No new finding this soon after one was cleared."""

_PRIOR_DAYS = 3.0
_PEAKS_KEPT = 30.0
_FIRST_MEAN, _FIRST_SPREAD = 4.0, 2.0
_BETA = np.sqrt(6.0) / np.pi
_EULER = 0.5772156649


def weigh(plan: TypePlan, z: Floats, rest: Floats, levels: Floats) -> Floats:
    """Return (R, F): what each residual counts, signed; NaN where unknown.

    Args:
        plan: the type.
        z: (R, F) residuals in scales.
        rest: (R, F) residuals in the feature's unit.
        levels: (R, S) as :func:`thresholds` gives them.
    """
    k, f = len(plan.faults), len(plan.features)
    level = np.where(z > 0, levels[:, k : k + f], levels[:, k + f :])
    by_tolerance = np.abs(rest) / np.maximum(plan.tolerance, 1e-12)
    return np.asarray(np.sign(z) * UNIT * np.minimum(np.abs(z) / level, by_tolerance))


def fault_scores(plan: TypePlan, counted: Floats) -> tuple[Floats, Bools]:
    """Return each fault's matched-filter score (R, K) and whether enough of its signature agrees.

    ``counted`` is (R, F) as :func:`weigh` gives it.
    """
    there = np.isfinite(counted)
    clipped = np.clip(np.where(there, counted, 0.0), -CLIP, CLIP)
    named = np.abs(plan.signature)
    available = there @ named.T
    root = np.sqrt(np.maximum(available, 1.0))
    excess = np.maximum(np.abs(clipped) - 3.0, 0.0)
    score = (clipped @ plan.signature.T - 0.5 * excess @ plan.steady.T.astype(float)) / root
    agreeing = np.clip(clipped[:, None, :] * plan.signature / 2.0, 0.0, 1.0).sum(axis=2)
    along = clipped[:, None, :] * plan.signature
    missing = (plan.necessary & there[:, None, :] & (along < NECESSARY)).any(axis=2)
    score = np.where(missing, np.minimum(score, 0.0), score)
    strong = along.max(axis=2, initial=0.0) >= STRONG
    fit = (
        strong
        & ~missing
        & (agreeing >= SUPPORT * np.maximum(available, 1.0))
        & (available >= COVERAGE * named.sum(axis=1))
        & (available > 0)
        & ~plan.invalid.any(axis=1)  # a sensor fault shows as impossible readings
    )
    return score, fit


def unexplained(plan: TypePlan, counted: Floats, lone: Bools) -> Floats:
    """Return (R,): how far residuals that no signature explains are over, 1 at the threshold.

    Two channels must stand out together, also where only one is judged just now: a household moves that one
    no less while the others rest. A device that never reported more than one (``lone``, (R,)) is held to
    another standard: less far, but for longer. ``counted`` is (R, F) as :func:`weigh` gives it.
    """
    size = np.abs(counted)
    first, second = np.zeros(len(counted)), np.zeros(len(counted))
    for channel in np.unique(plan.channel[plan.alone]):
        mine = size[:, plan.alone & (plan.channel == channel)]
        most = np.nan_to_num(mine).max(axis=1, initial=0.0)
        second = np.maximum(second, np.minimum(first, most))
        first = np.maximum(first, most)
    return np.where(lone, first / LONE_ALARM, np.minimum(first / SINGLE_ALARM, second / SECOND_ALARM))


def all_scores(score: Floats, z: Floats) -> Floats:
    """Return (R, S): the faults' scores, then single residuals in scales upwards, then downwards."""
    single = np.nan_to_num(z)
    return np.concatenate([score, single, -single], axis=1)


def thresholds(plan: TypePlan, state: State, device: Ints, return_days: float) -> Floats:
    """Return (R, S): the level that each score of a healthy device reaches once in ``return_days``."""
    days = state.peak_days[device].astype(np.float64)
    has_fleet = np.isfinite(state.fleet_mean[device])
    first_mean = np.where(has_fleet, state.fleet_mean[device], _FIRST_MEAN)
    first_var = np.where(has_fleet, state.fleet_var[device], _FIRST_SPREAD**2)
    first = _PRIOR_DAYS * 10.0 / (10.0 + days)  # what others have shown counts less and less
    mean = (days * state.peak_mean[device] + first * first_mean) / (days + first)
    var = (days * state.peak_var[device] + first * first_var) / (days + first)
    beta = _BETA * np.sqrt(var)
    level = mean - _EULER * beta + beta * np.log(return_days)
    k = len(plan.faults)
    floor = np.full(level.shape[1], SINGLE_FLOOR)
    floor[:k] = FAULT_FLOOR
    return np.asarray(np.maximum(level, floor))


def close_peaks(state: State, who: Ints, limit: Floats) -> None:
    """Take the day's peaks of devices ``who`` into their distribution, then look to the fleet.

    ``limit`` (len(who), S) are today's thresholds: a peak counts at most as much, so that one incident
    that went unnoticed does not make the device deaf.
    """
    peak = np.minimum(np.maximum(state.peak_now[who], 0.0), limit).astype(np.float64)
    days = np.minimum(state.peak_days[who] + 1.0, _PEAKS_KEPT)
    step = peak - state.peak_mean[who]
    mean = state.peak_mean[who] + step / days
    var = state.peak_var[who] * (1 - 1 / days) + step * (peak - mean) / days
    state.peak_days[who], state.peak_mean[who], state.peak_var[who] = days, mean, var
    known = np.flatnonzero(state.peak_days[: state.size, 0] >= 1)
    if len(known) > 3:
        mean_fleet = np.median(state.peak_mean[known], axis=0)
        # rare events of normal life (a party) are in the mean of the spreads, not in their median
        spread = np.mean(state.peak_var[known], axis=0) + np.var(state.peak_mean[known], axis=0)
        # a fleet that is young itself has not seen much either
        seen = float(state.peak_days[known, 0].mean())
        share = seen / (seen + _PRIOR_DAYS)
        state.fleet_mean[who] = share * mean_fleet + (1 - share) * _FIRST_MEAN
        state.fleet_var[who] = share * spread + (1 - share) * _FIRST_SPREAD**2


def hard_limits(plan: TypePlan, level: Floats, judged: Bools) -> Floats:
    """Return (R, F): how far a feature's value lies outside its normal range, in tolerances; 0 inside.

    ``level`` (R, F) is the feature before the set-point is subtracted; the first half tolerance is free.
    """
    slack = 0.5 * plan.tolerance
    tolerance = np.maximum(plan.tolerance, 1e-9)
    over = np.maximum(level - plan.limits[:, 1] - slack, 0.0)
    under = np.maximum(plan.limits[:, 0] - slack - level, 0.0)
    return np.where(judged & np.isfinite(level), (over - under) / tolerance, 0.0)


@dataclass
class Marks:
    """What was over its threshold at each pane: those kept from before and those judged now.

    Attributes:
        device: (M,) sorted by device, then time.
        time_us: (M,).
        pane_us: (M,) pane width.
        bits: (M, BITS), filled in as panes are judged.
    """

    device: Ints
    time_us: Ints
    pane_us: Ints
    bits: NDArray[np.uint8]

    def reach(self, rows: Ints, back: int, width_us: Ints) -> tuple[Ints, Bools]:
        """Return (marks, valid): the mark ``back`` places earlier, if it is in the device's window."""
        source = np.maximum(rows - back, 0)
        valid = (rows - back >= 0) & (self.device[source] == self.device[rows])
        return source, valid & (self.time_us[source] > self.time_us[rows] - width_us)


def persistent(marks: Marks, rows: Ints, sparse: Bools, lone: Bools) -> Bools:
    """Return (R, categories): whether each category was over for long enough up to the row of the marks.

    Where panes hold a single sample (``sparse``, (R,)) the shortest patience is doubled; the only channel of
    a device (``lone``, (R,)) must be over without a pause.
    """
    result = np.zeros((len(rows), len(PERSISTENCE)), np.bool_)
    pane_us = marks.pane_us[rows]
    for category, (window, share) in PERSISTENCE.items():
        size = np.maximum(3, window // pane_us) * np.where(sparse & (category == 0), 2, 1)
        asked = np.where(lone & (category == SINGLE), LONE_SHARE, share)
        need = np.ceil(asked * size - 1e-9)
        count = np.zeros(len(rows))
        for back in range(int(size.max(initial=0))):
            source, valid = marks.reach(rows, back, size * pane_us)
            count += valid & (marks.bits[source, category] > 0)
        result[:, category] = count >= need
    return result


def calm(marks: Marks, rows: Ints) -> Bools:
    """Return (R,): nothing was near its threshold for the whole hold time."""
    pane_us = marks.pane_us[rows]
    size = np.maximum(3, HOLD_US // pane_us)
    quiet = np.ones(len(rows), np.bool_)
    seen = np.zeros(len(rows))
    for back in range(int(size.max(initial=0))):
        source, valid = marks.reach(rows, back, size * pane_us)
        quiet &= ~valid | (marks.bits[source, RESTLESS] == 0)
        seen += valid
    return quiet & (seen >= 2)


def invalid_channels(bad: Floats) -> Bools:
    """Return (R, C): at least half of the channel's readings in the short window were impossible."""
    return np.asarray(bad >= 0.5)
