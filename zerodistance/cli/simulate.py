"""``zerodistance simulate``: a simulated fleet over MQTT, with faults that can be started and cleared."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.errors import UnavailableError
from zerodistance.observability import configure
from zerodistance.settings import load_settings

if TYPE_CHECKING:
    from simulators.publisher import Publisher

app = typer.Typer(invoke_without_command=True, add_completion=False)
_ANSWER_S = 5.0


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
    as_json: Annotated[bool, typer.Option("--json", help="print the figures at the end as JSON")] = False,
) -> None:
    """Publish a simulated fleet over MQTT until it is stopped (Ctrl-C, SIGTERM)."""
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from simulators.fleet import load_fleet
    from simulators.running import RunOptions, run_fleet

    settings = load_settings()
    configure(settings, "simulate")
    catalogue = load_catalogue(settings.catalogue_folders())
    path = fleet or Path(str(resources.files("simulators") / "fleets" / "demo.toml"))
    plan = load_fleet(path, catalogue)
    if history_period is not None:
        text = msgspec.toml.encode(msgspec.structs.replace(plan, history_period_s=history_period)).decode()
        plan = load_fleet(text, catalogue)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console = Console(stderr=True)
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

    from simulators.connections import Broker

    if not name and not clear:
        raise typer.BadParameter("name the fault to start, for example door_ajar")
    broker = Broker.of(load_settings().mqtt)
    order: dict[str, Any] = {"action": "clear" if clear else "start", "fault": name or None}
    if not clear:
        order |= {"severity": severity, "hours": hours, "persistent": persistent}
    answers: list[list[str]] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)

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


class _Display:
    """Progress on a terminal; plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
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
