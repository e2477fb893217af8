"""The command line. Each command lives in a module of its own and is imported only when it is called."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from zerodistance.errors import ZeroDistanceError
from zerodistance.observability import log_to_stderr

# name → (module, help). A module holds a Typer ``app``; one command in it becomes a plain command.
_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("zerodistance.cli.demo", "Run the whole platform with a simulated fleet, on embedded parts."),
    "migrate": ("zerodistance.cli.migrate", "Bring the database to what the code and the catalogue need."),
    "ingest": ("zerodistance.cli.ingest", "MQTT in, validated records on the log out."),
    "stream": ("zerodistance.cli.stream", "Consumers of the log: store, diagnose."),
    "work": ("zerodistance.cli.work", "Ticket rules, timers, messages and commands."),
    "serve": ("zerodistance.cli.serve", "The API and the owner's page."),
    "console": ("zerodistance.cli.console", "The staff's live console."),
    "simulate": ("zerodistance.cli.simulate", "A simulated fleet over MQTT."),
    "replay": ("zerodistance.cli.replay", "Publish a recorded series as if an appliance sent it."),
    "broker": ("zerodistance.cli.broker", "The embedded MQTT broker, for the demo and small trials."),
    "broker-access": ("zerodistance.cli.broker_access", "Keep Mosquitto's passwords and CRL in step."),
    "certificates": (
        "zerodistance.cli.certificates",
        "Make a certificate authority and server certificates.",
    ),
    "doctor": ("zerodistance.cli.doctor", "Say what runs, what does not, and what to do about it."),
    "catalogue": ("zerodistance.cli.catalogue", "Check, show and document the appliance catalogue."),
    "dead-letters": ("zerodistance.cli.dead_letters", "Refused messages: list, show, replay, drop."),
    "export": ("zerodistance.cli.export", "What appliances measured, as a CSV or Parquet file."),
    "reconcile": ("zerodistance.cli.reconcile", "Do the sums meet, from ingest to tickets?"),
    "devices": ("zerodistance.cli.devices", "Devices: list, add, claim those that wait."),
    "users": ("zerodistance.cli.users", "Accounts: who may sign in, and as what."),
    "score-csv": ("zerodistance.cli.score_csv", "Anomaly scores and alarms for any series in a CSV file."),
    "evaluate": ("zerodistance.cli.evaluate", "Measure the models on simulated and recorded data."),
    "models": ("zerodistance.cli.models", "Learned models: train, compare, promote, roll back."),
    "bench": ("zerodistance.cli.bench", "Measure the platform on this machine."),
    "dashboards": ("zerodistance.cli.dashboards", "Build the Grafana dashboards, write or push them."),
}


class _LazyGroup(TyperGroup):
    """Imports a command's module only when it is named: ``--help`` stays quick."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module, help_text = _COMMANDS[cmd_name]
        if not ctx.resilient_parsing and cmd_name not in sys.argv[1:]:
            return TyperCommand(cmd_name, help=help_text)  # a line in a listing needs no import
        command = get_command(importlib.import_module(module).app)
        command.help = command.help or help_text
        return command


app = typer.Typer(
    cls=_LazyGroup,
    name="zerodistance",
    help="An open servitization data platform for connected home appliances.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Take no option: everything is set by ``ZD_…`` variables or on the command itself."""


def main() -> None:
    """Run the command line; a known error ends with its sentence and its exit code."""
    log_to_stderr()  # standard output is for what was asked for, above all for JSON
    try:
        app()
    except ZeroDistanceError as error:
        if "--json" in sys.argv:
            print_json({"error": error.code, "message": str(error)})
        else:
            sentence = f"[bold red]{error.code}[/]: {escape(str(error))}"
            Console(stderr=True).print(sentence, soft_wrap=True, highlight=False)
        raise SystemExit(error.exit_code) from None


def print_json(value: Any) -> None:
    """Print one JSON document on standard output, for programs."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
