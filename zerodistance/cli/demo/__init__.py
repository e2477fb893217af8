"""``zerodistance demo``: the whole platform with a simulated fleet, in one go, on embedded parts."""

from __future__ import annotations

import signal
import time
from importlib import resources
from pathlib import Path
from types import FrameType
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
from zerodistance.errors import DemoError
from zerodistance.settings import Settings, load_settings

app = typer.Typer()
DEVICES = 40
STORY = (
    ("fridge-01", "door_ajar", "its door is left open"),
    ("fridge-02", "compressor_failed", "its compressor fails"),
)
                progress.update(step, description="Processes run", total=1, completed=1)
                stored = progress.add_task(f"Storing {HISTORY_DAYS} days of history", total=None)
                learned = progress.add_task("Learning what is normal", total=None)

                def show(end: int, done: int, diagnosed: int) -> None:
                    progress.update(stored, total=max(end, 1), completed=done)
                    progress.update(learned, total=max(end, 1), completed=diagnosed)

                platform.load(DEVICES, show)
                progress.stop()
                _tell_story(settings, platform, console, deadline, as_json)
            finally:
                platform.remember_clock()
                killed = platform.supervisor.stop()
                if killed:
                    console.print(f"[yellow]Had to be killed: {', '.join(killed)}[/]")


def _tell_story(
    settings: Settings, platform: Platform, console: Console, deadline: float | None, as_json: bool
) -> None:
    from simulators.people import People, ServiceApi, SimulatedWorld
    from zerodistance.catalogue import load_catalogue

    console.print(_panel(settings, platform))
    api = ServiceApi(platform.api_url, settings.staff_token)
    world = SimulatedWorld(platform.mqtt_url)
    people = People(api, world, load_catalogue(settings.catalogue_folders()), platform.clock, ENGINEER)
    narrator = Narrator(console)
    try:
        for device, fault, words in STORY:
            narrator.say(platform.clock.now(), f"[dim]In a kitchen, {device}: {words}.[/]")
            world.start(device, fault)
        while True:
            platform.supervisor.check()
            people.step()
            tickets = api.tickets("all")
            narrator.tell(tickets)
            if deadline is not None:
                closed = [t for t in tickets if _is_whole_story(t)]
                if closed:
                    _report(console, narrator, closed[0], as_json)
                    return
                if time.monotonic() > deadline:
                    raise DemoError(_where_it_stands(tickets))
            platform.remember_clock()
            time.sleep(0.3)
    finally:
        world.close()
        api.close()


def _is_whole_story(ticket: dict[str, Any]) -> bool:
    """Whether an on-site ticket was raised, told to both sides, and closed."""
    states = {entry["to_state"] for entry in ticket["history"]}
    told = {message["audience"] for message in ticket["messages"] if message["sent_at"]}
    return ticket["state"] == "closed" and "on_site" in states and told == {"owner", "engineer"}


def _where_it_stands(tickets: list[dict[str, Any]]) -> str:
    if not tickets:
        return "No ticket was raised in time: see logs/diagnose.log and logs/work.log in the data folder."
    stand = ", ".join(
        f"#{ticket['number']} ({ticket['device']['id']}, {ticket['cause']}) is {ticket['state']}"
        for ticket in tickets[:5]
    )
    return f"No on-site ticket was told to both sides and closed in time: {stand}."


def _report(console: Console, narrator: Narrator, ticket: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"ticket": ticket, "story": narrator.lines})
    else:
        console.print(
            f"[green]Done:[/] ticket #{ticket['number']} ({ticket['cause_title']['en']}) was raised, "
            f"told to both sides and closed as {ticket['outcome'].replace('_', ' ')}."
        )


def _panel(settings: Settings, platform: Platform) -> Panel:
    return Panel.fit(
        f"[bold]Console[/]      {platform.console_url}   (password: {settings.staff_password})\n"
        f"[bold]API[/]          {platform.api_url}/docs\n"
        f"[bold]MQTT[/]         {platform.mqtt_url}\n"
        f"[bold]Logs[/]         {platform.folder / 'logs'}\n\n"
        f"{DEVICES} appliances, time runs {platform.clock.rate:g} times as fast.\n"
        "Open the console's inbox and wait: one refrigerator's door is left open, another's compressor fails. They end differently.\n"
        "Each device page has a link to its owner's page. Ctrl-C stops everything.",
        title="Zero Distance is running",
        border_style="green",
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
