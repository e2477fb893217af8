"""``zerodistance catalogue``: check the files, show a type, write the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markdown import Markdown

from zerodistance.catalogue import load_catalogue, load_file
from zerodistance.catalogue.loader import built_in_folder
from zerodistance.catalogue.reference import render_reference, render_type
from zerodistance.cli import print_json
from zerodistance.errors import CatalogueError
from zerodistance.settings import load_settings

app = typer.Typer(help="Check, show and document the appliance catalogue.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
Language = Annotated[str, typer.Option(help="language of the titles: en or zh")]


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="files or folders; by default all that the platform loads")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check catalogue files; each error names file, line and field. Ends with 1 if there is one."""
    results: list[dict[str, str]] = []
    for path in _files(paths or [built_in_folder(), *load_settings().catalogue_folders()]):
        try:
            appliance = load_file(path)
            text = f"{appliance.type}: {len(appliance.channels)} channels, {len(appliance.faults)} faults"
            results.append({"file": str(path), "state": "ok", "text": text})
        except CatalogueError as error:
            results.append({"file": str(path), "state": "failure", "text": str(error)})
    failed = any(result["state"] == "failure" for result in results)
    if as_json:
        print_json({"ok": not failed, "files": results})
    else:
        console = Console(highlight=False)
        for result in results:
            mark = "[green]ok     [/] " if result["state"] == "ok" else "[red]failure[/] "
            console.print(mark, end="")
            console.print(result["text"], markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def show(
    type_name: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="by default all, in a line each")
    ] = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show an appliance type, or which there are."""
    catalogue = load_catalogue(load_settings().catalogue_folders())
    if type_name is not None:
        appliance = catalogue.get_type(type_name)
        if as_json:
            print_json(msgspec.to_builtins(appliance))
        else:
            Console().print(Markdown(render_type(appliance, language)))
        return
    if as_json:
        print_json({name: msgspec.to_builtins(appliance) for name, appliance in sorted(catalogue.items())})
        return
    for name, appliance in sorted(catalogue.items()):
        title = appliance.title.get(language) or appliance.title["en"]
        typer.echo(f"{name:18} {title} ({len(appliance.channels)} channels, {len(appliance.faults)} faults)")


@app.command()
def docs(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write; by default shown")
    ] = None,
    language: Language = "en",
) -> None:
    """Write the reference of all types as Markdown."""
    text = render_reference(load_catalogue(load_settings().catalogue_folders()), language)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CatalogueError(f"{output} cannot be written: {error.strerror}.") from error
    typer.echo(f"{output} written.")


def _files(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.toml")) if path.is_dir() else [path]
    return found
