"""``zerodistance stream``: the consumers of the log."""

from __future__ import annotations

import typer

from zerodistance.cli.stopping import until_told
from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer(help="Consumers of the log: store, diagnose.", no_args_is_help=True)


@app.command()
def store() -> None:
    """Write what comes over the log to the database, and tell the devices what is stored."""
    from stream.store import run

    settings = load_settings()
    configure(settings, "store")
    run(settings, until_told())


@app.command()
def diagnose() -> None:
    """Run the models over what comes over the log, and say what is wrong."""
    from stream.diagnose import run

    settings = load_settings()
    configure(settings, "diagnose")
    run(settings, until_told())
