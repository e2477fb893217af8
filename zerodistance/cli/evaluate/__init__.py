"""``zerodistance evaluate``: the models measured on simulated fleets and on recorded data."""

from __future__ import annotations

import importlib
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from zerodistance.cli import print_json
from zerodistance.cli.evaluate.suite import Report, Table, Task
from zerodistance.cli.stopping import until_told
from zerodistance.errors import SettingsError

app = typer.Typer(add_completion=False)


class Suite(StrEnum):
    """The suites; each is a module of this package with ``run(task) -> Report``."""

    SIMULATED = "simulated"
    NAB = "nab"
    LBNL = "lbnl"
    CMAPSS = "cmapss"
    FAN = "fan"
    COST = "cost"
    SYNTHETIC = "synthetic"


@app.command()
def evaluate(
    suite: Annotated[Suite, typer.Option(help="what to measure")],
    datasets: Annotated[
        Path | None,
        typer.Option(help="folder of the recorded data sets; else ZD_DATASETS, else beside the checkout"),
    ] = None,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="also measure what each layer is worth")
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: a setting of the suite's own; again for more"),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="end with 1 if a goal is missed")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Measure the models and print the figures, with the goals beside them."""
    console = Console(stderr=True)
    began = datetime.now(UTC)
    started = time.process_time()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        bar = bars.add_task(suite.value, total=None)
        task = Task(
            datasets=datasets,
            ablation=ablation,
            options=_read_settings(setting or []),
            stop=until_told(),
            show=lambda what, done, total: bars.update(bar, description=what, completed=done, total=total),
        )
        module = importlib.import_module(f"zerodistance.cli.evaluate.{suite.value}")
        report: Report = module.run(task)
    spent = time.process_time() - started
    if as_json:
        print_json(
            {
                "suite": suite.value,
                "date": f"{began:%Y-%m-%d}",
                "cpu_seconds": round(spent, 1),
                **report.figures,
                "goals": [
                    {"name": g.name, "value": g.value, g.sense.replace(" ", "_"): g.target, "met": g.is_met}
                    for g in report.goals
                ],
                "remarks": list(report.remarks),
            }
        )
    else:
        _print_report(report, f"{suite.value}, {began:%Y-%m-%d}, {spent:.0f} s of processor time")
    if check and not all(goal.is_met for goal in report.goals):
        raise typer.Exit(1)


def _read_settings(given: list[str]) -> dict[str, str]:
    settings = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingsError(f"--set {text}: write NAME=VALUE.")
        settings[name] = value
    return settings


def _print_report(report: Report, title: str) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{title}[/]")
    for table in report.tables:
        console.print(_drawn(table))
    for goal in report.goals:
        mark = "[green]met   [/]" if goal.is_met else "[red]missed[/]"
        value = "no figure" if goal.value is None else f"{goal.value:g}"
        console.print(f"{mark} {goal.name}: {value} (goal: {goal.sense} {goal.target:g})", soft_wrap=True)
    for remark in report.remarks:
        console.print(remark, soft_wrap=True, markup=False)


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(title=table.title, title_justify="left")
    for place, name in enumerate(table.columns):
        drawn.add_column(name, justify="left" if place == 0 else "right")
    for row in table.rows:
        drawn.add_row(*("–" if v is None else f"{v:,.4g}" if isinstance(v, float) else str(v) for v in row))
    return drawn
