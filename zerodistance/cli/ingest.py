"""``zerodistance ingest``: from the MQTT broker to the log."""

from __future__ import annotations

import typer

from zerodistance.cli.stopping import until_told
from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def ingest() -> None:
    """Take in what devices publish, until SIGTERM or Ctrl-C."""
    from ingest.service import run

    settings = load_settings()
    configure(settings, "ingest")
    run(settings, until_told())
