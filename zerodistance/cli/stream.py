"""``zerodistance stream``: the consumers of the log."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import typer

from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer(help="Consumers of the log: store, diagnose.", no_args_is_help=True)


@app.command()
def store() -> None:
    """Write what comes over the log to the database, and tell the devices what is stored."""
    from stream.store import run

    settings = load_settings()
    configure(settings, "store")
    run(settings, _until_told())


@app.command()
def diagnose() -> None:
    """Run the models over what comes over the log, and say what is wrong."""
    from stream.diagnose import run

    settings = load_settings()
    configure(settings, "diagnose")
    run(settings, _until_told())


def _until_told() -> threading.Event:
    """Return an event that SIGTERM and Ctrl-C set: the consumer finishes its checkpoint and ends."""
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop
