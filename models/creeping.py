"""What creeps: faults that show over days and weeks, judged once a day against what does not forget.

Each device's smoothed daily residuals (:mod:`models.reference`) go through the faults' signatures as a
matched filter; so do its levels against its fleet's, for what was wrong from the first day. The threshold
comes from the scores of the whole fleet at a budget of false alarms per device and year
(:mod:`models.calibration`). A finding of this kind has its own life beside that of a sudden incident: a door
left open is told although the filter has been clogged for weeks.
"""

from __future__ import annotations

import numpy as np

from models.ageing import Ageing
from models.calibration import BUDGET, CEILING, SLOW_SHARE, stretch, threshold_from_tally
from models.diagnose import WITHOUT, creeping_evidence
from models.incidents import Change, Incident, Moment, close_incident, follow_incident, open_incident, retell
from models.plan import DAY_US, SLOW_DAYS, UNKNOWN, Bools, Floats, Ints, TypePlan
from models.prognosis import Outlook, foresee
from models.reference import Reference, Standing, forget_residuals, recommission
from models.state import TALLY, State

FLOOR = 6.5
"""No score below this alarms, in fleet spreads, however quiet the fleet is."""
INSTALL_SHARE = 0.6
"""What a level against the fleet's levels counts, in comparison with a change of the device itself."""
INSTALL_UNTIL = 45.0
"""Days of age after which a device's level says nothing new about its installation."""
CLIP = 15.0
UNIT = 5.0
"""What a residual counts that is as large as it must be to matter."""
NEEDED = 2.5
"""A necessary feature must stand so many spreads out."""
SUPPORT = 0.5
AGREES = 1.5
"""A feature that stands so many spreads out the right way agrees with a signature."""
COVERAGE = 0.5
"""Share of a signature's features that a device must report."""
STEADY_FREE = 4.0
"""A steady feature may stand so many spreads out at no cost."""
YOUNG_DAYS, YOUNG_FACTOR = 24, 1.4
UNKNOWN_AT, UNKNOWN_SECOND = 14.0, 7.0
"""Without a signature a residual must stand so many spreads out, and by a tolerance, and one of another
channel so many …"""
UNKNOWN_DAYS = 5
"""… for so many days."""
MATCH = 2.0
"""Evidence that a fault earns whose whole signature is well over the threshold, where nothing excludes it."""
MONTHS_DAYS = SLOW_DAYS["months"]
NEAR = 0.8
"""A day over this share of the threshold neither lengthens nor breaks a row of days, of what lasts."""
CALM, CALM_DAYS = 0.5, 4
"""A creeping finding is cleared when its score was below this share of the threshold for so many days …"""
BACK, BACK_DAYS = 0.35, 2
"""… or that of the days themselves, without any memory, below this for so many, or as many as it took to be
opened: after a repair …"""
PRESENT = 0.65
"""… and opened only while the last days alone are over this share, and the day itself is not back to normal:
what is over is told no more."""
TALLY_WIDTH = 0.5
WATCHED_DAYS = 28
"""The scores of the last weeks, up to so many days, are compared with those before (drift)."""
COUNT_UNIT = 5.0
"""So many spreads count as much as a return level of a sudden residual."""
RENEWED_US = 3 * DAY_US
"""When the failure is expected is told again after so long at the earliest."""
RENAMED_DAYS = 10
"""The cause of a creeping finding may be revised for so long."""
USUAL_DAYS = 14
"""A creeping finding without a cause that lasts this long is taken for the new normal."""


