"""``zerodistance serve``: the API and the owner's page."""

from __future__ import annotations

import typer

from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def serve() -> None:
    """Serve the API and the owner's page until SIGTERM or Ctrl-C (ZD_API_HOST, ZD_API_PORT)."""
    from services.api.server import run

    settings = load_settings()
    configure(settings, "serve")
    run(settings)
