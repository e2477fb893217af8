"""What is normal for each device: a regression per device and feature, shrunk towards its fleet.

The expectation of a feature is linear in the time of day (two harmonics), the weekend and the channels
that the catalogue corrects for. Each device keeps the moments of its own days, forgotten
exponentially (:data:`MEMORY_DAYS`), and the fleet's as a prior of :data:`PRIOR_DAYS`: Bayesian linear
regression with a normal prior (Gelman et al., Bayesian Data Analysis, chapter 14). Rows far from what is
expected count less (Huber's weights); rows during an alarm do not count. The coefficients change at the
device's day boundary only (UTC), so that all rows of a day are judged at once. What a line says beyond the
weather that it was learned in may be impossible (a compressor that is to run 120 % of the time): then what is
possible is expected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.plan import DAY_US, Bools, Floats, Ints, TypePlan
from models.state import TRIANGLE, P, State

MEMORY_DAYS = 14.0
PRIOR_DAYS = 3.0
HUBER = 2.5
"""Rows further than this many scales from the expectation are learned with less weight."""
TRUSTED_DAYS = 0.75
"""Own days, or fleet, that it takes before residuals are judged at all."""
FLEET_FROM = 3
"""Other devices, each with a day or more, that make a fleet."""
ADOPT_DAYS = 8.0
"""A device looks to its fleet anew each day until it knows this many days of its own."""
RELEARN_SHARE = 0.02
"""Share of its past that a device keeps when it learns anew: too little to judge by."""
MANY_ROWS = 24
"""With so many rows of each device their products are added up device by device: faster than all at once."""
TOLERANCE_SCALES = 4.0
"""A residual equal to the catalogue's tolerance is never more than this many scales."""

_RIDGE = np.array([1e-4, 0.05, 0.05, 0.1, 0.1, 0.5, 0.02, 0.02])
"""Pull towards zero of each coefficient, in days of data: the weekend pays only where it shows."""
_FULL = np.zeros((P, P), np.int64)
_FULL[TRIANGLE] = np.arange(len(TRIANGLE[0]))
_FULL = np.maximum(_FULL, _FULL.T)


