"""``zerodistance simulate``: a simulated fleet over MQTT or in files, with faults to start and clear."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.cli import print_json
from zerodistance.cli.stopping import until_told
from zerodistance.errors import UnavailableError
from zerodistance.observability import configure
from zerodistance.settings import load_settings

if TYPE_CHECKING:
    from simulators.fleet import FleetPlan
    from simulators.publisher import Publisher

app = typer.Typer(invoke_without_command=True, add_completion=False)
_ANSWER_S = 5.0
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
_BATCH_START = datetime(2026, 1, 1, tzinfo=UTC)  # the same one whenever it is run: same seed, same bytes


@app.callback()
def simulate(
    context: typer.Context,
    fleet: Annotated[Path | None, typer.Option(help="fleet file (TOML); default: the demo's fleet")] = None,
    register: Annotated[
        bool, typer.Option("--register", help="enter homes and appliances into the database")
    ] = False,
    history_days: Annotated[
        float,
        typer.Option(help="days to write to the log beforehand, unless it has this fleet already", min=0),
    ] = 0.0,
    history_period: Annotated[
        float | None, typer.Option(help="seconds between samples of that history; default: as when live")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="append the ground truth to this file (JSON lines)")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="go on from this file, and save to it")] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.parquet|FILE.csv|FOLDER",
            help="write the series to files instead, at full speed; stopped, the same command goes on",
        ),
    ] = None,
    days: Annotated[float | None, typer.Option(help="days that --batch writes", min=1 / 1440)] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=_MOMENTS, help="first moment of --batch; UTC; default: 2026-01-01"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the figures at the end as JSON")] = False,
) -> None:
    """Publish a simulated fleet over MQTT until it is stopped (Ctrl-C, SIGTERM), or write its series."""
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from simulators.fleet import check_fleet, load_fleet
    from simulators.running import RunOptions, run_fleet

    settings = load_settings()
    configure(settings, "simulate")
    catalogue = load_catalogue(settings.catalogue_folders())
    path = fleet or Path(str(resources.files("simulators") / "fleets" / "demo.toml"))
    plan = load_fleet(path, catalogue)
    if history_period is not None:
        plan = msgspec.structs.replace(plan, history_period_s=history_period)
        check_fleet(plan, catalogue, "--history-period")
    stop = until_told()
    console = Console(stderr=True)
    if batch is not None:
        if register or history_days or truth or state:
            raise typer.BadParameter(
                "--batch goes without --register, --history-days, --truth and --state: it needs no platform, "
                "and keeps its own truth and state."
            )
        if days is None:
            raise typer.BadParameter("say how long the series is, for example --days 30")
        _write_batch(batch, plan, catalogue, start or _BATCH_START, days, stop, console, as_json)
        return
    if days is not None or start is not None:
        raise typer.BadParameter("--days and --start belong to --batch")
    with ExitStack() as stack:
        progress = _Display(console)
        stack.enter_context(progress.bars)
        options = RunOptions(register, history_days, truth, state)
        figures = run_fleet(settings, plan, catalogue, options, stop, progress.stage, progress.look)
    if as_json:
        print_json(figures)
    else:
        console.print(_sentence(figures), highlight=False)


@app.command()
def fault(
    device: Annotated[str, typer.Argument(help="a device of the running fleet")],
    name: Annotated[
        str, typer.Argument(metavar="FAULT", help="a fault of its type; '' with --clear: all")
    ] = "",
    clear: Annotated[bool, typer.Option("--clear", help="put it right instead of starting it")] = False,
    severity: Annotated[float, typer.Option(help="what it grows to", min=0.01, max=1.0)] = 1.0,
    hours: Annotated[
        float | None, typer.Option(help="platform hours until then; default: the fault's own")
    ] = None,
    persistent: Annotated[bool, typer.Option(help="what the appliance can do itself does not help")] = False,
) -> None:
    """Start or clear a fault of a device in the fleet that is running."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    from zerodistance.broker import parse_address

    if not name and not clear:
        raise typer.BadParameter("name the fault to start, for example door_ajar")
    broker = parse_address(load_settings().mqtt)
    order: dict[str, Any] = {"action": "clear" if clear else "start", "fault": name or None}
    if not clear:
        order |= {"severity": severity, "hours": hours, "persistent": persistent}
    answers: list[list[str]] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    broker.prepare(client)

    def connected(*_: Any) -> None:
        client.subscribe(f"zdsim/v1/{device}/truth", qos=1)

    def subscribed(*_: Any) -> None:
        client.publish(f"zdsim/v1/{device}/fault", json.dumps(order), qos=1)

    client.on_connect, client.on_subscribe = connected, subscribed
    client.on_message = lambda _c, _u, message: answers.append(json.loads(message.payload))
    try:
        client.connect(broker.host, broker.port)
    except OSError as error:
        raise UnavailableError(
            f"The MQTT broker at {broker.host}:{broker.port} does not answer: {error}."
        ) from error
    client.loop_start()
    try:
        deadline = time.monotonic() + _ANSWER_S
        while time.monotonic() < deadline:
            if answers and ((name in answers[-1]) != clear if name else not answers[-1]):
                typer.echo(f"{device} has now: {', '.join(answers[-1]) or 'no fault'}.")
                return
            time.sleep(0.05)
    finally:
        client.disconnect()
        client.loop_stop()
    raise UnavailableError(
        f"No simulator took this for {device!r}: check that the fleet runs, the device's id and the "
        "fault's name (the simulator's log says why it refused)."
    )


