"""From what the models said of simulated appliances to figures: pure, and never flattering.

* A finding *belongs* to a fault if it was opened between the fault's onset and two days after its repair; or
  was open already at the onset, and then from when it names the fault. Any other finding is false.
* A fault is *found* when such a finding is open before the repair. Its cause is what the finding names a day
  after it was opened (or when it cleared): by then the service has planned.
* An appliance that nobody switched on between its failure and its repair and that raised no code (an air
  conditioner in spring, a washing machine in a week off) has failed nobody and shows nothing: its case counts
  for the recall at any severity only.
* What a false finding costs is asked of the ticket rules (services/tickets/rules.py): a question to the
  owner, or a visit or remote work (a *ticket*). Seven of ten owners answer within 25 minutes, truthfully,
  that there is nothing; the others not at all. What has not cleared by then, or by the question's deadline,
  becomes a ticket as well.
* Precision is the share of findings that belong to a fault, among so many faults as were injected here: many
  more than in life.
* Healthy device-years are those of appliances without a fault, and of the others before theirs. Nothing is
  left out: the first weeks, in which everything is new to the models, count like any other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.tickets import rules
from services.tickets.lifecycle import State
from simulators.randomness import keyed
from zerodistance.catalogue import Catalogue
from zerodistance.cli.evaluate.simulated.fleets import SLOW_HOURS, Life

UNKNOWN = "unknown"
MISSED = "missed"
NONE = "none"

_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000
_YEAR_US = 365.25 * _DAY_US
_SETTLED_US = _DAY_US
_AFTERMATH_US = 2 * _DAY_US
_ANSWER_US = 25 * 60_000_000
_ANSWERS = 0.7


@dataclass
class Finding:
    """One finding: when it was opened and cleared, what it named when, and what it rested on first."""

    opened_us: int
    leading: str = ""
    cleared_us: int | None = None
    causes: list[tuple[int, str]] = field(default_factory=list)

    def cause_at(self, time_us: int) -> str:
        """Return what it named at a moment."""
        named = self.causes[0][1]
        for since, cause in self.causes:
            if since <= time_us:
                named = cause
        return named

    def named_from(self, cause: str, after_us: int) -> int | None:
        """Return when it named ``cause`` at or after a moment, None if never."""
        for (since, named), until in zip(
            self.causes, [*(when for when, _ in self.causes[1:]), self.cleared_us], strict=True
        ):
            if named == cause and (until is None or until > after_us):
                return max(since, after_us)
        return None


def findings_of(life: Life) -> list[Finding]:
    """Return an appliance's findings in order of time."""
    found: list[Finding] = []
    current: dict[int, Finding] = {}  # by onset: an appliance may have one that creeps besides another
    for time_us, state, cause, leading, onset_us in life.changes:
        if onset_us not in current:
            current[onset_us] = Finding(time_us, leading)
            found.append(current[onset_us])
        current[onset_us].causes.append((time_us, cause))
        if state == "cleared":
            current.pop(onset_us).cleared_us = time_us
    return sorted(found, key=lambda one: one.opened_us)


@dataclass(frozen=True)
class Cost:
    """What a false finding costs: the owner is asked; somebody comes or works on it from afar."""

    asked: bool
    ticket: bool


def cost_of(finding: Finding, life: Life, catalogue: Catalogue) -> Cost:
    """Return what the ticket rules make of a finding behind which there is nothing."""
    cause = finding.causes[0][1]
    fault = catalogue[life.type].faults.get(cause)
    decisions = rules.on_new_incident(fault, owner=True)
    opened = next(one for one in decisions if isinstance(one, rules.Open))
    if opened.state is not State.OWNER_ASKED:
        return Cost(False, True)
    answers = keyed(0, f"{life.device}/{finding.opened_us}").random() < _ANSWERS
    span_us = next(one.span for one in decisions if isinstance(one, rules.WaitFor)).total_seconds() * 1e6
    wait_us = min(_ANSWER_US, span_us) if answers else span_us
    lasted = finding.cleared_us is None or finding.cleared_us > finding.opened_us + wait_us
    return Cost(True, lasted)


@dataclass(frozen=True)
class Case:
    """One fault that was injected, and what became of it.

    Attributes:
        named: the cause, :data:`UNKNOWN` or :data:`MISSED`.
        delay_us: from onset to the finding; ``warning_us``: from the finding to functional failure.
        clear_us: from the repair to the end of the last finding.
    """

    type: str
    fault: str
    functional: bool
    slow: bool
    named: str
    first: str
    delay_us: int | None
    warning_us: int | None
    clear_us: int | None


