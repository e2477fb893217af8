"""A reference that does not forget: what each device did when it was new, day by day.

The baseline of minutes (:mod:`models.baseline`) forgets within weeks, so it follows a filter that clogs over
months and calls it normal. Here every feature has one value a day, and the days of commissioning
(:data:`COMMISSIONING_DAYS`) stay the reference for good: level, mean of the channels that it is corrected
for, and the device's own slopes towards these, shrunk towards the slopes that the whole fleet shows (within
devices, over all their days), because the weeks of commissioning have seen one season only.

A day's residual is smoothed (exponentially weighted moving averages, Roberts 1959): briefly, for what comes
within days, and longer, for what creeps over weeks and months. What counts is where a device then stands
among the others: less the fleet's median (a heatwave, a season, new firmware move everybody), in the
fleet's robust spread (which holds what drifts in healthy devices), or its own where its days differ more. A
device without a fleet is judged by its own days and the catalogue's tolerances. A device that was ill from
installation has learned its illness: it stands out against the levels of its fleet
(:attr:`Standing.install`).

Nothing is learned during a finding; :func:`recommission` starts anew after a repair or a move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.plan import DAY_US, MINUTE_US, Bools, Floats, Ints, TypePlan
from models.state import State

COMMISSIONING_DAYS = 14.0
KNOWN_DAYS = 10.0
"""Days of commissioning before a device is judged against its own reference."""
FLEET_DAYS = 7.0
"""What the fleet says of how much days differ is worth so many days of a device's own."""
DOUBT, DOUBT_SHARE, DOUBT_FROM, DOUBTFUL = 4.0, 0.3, 5.0, 0.1
"""A day that many spreads, and that share of a tolerance, from those before it, once there are so many of
them, enters the reference with this weight."""
INSTALL_DAYS = 3.0
"""… and against its fleet's levels."""
LEAST_US = 30 * MINUTE_US
"""A day on which a feature was judged for less time has no value; from twice as long it counts fully."""
LEAST_PANES = 3
SMOOTHING = (0.4, 0.1, 0.04)
"""Share of the newest day in each smoothed residual: for what comes in days, in weeks, in months."""
FLEET_FROM = 8
"""Devices with a reference that make a fleet of residuals."""
FIRST_WEIGHT = 0.2
"""A smoothed residual of the first days is taken for what it would be after some more like them."""
SLOPES_DIFFER = 0.15
"""Standard deviation between devices of one slope, as a share of it."""
PRIOR_SHARE = 15.0
"""Before a fleet tells, a smoothed residual's spread is taken for a tolerance divided by this …"""
PRIOR_WEIGHT = 4.0
"""… and so many devices' worth afterwards."""
LEVEL_SHARE = 2.0
"""Likewise the spread of levels between devices: half a tolerance."""
BLOCK = 0.05
"""The fleet is looked at anew once this share of its devices has closed a day."""


@dataclass(frozen=True)
class Fleet:
    """What the devices of a type have in common.

    Attributes:
        slopes: (F, 2) of each feature towards the channels that it is corrected for.
        within: (F,) variance of a day's residual.
        centre: (3, F) median smoothed residual, for each of :data:`SMOOTHING`.
        spread: (3, F) its robust standard deviation between devices.
        level: (F,) median level at the middle of the channels' ranges, NaN for no fleet.
        between: (F,) robust standard deviation of the levels.
        devices: (F,) with a reference.
    """

    slopes: Floats
    within: Floats
    centre: Floats
    spread: Floats
    level: Floats
    between: Floats
    devices: Ints


@dataclass(frozen=True)
class Standing:
    """Where R devices stand after a day.

    Attributes:
        z: (3, R, F) smoothed residuals in spreads, for each of :data:`SMOOTHING`; NaN where not known.
        residual: (3, R, F) the same in the feature's unit, less what the fleet has in common.
        day_z: (R, F) the day's residual, without memory, in spreads of the briefest; NaN where not known.
        day_residual: (R, F) the same in the feature's unit.
        install: (R, F) level against the fleet's levels, in spreads between devices; NaN where not known.
        observed: (R, F) the day's values.
        expected: (R, F) what the reference expects of the day.
    """

    z: Floats
    residual: Floats
    day_z: Floats
    day_residual: Floats
    install: Floats
    observed: Floats
    expected: Floats