class Creeping:
    """The slow track of one type: its references, and the open findings by row."""

    def __init__(self, plan: TypePlan, state: State, budget: float = BUDGET) -> None:
        self.plan, self.state = plan, state
        self.budget, self.stretch = SLOW_SHARE * budget, stretch(budget)
        self.reference = Reference(plan, state)
        self.ageing = Ageing(plan, state)
        self.incidents: dict[int, Incident] = {}
        self.threshold = FLOOR * self.stretch
        self._calibrated_day = -1
        # what takes months, or is told at less than the threshold, is not judged by the last two days
        self.lasting = (plan.slow_days >= MONTHS_DAYS) | (plan.evident < 1.0)

    def close_day(self, who: Ints, end_us: Ints, sudden: dict[int, str]) -> list[Change]:
        """Judge the finished day of devices ``who``.

        Args:
            who: (R,) devices.
            end_us: (R,) end of the day.
            sudden: device → cause of its open sudden finding: its day is not learned from.

        Returns:
            findings opened, revised or cleared.
        """
        plan, s = self.plan, self.state
        if not len(plan.faults):
            return []
        own = np.array([row not in self.incidents for row in who], np.bool_)
        calm = np.array([row not in sudden for row in who], np.bool_)
        quiet = calm & own & (s.slow_days[who].max(axis=1, initial=0) == 0)
        standing = self.reference.close_day(who, quiet)
        score, z = self._scores(who, standing)
        # the days of a sudden finding show its consequences: they name nothing that creeps
        s.slow[who] = np.where(calm[:, None], np.nan_to_num(z), s.slow[who])
        best = score[:, :-1].max(axis=1, initial=0.0)
        self._tally(who, best, own & calm, int(end_us.max()) // DAY_US)
        # a young reference holds few days: it must be clearer
        aged = np.where(s.age_days[who] < YOUNG_DAYS, YOUNG_FACTOR, 1.0)
        limit = self.threshold * aged[:, None] * plan.evident
        over = np.concatenate([score[:, :-1] >= limit, score[:, -1:] >= UNKNOWN_AT], axis=1)
        # what lasts goes up and down on its way: a day that is not far below breaks no row
        near = np.zeros_like(over)
        near[:, :-1] = (score[:, :-1] >= NEAR * limit) & self.lasting
        s.slow_days[who] = np.where(over, s.slow_days[who] + 1, np.where(near, s.slow_days[who], 0))
        any_over = over.any(axis=1)
        began = end_us // DAY_US - 1
        s.slow_since[who] = np.where(any_over, np.where(s.slow_since[who] > 0, s.slow_since[who], began), 0)
        changes: list[Change] = []
        due = (s.slow_days[who] >= np.append(plan.slow_days, UNKNOWN_DAYS)) & np.append(plan.creeps, True)
        interesting = due.any(axis=1) | ~own
        present = self._present(who, standing)
        weights = creeping_evidence(plan, z[interesting])
        matching = score[interesting, :-1]
        weights[:, :-1] += MATCH * np.clip(matching / limit[interesting] - 0.5, 0.0, 1.0)
        weights[:, :-1] -= np.where(matching > 0.0, 0.0, WITHOUT)
        for place, weight in zip(np.flatnonzero(interesting), weights, strict=True):
            i = int(place)
            moment = self._moment(int(who[i]), int(end_us[i]), standing, i, z[i], weight, float(best[i]))
            now, today, lately = (float(one[i]) for one in present)
            tells = self._tells(standing.observed[i])
            changes += self._follow(
                moment, due[i], (now, today, lately), tells, sudden.get(moment.device, "")
            )
        return changes + self.ageing.close_day(who, end_us, standing.observed, self.reference.fleet.level)

    def _scores(self, who: Ints, standing: Standing) -> tuple[Floats, Floats]:
        """Return (R, K + 1) scores, the last of any single residual; (R, F) the residuals of the best."""
        from_new = self._from_new(who, standing)
        candidates = [*standing.z, from_new]
        sizes = [*standing.residual, from_new * self.reference.fleet.between]
        scores = np.stack([matched(self.plan, z, size) for z, size in zip(candidates, sizes, strict=True)])
        scores[0][:, self.lasting] = 0.0
        best = scores.max(axis=2).argmax(axis=0)
        z = np.stack(candidates)[best, np.arange(len(who))]
        size = np.stack(sizes)[best, np.arange(len(who))]
        alone = unexplained(self.plan, z, size)
        return np.concatenate([scores.max(axis=0), alone[:, None]], axis=1), z

    def _present(self, who: Ints, standing: Standing) -> tuple[Floats, Floats, Floats]:
        """Return (R,) each: how far the last days are over, 1 at the threshold; the day alone; and the last
        days or, of what lasts, the last weeks.

        Long memories clear late, and even the briefest one holds two days of a fault that was put right. But
        the last two days of what takes months and shows in single loads may be two light ones.
        """
        from_new = self._from_new(who, standing)
        limit = self.threshold * self.plan.evident
        named = matched(self.plan, from_new, from_new * self.reference.fleet.between) / limit
        result = []
        for z, size in ((standing.z[0], standing.residual[0]), (standing.day_z, standing.day_residual)):
            score = np.maximum(matched(self.plan, z, size) / limit, named).max(axis=1, initial=0.0)
            odd = unexplained(self.plan, z, size) / UNKNOWN_AT
            result.append(np.maximum(score, odd))
        weeks = matched(self.plan, standing.z[1], standing.residual[1]) / limit
        weeks = weeks[:, self.lasting].max(axis=1, initial=0.0)
        return result[0], result[1], np.maximum(result[0], weeks)

    def _from_new(self, who: Ints, standing: Standing) -> Floats:
        """Return (R, F) what the level against the fleet's levels counts, NaN for what is not new."""
        young = self.state.age_days[who] <= INSTALL_UNTIL
        return np.where(young[:, None], INSTALL_SHARE * standing.install, np.nan)

    def _tally(self, who: Ints, best: Floats, healthy: Bools, today: int) -> None:
        """Count the scores of days without a finding; from the fleet's counts follows the threshold."""
        s = self.state
        judged = healthy & (s.ref_days[who].max(axis=1, initial=0) > 0)
        bins = np.clip((best / TALLY_WIDTH).astype(np.int64), 0, TALLY - 1)
        np.add.at(s.tally, (who[judged], bins[judged]), 1)
        aged = who[s.age_days[who] % WATCHED_DAYS == 0]
        s.tally_then[aged] = s.tally[aged]
        if today > self._calibrated_day:
            self._calibrated_day = today
            counts = s.tally[: s.size].sum(axis=0)
            tail = threshold_from_tally(counts, TALLY_WIDTH, self.budget, CEILING * self.stretch)
            self.threshold = max(FLOOR * self.stretch, tail)

    def _moment(
        self, row: int, end_us: int, standing: Standing, i: int, z: Floats, weights: Floats, worst: float
    ) -> Moment:
        fleet = self.reference.fleet
        # what had no value today is told as it last was
        trail = self.state.trail[row].astype(np.float64)
        ago = np.isfinite(trail)[::-1].argmax(axis=0)
        last = standing.expected[i] - fleet.centre[0] + trail[len(trail) - 1 - ago, np.arange(trail.shape[1])]
        seen = standing.observed[i]
        margin = COUNT_UNIT * np.maximum(fleet.spread[0], 1e-9)
        return Moment(
            device=row,
            time_us=end_us,
            weights=weights,
            observed=np.where(np.isfinite(seen), seen, last),
            expected=standing.expected[i],
            margin=np.stack([margin, margin], axis=1),
            counted=4.0 * z / COUNT_UNIT,
            worst=worst / self.threshold,
            codes=[],
            invalid=[],
        )

    def _follow(
        self, moment: Moment, due: Bools, present: tuple[float, float, float], tells: Bools, sudden: str
    ) -> list[Change]:
        plan, s, row = self.plan, self.state, moment.device
        incident = self.incidents.get(row)
        now, today, lately = present
        if incident is None:
            if lately < PRESENT:
                return []
            onset = int(s.slow_since[row]) * DAY_US
            incident, change = open_incident(plan, moment, onset, creeping=True)
            if today < BACK and tells[self._index(incident.cause)]:
                return []
            named = incident.cause != UNKNOWN
            # a score may be over although no cause is likely: then it waits as long as an unknown must
            if named and not due[plan.faults.index(incident.cause)]:
                return []
            if not named and not due[-1]:
                return []
            if sudden and (sudden != UNKNOWN or not named or sudden == incident.cause):
                return []  # told already, or its consequence; what creeps as well is told once that is over
            self.incidents[row] = incident
            return [self._with_outlook(incident, moment, change)]
        known = incident.cause != UNKNOWN
        lasted = (moment.time_us - incident.opened_us) // DAY_US
        if tells[self._index(incident.cause)]:
            incident.calm_days = incident.calm_days + 1 if now < CALM else 0
            incident.back_days = incident.back_days + 1 if today < BACK else 0
        scale = int(plan.slow_days[plan.faults.index(incident.cause)]) if known else UNKNOWN_DAYS
        if incident.calm_days >= CALM_DAYS or incident.back_days >= max(BACK_DAYS, scale):
            del self.incidents[row]
            forget_residuals(s, row)
            return [close_incident(plan, incident, moment)]
        if not known and lasted >= USUAL_DAYS:
            del self.incidents[row]
            recommission(s, row)
            return [close_incident(plan, incident, moment)]
        if known and lasted > RENAMED_DAYS:
            # what creeps does not turn into something else; what it ends in (ice, a dead element) looks so
            return self._renewed(incident, moment)
        revised = follow_incident(plan, incident, moment)
        if revised is None:
            return self._renewed(incident, moment)
        if revised.quiet:
            return [revised, *self._renewed(incident, moment)]
        return [self._with_outlook(incident, moment, revised)]

    def _index(self, cause: str) -> int:
        return len(self.plan.faults) if cause == UNKNOWN else self.plan.faults.index(cause)

    def _tells(self, observed: Floats) -> Bools:
        """Return (K + 1,): the day had a value of what each cause shows in; who rests proves nothing."""
        there = np.isfinite(observed)
        named = (self.plan.signature != 0) & there
        return np.append(named.any(axis=1), there.any())

    def _outlook(self, incident: Incident, moment: Moment) -> Outlook | None:
        if incident.cause == UNKNOWN:
            return None
        limits = self.plan.lost_at[self.plan.faults.index(incident.cause)]
        centre = self.reference.fleet.centre[0]
        trail = self.state.trail[moment.device].astype(np.float64) - centre
        return foresee(trail, limits)

    def _with_outlook(self, incident: Incident, moment: Moment, change: Change) -> Change:
        outlook = self._outlook(incident, moment)
        if outlook is not None and outlook.days > 0:
            incident.predicted_us = moment.time_us + round(outlook.days * DAY_US)
            return change.foretold(outlook, moment.time_us)
        return change

    def _renewed(self, incident: Incident, moment: Moment) -> list[Change]:
        """Tell again when the failure is expected at quite another time than was said."""
        outlook = self._outlook(incident, moment)
        if outlook is None or outlook.days <= 0:
            return []
        if moment.time_us - incident.told_us < RENEWED_US:
            return []
        when = moment.time_us + round(outlook.days * DAY_US)
        if incident.predicted_us and abs(when - incident.predicted_us) < max(
            3.0 * DAY_US, 0.3 * outlook.days * DAY_US
        ):
            return []
        return [self._with_outlook(incident, moment, retell(self.plan, incident, moment))]


def unexplained(plan: TypePlan, z: Floats, size: Floats) -> Floats:
    """Return (R,) how far residuals stand out without a signature, in spreads; arguments as :func:`matched`.

    Two channels must stand out together: what people do moves one of them often. Where only one is known,
    that one must.
    """
    worth = np.abs(size) / np.maximum(plan.tolerance, 1e-12)
    far = np.where(plan.lonely, np.minimum(np.abs(z), UNKNOWN_AT * worth), np.nan)
    first, second = np.zeros(len(z)), np.zeros(len(z))
    known = np.zeros(len(z), np.int64)
    for channel in np.unique(plan.channel[plan.lonely]):
        mine = far[:, plan.lonely & (plan.channel == channel)]
        known += np.isfinite(mine).any(axis=1)
        most = np.nan_to_num(mine).max(axis=1, initial=0.0)
        second = np.maximum(second, np.minimum(first, most))
        first = np.maximum(first, most)
    return np.where(known > 1, np.minimum(first, second * UNKNOWN_AT / UNKNOWN_SECOND), first)


def matched(plan: TypePlan, z: Floats, size: Floats) -> Floats:
    """Return (R, K) each creeping fault's score: what moves as its signature says, over the root of its size.

    ``z`` (R, F) are residuals in spreads, NaN where unknown, ``size`` (R, F) the same in the feature's unit:
    one that is small against the tolerance counts less, however sure it is. A fault whose necessary feature
    does not stand out, of whose signature too little is reported or agrees, scores 0.
    """
    there = np.isfinite(z)
    clipped = np.clip(np.where(there, z, 0.0), -CLIP, CLIP)
    named = np.abs(plan.signature)
    available = there @ named.T
    worth = np.abs(np.nan_to_num(size)) / np.maximum(plan.tolerance, 1e-12)
    most = UNIT * worth[:, None, :] / plan.matters[:, None]
    along = np.clip(clipped[:, None, :], -most, most) * plan.signature
    moved = np.maximum(np.abs(clipped) - STEADY_FREE, 0.0) @ plan.steady.T.astype(np.float64)
    score = (along.sum(axis=2) - 0.5 * moved) / np.sqrt(np.maximum(available, 1.0))
    agreeing = (along >= AGREES).sum(axis=2)
    missing = (plan.necessary & there[:, None, :] & (along < NEEDED)).any(axis=2)
    fit = (
        ~missing
        & (available > 0)
        & (available >= COVERAGE * named.sum(axis=1))
        & (agreeing >= SUPPORT * available)
        & plan.creeps
    )
    return np.where(fit, np.maximum(score, 0.0), 0.0)