def judge_case(life: Life) -> tuple[Case, list[Finding]]:
    """Return what became of the fault of a life, and the findings that have nothing to do with it."""
    false: list[Finding] = []
    found: tuple[int, str, str] | None = None  # when, cause, first cause
    clear_us: int | None = None
    until = life.cleared_us + _AFTERMATH_US
    for finding in findings_of(life):
        mine = life.onset_us <= finding.opened_us < until
        when = finding.opened_us if mine else None
        if finding.opened_us < life.onset_us:
            false.append(finding)
            if finding.cleared_us is None or finding.cleared_us > life.onset_us:
                when = finding.named_from(life.fault, life.onset_us)
        elif not mine:
            false.append(finding)
        if when is None or when >= life.cleared_us:
            continue
        if found is None:
            settled = finding.cause_at(min(when + _SETTLED_US, finding.cleared_us or life.until_us))
            found = when, settled, finding.cause_at(when)
        if finding.cleared_us is not None and finding.cleared_us >= life.cleared_us:
            clear_us = finding.cleared_us - life.cleared_us
    functional = life.functional_us is not None and not unused(life)
    warning = None
    if life.functional_us is not None and found is not None:
        warning = life.functional_us - found[0]
    case = Case(
        type=life.type,
        fault=life.fault,
        functional=functional,
        slow=life.hours > SLOW_HOURS,
        named=found[1] if found else MISSED,
        first=found[2] if found else MISSED,
        delay_us=found[0] - life.onset_us if found else None,
        warning_us=warning,
        clear_us=clear_us,
    )
    return case, false


def unused(life: Life) -> bool:
    """Tell whether nobody used an appliance while something was wrong with it."""
    return life.used_h == 0.0 and not life.codes


def poisson_upper(count: int, level: float = 0.975) -> float:
    """Return the upper end of Garwood's interval of a Poisson mean (95 % between both ends).

    Garwood, "Fiducial Limits for the Poisson Distribution", Biometrika 28 (1936) 437.

    >>> round(poisson_upper(0), 3), round(poisson_upper(5), 3)
    (3.689, 11.668)
    """
    low, high = float(count), count + 10.0 * math.sqrt(count + 1.0) + 10.0
    for _ in range(80):
        middle = (low + high) / 2.0
        terms = np.arange(count + 1)
        logs = terms * math.log(middle) - middle - np.array([math.lgamma(k + 1.0) for k in terms])
        if np.exp(logs).sum() > 1.0 - level:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


@dataclass
class Tally:
    """False alarms of some healthy time."""

    years: float = 0.0
    tickets: int = 0
    questions: int = 0
    findings: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    leading: Counter[str] = field(default_factory=Counter)

    def rate(self, count: int) -> float:
        """Return a count per device-year."""
        return count / self.years if self.years else 0.0


@dataclass
class Verdict:
    """Everything that was counted.

    Attributes:
        by_type: false alarms of each type.
        young: of the first fortnight of all of them; ``grown``: of the time after it.
        cases: the faults.
        judged_years: all that was looked at, ill or well.
    """

    by_type: dict[str, Tally]
    young: Tally
    grown: Tally
    cases: list[Case]
    judged_years: float

    @property
    def overall(self) -> Tally:
        """Return false alarms of all types."""
        total = Tally()
        for one in self.by_type.values():
            total.years += one.years
            total.tickets += one.tickets
            total.questions += one.questions
            total.findings += one.findings
        return total


def judge(lives: Iterable[Life], catalogue: Catalogue) -> Verdict:
    """Judge lives."""
    verdict = Verdict({}, Tally(), Tally(), [], 0.0)
    for life in lives:
        mine = verdict.by_type.setdefault(life.type, Tally())
        verdict.judged_years += (life.until_us - life.from_us) / _YEAR_US
        if life.fault:
            case, false = judge_case(life)
            verdict.cases.append(case)
            healthy_until = life.onset_us
        else:
            false, healthy_until = findings_of(life), life.until_us
        fortnight = min(life.from_us + 14 * _DAY_US, healthy_until)
        mine.years += (healthy_until - life.from_us) / _YEAR_US
        verdict.young.years += (fortnight - life.from_us) / _YEAR_US
        verdict.grown.years += (healthy_until - fortnight) / _YEAR_US
        open_until = -1  # one appliance has one ticket at a time: further findings join it
        for finding in false:
            if finding.opened_us >= healthy_until:
                continue  # after a repair: its time is not counted either
            joins = finding.opened_us < open_until
            cost = Cost(False, False) if joins else cost_of(finding, life, catalogue)
            open_until = max(open_until, life.until_us if finding.cleared_us is None else finding.cleared_us)
            aged = verdict.young if finding.opened_us < fortnight else verdict.grown
            for tally in (mine, aged):
                tally.findings += 1
                tally.tickets += cost.ticket
                tally.questions += cost.asked
                tally.causes[finding.causes[0][1]] += 1
                tally.leading[finding.leading] += 1
    return verdict


