"""``zerodistance export``: what appliances measured, as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from zerodistance.catalogue import ApplianceType, Catalogue, load_catalogue
from zerodistance.cli import print_json
from zerodistance.cli.stopping import until_told
from zerodistance.errors import NotFoundError
from zerodistance.settings import load_settings
from zerodistance.store import database, series
from zerodistance.store.export import FORMATS, export, recorded_until
from zerodistance.store.moments import read_moment, read_zone

app = typer.Typer()

_MOMENT = "a date, a date and time by the clocks of --time-zone, or RFC 3339"


@app.command(name="export")
def export_series(
    out: Annotated[Path, typer.Option(help="file to write; stopped, the same command goes on with it")],
    since: Annotated[str, typer.Option(help=f"from, inclusive: {_MOMENT}")],
    until: Annotated[str, typer.Option(help="until, exclusive; default: now (platform time)")] = "",
    device: Annotated[list[str] | None, typer.Option(help="a device; may be given several times")] = None,
    type: Annotated[str, typer.Option(help="all devices of an appliance type")] = "",
    format: Annotated[str, typer.Option(help="csv or parquet; default: as the name of --out ends")] = "",
    channel: Annotated[
        list[str] | None, typer.Option(help="a channel; may be given several times; default: all")
    ] = None,
    resolution: Annotated[str, typer.Option(help="raw (as stored), 5m, 1h or 1d")] = "raw",
    aggregate: Annotated[
        list[str] | None,
        typer.Option(help=f"of buckets, may be given several times: {', '.join(series.AGGREGATES)}"),
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="with raw, may be given several times: quality, skew, received")
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="in which times are given and days begin: UTC, an IANA name, or home")
    ] = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="print the figures as JSON")] = False,
) -> None:
    """Write what appliances measured into one file, with units, however long it is."""
    chosen = format or out.suffix.removeprefix(".").lower()
    if chosen not in FORMATS:
        raise typer.BadParameter("say --format csv or parquet, or let --out end in .csv or .parquet")
    if bool(device) == bool(type):
        raise typer.BadParameter("say which appliances: --device ID (several if wanted) or --type TYPE")
    if resolution == "auto":
        raise typer.BadParameter("choose the resolution of a file: raw, 5m, 1h or 1d")
    settings = load_settings()
    catalogue = load_catalogue(settings.catalogue_folders())
    stop = until_told()
    pool = database.open_pool(settings, size=1)
    try:
        with pool.connection() as conn, database.translated():
            appliance, devices, home = _choose(conn, catalogue, device or [], type)
        zone = _zone(time_zone, home)
        end = read_moment(until, zone, name="--until") if until else recorded_until(out)
        question = series.ask(
            appliance,
            channels=channel or [],
            since=read_moment(since, zone, name="--since"),
            until=end or settings.make_clock().now(),
            resolution=resolution,
            aggregates=aggregate or [],
            details=include or [],
            zone=zone,
        )
        console = Console(stderr=True)
        with _bars(console) as bars:
            task = bars.add_task("Reading", total=1.0)

            def told(share: float, rows: int) -> None:
                bars.update(task, completed=share, description=f"{rows:,} rows")

            figures = export(pool.connection, question, devices, out, chosen, stop, told)
    finally:
        pool.close()
    if as_json:
        print_json(asdict(figures))
    elif figures.complete:
        devices_said = "1 device" if figures.devices == 1 else f"{figures.devices:,} devices"
        console.print(
            f"{figures.rows:,} rows of {devices_said} in {out} ({figures.seconds:,.1f} s).",
            highlight=False,
            soft_wrap=True,
        )
    else:
        console.print(
            f"Stopped with {figures.rows:,} rows: the same command goes on from there.", highlight=False
        )


def _choose(
    conn: database.Connection, catalogue: Catalogue, devices: list[str], type_name: str
) -> tuple[ApplianceType, list[str], str]:
    """Return the type, its devices, and the time zone that their homes share ("" if they differ)."""
    if type_name:
        appliance = catalogue.get_type(type_name)
        rows = conn.execute(_DEVICES + " WHERE d.type = %s ORDER BY d.id", (type_name,)).fetchall()
        if not rows:
            raise NotFoundError(f"No device of type {type_name} is registered.")
    else:
        wanted = list(dict.fromkeys(devices))
        rows = conn.execute(_DEVICES + " WHERE d.id = ANY(%s)", (wanted,)).fetchall()
        known = {row[0]: row for row in rows}
        for name in wanted:
            if name not in known:
                raise NotFoundError(f"There is no device {name!r}: `zerodistance devices list` shows them.")
        rows = [known[name] for name in wanted]
        types = sorted({row[1] for row in rows})
        if len(types) > 1:
            raise typer.BadParameter(
                f"these are of different types ({', '.join(types)}), whose columns differ: one file for each"
            )
        appliance = catalogue.get_type(types[0])
    zones = {row[2] for row in rows}
    return appliance, [row[0] for row in rows], zones.pop() if len(zones) == 1 else ""


_DEVICES = (
    "SELECT d.id, d.type, coalesce(h.time_zone, 'UTC') FROM device d"
    " LEFT JOIN household h ON h.id = d.household_id"
)


def _zone(asked: str, home: str) -> ZoneInfo:
    if asked != "home":
        return read_zone(asked)
    if not home:
        raise typer.BadParameter("these devices live in several time zones: name one with --time-zone")
    return read_zone(home)


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield bars
