"""``zerodistance demo``: the whole platform with a simulated fleet, in one go, on embedded parts."""

from __future__ import annotations

import threading
import time
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from zerodistance.cli import print_json
from zerodistance.cli.demo.checks import check_folder, check_port
from zerodistance.cli.demo.narrator import Narrator
from zerodistance.cli.demo.platform import ENGINEER, HISTORY_DAYS, Platform, Ports
from zerodistance.cli.demo.supervisor import ToldToStop
from zerodistance.cli.stopping import until_told
from zerodistance.errors import DemoError
from zerodistance.settings import Settings, load_settings

app = typer.Typer()
DEVICES = 40
STORY = (
    ("fridge-01", "door_ajar", "its door is left open"),
    ("fridge-02", "compressor_failed", "its compressor fails"),
)
Json = dict[str, Any]


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="folder for database, log and log files")] = Path("data"),
    speed: Annotated[float, typer.Option(help="platform seconds per real second", min=1, max=2000)] = 600.0,
    mqtt_port: Annotated[int, typer.Option(help="port of the embedded broker", min=1, max=65535)] = 1883,
    until_ticket: Annotated[
        bool, typer.Option("--until-ticket", help="end once an on-site ticket was raised, told and closed")
    ] = False,
    timeout: Annotated[float, typer.Option(help="with --until-ticket: seconds to try")] = 240.0,
    as_json: Annotated[bool, typer.Option("--json", help="with --until-ticket: the result as JSON")] = False,
) -> None:
    """Run everything on this machine and watch a fault being found, told, repaired and closed."""
    settings = load_settings()
    console = Console(stderr=as_json)
    ports = Ports(settings.api_host, mqtt_port, settings.api_port, settings.console_port)
    folder = data.absolute()
    check_folder(folder)
    check_port(ports.host, ports.mqtt, "the MQTT broker", "--mqtt-port")
    check_port(ports.host, ports.api, "the API", "ZD_API_PORT")
    check_port(ports.host, ports.console, "the console", "ZD_CONSOLE_PORT")
    stop = until_told()
    deadline = time.monotonic() + timeout if until_ticket else None
    try:
        ticket, lines = _run(settings, folder, ports, speed, console, deadline, stop)
    except ToldToStop:
        console.print("Stopped. The data folder is kept; the next start goes on from here.")
        return
    if as_json:
        print_json({"ticket": ticket, "story": lines})
        return
    console.print(
        f"[green]Done:[/] ticket #{ticket['number']} ({ticket['cause_title']['en']}) was raised, "
        f"told to both sides and closed as {ticket['outcome'].replace('_', ' ')}."
    )


def _run(
    settings: Settings,
    folder: Path,
    ports: Ports,
    speed: float,
    console: Console,
    deadline: float | None,
    stop: threading.Event,
) -> tuple[Json, list[str]]:
    """Run the platform and the story; return the closed ticket and what was told."""
    from zerodistance.store.embedded import EmbeddedPostgres

    text = TextColumn("{task.description}")
    columns = (SpinnerColumn(), text, BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        step = progress.add_task("Starting the database", total=None)
        with EmbeddedPostgres(folder / "postgres") as database:
            platform = Platform(folder, ports, speed, database.dsn, stop)
            try:
                progress.update(step, description="Preparing the store")
                platform.prepare_store(settings)
                progress.update(step, description="Starting the processes")
                platform.start(Path(str(resources.files("simulators") / "fleets" / "demo.toml")))
                progress.update(step, description="Processes run", total=1, completed=1)
                stored = progress.add_task(f"Storing {HISTORY_DAYS} days of history", total=None)
                learned = progress.add_task("Learning what is normal", total=None)

                def show(end: int, done: int, diagnosed: int) -> None:
                    progress.update(stored, total=max(end, 1), completed=done)
                    progress.update(learned, total=max(end, 1), completed=diagnosed)

                platform.load(DEVICES, show)
                progress.stop()
                return _tell_story(settings, platform, console, deadline, stop)
            finally:
                platform.remember_clock()
                killed = platform.supervisor.stop()
                if killed:
                    console.print(f"[yellow]Had to be killed: {', '.join(killed)}[/]")


def _tell_story(
    settings: Settings,
    platform: Platform,
    console: Console,
    deadline: float | None,
    stop: threading.Event,
) -> tuple[Json, list[str]]:
    from simulators.people import People, ServiceApi, SimulatedWorld
    from zerodistance.catalogue import load_catalogue

    console.print(_panel(settings, platform))
    api = ServiceApi(platform.api_url, settings.staff_token)
    world = SimulatedWorld(platform.mqtt_url)
    people = People(api, world, load_catalogue(settings.catalogue_folders()), platform.clock, ENGINEER)
    narrator = Narrator(console, platform.clock.rate)
    earlier = {ticket["id"] for ticket in api.tickets("all")}
    try:
        for device, fault, words in STORY:
            narrator.say(platform.clock.now(), f"[dim]In a kitchen, {device}: {words}.[/]")
            world.start(device, fault)
        while True:
            platform.supervisor.check()
            people.step()
            tickets = [ticket for ticket in api.tickets("all") if ticket["id"] not in earlier]
            narrator.tell(tickets)
            if deadline is not None:
                for ticket in filter(_is_whole_story, tickets):
                    return ticket, narrator.lines
                if time.monotonic() > deadline:
                    raise DemoError(_where_it_stands(tickets))
            platform.remember_clock()
            stop.wait(0.3)
    finally:
        world.close()
        api.close()


def _is_whole_story(ticket: Json) -> bool:
    """Whether an on-site ticket was raised, told to both sides, and closed after the engineer's visit."""
    states = {entry["to_state"] for entry in ticket["history"]}
    told = {message["audience"] for message in ticket["messages"] if message["sent_at"]}
    visited = {"on_site", "visiting", "resolved"} <= states
    return ticket["state"] == "closed" and visited and told == {"owner", "engineer"}


def _where_it_stands(tickets: list[Json]) -> str:
    if not tickets:
        return "No ticket was raised in time: see logs/diagnose.log and logs/work.log in the data folder."
    stand = ", ".join(
        f"#{ticket['number']} ({ticket['device']['id']}, {ticket['cause']}) is {ticket['state']}"
        for ticket in tickets[:5]
    )
    return f"No on-site ticket was told to both sides and closed in time: {stand}."


def _panel(settings: Settings, platform: Platform) -> Panel:
    return Panel.fit(
        f"[bold]Console[/]  {platform.console_url}  (sign in as admin, password {settings.staff_password})\n"
        f"[bold]API[/]      {platform.api_url}/docs\n"
        f"[bold]MQTT[/]     {platform.mqtt_url}\n"
        f"[bold]Logs[/]     {platform.folder / 'logs'}\n\n"
        f"{DEVICES} appliances; time runs {platform.clock.rate:g} times as fast.\n"
        "Open the console's inbox and wait: one refrigerator's door is left open,\n"
        "another's compressor fails. They end differently. Each device page links\n"
        "to its owner's page. Ctrl-C stops everything.",
        title="Zero Distance is running",
        border_style="green",
    )
