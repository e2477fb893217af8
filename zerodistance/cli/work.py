"""``zerodistance work``: ticket rules, timers, messages and commands."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import typer

from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def work() -> None:
    """Work off findings, answers' deadlines, messages and commands, until SIGTERM or Ctrl-C."""
    from services.work.service import run

    settings = load_settings()
    configure(settings, "work")
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    run(settings, stop)