def figures_of(verdict: Verdict) -> dict[str, Any]:
    """Return the figures under the keys of the simulated suite."""
    total = verdict.overall
    found = [case for case in verdict.cases if case.named != MISSED]
    by_fault = group_cases(verdict.cases)
    functional = {name: [c for c in cases if c.functional] for name, cases in by_fault.items()}
    slow = [case for case in verdict.cases if case.slow and case.functional]
    return {
        "device_years": _round(total.years),
        "judged_device_years": _round(verdict.judged_years),
        "false_tickets_per_device_year": _round(total.rate(total.tickets)),
        "false_tickets_upper95": _round(poisson_upper(total.tickets) / total.years) if total.years else None,
        "false_questions_per_device_year": _round(total.rate(total.questions)),
        "false_tickets_per_device_year_first_fortnight": _round(verdict.young.rate(verdict.young.tickets)),
        "false_tickets_per_device_year_later": _round(verdict.grown.rate(verdict.grown.tickets)),
        "faults": len(verdict.cases),
        "recall_by_fault": {
            name: _share(found_of(cases), cases) for name, cases in functional.items() if cases
        },
        "recall_by_fault_any_severity": {
            name: _share(found_of(cases), cases) for name, cases in by_fault.items()
        },
        "precision": _round(len(found) / (len(found) + total.findings)) if found or total.findings else None,
        "wrong_cause_rate": _share([c for c in found if c.named not in (c.fault, UNKNOWN)], found),
        "unknown_rate": _share([c for c in found if c.named == UNKNOWN], found),
        "warning_days_p10_by_fault": {
            name: _round(float(np.percentile([_warning_days(c) for c in cases], 10)))
            for name, cases in functional.items()
            if cases and cases[0].slow
        },
        "slow_faults_called_7_days_ahead": _share([c for c in slow if _warning_days(c) >= 7.0], slow),
        "delay_hours_by_fault": {
            name: _round(float(np.median(delays)))
            for name, cases in by_fault.items()
            if (delays := [c.delay_us / _HOUR_US for c in cases if c.delay_us is not None])
        },
        "hours_to_clear_median": _median(
            [c.clear_us / _HOUR_US for c in verdict.cases if c.clear_us is not None]
        ),
        "false_by_type": {
            name: {
                "device_years": _round(one.years),
                "tickets_per_device_year": _round(one.rate(one.tickets)),
                "tickets_upper95": _round(poisson_upper(one.tickets) / one.years),
                "questions_per_device_year": _round(one.rate(one.questions)),
                "causes": dict(one.causes.most_common()),
                "leading_evidence": dict(one.leading.most_common(5)),
            }
            for name, one in sorted(verdict.by_type.items())
        },
        "confusion_by_type": confusion(verdict.cases),
    }


def group_cases(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Return ``type/fault`` → its cases."""
    grouped: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda one: (one.type, one.fault)):
        grouped.setdefault(f"{case.type}/{case.fault}", []).append(case)
    return grouped


def found_of(cases: Sequence[Case]) -> list[Case]:
    """Return the cases that were found."""
    return [case for case in cases if case.named != MISSED]


def confusion(cases: Sequence[Case]) -> dict[str, dict[str, dict[str, int]]]:
    """Return type → true fault → what it was called (or missed) → how often."""
    matrix: dict[str, dict[str, Counter[str]]] = {}
    for case in cases:
        matrix.setdefault(case.type, {}).setdefault(case.fault, Counter())[case.named] += 1
    return {
        name: {fault: dict(calls.most_common()) for fault, calls in sorted(rows.items())}
        for name, rows in sorted(matrix.items())
    }


def mean_recall(figures: Mapping[str, Any]) -> float | None:
    """Return the mean of the functional faults' recalls: each fault counts the same."""
    recalls = [value for value in figures["recall_by_fault"].values() if value is not None]
    return _round(float(np.mean(recalls))) if recalls else None


def _warning_days(case: Case) -> float:
    """Return days of warning; none at all for a fault that was missed."""
    return 0.0 if case.warning_us is None else case.warning_us / _DAY_US


def _share(some: Sequence[Case], of: Sequence[Case]) -> float | None:
    return _round(len(some) / len(of)) if of else None


def _median(values: Sequence[float]) -> float | None:
    return _round(float(np.median(values))) if values else None


def _round(value: float) -> float:
    return float(f"{value:.4g}")
