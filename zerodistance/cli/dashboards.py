"""``zerodistance dashboards``: build the Grafana dashboards, list them, push them to a Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dashboards.build import Document, all_dashboards, write_dashboards
from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.settings import load_settings

app = typer.Typer(help="Build the Grafana dashboards, write or push them.", no_args_is_help=True)
_Json = Annotated[bool, typer.Option("--json", help="print JSON for programs")]


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="folder for the files, one for each dashboard")],
    as_json: _Json = False,
) -> None:
    """Write the dashboards as files, as Grafana's provisioning reads them."""
    paths = write_dashboards(_documents(), out)
    if as_json:
        print_json({"files": [str(path) for path in paths]})
    else:
        Console().print(f"{len(paths)} dashboards written to {out}.", soft_wrap=True, highlight=False)


@app.command()
def push(
    url: Annotated[str, typer.Option(help="where Grafana answers")] = "http://127.0.0.1:3000",
    token: Annotated[
        str, typer.Option(envvar="ZD_GRAFANA_TOKEN", help="of a service account with the role Editor")
    ] = "",
    as_json: _Json = False,
) -> None:
    """Create or replace the dashboards in a running Grafana."""
    from dashboards.push import push_dashboards

    if not token:
        raise typer.BadParameter("give --token or set ZD_GRAFANA_TOKEN", param_hint="--token")
    addresses = push_dashboards(_documents(), url, token)
    if as_json:
        print_json({"dashboards": addresses})
    else:
        for address in addresses:
            Console().print(address, soft_wrap=True, highlight=False)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="print this dashboard's JSON; without it, list all")] = "",
    as_json: _Json = False,
) -> None:
    """List the dashboards, or print one."""
    documents = _documents()
    if name:
        from dashboards.build import render

        if name not in documents:
            raise typer.BadParameter(f"there is none called {name!r}: {', '.join(documents)}")
        typer.echo(render(documents[name]), nl=False)
        return
    rows = [_summary(key, document) for key, document in documents.items()]
    if as_json:
        print_json(rows)
        return
    table = Table("Name", "Title", "uid", "Panels", box=None)
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("name", "title", "uid", "panels")))
    Console().print(table)


def _documents() -> dict[str, Document]:
    return all_dashboards(load_catalogue(load_settings().catalogue_folders()))


def _summary(name: str, document: Document) -> dict[str, str | int]:
    panels = sum(1 for panel in document["panels"] if panel["type"] != "row")
    return {"name": name, "title": document["title"], "uid": document["uid"], "panels": panels}
