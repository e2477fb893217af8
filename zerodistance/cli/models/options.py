"""Options that the commands of ``zerodistance models`` share."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from zerodistance.catalogue import Catalogue
from zerodistance.errors import NotFoundError

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
TypeName = Annotated[str, typer.Argument(metavar="TYPE", help="appliance type")]
OptionalTypes = Annotated[list[str] | None, typer.Argument(metavar="[TYPE]...", help="appliance types")]
VersionName = Annotated[str, typer.Argument(metavar="VERSION", help="for example refrigerator-3")]
Reason = Annotated[str, typer.Option(help="why; it stands in the history for good")]
By = Annotated[str, typer.Option(help="who does it, for the history; else the user's name")]


def actor(by: str) -> str:
    """Return who does it: ``by``, or else the name of the user."""
    return by.strip() or getpass.getuser()


def known_type(catalogue: Catalogue, name: str) -> str:
    """Return the name of an appliance type.

    Raises:
        NotFoundError: the catalogue does not have it.
    """
    if name not in catalogue:
        raise NotFoundError(f"There is no appliance type {name!r}: choose of {', '.join(sorted(catalogue))}.")
    return name