def add_panes(state: State, starts: Ints, who: Ints, value: Floats, contexts: Floats) -> None:
    """Add judged panes to the day's sums.

    Args:
        state: the devices.
        starts: (W,) first row of each device's panes.
        who: (W,) devices.
        value: (R, F), NaN where not judged.
        contexts: (R, F, 2) scaled channels corrected for.
    """
    there = np.isfinite(value)
    zero = np.where(there, value, 0.0)
    parts = (there.astype(np.float64), zero, contexts[:, :, 0] * there, contexts[:, :, 1] * there)
    for column, amount in enumerate(parts):
        state.daily_sum[who, :, column] += np.add.reduceat(amount, starts, axis=0)
    low = np.minimum.reduceat(np.where(there, value, np.inf), starts, axis=0)
    high = np.maximum.reduceat(np.where(there, value, -np.inf), starts, axis=0)
    state.daily_low[who] = np.minimum(state.daily_low[who], low)
    state.daily_high[who] = np.maximum(state.daily_high[who], high)


class Reference:
    """The references of one type's devices."""

    def __init__(self, plan: TypePlan, state: State) -> None:
        self.plan, self.state = plan, state
        self._fleet: Fleet | None = None
        self._closed, self._day = 0, -1

    @property
    def fleet(self) -> Fleet:
        """What the devices have in common, as it was last looked at."""
        return self._fleet or self.look()

    def close_day(self, who: Ints, learn: Bools) -> Standing:
        """Take in the finished day of devices ``who`` and tell where they stand.

        Args:
            who: (R,) devices.
            learn: (R,) whether the day may enter the reference: no finding was open.
        """
        s, plan = self.state, self.plan
        sums = s.daily_sum[who]
        count = sums[:, :, 0]
        share = count * (s.pane_us[who] / LEAST_US)[:, None]
        there = (share >= 1.0) & (count >= LEAST_PANES)
        safe = np.maximum(count, 1.0)
        low, high = s.daily_low[who], s.daily_high[who]
        y = np.where(plan.daily == 0, sums[:, :, 1] / safe, np.where(plan.daily < 0, low, high))
        y = np.where(there & np.isfinite(y), y, np.nan)
        contexts = sums[:, :, 2:4] / safe[:, :, None]
        weight = np.where(np.isfinite(y), np.minimum(share / 2.0, 1.0), 0.0)
        s.daily_sum[who] = 0
        s.daily_low[who], s.daily_high[who] = np.inf, -np.inf
        # the day of installation is not like the others
        weight = np.where((s.age_days[who] < 1)[:, None], 0.0, weight)
        s.age_days[who] += 1
        fleet = self.fleet
        doubt = self._doubt(who, y - self._expect(who, contexts, fleet), fleet)
        self._learn(who, y, contexts, np.where(learn[:, None], weight * doubt, 0.0))

        expected = self._expect(who, contexts, fleet)
        residual = np.where(s.ref_days[who] >= KNOWN_DAYS, y - expected, np.nan)
        known = np.isfinite(residual) & (weight > 0)
        s.trail[who] = np.roll(s.trail[who], -1, axis=1)
        s.trail[who, -1] = residual
        for place, rate in enumerate(SMOOTHING):
            step = np.where(known, rate * weight, 0.0)
            s.creep[who, :, place] += step * np.where(known, residual - s.creep[who, :, place], 0.0)
            s.creep_weight[who, :, place] += step * (1.0 - s.creep_weight[who, :, place])
        self._closed += len(who)
        today = int(s.day[who].max())
        if self._closed >= BLOCK * s.size or today > self._day or len(who) > BLOCK * s.size:
            self._closed, self._day = 0, max(today, self._day)
            fleet = self.look()
        return self._stand(who, y, contexts, fleet)

    def _doubt(self, who: Ints, residual: Floats, fleet: Fleet) -> Floats:
        """Return (R, F) what a day is worth that differs from those before it: the first day of a fault."""
        s, plan = self.state, self.plan
        spread = np.sqrt(fleet.within) * self._restless(who, s.ref[who].astype(np.float64), fleet)
        far = np.abs(np.nan_to_num(residual)) > np.maximum(DOUBT * spread, DOUBT_SHARE * plan.tolerance)
        return np.where(far & (s.ref_days[who] >= DOUBT_FROM), DOUBTFUL, 1.0)

    def _learn(self, who: Ints, y: Floats, contexts: Floats, weight: Floats) -> None:
        """Update the reference while it is being made, and the moments of which the fleet's slopes come."""
        s = self.state
        young = np.where(s.ref_days[who] < COMMISSIONING_DAYS, weight, 0.0)
        for days, moments, w in ((s.ref_days, s.ref, young), (s.all_days, s.all, weight)):
            total = days[who] + w
            share = np.where(w > 0, w / np.maximum(total, 1e-9), 0.0)
            old = moments[who].astype(np.float64)
            dy = np.where(w > 0, np.nan_to_num(y) - old[:, :, 0], 0.0)
            dc = np.where((w > 0)[:, :, None], contexts - old[:, :, 1:3], 0.0)
            new = old.copy()
            new[:, :, 0] += share * dy
            new[:, :, 1:3] += share[:, :, None] * dc
            # West's update of the sums of squares and products around the moving mean
            back = (w * (1.0 - share))[:, :, None]
            new[:, :, 3:5] += back * dc * dc
            new[:, :, 5:6] += back * dc[:, :, :1] * dc[:, :, 1:]
            new[:, :, 6:8] += back * dc * dy[:, :, None]
            new[:, :, 8] += back[:, :, 0] * dy * dy
            moments[who] = new
            days[who] = total

    def _slopes(self, who: Ints, fleet: Fleet) -> Floats:
        """Return (R, F, 2) each device's own slopes, from its commissioning, shrunk towards the fleet's."""
        ref = self.state.ref[who].astype(np.float64)
        differ = (SLOPES_DIFFER * np.abs(fleet.slopes)) ** 2
        # no slope at all in the fleet: own ones are noise
        pull = np.where(
            differ > 0, fleet.within[:, None] / np.maximum(differ, 1e-12 * fleet.within[:, None]), 1e9
        )
        a, b, c = ref[:, :, 3] + pull[:, 0], ref[:, :, 5], ref[:, :, 4] + pull[:, 1]
        right = ref[:, :, 6:8] + pull * fleet.slopes
        det = np.maximum(a * c - b * b, 1e-12)
        one = (c * right[:, :, 0] - b * right[:, :, 1]) / det
        two = (a * right[:, :, 1] - b * right[:, :, 0]) / det
        used = self.plan.context >= 0
        return np.where(used, np.stack([one, two], axis=2), 0.0)

    def _expect(self, who: Ints, contexts: Floats, fleet: Fleet) -> Floats:
        ref = self.state.ref[who].astype(np.float64)
        moved = np.einsum("rfc,rfc->rf", self._slopes(who, fleet), contexts - ref[:, :, 1:3])
        return self.plan.within_possible(ref[:, :, 0] + moved)

    def _smooth(self, who: Ints) -> Floats:
        """Return (3, R, F) smoothed residuals, as if they had begun at their mean; NaN before the first."""
        weight = np.moveaxis(self.state.creep_weight[who].astype(np.float64), 2, 0)
        creep = np.moveaxis(self.state.creep[who].astype(np.float64), 2, 0)
        return np.where(weight > 0.0, creep / np.maximum(weight, FIRST_WEIGHT), np.nan)

    def _restless(self, who: Ints, ref: Floats, fleet: Fleet) -> Floats:
        """Return (R, F) by how much a device's days differ more than its fleet's, from its commissioning."""
        days = self.state.ref_days[who].astype(np.float64)
        slopes = self._slopes(who, fleet)
        one, two = slopes[:, :, 0], slopes[:, :, 1]
        explained = one * ref[:, :, 6] + two * ref[:, :, 7]
        rest = np.maximum(ref[:, :, 8] - explained, 0.0)
        variance = (rest + FLEET_DAYS * fleet.within) / (days + FLEET_DAYS)
        return np.sqrt(np.maximum(variance / fleet.within, 1.0))

    def look(self) -> Fleet:
        """Work out what the fleet has in common, from what its devices remember."""
        s, plan = self.state, self.plan
        everyone = np.arange(s.size)
        moments = s.all[everyone].astype(np.float64)
        total = moments.sum(axis=0)
        ridge = 1e-3
        a, b, c = total[:, 3] + ridge, total[:, 5], total[:, 4] + ridge
        det = np.maximum(a * c - b * b, 1e-12)
        slopes = np.stack(
            [(c * total[:, 6] - b * total[:, 7]) / det, (a * total[:, 7] - b * total[:, 6]) / det], axis=1
        )
        slopes = np.where(plan.context >= 0, slopes, 0.0)
        ref = s.ref[everyone].astype(np.float64)
        days = s.ref_days[everyone].astype(np.float64)
        floor = (np.maximum(plan.tolerance, 1e-9) / 30.0) ** 2
        own = np.where(days >= KNOWN_DAYS, ref[:, :, 8] / np.maximum(days, 1.0), np.nan)
        within = np.maximum(_median(own), floor)
        smooth = self._smooth(everyone)
        known = np.isfinite(smooth[0]) & (days >= KNOWN_DAYS)
        devices = known.sum(axis=0)
        enough = devices >= FLEET_FROM
        centre, spread = np.zeros(smooth[:, 0].shape), np.zeros(smooth[:, 0].shape)
        for place, rate in enumerate(SMOOTHING):
            values = np.where(known, smooth[place], np.nan)
            middle = _median(values)
            mad = _robust(values - middle)
            # without a fleet: what smoothing leaves of a day's noise that lasts for some days
            alone = np.sqrt(3.0 * within * rate / (2.0 - rate) + (plan.tolerance / PRIOR_SHARE) ** 2)
            prior = np.maximum(plan.tolerance, 1e-9) / PRIOR_SHARE
            mixed = (devices * mad**2 + PRIOR_WEIGHT * prior**2) / (devices + PRIOR_WEIGHT)
            centre[place] = np.where(enough, middle, 0.0)
            spread[place] = np.where(enough, np.sqrt(np.maximum(mixed, floor)), alone)
        settled = days >= INSTALL_DAYS
        at_middle = ref[:, :, 0] - np.einsum("dfc,fc->df", ref[:, :, 1:3], slopes)
        levels = np.where(settled, at_middle, np.nan)
        crowd = settled.sum(axis=0) >= FLEET_FROM
        level = _median(levels)
        between = _robust(levels - level)
        wide = (plan.tolerance / LEVEL_SHARE) ** 2
        count = settled.sum(axis=0)
        between = np.sqrt((count * between**2 + PRIOR_WEIGHT * wide) / (count + PRIOR_WEIGHT))
        self._fleet = Fleet(
            slopes=slopes,
            within=within,
            centre=centre,
            spread=spread,
            level=np.where(crowd, level, np.nan),
            between=np.maximum(between, 1e-9),
            devices=devices,
        )
        return self._fleet

    def standing_z(self) -> Floats:
        """Return (D, F): every device's briefest residual in spreads, the fleet's median not taken out."""
        everyone = np.arange(self.state.size)
        known = self.state.ref_days[everyone] >= KNOWN_DAYS
        return np.where(known, self._smooth(everyone)[0] / np.maximum(self.fleet.spread[0], 1e-12), np.nan)

    def _stand(self, who: Ints, y: Floats, contexts: Floats, fleet: Fleet) -> Standing:
        s = self.state
        smooth = self._smooth(who)
        known = s.ref_days[who] >= KNOWN_DAYS
        residual = np.where(known, smooth - fleet.centre[:, None, :], np.nan)
        ref = s.ref[who].astype(np.float64)
        scale = np.maximum(fleet.spread, 1e-12)[:, None, :] * self._restless(who, ref, fleet)
        z = residual / scale
        day = s.trail[who, -1].astype(np.float64) - fleet.centre[0]
        level = ref[:, :, 0] - np.einsum("rfc,fc->rf", ref[:, :, 1:3], fleet.slopes)
        level = level + np.where(known, np.nan_to_num(residual[1]), 0.0)
        install = np.where(s.ref_days[who] >= INSTALL_DAYS, (level - fleet.level) / fleet.between, np.nan)
        expected = self._expect(who, contexts, fleet) + fleet.centre[0]
        return Standing(z, residual, day / scale[0], day, install, y, expected)


