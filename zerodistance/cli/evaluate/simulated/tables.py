"""The simulated suite's figures as tables for people, and its goals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zerodistance.catalogue import Catalogue
from zerodistance.cli.evaluate.simulated.verdicts import UNKNOWN, Verdict, found_of, group_cases
from zerodistance.cli.evaluate.suite import Goal, Table

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


def tables_of(verdict: Verdict, figures: Mapping[str, Any], catalogue: Catalogue) -> tuple[Table, ...]:
    """Return false alarms by type, faults, what faults were called, and the variations."""
    return (
        _false_alarms(verdict, figures),
        _faults(verdict, catalogue),
        _calls(figures),
        _variations(figures),
    )


def goals_of(figures: Mapping[str, Any]) -> tuple[Goal, ...]:
    """Return the goals of the issue beside what was reached."""
    recalls = [value for value in figures["recall_by_fault"].values() if value is not None]
    return (
        Goal(
            "false tickets per device-year, upper end of 95 %",
            figures["false_tickets_upper95"],
            0.05,
            "at most",
        ),
        Goal("false questions per device-year", figures["false_questions_per_device_year"], 0.2, "at most"),
        Goal("lowest recall of a functional fault", min(recalls, default=None), 0.95),
        Goal("wrong cause", figures["wrong_cause_rate"], 0.05, "at most"),
        Goal("unknown cause", figures["unknown_rate"], 0.15, "at most"),
        Goal("slow faults called 7 days ahead", figures["slow_faults_called_7_days_ahead"], 0.9),
    )


def _false_alarms(verdict: Verdict, figures: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | float | int | None, ...]] = [
        (
            name,
            one["device_years"],
            one["tickets_per_device_year"],
            one["tickets_upper95"],
            one["questions_per_device_year"],
            _most(one["causes"]),
            _most(one["leading_evidence"]),
        )
        for name, one in figures["false_by_type"].items()
    ]
    total = verdict.overall
    rows.append(
        (
            "all",
            figures["device_years"],
            figures["false_tickets_per_device_year"],
            figures["false_tickets_upper95"],
            figures["false_questions_per_device_year"],
            f"{total.findings} findings",
            None,
        )
    )
    for title, one in (("… first fortnight", verdict.young), ("… later", verdict.grown)):
        if one.years:
            rates = one.rate(one.tickets), None, one.rate(one.questions)
            rows.append((title, one.years, *rates, f"{one.findings} findings", None))
    columns = (
        "type",
        "healthy device-years",
        "tickets/year",
        "upper 95 %",
        "questions/year",
        "named most often",
        "led by",
    )
    return Table("False alarms", columns, tuple(rows))


def _most(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in list(counts.items())[:3])


def _faults(verdict: Verdict, catalogue: Catalogue) -> Table:
    rows: list[tuple[str | float | int | None, ...]] = []
    for name, cases in group_cases(verdict.cases).items():
        kind, fault = name.split("/")
        functional = [case for case in cases if case.functional]
        found = found_of(cases)
        delays = [case.delay_us / _HOUR_US for case in found if case.delay_us is not None]
        warnings = [(case.warning_us or 0) / _DAY_US for case in functional]
        rows.append(
            (
                name,
                catalogue[kind].faults[fault].time_scale,
                len(cases),
                len(found_of(functional)) / len(functional) if functional else None,
                len(found) / len(cases),
                sum(case.named == fault for case in found),
                sum(case.named == UNKNOWN for case in found),
                sum(case.named not in (fault, UNKNOWN) for case in found),
                float(np.median(delays)) if delays else None,
                float(np.percentile(warnings, 10)) if warnings and cases[0].slow else None,
            )
        )
    columns = (
        *("fault", "time scale", "cases", "recall, functional", "recall, all", "right", "unknown", "wrong"),
        *("delay h, median", "warning days, p10"),
    )
    return Table("Faults", columns, tuple(rows))


def _calls(figures: Mapping[str, Any]) -> Table:
    rows = [
        (f"{kind}/{fault}", ", ".join(f"{name} {count}" for name, count in calls.items()))
        for kind, faults in figures["confusion_by_type"].items()
        for fault, calls in faults.items()
        if set(calls) != {fault}
    ]
    return Table(
        "What faults were called, where it was not always their name", ("fault", "called"), tuple(rows)
    )


def _variations(figures: Mapping[str, Any]) -> Table:
    keys = (
        "recall",
        "false_tickets_per_device_year",
        "false_questions_per_device_year",
        "wrong_cause_rate",
        "unknown_rate",
        "slow_faults_called_7_days_ahead",
    )
    rows = [(one["models"], *(one[key] for key in keys)) for one in figures["variations"]]
    columns = (
        "models",
        "mean recall",
        "false tickets/year",
        "false questions/year",
        "wrong cause",
        "unknown",
        "slow, 7 days ahead",
    )
    return Table("Recall against false alarms, and what each layer is worth", columns, tuple(rows))