@app.command()
def bench(
    devices: Annotated[int, typer.Option(help="appliances, of all simulated types", min=1)] = 10_000,
    period: Annotated[float, typer.Option(help="seconds between samples and between physical steps")] = 10.0,
    hours: Annotated[float, typer.Option(help="simulated hours", min=0.5)] = 1.0,
    processes: Annotated[int, typer.Option(help="processes to share them among", min=1)] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="the figures as JSON")] = False,
) -> None:
    """Measure how fast a fleet is simulated, without sending anything."""
    from simulators.benchmark import measure

    figures = measure(devices, period, hours, processes)
    if as_json:
        print_json(figures)
        return
    typer.echo(
        f"{figures['devices']:,} appliances, one sample every {period:g} s, {processes} processes: "
        f"{figures['times_real_time']:,.0f} × real time, {figures['samples_per_s']:,} samples a second."
    )


def _write_batch(
    target: Path,
    plan: FleetPlan,
    catalogue: Catalogue,
    start: datetime,
    days: float,
    stop: threading.Event,
    console: Console,
    as_json: bool,
) -> None:
    from simulators.batch import BatchJob, write_batch

    first = start if start.tzinfo else start.replace(tzinfo=UTC)
    with _bars(console) as bars:
        task = bars.add_task("Bringing the fleet to its first moment", total=1.0)

        def told(share: float, samples: int) -> None:
            bars.update(task, description=f"Writing: {samples:,} samples", completed=share)

        figures = write_batch(BatchJob(target, first, days), plan, catalogue, stop, told)
    if as_json:
        print_json(figures)
        return
    if not figures["complete"]:
        console.print(
            f"Stopped at {figures['reached']}: the same command goes on from there.", highlight=False
        )
        return
    names = ", ".join(figures["files"].values())
    console.print(
        f"{figures['series_samples']:,} samples in {names}; the truth in {figures['truth']}. "
        f"{figures['samples_per_s']:,} samples a second.",
        highlight=False,
        soft_wrap=True,
    )


def _bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class _Display:
    """Progress on a terminal; plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.bars = _bars(console)
        self._task = self.bars.add_task("Starting the fleet", total=None)

    def stage(self, stage: str, figures: dict[str, Any]) -> None:
        """Show what was reached."""
        if stage == "history":
            self.bars.update(
                self._task,
                description=f"Writing history: {figures['samples']:,} samples",
                total=1.0,
                completed=figures["share"],
            )
            return
        words = {
            "registered": "Registered {devices} appliances.",
            "history_done": "Wrote {samples:,} samples of history to the log.",
            "history_skipped": "The platform has telemetry of this fleet: no history is written.",
            "resumed": "Resumed as boot {boot}; {owed} samples are still owed.",
            "live": "{devices} appliances go live, at {at}.",
        }[stage]
        self._console.print(words.format(**figures), highlight=False)
        if stage == "live":
            self.bars.update(self._task, description="Live", total=None)

    def look(self, publisher: Publisher) -> None:
        """Show how the live part goes."""
        figures = publisher.summary()
        self.bars.update(
            self._task,
            description=(
                f"Live: {figures['connected']} connected, {figures['samples']:,} samples, "
                f"{figures['kept']:,} without receipt, {figures['resent']:,} sent again"
            ),
        )


def _sentence(figures: dict[str, Any]) -> str:
    if "stopped" in figures:
        return f"Stopped {figures['stopped']}."
    text = (
        f"Stopped: {figures['samples']:,} samples, {figures['settled']:,} receipted, "
        f"{figures['kept']:,} still kept, "
        f"{figures['resent']:,} sent again, {figures['given_up']:,} given up; {figures['events']:,} events, "
        f"{figures['commands']:,} commands."
    )
    if figures["behind_s"] > 2:
        text += f" It fell behind the clock by up to {figures['behind_s']:.0f} s: lower the rate in ZD_CLOCK."
    return text