def forget_residuals(state: State, row: int) -> None:
    """Forget a device's smoothed residuals and the day that has begun: what they remember is over.

    The reference stays. Later days count as if the device had just been commissioned: at once in the brief
    memory, after some days in the long ones.
    """
    for name in ("creep", "creep_weight", "slow_days", "slow", "slow_since"):
        getattr(state, name)[row] = 0
    state.trail[row] = np.nan
    forget_today(state, row)


def forget_today(state: State, row: int) -> None:
    """Begin a device's daily values anew: the rest of the day stands for all of it."""
    state.daily_sum[row] = 0
    state.daily_low[row], state.daily_high[row] = np.inf, -np.inf


def recommission(state: State, row: int) -> None:
    """Forget a device's reference: it was repaired or moved, and what it does now is the new normal."""
    forget_residuals(state, row)
    for name in ("ref_days", "ref", "age_days"):
        getattr(state, name)[row] = 0


def days_of(time_us: int) -> int:
    """Return the number of the day (UTC) of a moment."""
    return time_us // DAY_US


def _robust(deviation: Floats) -> Floats:
    """Return a standard deviation that two fifths of faulty devices do not spoil.

    It is the 40 % quantile of the distances, as a normal distribution has it at 0.5244 standard deviations.
    """
    return _quantile(np.abs(deviation), 0.4) / 0.5244


def _median(values: Floats) -> Floats:
    return _quantile(values, 0.5)


def _quantile(values: Floats, share: float) -> Floats:
    """Return a quantile over the first axis, ignoring NaN; 0 where there is nothing."""
    order = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(values).sum(axis=0)
    if not len(values):
        return np.zeros(values.shape[1:])
    place = share * np.maximum(count - 1, 0)
    below = np.floor(place).astype(np.int64)
    low = np.take_along_axis(order, below[None], axis=0)[0]
    high = np.take_along_axis(order, np.minimum(below + 1, np.maximum(count - 1, 0))[None], axis=0)[0]
    return np.where(count > 0, low + (place - below) * (high - low), 0.0)
