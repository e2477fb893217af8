"""``zerodistance broker-access``: Mosquitto's passwords and revocation list, as the database has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zerodistance.cli.stopping import until_told
from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def broker_access(
    once: Annotated[
        bool, typer.Option("--once", help="write the files and end: before the broker starts")
    ] = False,
    pid_file: Annotated[
        Path | None, typer.Option(help="Mosquitto's pid_file: it is told by SIGHUP that the files changed")
    ] = None,
    every: Annotated[float, typer.Option(help="seconds between two looks at most", min=0.5)] = 5.0,
) -> None:
    """Write ZD_BROKER_DIR/passwords and revoked.pem whenever credentials change, and end revoked sessions.

    Without --pid-file whoever runs the broker watches the file `generation` and sends the signal
    (deploy/mosquitto/run.sh).
    """
    from zerodistance.access.sync import BrokerAccess

    settings = load_settings()
    access = BrokerAccess(settings, pid_file=pid_file)
    if once:
        access.write()
        typer.echo(f"{settings.broker_folder()} is written.")
        return
    configure(settings, "broker-access")
    access.run(until_told().wait, every_s=every)
