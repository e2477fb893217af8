"""What creeps: faults that show over days and weeks, judged once a day against what does not forget.

Each device's smoothed daily residuals (:mod:`models.reference`) go through the faults' signatures as a
matched filter; so do its levels against its fleet's, for what was wrong from the first day. The threshold
comes from the scores of the whole fleet at a budget of false alarms per device and year
(:mod:`models.calibration`). A finding of this kind has its own life beside that of a sudden incident: a door
left open is told although the filter has been clogged for weeks.
"""

from __future__ import annotations

import numpy as np

from models.calibration import threshold_from_tally
from models.diagnose import creeping_evidence
from models.incidents import Change, Incident, Moment, close_incident, follow_incident, open_incident, retell
from models.plan import DAY_US, SLOW_DAYS, UNKNOWN, Bools, Floats, Ints, TypePlan
from models.prognosis import Outlook, foresee
from models.reference import Reference, Standing, forget_long, recommission
from models.state import TALLY, State

BUDGET = 0.02
"""False alarms per device and year that the slow scores may cost, by default."""
FLOOR = 5.5
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
UNKNOWN_AT = 14.0
"""One residual alone, without a signature, must stand so many spreads out, and by a tolerance …"""
UNKNOWN_DAYS = 5
"""… for so many days."""
MONTHS_DAYS = SLOW_DAYS["months"]
CALM, CALM_DAYS = 0.5, 4
"""A creeping finding is cleared when its score was below this share of the threshold for so many days …"""
PRESENT = 0.65
"""… and opened only while the last days alone are over this share: what is over is told no more."""
TALLY_WIDTH = 0.5
COUNT_UNIT = 5.0
"""So many spreads count as much as a return level of a sudden residual."""
RENAMED_DAYS = 10
"""The cause of a creeping finding may be revised for so long."""
USUAL_DAYS = 14
"""A creeping finding without a cause that lasts this long is taken for the new normal."""


