"""Energy per day against the home's own past. Pure: days in, a sentence out.

A day is compared with the same kind of day (workday or weekend) of the four weeks before it: median, and
a band around it from the median absolute deviation, so that one odd day in the past neither makes nor
hides an insight. What else was different on that day (door, setting, warmth, running time) chooses the
advice. Nothing is said on too little data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median

from services.insights.wording import Reason, tell
from zerodistance.catalogue import Text

KIND = "energy_day"
WINDOW = timedelta(days=28)
# A day with less of its hours reported says nothing: what the counter grew by in a gap may belong elsewhere.
MIN_COVERAGE = 0.9
# The past must reach back two weeks and hold this many days of the same kind: two weekends have four.
MIN_PAST = timedelta(days=14)
MIN_DAYS = 4
# The band is never narrower than this: smaller differences change nobody's life.
_MIN_BAND_SHARE = 0.2
_MIN_BAND_KWH = 0.15
# Below this the appliance is as good as unused on such days: using it once is a habit, not a waste.
_MIN_USUAL_KWH = 0.2
_MADS = 3.0
_MAD_TO_SIGMA = 1.4826  # for normally distributed values
_DAYS_A_MONTH = 30
# Each degree of the setting is about six per cent of an air conditioner's electricity (the lower end of the
# six to eight per cent that China's energy authorities publish with the advice to set 26 °C in summer).
_SHARE_PER_DEGREE = 0.06
_SUMMER_SETTING, _WINTER_SETTING = 26.0, 20.0


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one appliance.

    Attributes:
        day: date in the home's time zone.
        kwh: electricity used.
        coverage: share of the day that was reported, 0 to 1.
        means: daily mean by channel (of a state: share of time), as far as known.
    """

    day: date
    kwh: float
    coverage: float
    means: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EnergyInsight:
    """A day on which an appliance used clearly more than usual, and what to do.

    Attributes:
        usual, high: median of the days compared with and upper end of their band, kWh.
        excess: used above ``usual``, kWh.
        saving: kWh a day that the advice saves at most; the insights of a home are ranked by it.
        reason: what was different on that day; chooses the advice.
        body: the sentences, by language.
    """

    day: date
    kwh: float
    usual: float
    high: float
    excess: float
    saving: float
    days_compared: int
    reason: Reason
    body: Text

    @property
    def saving_month(self) -> float:
        """Return the saving of thirty such days, kWh."""
        return self.saving * _DAYS_A_MONTH

    def figures(self) -> dict[str, float | int | str]:
        """Return the numbers behind the sentence."""
        return {
            "kwh": round(self.kwh, 3),
            "usual_kwh": round(self.usual, 3),
            "high_kwh": round(self.high, 3),
            "excess_kwh": round(self.excess, 3),
            "saving_kwh_day": round(self.saving, 3),
            "saving_kwh_month": round(self.saving_month, 1),
            "days_compared": self.days_compared,
            "reason": self.reason.value,
        }


def find_insight(title: Text, days: Sequence[Day], day: date) -> EnergyInsight | None:
    """Return what there is to say about ``day``, or None.

    Args:
        title: the appliance's name, by language.
        days: days of one appliance in any order; those after ``day`` are not looked at.
        day: a day that is over.
    """
    today = next((d for d in days if d.day == day and d.coverage >= MIN_COVERAGE), None)
    past = [d for d in days if day - WINDOW <= d.day < day and d.coverage >= MIN_COVERAGE]
    alike = [d for d in past if is_weekend(d.day) == is_weekend(day)]
    if today is None or len(alike) < MIN_DAYS or day - min(d.day for d in past) < MIN_PAST:
        return None
    usual, high = _band([d.kwh for d in alike])
    if usual < _MIN_USUAL_KWH or today.kwh <= high:
        return None
    excess = today.kwh - usual
    reason, saving = _explain(today, alike, excess)
    body = tell(title, day, is_weekend(day), today.kwh, usual, reason, saving, saving * _DAYS_A_MONTH)
    return EnergyInsight(day, today.kwh, usual, high, excess, saving, len(alike), reason, body)


def rank(insights: Sequence[tuple[str, EnergyInsight]], limit: int) -> list[tuple[str, EnergyInsight]]:
    """Return the best insights of one home, as (device, insight), those that save most first."""
    return sorted(insights, key=lambda pair: (-pair[1].saving, pair[0]))[:limit]


def is_weekend(day: date) -> bool:
    """Tell whether most people are at home on that day."""
    return day.weekday() >= 5


def _band(values: Sequence[float]) -> tuple[float, float]:
    usual = median(values)
    spread = _MADS * _MAD_TO_SIGMA * median(abs(value - usual) for value in values)
    return usual, usual + max(spread, _MIN_BAND_SHARE * usual, _MIN_BAND_KWH)


def _explain(today: Day, alike: Sequence[Day], excess: float) -> tuple[Reason, float]:
    """Return what was different and how much of the day's electricity minding it saves at most."""

    def shift(channel: str) -> float:
        before = [d.means[channel] for d in alike if channel in d.means]
        return today.means[channel] - fmean(before) if before and channel in today.means else 0.0

    # an opening of five minutes more in the day is 0.35 %
    if shift("door_open") > 0.0035:
        return Reason.DOOR, excess
    if "running" in today.means:
        degrees = _degrees_too_far(today.means)
        if degrees >= 0.5:
            return Reason.ROOM_SETTING, min(today.kwh * min(_SHARE_PER_DEGREE * degrees, 0.3), excess)
        if shift("running") > 0.08:  # two hours more
            return Reason.RUNNING, excess
        return Reason.FILTER, excess
    if shift("set_point") <= -0.5:
        return Reason.COLD_SETTING, excess
    if shift("ambient_temperature") >= 2.0:
        return Reason.WARM_PLACE, excess
    return (Reason.COMPARTMENT if "door_open" in today.means else Reason.UNKNOWN), excess


def _degrees_too_far(means: Mapping[str, float]) -> float:
    """Return by how many degrees an air conditioner is set beyond the advised setting; 0 if it is not."""
    if "set_point" not in means or "outdoor_temperature" not in means:
        return 0.0
    setting, outdoors = means["set_point"], means["outdoor_temperature"]
    if outdoors >= setting:
        return max(0.0, _SUMMER_SETTING - setting)
    return max(0.0, setting - _WINTER_SETTING) if outdoors < _WINTER_SETTING else 0.0
