"""The life of an incident: opened, revised, cleared; and what is said about it each time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import numpy as np

from models.diagnose import Opinion, opine
from models.naming import Seen
from models.plan import DAY_US, HOUR_US, MINUTE_US, UNKNOWN, Floats, TypePlan
from models.prognosis import Outlook
from models.summary import describe_evidence, foretelling, rule_out, summarise

Urgency = Literal["urgent", "soon", "routine"]

REVISE_BY = 0.25
"""A probability that has moved this much is worth telling."""
SWITCH_US = (5 * MINUTE_US, 60 * MINUTE_US)
"""How long another cause must lead before the finding names it: an urgent one, any other."""
SWITCH_BY = 0.1
REPEAT_US = 15 * MINUTE_US
"""No two revisions of the probability alone within this time."""
RECOVERING = 0.6
"""Below this share of its worst score an incident is on its way back: its cause is no longer revised."""
BAND_BEFORE_US = 6 * HOUR_US
"""The plot of evidence starts this long before the onset."""
SETTLED_US = DAY_US
"""After so long an incident's evidence is noted once more, for learning: by then the service plans."""
SHOWN = 1.5
"""Residuals that count less are no evidence."""


class Incident(msgspec.Struct, array_like=True):
    """What is remembered of one open finding; saved with its device."""

    onset_us: int
    opened_us: int
    revision: int
    cause: str
    probability: float
    told_us: int
    worst: float
    weights: list[float]
    shown: list[int]
    rival: str = ""
    rival_since_us: int = 0
    creeping: bool = False
    predicted_us: int = 0
    calm_days: int = 0
    back_days: int = 0
    counted: list[float | None] = []
    settled: bool = False

    def seen(self) -> Seen:
        """Return the evidence as it stands."""
        return Seen(np.array(self.counted, np.float64), np.array(self.weights), self.creeping)

    def add(self, moment: Moment) -> None:
        """Average the evidence of one more moment with what there is; what is not known changes nothing."""
        weights = 0.5 * np.array(self.weights) + 0.5 * moment.weights
        self.weights = [float(w) for w in weights]
        before = np.array(self.counted, np.float64) if self.counted else np.full(len(moment.counted), np.nan)
        now = np.where(np.isfinite(before), before, moment.counted)
        now = np.where(np.isfinite(moment.counted), 0.5 * (now + moment.counted), now)
        self.counted = _or_none(now)


@dataclass(frozen=True)
class Item:
    """One piece of evidence, in the unit that people read (shares of time in per cent)."""

    feature: str
    channel: str
    unit: str
    observed: float
    expected: float
    low: float
    high: float
    score: float


@dataclass(frozen=True)
class Change:
    """A finding was opened, revised or cleared; what :class:`zerodistance.messages.Finding` carries.

    ``seen`` and ``opinion`` are what the cause was named by; a ``quiet`` one is noted for learning only, and
    told nobody.
    """

    device: int
    state: Literal["open", "cleared"]
    revision: int
    cause: str
    probability: float
    candidates: list[tuple[str, float]]
    ruled_out: list[tuple[str, dict[str, str]]]
    evidence: list[Item]
    urgency: Urgency
    onset_us: int
    time_us: int
    summary: dict[str, str]
    codes: list[str] = field(default_factory=list)
    creeping: bool = False
    predicted_us: int | None = None
    seen: Seen | None = field(default=None, compare=False)
    opinion: Opinion | None = field(default=None, compare=False)
    quiet: bool = False

    def foretold(self, outlook: Outlook, now_us: int) -> Change:
        """Return the same with the moment at which the function is expected to be lost."""
        when = now_us + round(outlook.days * DAY_US)
        summary = {
            language: text + foretelling(language, outlook, now_us) for language, text in self.summary.items()
        }
        return replace(self, predicted_us=when, summary=summary)


@dataclass(frozen=True)
class Moment:
    """One device at one pane, as far as an opinion needs it.

    Attributes:
        device: row.
        time_us: end of the pane.
        weights: (K + 1,) evidence for each fault and for unknown.
        observed: (F,) features as they are.
        expected: (F,) as they should be.
        margin: (F, 2) how far below and above a healthy device goes.
        counted: (F,) what each residual counts, NaN where unknown.
        worst: highest score over its threshold.
        codes: fault codes that are active.
        invalid: channels whose readings are impossible.
    """

    device: int
    time_us: int
    weights: Floats
    observed: Floats
    expected: Floats
    margin: Floats
    counted: Floats
    worst: float
    codes: list[str]
    invalid: list[str]


def open_incident(
    plan: TypePlan, moment: Moment, onset_us: int, *, creeping: bool = False
) -> tuple[Incident, Change]:
    """Start an incident that began at ``onset_us``; ``creeping``: it is seen day by day."""
    opinion = opine(plan, Seen(moment.counted, moment.weights, creeping))
    cause = opinion.cause(plan)
    incident = Incident(
        onset_us=onset_us,
        opened_us=moment.time_us,
        revision=1,
        cause=cause,
        probability=_probability(plan, opinion, cause),
        told_us=moment.time_us,
        worst=moment.worst,
        weights=[float(w) for w in moment.weights],
        shown=[int(f) for f in np.flatnonzero(np.abs(np.nan_to_num(moment.counted)) >= SHOWN)],
        creeping=creeping,
        counted=_or_none(moment.counted),
    )
    return incident, _change(plan, incident, moment, opinion, "open")


