"""``zerodistance migrate``: the database and the log's topics as this release needs them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.clock import SystemClock
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS
from zerodistance.settings import load_settings
from zerodistance.store import database, timescale
from zerodistance.store.migrate import migrate as apply

app = typer.Typer()


@app.command()
def migrate(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="a new database does without TimescaleDB, even if it is offered")
    ] = False,
) -> None:
    """Make or widen tables, rollups and topics; what is there already stays. Safe to run again."""
    settings = load_settings()
    catalogue = load_catalogue(settings.catalogue_folders())
    with database.connect(database.dsn(settings)) as conn:
        done = apply(
            conn,
            catalogue,
            timescale=False if plain else None,
            retention_policy=isinstance(settings.make_clock(), SystemClock),
        )
        version = timescale.installed_version(conn)
        server = conn.info.server_version // 10000
    address = settings.log_address()
    log = open_log(address, client_id="zd-migrate")
    try:
        log.create_topics(LOG_TOPICS, settings.log_partitions)
    finally:
        log.close()
    flavour = f"TimescaleDB {version}" if version else "without TimescaleDB"
    if as_json:
        print_json(
            {
                "postgresql": server,
                "timescaledb": version,
                "done": done,
                "topics": list(LOG_TOPICS),
                "partitions": settings.log_partitions,
            }
        )
        return
    console = Console(highlight=False)
    console.print(f"PostgreSQL {server}, {flavour}")
    for step in done or ["the database was up to date"]:
        console.print(f"  {step}", soft_wrap=True)
    console.print(f"  topics {', '.join(LOG_TOPICS)} with {settings.log_partitions} partitions each")
