"""``zerodistance work``: ticket rules, timers, messages and commands."""

from __future__ import annotations

import typer

from zerodistance.cli.stopping import until_told
from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def work() -> None:
    """Work off findings, answers' deadlines, messages and commands, until SIGTERM or Ctrl-C."""
    from services.work.service import run

    settings = load_settings()
    configure(settings, "work")
    run(settings, until_told())