class Creeping:
    """The slow track of one type: its references, and the open findings by row."""

    def __init__(self, plan: TypePlan, state: State, budget: float = BUDGET) -> None:
        self.plan, self.state, self.budget = plan, state, budget
        self.reference = Reference(plan, state)
        self.incidents: dict[int, Incident] = {}
        self.threshold = FLOOR
        self._calibrated_day = -1

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
        s.slow[who] = np.nan_to_num(z)
        best = score[:, :-1].max(axis=1, initial=0.0)
        self._tally(who, best, own & calm, int(end_us.max()) // DAY_US)
        # a young reference holds few days: it must be clearer
        limit = self.threshold * np.where(s.age_days[who] < YOUNG_DAYS, YOUNG_FACTOR, 1.0)
        over = score >= limit[:, None]
        over[:, -1] = score[:, -1] >= UNKNOWN_AT
        s.slow_days[who] = np.where(over, s.slow_days[who] + 1, 0)
        any_over = over.any(axis=1)
        began = end_us // DAY_US - 1
        s.slow_since[who] = np.where(any_over, np.where(s.slow_since[who] > 0, s.slow_since[who], began), 0)
        changes: list[Change] = []
        due = (s.slow_days[who] >= np.append(plan.slow_days, UNKNOWN_DAYS)) & np.append(plan.creeps, True)
        interesting = due.any(axis=1) | ~own
        now = self._now(who, standing)
        weights = creeping_evidence(plan, z[interesting])
        for place, weight in zip(np.flatnonzero(interesting), weights, strict=True):
            i = int(place)
            moment = self._moment(int(who[i]), int(end_us[i]), standing, i, z[i], weight, float(best[i]))
            changes += self._follow(moment, due[i], float(now[i]), sudden.get(moment.device, ""))
        return changes

    def _scores(self, who: Ints, standing: Standing) -> tuple[Floats, Floats]:
        """Return (R, K + 1) scores, the last of any single residual; (R, F) the residuals of the best."""
        from_new = self._from_new(who, standing)
        candidates = [*standing.z, from_new]
        sizes = [*standing.residual, from_new * self.reference.fleet.between]
        scores = np.stack([matched(self.plan, z, size) for z, size in zip(candidates, sizes, strict=True)])
        # what takes months is not judged by the last two days
        scores[0][:, self.plan.slow_days >= MONTHS_DAYS] = 0.0
        best = scores.max(axis=2).argmax(axis=0)
        z = np.stack(candidates)[best, np.arange(len(who))]
        worth = np.abs(np.stack(sizes)[best, np.arange(len(who))]) / np.maximum(self.plan.tolerance, 1e-12)
        alone = np.where(self.plan.lonely, np.nan_to_num(np.minimum(np.abs(z), UNKNOWN_AT * worth)), 0.0)
        alone = alone.max(axis=1, initial=0.0)
        return np.concatenate([scores.max(axis=0), alone[:, None]], axis=1), z

    def _now(self, who: Ints, standing: Standing) -> Floats:
        """Return (R,) how far the last days alone are over, 1 at the threshold: long memories clear late."""
        z, size = standing.z[0], standing.residual[0]
        worth = np.abs(size) / np.maximum(self.plan.tolerance, 1e-12)
        alone = np.where(self.plan.lonely, np.nan_to_num(np.minimum(np.abs(z), UNKNOWN_AT * worth)), 0.0)
        from_new = self._from_new(who, standing)
        named = np.maximum(
            matched(self.plan, z, size).max(axis=1, initial=0.0),
            matched(self.plan, from_new, from_new * self.reference.fleet.between).max(axis=1, initial=0.0),
        )
        return np.asarray(np.maximum(named / self.threshold, alone.max(axis=1, initial=0.0) / UNKNOWN_AT))

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
        if today > self._calibrated_day:
            self._calibrated_day = today
            counts = s.tally[: s.size].sum(axis=0)
            self.threshold = max(FLOOR, threshold_from_tally(counts, TALLY_WIDTH, self.budget))

    def _moment(
        self, row: int, end_us: int, standing: Standing, i: int, z: Floats, weights: Floats, worst: float
    ) -> Moment:
        fleet = self.reference.fleet
        margin = COUNT_UNIT * np.maximum(fleet.spread[0], 1e-9)
        return Moment(
            device=row,
            time_us=end_us,
            weights=weights,
            observed=standing.observed[i],
            expected=standing.expected[i],
            margin=np.stack([margin, margin], axis=1),
            counted=4.0 * z / COUNT_UNIT,
            worst=worst / self.threshold,
            codes=[],
            invalid=[],
        )

    def _follow(self, moment: Moment, due: Bools, now: float, sudden: str) -> list[Change]:
        plan, s, row = self.plan, self.state, moment.device
        incident = self.incidents.get(row)
        if incident is None:
            if now < PRESENT:
                return []
            onset = int(s.slow_since[row]) * DAY_US
            incident, change = open_incident(plan, moment, onset, creeping=True)
            named = incident.cause != UNKNOWN
            # a score may be over although no cause is likely: then it waits as long as an unknown must
            if named and not due[plan.faults.index(incident.cause)]:
                return []
            if not named and not due[-1]:
                return []
            slow = sudden not in ("", UNKNOWN) and not plan.is_fast[plan.faults.index(sudden)]
            if incident.cause == sudden or slow or (not named and sudden):
                return []  # told already, or its consequence
            self.incidents[row] = incident
            return [self._with_outlook(incident, moment, change)]
        known = incident.cause != UNKNOWN
        lasted = (moment.time_us - incident.opened_us) // DAY_US
        if np.isfinite(moment.observed).any():
            incident.calm_days = incident.calm_days + 1 if now < CALM else 0
        if incident.calm_days >= CALM_DAYS:
            del self.incidents[row]
            s.slow_since[row] = 0
            forget_long(s, row)
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
        when = moment.time_us + round(outlook.days * DAY_US)
        if incident.predicted_us and abs(when - incident.predicted_us) < max(
            3.0 * DAY_US, 0.3 * outlook.days * DAY_US
        ):
            return []
        return [self._with_outlook(incident, moment, retell(self.plan, incident, moment))]


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
