"""``zerodistance ingest``: from the MQTT broker to the log."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import typer

from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def ingest() -> None:
    """Take in what devices publish, until SIGTERM or Ctrl-C."""
    from ingest.service import run

    settings = load_settings()
    configure(settings, "ingest")
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    run(settings, stop)
