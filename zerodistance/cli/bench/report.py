"""What every benchmark reports, for people and for programs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


class Report(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Figures of one run; what a benchmark does not measure stays None and is left out.

    Attributes:
        benchmark: its name.
        settings: what it was run with.
        messages_per_second: stored (or handled) in the time from the first publish to the last commit.
        data_points_per_second: the same, times the channels of a message.
        published: messages that the broker took, as the publisher wrote them down.
        stored: rows of them, counted by SQL.
        lost: published and not stored.
        duplicated: stored more than once.
        reconciled: the sums of every stage meet, as ``zerodistance reconcile`` compares them.
        committed_p50_ms: from the publish to the commit that made the row visible, median.
        committed_p99_ms: the same, 99th percentile.
        finding_p99_ms: from the publish of a fault code to the finding on the log.
        cpu_seconds_per_million_points: by process.
        peak_rss_mb: by process; of PostgreSQL, shared memory counted once.
        reference: what bare tools do in the same run on the same machine.
        details: whatever else the benchmark has to say.
    """

    benchmark: str
    settings: dict[str, Any] = {}
    messages_per_second: float | None = None
    data_points_per_second: float | None = None
    published: int | None = None
    stored: int | None = None
    lost: int | None = None
    duplicated: int | None = None
    reconciled: bool | None = None
    committed_p50_ms: float | None = None
    committed_p99_ms: float | None = None
    finding_p99_ms: float | None = None
    cpu_seconds_per_million_points: dict[str, float] = {}
    peak_rss_mb: dict[str, float] = {}
    reference: dict[str, float] = {}
    details: dict[str, Any] = {}


class Spread(msgspec.Struct):
    """A figure over several runs."""

    median: float
    low: float
    high: float


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """Return one document: the median run's figures, and with several runs the spread of each and all runs.

    The median run is the one in the middle by data points per second, whole: figures of one run belong
    together.
    """
    document: dict[str, Any] = msgspec.to_builtins(_middle(reports))
    if len(reports) > 1:
        document["spread"] = msgspec.to_builtins(spreads(reports))
        document["runs"] = msgspec.to_builtins(list(reports))
    return document


def spreads(reports: Sequence[Report]) -> dict[str, Spread]:
    """Return median, lowest and highest of every single figure over all runs."""
    found: dict[str, Spread] = {}
    for field in msgspec.structs.fields(Report):
        values = [getattr(report, field.name) for report in reports]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            found[field.name] = Spread(statistics.median(values), min(values), max(values))
    return found


def show(reports: Sequence[Report], console: Console) -> None:
    """Print a table for people."""
    report = _middle(reports)
    spread = spreads(reports) if len(reports) > 1 else {}
    runs = f", {len(reports)} runs: the middle one, and the range of all" if spread else ""
    table = Table(title=f"{report.benchmark}{runs}", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(justify="right")
    if spread:
        table.add_column(style="dim")
    for field in msgspec.structs.fields(Report):
        value = getattr(report, field.name)
        name = field.name.replace("_", " ")
        if isinstance(value, int | float):
            row = [name, _number(value)]
            if one := spread.get(field.name):
                row.append(f"{_number(one.low)} to {_number(one.high)}")
            table.add_row(*row)
        elif isinstance(value, dict) and value and field.name != "settings":
            table.add_section()
            for key, entry in value.items():
                said = _number(entry) if isinstance(entry, int | float) else str(entry)
                table.add_row(f"{name}: {key.replace('_', ' ')}", said)
    console.print(table)


def _middle(reports: Sequence[Report]) -> Report:
    ordered = sorted(reports, key=lambda report: report.data_points_per_second or 0.0)
    return ordered[(len(ordered) - 1) // 2]


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
