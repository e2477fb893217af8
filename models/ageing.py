"""Parts that wear without a sign: judged by age and use, told before half of their kind have failed.

A water heater's anode shows in no reading. What is known of it is how long it has been at work and how hard:
a day counts as many days as its use (the feature that the catalogue's ``wears_with`` names) is
times the fleet's median. The Weibull law of :mod:`models.prognosis` says what became of parts of that age. An
appliance's age is counted from its first sample: where a part is older than that, nobody has told.
"""

from __future__ import annotations

import numpy as np

from models.incidents import Change
from models.plan import DAY_US, UNKNOWN, Floats, Ints, TypePlan
from models.prognosis import Outlook, life_left, survival
from models.state import State
from models.summary import worn_out

YEAR_DAYS = 365.25
AHEAD_DAYS = 60.0
"""A part is told of so many days before half of its kind have failed."""
PACE = (0.25, 4.0)
"""A day counts as so many days at least, and at most, whatever was asked of the appliance."""


class Ageing:
    """The parts of one type that wear without a sign."""

    def __init__(self, plan: TypePlan, state: State) -> None:
        self.plan, self.state = plan, state

    def close_day(self, who: Ints, end_us: Ints, observed: Floats, usual: Floats) -> list[Change]:
        """Let the parts of devices ``who`` grow older by a day; return what is told of them.

        Args:
            who: (R,) devices.
            end_us: (R,) end of the day.
            observed: (R, F) the day's values.
            usual: (F,) the fleet's median levels, NaN for no fleet.
        """
        plan, s = self.plan, self.state
        changes = []
        for part, (k, feature) in enumerate(zip(plan.silent, plan.wears_with, strict=True)):
            pace = np.ones(len(who))
            if feature >= 0 and usual[feature] > 0:
                share = observed[:, feature] / usual[feature]
                pace = np.where(np.isfinite(share), np.clip(share, *PACE), 1.0)
            s.worn_days[who, part] += pace
            age = s.worn_days[who, part].astype(np.float64) / YEAR_DAYS
            life = float(plan.life_years[part])
            due = (survival(age + AHEAD_DAYS / YEAR_DAYS, life) <= 0.5) & (s.worn_told_us[who, part] < 0)
            for i in np.flatnonzero(due):
                s.worn_told_us[who[i], part] = end_us[i]
                changes.append(self._change(int(who[i]), int(k), int(end_us[i]), float(age[i]), life, "open"))
        return changes

    def replaced(self, row: int, cause: str, time_us: int) -> list[Change]:
        """Note that the part of ``cause`` is new; return the end of what was told of it."""
        s, changes = self.state, []
        for part, k in enumerate(self.plan.silent):
            if self.plan.faults[k] != cause:
                continue
            age = float(s.worn_days[row, part]) / YEAR_DAYS
            life = float(self.plan.life_years[part])
            if s.worn_told_us[row, part] >= 0:
                when = max(time_us, int(s.worn_told_us[row, part]))
                changes.append(self._change(row, int(k), when, age, life, "cleared"))
            s.worn_days[row, part], s.worn_told_us[row, part] = 0.0, -1
        return changes

    def is_silent(self, cause: str) -> bool:
        """Tell whether a cause shows in no reading."""
        return any(self.plan.faults[k] == cause for k in self.plan.silent)

    def _change(self, row: int, k: int, now_us: int, age: float, life: float, state: str) -> Change:
        plan, name = self.plan, self.plan.faults[k]
        part = int(np.flatnonzero(plan.silent == k)[0])
        half = max(life - age, 0.0)
        soon, late = (max(life_left(chance, age, life), 0.0) for chance in (0.1, 0.9))
        outlook = Outlook(half * YEAR_DAYS, soon * YEAR_DAYS, late * YEAR_DAYS)
        # what is said: that it has failed by now, or will within the year
        chance = round(1.0 - float(survival(np.array(age + 1.0), life)), 3)
        opened = state == "open"
        return Change(
            device=row,
            state="open" if opened else "cleared",
            revision=1 if opened else 2,
            cause=name,
            probability=chance,
            candidates=[(name, chance), (UNKNOWN, round(1.0 - chance, 3))],
            ruled_out=[],
            evidence=[],
            urgency=plan.appliance.faults[name].urgency,
            onset_us=int(self.state.worn_told_us[row, part]) - DAY_US,
            time_us=now_us,
            summary=worn_out(plan, name, age, life, outlook, now_us, replaced=not opened),
            creeping=True,
            predicted_us=now_us + round(outlook.days * DAY_US) if opened else None,
        )