def regressors(plan: TypePlan, time_us: Ints, contexts: Floats) -> Floats:
    """Return (R, F, P) for rows at ``time_us`` (R,); unknown ``contexts`` (R, F, MAX_CONTEXTS) are 0."""
    x = np.zeros((len(time_us), len(plan.features), P))
    angle = 2 * np.pi * ((time_us % DAY_US) / DAY_US)
    x[:, :, 0] = 1.0
    for place, wave in enumerate(
        (np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)), start=1
    ):
        x[:, :, place] = wave[:, None]
    # 1970-01-01 was a Thursday: days 2 and 3 of each epoch week are Saturday and Sunday
    x[:, :, 5] = np.isin((time_us // DAY_US) % 7, (2, 3))[:, None]
    for place in range(plan.context.shape[1]):
        channel = plan.context[:, place]
        known = channel >= 0
        safe = np.maximum(channel, 0)
        scaled = (contexts[:, :, place] - plan.centre[safe]) / plan.half[safe]
        x[:, :, 6 + place] = np.where(known & np.isfinite(scaled), scaled, 0.0)
    return x


def judge(
    plan: TypePlan, state: State, device: Ints, x: Floats, value: Floats
) -> tuple[Floats, Floats, Floats]:
    """Compare features with their expectation.

    Args:
        plan: the type.
        state: the devices.
        device: (R,) rows of ``state``.
        x: (R, F, P) regressors.
        value: (R, F) features, NaN where not judged.

    Returns:
        expected: (R, F).
        scale: (R, F) what one unit of z is: robust spread, growing where little is known, with the
            catalogue's tolerance as floor.
        z: (R, F) residual in scales; NaN where nothing can be said.
    """
    expected = plan.within_possible(np.einsum("rfp,rfp->rf", x, state.coefficients[device]))
    leverage = np.einsum("rfp,rfp->rf", np.einsum("rfp,rfpq->rfq", x, state.inverse[device]), x)
    # what does not hang on the row is worked out once for each device
    who, place = np.unique(device, return_inverse=True)
    own = state.moments[who, :, 0].astype(np.float64)
    between = (state.prior_between[who] / (1.0 + own))[place]
    variance = residual_variance(state, who)[place]
    own = own[place]
    spread = np.sqrt(variance * (1.0 + 0.25 * leverage) + between)
    scale = np.maximum(spread, plan.tolerance / TOLERANCE_SCALES)
    scale = np.where(scale > 0, scale, 1e-9)
    known = (own >= TRUSTED_DAYS) | np.isfinite(state.prior_square[device])
    z = np.where(known, (value - expected) / scale, np.nan)
    return np.where(known, expected, np.nan), scale, z


def residual_variance(state: State, device: Ints) -> Floats:
    """Return (R, F): mean squared residual of the days known, mixed with the fleet's."""
    own = state.moments[device, :, 0].astype(np.float64)
    coefficients = state.coefficients[device]
    moments = state.moments[device].astype(np.float64)[:, :, _FULL]
    fitted = np.einsum("rfp,rfpq,rfq->rf", coefficients, moments, coefficients)
    cross = np.einsum("rfp,rfp->rf", coefficients, state.product[device].astype(np.float64))
    rest = np.maximum(state.square[device] - 2 * cross + fitted, 0.0)
    prior = state.prior_square[device].astype(np.float64)
    has_prior = np.isfinite(prior)
    weight = np.where(has_prior, PRIOR_DAYS, 0.0)
    return np.asarray((rest + weight * np.where(has_prior, prior, 0.0)) / np.maximum(own + weight, 1e-6))


def learn(
    state: State, pane_us: Ints, device: Ints, x: Floats, value: Floats, z: Floats, allowed: Bools
) -> None:
    """Add rows to the day that is being learned.

    Args:
        state: the devices.
        pane_us: (R,) pane width: a day of panes has weight 1.
        device: (R,) sorted.
        x: (R, F, P).
        value: (R, F), NaN where not judged.
        z: (R, F), NaN where nothing is expected yet.
        allowed: (R,) no alarm.
    """
    use = np.isfinite(value) & allowed[:, None]
    distance = np.abs(np.nan_to_num(z))
    weight = np.where(distance > HUBER, HUBER / np.maximum(distance, HUBER), 1.0)
    weight = np.where(use, weight * (pane_us / DAY_US)[:, None], 0.0)
    y = np.where(use, value, 0.0)
    weighted = x * weight[:, :, None]
    starts = np.flatnonzero(np.diff(device, prepend=-1))
    who = device[starts]
    if len(device) >= MANY_ROWS * len(who):
        ends = np.append(starts[1:], len(device))
        for one, start, end in zip(who, starts, ends, strict=True):
            left = weighted[start:end].transpose(1, 2, 0)
            state.day_moments[one] += (left @ x[start:end].transpose(1, 0, 2))[:, TRIANGLE[0], TRIANGLE[1]]
    else:
        outer = weighted[:, :, TRIANGLE[0]] * x[:, :, TRIANGLE[1]]
        state.day_moments[who] += np.add.reduceat(outer, starts, axis=0)
    state.day_product[who] += np.add.reduceat(weighted * y[:, :, None], starts, axis=0)
    state.day_square[who] += np.add.reduceat(weight * y * y, starts, axis=0)


def close_day(plan: TypePlan, state: State, who: Ints) -> None:
    """Take the finished day of devices ``who`` into their moments, look to the fleet, solve."""
    learned = state.day_moments[who, :, 0] > 0
    fade = np.where(learned, np.exp(-1.0 / MEMORY_DAYS), 1.0)
    state.moments[who] = state.moments[who] * fade[:, :, None] + state.day_moments[who]
    state.product[who] = state.product[who] * fade[:, :, None] + state.day_product[who]
    state.square[who] = state.square[who] * fade + state.day_square[who]
    state.day_moments[who] = 0
    state.day_product[who] = 0
    state.day_square[who] = 0
    adopt_fleet(plan, state, who)
    solve(state, who)


def relearn(state: State, row: int) -> None:
    """Let a device learn what is usual anew, without its fleet: its past no longer tells."""
    for array in (state.moments, state.product, state.square):
        array[row] *= RELEARN_SHARE
    state.alone[row] = True
    state.prior_square[row] = np.nan
    solve(state, np.array([row]))


def solve(state: State, who: NDArray[np.int64]) -> None:
    """Work out coefficients and inverse moments of devices ``who`` from what they keep."""
    has_prior = np.isfinite(state.prior_square[who])
    weight = np.where(has_prior, PRIOR_DAYS, 0.0)[:, :, None, None]
    prior = weight * state.prior_moments[who].astype(np.float64)[:, :, _FULL]
    matrix = state.moments[who].astype(np.float64)[:, :, _FULL] + prior + np.diag(_RIDGE)
    pull = np.einsum("dfpq,dfq->dfp", prior, state.prior_coefficients[who].astype(np.float64))
    # the ridge pulls towards the fleet's coefficients, where there is a fleet
    pull += _RIDGE * np.where(has_prior[:, :, None], state.prior_coefficients[who], 0.0)
    inverse = np.linalg.inv(matrix)
    state.inverse[who] = inverse
    state.coefficients[who] = np.einsum(
        "dfpq,dfq->dfp", inverse, state.product[who].astype(np.float64) + pull
    )


def adopt_fleet(plan: TypePlan, state: State, who: Ints) -> None:
    """Give devices that know few days of their own the mean of the others of their type as a prior.

    Features judged against a set-point and features without one are two fleets: their levels differ.
    """
    everyone = np.arange(state.size)
    days = state.moments[everyone, :, 0].astype(np.float64)
    for f in range(len(plan.features)):
        young = who[(days[who, f] < ADOPT_DAYS) & ~state.alone[who]]
        for relative in (False, True):
            mine = young[state.is_relative[young, f] == relative]
            if not len(mine):
                continue
            others = everyone[(days[:, f] >= 1.0) & (state.is_relative[everyone, f] == relative)]
            if len(others) < FLEET_FROM:
                continue
            moments = state.moments[others, f].astype(np.float64)
            products = state.product[others, f].astype(np.float64)
            squares = state.square[others, f].astype(np.float64)
            own = np.isin(mine, others)
            enough = len(others) - own >= FLEET_FROM
            total_m, total_p = moments.sum(axis=0), products.sum(axis=0)
            position = np.searchsorted(others, mine[own])
            m = np.tile(total_m, (len(mine), 1))
            p = np.tile(total_p, (len(mine), 1))
            m[own] -= moments[position]
            p[own] -= products[position]
            coefficients = np.linalg.solve(m[:, _FULL] + np.diag(_RIDGE), p[:, :, None])[:, :, 0]
            # how each of the others lies to the shared line: its mean residual, and the rest around it
            shared = np.linalg.solve(total_m[_FULL] + np.diag(_RIDGE), total_p)
            level = (products[:, 0] - moments[:, _FULL[0]] @ shared) / moments[:, 0]
            cross, fitted = products @ shared, np.einsum("p,opq,q->o", shared, moments[:, _FULL], shared)
            around = np.maximum((squares - 2 * cross + fitted) / moments[:, 0] - level * level, 0.0)
            state.prior_moments[mine[enough], f] = (m / m[:, :1])[enough]
            state.prior_coefficients[mine[enough], f] = coefficients[enough]
            state.prior_square[mine[enough], f] = np.median(around)
            state.prior_between[mine[enough], f] = _robust_variance(level)


def _robust_variance(values: Floats) -> float:
    """Return a variance that one faulty device among the others does not spoil."""
    deviation = np.median(np.abs(values - np.median(values)))
    return float((1.4826 * deviation) ** 2)
