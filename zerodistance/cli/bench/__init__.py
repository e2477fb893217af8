"""``zerodistance bench``: what the platform does on this machine, measured, with its counts reconciled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from zerodistance.cli import print_json
from zerodistance.cli.stopping import until_told

if TYPE_CHECKING:
    from zerodistance.cli.bench.report import Report

app = typer.Typer(
    help="Measure the platform on this machine; each benchmark starts what it needs, and ends it.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="the figures as JSON")]
Repeat = Annotated[int, typer.Option(help="runs: the middle one is shown, with the range of all", min=1)]
Mqtt = Annotated[
    str, typer.Option(metavar="mqtt://…", help="a running broker that nothing else ingests from")
]
Kafka = Annotated[str, typer.Option(metavar="HOST:PORT", help="running Kafka brokers")]
Database = Annotated[
    str, typer.Option(metavar="postgresql://…", help="a running server, whose role may create databases")
]


@app.callback()
def _bench() -> None:
    """Take no option of its own; each benchmark has its."""


@app.command("end-to-end")
def end_to_end(
    seconds: Annotated[float, typer.Option(help="how long is published", min=1, max=3600)] = 60.0,
    rate: Annotated[
        float, typer.Option(help="messages a second; 0: as many as the platform commits", min=0)
    ] = 10_000.0,
    devices: Annotated[int, typer.Option(help="devices that take turns", min=1, max=1_000_000)] = 1_000,
    connections: Annotated[int, typer.Option(help="MQTT connections of the load", min=1, max=500)] = 8,
    ingests: Annotated[int, typer.Option(help="ingest processes", min=1, max=16)] = 1,
    stores: Annotated[int, typer.Option(help="store processes", min=1, max=16)] = 1,
    diagnosers: Annotated[int, typer.Option(help="diagnose processes", min=1, max=16)] = 1,
    mqtt: Mqtt = "",
    kafka: Kafka = "",
    database: Database = "",
    references: Annotated[bool, typer.Option(help="measure bare tools in the same run")] = True,
    logs: Annotated[Path | None, typer.Option(help="folder for the processes' own words")] = None,
    repeat: Repeat = 1,
    as_json: Json = False,
) -> None:
    """From the device's publish to the committed row and the finding, every process on this machine."""
    from zerodistance.cli.bench.end_to_end import Options, measure

    options = Options(
        seconds,
        rate,
        devices,
        connections,
        ingests,
        stores,
        diagnosers,
        mqtt,
        kafka,
        database,
        references,
        logs,
    )
    stop = until_told()
    run_repeatedly(lambda say: measure(options, stop, say), repeat, as_json=as_json)


@app.command("query")
def measure_queries(
    points: Annotated[int, typer.Option(help="data points to fill", min=100_000)] = 2_000_000,
    devices: Annotated[int, typer.Option(help="appliances with a sample a minute", min=1, max=9_999)] = 100,
    asks: Annotated[int, typer.Option(help="how often each question is asked", min=2, max=1_000)] = 20,
    database: Database = "",
    plain: Annotated[bool, typer.Option("--plain", help="without TimescaleDB in any case")] = False,
    repeat: Repeat = 1,
    as_json: Json = False,
) -> None:
    """What dashboards, plots, device page and history API ask, as history grows tenfold; storage."""
    from zerodistance.cli.bench.query import Options, measure

    options = Options(points, devices, asks, database, plain)
    stop = until_told()
    run_repeatedly(lambda say: measure(options, stop, say), repeat, as_json=as_json)


Profile = Annotated[bool, typer.Option(help="show where the time goes; the figures are worse then")]


@app.command()
def ingest(
    messages: Annotated[int, typer.Option(help="messages taken in", min=1_000)] = 200_000,
    devices: Annotated[int, typer.Option(help="devices that take turns", min=1, max=1_000_000)] = 1_000,
    profile: Profile = False,
    repeat: Repeat = 1,
    as_json: Json = False,
) -> None:
    """From a message's bytes to the record for the log, step by step; no server is needed."""
    from zerodistance.cli.bench.ingest import measure

    stop = until_told()
    run_repeatedly(
        lambda say: measure(messages, devices, stop, say, profile=profile), repeat, as_json=as_json
    )


@app.command()
def store(
    rows: Annotated[int, typer.Option(help="rows written", min=1_000)] = 200_000,
    devices: Annotated[int, typer.Option(help="devices that take turns", min=1, max=1_000_000)] = 1_000,
    batch: Annotated[int, typer.Option(help="rows in one transaction", min=1)] = 2_000,
    version: Annotated[int, typer.Option(help="of the records: 2 columns, 1 samples", min=1, max=2)] = 2,
    database: Database = "",
    profile: Profile = False,
    repeat: Repeat = 1,
    as_json: Json = False,
) -> None:
    """From the log's records to committed rows and receipts."""
    from zerodistance.cli.bench.store import measure

    stop = until_told()
    run_repeatedly(
        lambda say: measure(rows, devices, batch, database, stop, say, version=version, profile=profile),
        repeat,
        as_json=as_json,
    )


@app.command("api")
def measure_api(
    devices: Annotated[int, typer.Option(help="appliances", min=100, max=1_000_000)] = 10_000,
    tickets: Annotated[int, typer.Option(help="tickets, open and ended", min=100)] = 100_000,
    seconds: Annotated[float, typer.Option(help="how long is asked", min=1, max=3600)] = 60.0,
    rate: Annotated[int, typer.Option(help="requests a second", min=1, max=5_000)] = 100,
    serves: Annotated[int, typer.Option(help="serve processes", min=1, max=16)] = 2,
    database: Database = "",
    repeat: Repeat = 1,
    as_json: Json = False,
) -> None:
    """Lists, ticket pages, evidence and devices of a service organisation, asked for by Locust."""
    from zerodistance.cli.bench.api import Options, measure

    options = Options(devices, tickets, seconds, rate, serves, database)
    stop = until_told()
    run_repeatedly(lambda say: measure(options, stop, say), repeat, as_json=as_json)


def run_repeatedly(measure: Callable[[Callable[[str], None]], Report], repeat: int, *, as_json: bool) -> None:
    """Run a benchmark ``repeat`` times and print what it found.

    Args:
        measure: one run; it is given a function that shows what it is at.
        repeat: how often.
        as_json: print one JSON document instead of a table.
    """
    from zerodistance.cli.bench.report import as_json as document
    from zerodistance.cli.bench.report import show
    from zerodistance.cli.demo.supervisor import ToldToStop

    console = Console(stderr=True)
    reports: list[Report] = []
    try:
        with console.status("starting") as status:
            for number in range(repeat):
                before = f"run {number + 1} of {repeat}: " if repeat > 1 else ""
                reports.append(measure(lambda text, before=before: status.update(before + text)))  # type: ignore[misc]
    except ToldToStop:
        if not reports:
            raise typer.Exit(130) from None
    if as_json:
        print_json(document(reports))
    else:
        show(reports, Console())
