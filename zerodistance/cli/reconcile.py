"""``zerodistance reconcile``: do the sums meet, from ingest to tickets, or for one device?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.errors import SettingsError, ZeroDistanceError
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS
from zerodistance.settings import Settings, load_settings
from zerodistance.store import database
from zerodistance.store.reconcile import Ends, Report, reconcile
from zerodistance.store.reconcile_device import DeviceReport, reconcile_device

app = typer.Typer(add_completion=False)

_MEANINGS = {
    "ingest": "written once a second: a kill forgets the last second, what the broker repeats counts again",
    "before": "from before these were counted",
}


@app.command(name="reconcile")
def main(
    device: Annotated[str | None, typer.Option(help="of this device alone, number by number")] = None,
    since: Annotated[
        str | None, typer.Option(help="compare rows from then on: 2026-03-01, or 2026-03-01T08:00:00Z")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Compare what every stage counted with what is there; ends with 1 where the sums do not meet."""
    settings = load_settings()
    start = _moment(since) if since else None
    catalogue = load_catalogue(settings.catalogue_folders())
    now = settings.make_clock().now()
    # the day after the oldest that may be there: partitions are dropped whole, at any hour
    oldest = {
        name: now - timedelta(days=appliance.retention_days - 2) for name, appliance in catalogue.items()
    }
    with database.connect(database.dsn(settings), autocommit=True) as conn, database.translated():
        if device is not None:
            one = reconcile_device(conn, device, start, max(oldest.values(), default=None))
            if as_json:
                print_json(
                    {"ok": not one.problems, **one._asdict(), "boots": [b._asdict() for b in one.boots]}
                )
            else:
                _show_device(one)
            problems = one.problems
        else:
            unreachable: list[str] = []
            report = reconcile(
                conn,
                lambda: _ends(settings, unreachable),
                {name: at.date() for name, at in oldest.items()},
                start.date() if start else None,
            )
            report.notes.extend(unreachable)
            if as_json:
                print_json({"ok": not report.problems, **report._asdict()})
            else:
                _show(report)
            problems = report.problems
    if problems:
        raise SystemExit(1)


def _ends(settings: Settings, unreachable: list[str]) -> Ends:
    try:
        log = open_log(settings.log_address(), client_id="zd-reconcile")
        try:
            return {where: end for topic in LOG_TOPICS for where, end in log.end_offsets(topic).items()}
        finally:
            log.close()
    except ZeroDistanceError as error:
        unreachable.append(f"Not compared: the log. {error}")
        return {}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--since {text!r} is not a time: write 2026-03-01 or 2026-03-01T08:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _show(report: Report) -> None:
    console = Console(highlight=False, markup=False)
    table = Table("stage", "outcome", Column("count", justify="right"))
    for stage, outcomes in sorted(report.stages.items(), key=lambda entry: _rank(entry[0])):
        table.add_section()
        for number, (outcome, count) in enumerate(sorted(outcomes.items(), key=lambda item: -item[1])):
            table.add_row(stage if not number else "", outcome, f"{count:,}")
    for topic, numbers in (report.log or {}).items():
        table.add_section()
        for number, (name, count) in enumerate(numbers.items()):
            table.add_row(topic if not number else "", name, f"{count:,}")
    table.add_section()
    for number, (name, count) in enumerate(report.tables.items()):
        table.add_row("there now" if not number else "", name, f"{count:,}")
    for number, (name, count) in enumerate(report.letters.items()):
        table.add_row("letters that wait" if not number else "", name, f"{count:,}")
    console.print(table)
    for stage, meaning in _MEANINGS.items():
        if stage in report.stages:
            console.print(f"{stage}: {meaning}.", soft_wrap=True)
    for note in report.notes:
        console.print(note, soft_wrap=True)
    _conclude(console, report.problems)


def _show_device(report: DeviceReport) -> None:
    console = Console(highlight=False, markup=False)
    behind = f", behind gateway {report.gateway}" if report.gateway else ""
    console.print(f"{report.device}: {report.type}{behind}")
    if report.first_at is not None and report.last_at is not None:
        first, last = (f"{at:%Y-%m-%d %H:%M}" for at in (report.first_at, report.last_at))
        console.print(f"{report.rows:,} rows from {first} to {last} UTC")
    else:
        console.print("No rows.")
    if report.boots:
        table = Table(
            "boot", "rows", "numbers", "receipt through", "beyond a gap", "letters", "given up", "missing"
        )
        for boot in report.boots:
            table.add_row(
                str(boot.boot),
                f"{boot.rows:,}",
                f"{boot.first}-{boot.last}" if boot.first is not None else "",
                str(boot.through),
                " ".join(f"{a}-{b}" for a, b in boot.ahead[:5]),
                f"{boot.letters:,}",
                f"{boot.given_up:,}",
                " ".join(f"{a}-{b}" for a, b in boot.missing[:5]),
            )
        console.print(table)
    else:
        console.print("It does not number its samples: nothing says how many there should be.")
    parts = {f"letters {name}": n for name, n in report.letters.items()}
    parts |= {f"{name}s": n for name, n in report.events.items()}
    parts |= {"conflicts": report.conflicts, "parked": report.parked}
    console.print(", ".join(f"{n:,} {name}" for name, n in parts.items() if n) or "No letters, no events.")
    _conclude(console, report.problems)


def _conclude(console: Console, problems: list[str]) -> None:
    for problem in problems:
        console.print(problem, style="bold red", soft_wrap=True)
    if not problems:
        console.print("The sums meet.")


def _rank(stage: str) -> tuple[int, str]:
    order = ("ingest", "ingest.refused", "store", "diagnose", "work")
    return (order.index(stage) if stage in order else len(order), stage)