def follow_incident(plan: TypePlan, incident: Incident, moment: Moment) -> Change | None:
    """Take in one more pane (or day); return a revision if there is something to tell.

    Once, when it has lasted :data:`SETTLED_US`, a quiet one is returned although there is nothing to tell.
    """
    revision = _revise(plan, incident, moment)
    if incident.settled or moment.time_us - incident.opened_us < SETTLED_US:
        return revision
    incident.settled = True
    if revision is None:
        return replace(_change(plan, incident, moment, opine(plan, incident.seen()), "open"), quiet=True)
    return revision


def _revise(plan: TypePlan, incident: Incident, moment: Moment) -> Change | None:
    incident.worst = max(incident.worst, moment.worst)
    if moment.worst < RECOVERING * incident.worst:
        incident.rival = ""
        return None
    incident.add(moment)
    opinion = opine(plan, incident.seen())
    cause = opinion.cause(plan)
    probability = _probability(plan, opinion, cause)
    if cause != incident.cause:
        if incident.rival != cause:
            incident.rival, incident.rival_since_us = cause, moment.time_us
        urgent = cause != UNKNOWN and plan.appliance.faults[cause].urgency == "urgent"
        led_us = moment.time_us - incident.rival_since_us
        ahead = probability - _probability(plan, opinion, incident.cause)
        if led_us < SWITCH_US[0 if urgent else 1] or ahead < SWITCH_BY:
            return None
    else:
        incident.rival = ""
        moved = abs(probability - incident.probability) >= REVISE_BY
        if not moved or moment.time_us - incident.told_us < REPEAT_US:
            return None
    incident.cause, incident.probability = cause, probability
    incident.rival = ""
    incident.revision += 1
    incident.told_us = moment.time_us
    return _change(plan, incident, moment, opinion, "open")


def retell(plan: TypePlan, incident: Incident, moment: Moment) -> Change:
    """Tell an incident again although its cause stands: something else about it has changed."""
    incident.revision += 1
    incident.told_us = moment.time_us
    return _change(plan, incident, moment, opine(plan, incident.seen()), "open")


def close_incident(plan: TypePlan, incident: Incident, moment: Moment) -> Change:
    """End an incident: readings are back to normal, or what is unusual has become the usual."""
    incident.revision += 1
    return _change(plan, incident, moment, opine(plan, incident.seen()), "cleared")


def _or_none(values: Floats) -> list[float | None]:
    """Return what compares equal to itself: a NaN does not."""
    return [float(value) if value == value else None for value in values]


def _probability(plan: TypePlan, opinion: Opinion, cause: str) -> float:
    index = len(plan.faults) if cause == UNKNOWN else plan.faults.index(cause)
    return round(float(opinion.probabilities[index]), 3)


def _items(plan: TypePlan, cause: str, moment: Moment) -> list[Item]:
    signature = np.zeros(len(plan.features))
    if cause != UNKNOWN:
        signature = np.abs(plan.signature[plan.faults.index(cause)])
    size = np.abs(np.nan_to_num(moment.counted))
    order = np.argsort(-(size + 2.0 * (signature > 0) * (size >= SHOWN)), kind="stable")
    items = []
    for f in order[:5]:
        if size[f] < SHOWN or not np.isfinite(moment.observed[f]):
            continue
        unit, factor = plan.display(int(f))
        band = np.array([moment.expected[f] - moment.margin[f, 0], moment.expected[f] + moment.margin[f, 1]])
        low, high = np.clip(band, *plan.possible[f])
        items.append(
            Item(
                feature=plan.features[f],
                channel=plan.appliance.features[plan.features[f]].channel,
                unit=unit,
                observed=_short(moment.observed[f] * factor),
                expected=_short(moment.expected[f] * factor),
                low=_short(low * factor),
                high=_short(high * factor),
                score=_short(moment.counted[f]),
            )
        )
    return items


def _change(
    plan: TypePlan, incident: Incident, moment: Moment, opinion: Opinion, state: Literal["open", "cleared"]
) -> Change:
    items = _items(plan, incident.cause, moment)
    names = [*plan.faults, UNKNOWN]
    candidates = [
        (names[i], round(float(opinion.probabilities[i]), 3))
        for i in opinion.order
        if opinion.probabilities[i] >= 0.03
    ]
    ruled_out = []
    for k, name in enumerate(plan.faults):
        if name != incident.cause and opinion.probabilities[k] < 0.1:
            reason = rule_out(plan, k, moment.counted, moment.observed, moment.expected)
            if reason is not None:
                ruled_out.append((name, reason))
    urgency: Urgency = "soon" if incident.cause == UNKNOWN else plan.appliance.faults[incident.cause].urgency
    shown = [
        describe_evidence(plan, item.feature, item.observed, item.expected, item.unit) for item in items[:3]
    ]
    return Change(
        device=moment.device,
        state=state,
        revision=incident.revision,
        cause=incident.cause,
        probability=incident.probability,
        candidates=candidates,
        ruled_out=ruled_out,
        evidence=items,
        urgency=urgency,
        onset_us=incident.onset_us,
        time_us=moment.time_us,
        summary=summarise(
            plan,
            state=state,
            cause=incident.cause,
            probability=incident.probability,
            onset_us=incident.onset_us,
            time_us=moment.time_us,
            shown=shown,
            codes=moment.codes,
            invalid=moment.invalid,
        ),
        codes=moment.codes,
        creeping=incident.creeping,
        seen=incident.seen(),
        opinion=opinion,
    )


def _short(value: float) -> float:
    """Round to six significant digits: what is told does not hang on the last bits of a sum."""
    return float(f"{value:.6g}")
