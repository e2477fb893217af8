"""``zerodistance models list|card|compare|promote|rollback``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown

from models.learning.card import text_of
from models.learning.comparison import compare as judge
from models.plan import make_plan
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.cli import print_json
from zerodistance.cli.models import material, showing
from zerodistance.cli.models.options import AsJson, By, Reason, TypeName, VersionName, actor, known_type
from zerodistance.errors import ConflictError, HostError, NotFoundError, SettingsError
from zerodistance.settings import Settings, load_settings
from zerodistance.store import database, registry

SIGNATURES = "signatures"


class NotProvenError(ConflictError):
    """A challenger has not been shown to be better by the outcomes of closed tickets."""

    code = "not_proven"
    exit_code = 8


def list_models(
    type_: Annotated[str, typer.Option("--type", help="only this appliance type")] = "",
    history: Annotated[bool, typer.Option("--history", help="also who promoted what, and why")] = False,
    as_json: AsJson = False,
) -> None:
    """List champions, challengers and retired versions."""
    settings, catalogue = _settings()
    names = [known_type(catalogue, type_)] if type_ else sorted(catalogue)
    with database.connect(database.dsn(settings)) as conn, database.translated():
        versions = registry.versions(conn, type_)
        lines = registry.history(conn, type_) if history else []
    staged = {(one.type, one.stage): one.version for one in versions if one.stage != "retired"}
    document: dict[str, Any] = {
        "types": [
            {
                "type": name,
                "champion": staged.get((name, "champion"), SIGNATURES),
                "challenger": staged.get((name, "challenger")),
            }
            for name in names
        ],
        "versions": [
            {
                "version": one.version,
                "type": one.type,
                "stage": one.stage,
                "created_at": one.created_at,
                "created_by": one.created_by,
                "incidents": one.card["data"]["incidents"],
                "tickets": one.card["data"]["tickets"],
                "data_sha256": one.data_sha256,
            }
            for one in versions
        ],
    }
    if history:
        document["history"] = [
            {
                "type": line.type,
                "version": line.version or SIGNATURES,
                "from": line.from_stage,
                "to": line.to_stage,
                "time": line.time,
                "actor": line.actor,
                "reason": line.reason,
            }
            for line in lines
        ]
    if as_json:
        print_json(document)
    else:
        showing.listed(document)


def card(
    version: VersionName,
    file: Annotated[Path | None, typer.Option(help="also write the model's skops file here")] = None,
    lineage: Annotated[
        bool, typer.Option("--lineage", help="also each ticket that it was trained on")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a version's card: data, code, metrics, thresholds; and its lineage, ticket by ticket."""
    settings, _ = _settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        row = registry.version(conn, version)
        labels = registry.lineage(conn, version)
        data = registry.file_of(conn, version) if file is not None else b""
    if file is not None:
        try:
            file.write_bytes(data)
        except OSError as error:
            raise HostError(f"{file} cannot be written: {error.strerror}.") from error
    keys = ("finding", "ticket", "label", "outcome")
    tickets = [dict(zip(keys, label, strict=True)) for label in labels]
    if as_json:
        print_json({**row.card, "stage": row.stage, "file_sha256": row.file_sha256, "lineage": tickets})
        return
    console = Console(highlight=False)
    console.print(Markdown(text_of(row.card)))
    console.print(f"\nStage: {row.stage}. File: SHA-256 {row.file_sha256}", soft_wrap=True)
    if lineage:
        for one in tickets:
            console.print(f"ticket {one['ticket']}: {one['outcome']}, {one['label']}", soft_wrap=True)


def compare(
    type_: TypeName,
    version: Annotated[str, typer.Option(help="another version than the challenger")] = "",
    check: Annotated[bool, typer.Option("--check", help="end with 1 unless it is better")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare challenger and champion on the tickets closed since both looked at the same incidents."""
    settings, catalogue = _settings()
    known_type(catalogue, type_)
    with database.connect(database.dsn(settings)) as conn, database.translated():
        staged = registry.staged(conn)
        challenger = version or staged.get((type_, "challenger"), "")
        if not challenger:
            raise NotFoundError(f"{type_} has no challenger: `zerodistance models train {type_}` makes one.")
        figures = _compared(conn, catalogue, type_, registry.version(conn, challenger).version)
    if as_json:
        print_json(figures)
    else:
        showing.compared(figures)
    if check and figures["verdict"] != "better":
        raise typer.Exit(1)


def promote(
    version: VersionName,
    reason: Reason,
    by: By = "",
    force: Annotated[
        bool, typer.Option("--force", help="although tickets have not shown that it is better")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion; a running diagnosis takes it over within seconds.

    Refused unless the outcomes of closed tickets have shown that it is better, or --force is given.
    """
    settings, catalogue = _settings()
    _need(reason)
    with (
        database.connect(database.dsn(settings)) as conn,
        database.translated(),
        conn.transaction(),
    ):
        row = registry.version(conn, version)
        type_ = row.type
        if row.stage == "champion":
            raise ConflictError(f"{version} is the champion already.")
        figures = _compared(conn, catalogue, known_type(catalogue, type_), version)
        if figures["verdict"] != "better" and not force:
            raise NotProvenError(
                f"{version} is not shown to be better than {figures['champion']}: {figures['verdict']} "
                f"({figures['tickets']} tickets of {figures['tickets_needed']}). Wait for more outcomes, or "
                "promote it with --force and say why."
            )
        now = settings.make_clock().now()
        before = registry.promote(conn, version, now, actor(by), reason, {**figures, "forced": force})
    document = {"type": type_, "champion": version, "before": before or SIGNATURES, "comparison": figures}
    if as_json:
        print_json(document)
    else:
        Console(highlight=False).print(
            f"{version} is champion; before it: {before or SIGNATURES} ({figures['verdict']}).",
            soft_wrap=True,
        )


def rollback(type_: TypeName, reason: Reason, by: By = "", as_json: AsJson = False) -> None:
    """Put the champion before the present one back; the signatures, if there was none."""
    settings, catalogue = _settings()
    known_type(catalogue, type_)
    _need(reason)
    with (
        database.connect(database.dsn(settings)) as conn,
        database.translated(),
        conn.transaction(),
    ):
        gone, back = registry.rollback(conn, type_, settings.make_clock().now(), actor(by), reason)
    if as_json:
        print_json({"type": type_, "champion": back or SIGNATURES, "rolled_back": gone})
    else:
        Console(highlight=False).print(
            f"{back or SIGNATURES} is champion again; {gone} is retired.", soft_wrap=True
        )


def _compared(conn: database.Connection, catalogue: Catalogue, type_: str, version: str) -> dict[str, Any]:
    champion = registry.staged(conn).get((type_, "champion"), "")
    pairs = material.pairs_of(conn, make_plan(catalogue[type_]), version, champion)
    return {"type": type_, "champion": champion or SIGNATURES, "challenger": version, **judge(pairs)}


def _settings() -> tuple[Settings, Catalogue]:
    settings = load_settings()
    return settings, load_catalogue(settings.catalogue_folders())


def _need(reason: str) -> None:
    if not reason.strip():
        raise SettingsError("--reason: say why; it stands in the history for good.")
