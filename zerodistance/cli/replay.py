"""``zerodistance replay``: publish a recorded series as if an appliance sent it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.cli.stopping import until_told
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.messages.topics import DEVICE_ID
from zerodistance.observability import configure
from zerodistance.settings import Settings, load_settings

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV file with a header line")],
    device: Annotated[str, typer.Option(help="id of the device that sends it")],
    type_name: Annotated[str, typer.Option("--type", help="its appliance type")],
    channel: Annotated[list[str], typer.Option(help="COLUMN=CHANNEL; again for further columns")],
    unit: Annotated[
        list[str] | None, typer.Option(help="unit of the file, such as degF; one for all or one each")
    ] = None,
    time: Annotated[str, typer.Option(help="column of the times; without a zone they are UTC")] = "timestamp",
    period: Annotated[str | None, typer.Option(help="take one row a period at most, such as 1h")] = None,
    speed: Annotated[float, typer.Option(help="recorded seconds per real second", min=0.001)] = 3600.0,
    keep_time: Annotated[
        bool,
        typer.Option("--keep-time", help="keep the recorded times; else shift by whole weeks to the present"),
    ] = False,
    register: Annotated[bool, typer.Option("--register", help="enter the device into the database")] = False,
    wait: Annotated[
        float, typer.Option(help="real seconds to wait for receipts; 0: do not ask for them", min=0)
    ] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="the outcome as JSON")] = False,
) -> None:
    """Publish a recorded series over MQTT and wait until the platform has stored it."""
    from simulators.recording import parse_mappings, read_recording, shift_to
    from simulators.replay import replay as publish
    from simulators.units import seconds_of
    from zerodistance.broker import parse_address

    settings = load_settings()
    configure(settings, "replay")
    clock = settings.make_clock()
    if DEVICE_ID.fullmatch(device) is None:
        raise SettingsError(f"{device!r} cannot be a device id: use letters, digits and _ . : -")
    appliance = load_catalogue(settings.catalogue_folders()).get_type(type_name)
    mappings = parse_mappings(channel, unit or [], appliance)
    recording = read_recording(
        file, mappings, appliance, time_column=time, period_s=seconds_of(period) if period else None
    )
    rows = recording.rows if keep_time else shift_to(recording.rows, clock.now())
    if register:
        _register(settings, device, type_name)
    stop = until_told()
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        sent = bars.add_task("Published", total=len(rows))
        kept = bars.add_task("Stored", total=len(rows))

        def show(published: int, stored: int) -> None:
            bars.update(sent, completed=published)
            bars.update(kept, completed=stored)

        outcome = publish(
            rows,
            device,
            parse_address(settings.mqtt),
            clock,
            speed=speed,
            wait_s=wait,
            stop=stop,
            on_progress=show,
        )
    if as_json:
        print_json(asdict(outcome) | {"device": device, "skipped": recording.skipped, "first": rows[0].time})
    else:
        console.print(
            f"{device}: {outcome.published:,} samples from {rows[0].time:%Y-%m-%d %H:%M} to "
            f"{rows[-1].time:%Y-%m-%d %H:%M} UTC published in {outcome.seconds:.1f} s, "
            f"{outcome.stored:,} stored"
            + (f"; {recording.skipped:,} rows were left out" if recording.skipped else "")
            + ".",
            highlight=False,
        )
    if outcome.unstored and wait > 0 and not stop.is_set():
        raise UnavailableError(
            f"{outcome.unstored:,} samples have no receipt after {wait:g} s: check that ingest and "
            f"stream store run, that {device!r} is registered, and the dead letters."
        )


def _register(settings: Settings, device: str, type_name: str) -> None:
    from zerodistance.store.database import connect, dsn
    from zerodistance.store.devices import register_device

    with connect(dsn(settings)) as conn:
        register_device(conn, device, type_name, name=device)
        conn.commit()
