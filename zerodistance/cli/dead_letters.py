"""``zerodistance dead-letters``: what was refused, why, and once more."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.errors import NotFoundError
from zerodistance.log import open_log
from zerodistance.settings import load_settings
from zerodistance.store import database

app = typer.Typer(help="Messages that were refused: list, show, replay, drop.", no_args_is_help=True)

_COLUMNS = "id, received_at, reason, device_id, source, sample, length, detail, replayed_at, dropped_at"
_NAMES = _COLUMNS.split(", ")
_SHOWN_BYTES = 2_000

Reason = Annotated[str | None, typer.Option(help="only this reason code")]
Device = Annotated[str | None, typer.Option(help="only this device")]
Ids = Annotated[list[str] | None, typer.Argument(help="ids, or their beginnings (8 characters and more)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]


@app.command("list")
def list_letters(
    reason: Reason = None,
    device: Device = None,
    hours: Annotated[float | None, typer.Option(help="only of the last so many platform hours")] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="also those replayed or dropped")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List letters, the latest first, and how many there are by reason."""
    settings = load_settings()
    where, values = _where(reason, device, all_of_them)
    if hours is not None:
        where += " AND received_at > %s"
        values.append(settings.make_clock().now() - timedelta(hours=hours))
    with database.connect(database.dsn(settings)) as conn, database.translated():
        # `where` is put together from constants above; values travel apart from it
        totals = conn.execute(
            f"SELECT reason, count(*) FROM dead_letter WHERE {where} GROUP BY 1 ORDER BY 2 DESC",  # noqa: S608
            values,
        ).fetchall()
        rows = conn.execute(
            f"SELECT {_COLUMNS} FROM dead_letter WHERE {where} ORDER BY received_at DESC, id LIMIT %s",  # noqa: S608
            [*values, limit],
        ).fetchall()
    letters = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    if as_json:
        print_json({"by_reason": dict(totals), "letters": letters})
        return
    console = Console(highlight=False, markup=False)  # devices chose these words
    if not letters:
        console.print("No dead letters.")
        return
    table = Table("id", "received", "reason", "device", "detail")
    for letter in letters:
        mark = " (replayed)" if letter["replayed_at"] else " (dropped)" if letter["dropped_at"] else ""
        table.add_row(
            letter["id"][:12],
            f"{letter['received_at']:%Y-%m-%d %H:%M:%S}",
            letter["reason"] + mark,
            letter["device_id"] or letter["source"],
            letter["detail"],
        )
    console.print(table)
    console.print(", ".join(f"{count} {name}" for name, count in totals))


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="its id, or the beginning of it")], as_json: AsJson = False
) -> None:
    """Show one letter with its bytes."""
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        (identity,) = _resolve(conn, [letter])
        row = conn.execute(
            f"SELECT {_COLUMNS}, sha256, raw FROM dead_letter WHERE id = %s",  # noqa: S608
            (identity,),
        ).fetchone()
    assert row is not None
    found: dict[str, Any] = dict(zip([*_NAMES, "sha256", "raw"], row, strict=True))
    raw = bytes(found.pop("raw"))
    if as_json:
        print_json({**found, "raw_hex": raw.hex()})
        return
    console = Console(highlight=False, markup=False)
    for name, value in found.items():
        if value is not None:
            console.print(f"{name:12} {value}", soft_wrap=True)
    console.print(f"{'kept':12} {len(raw)} bytes")
    console.print(_readable(raw[:_SHOWN_BYTES]), soft_wrap=True)
    if len(raw) > _SHOWN_BYTES:
        console.print(f"… {len(raw) - _SHOWN_BYTES} more bytes are kept (--json shows all)")


@app.command()
def replay(
    ids: Ids = None,
    reason: Reason = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Put letters through the parser again and on the log, once what was wrong is mended."""
    from ingest.adapters.choose import choose_adapters
    from ingest.replay import replay_letters

    settings = load_settings()
    catalogue = load_catalogue(settings.catalogue_folders())
    with database.connect(database.dsn(settings)) as conn, database.translated():
        chosen = _choose(conn, ids, reason, device)
        log = open_log(settings.log_address(), client_id="zd-replay")
        try:
            outcome = replay_letters(
                conn,
                log,
                chosen,
                catalogue=catalogue,
                clock=settings.make_clock(),
                adapters=choose_adapters(settings.adapters, settings.adapters_zone),
            )
        finally:
            log.close()
    if as_json:
        print_json({"replayed": outcome.replayed, "refused": outcome.refused})
    else:
        console = Console(highlight=False, markup=False)
        console.print(f"{outcome.replayed} of {len(chosen)} letters replayed.")
        for identity, detail in outcome.refused.items():
            console.print(f"  {identity[:12]} is still refused: {detail}", soft_wrap=True)
    if outcome.refused:
        raise typer.Exit(1)


@app.command()
def drop(
    ids: Ids = None,
    reason: Reason = None,
    device: Device = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Put letters away for good: they stay on record as dropped, their bytes are deleted."""
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        chosen = _choose(conn, ids, reason, device)
        if chosen and not yes:
            typer.confirm(f"Delete the bytes of {len(chosen)} letters?", abort=True)
        conn.execute(
            "UPDATE dead_letter SET dropped_at = %s, raw = '' WHERE id = ANY(%s)",
            (settings.make_clock().now(), chosen),
        )
    typer.echo(f"{len(chosen)} letters dropped.")


def _where(reason: str | None, device: str | None, all_of_them: bool) -> tuple[str, list[Any]]:
    parts, values = ["true" if all_of_them else "replayed_at IS NULL AND dropped_at IS NULL"], []
    if reason is not None:
        parts.append("reason = %s")
        values.append(reason)
    if device is not None:
        parts.append("device_id = %s")
        values.append(device)
    return " AND ".join(parts), values


def _choose(
    conn: database.Connection, ids: list[str] | None, reason: str | None, device: str | None
) -> list[str]:
    if ids:
        return _resolve(conn, ids)
    if reason is None and device is None:
        raise typer.BadParameter("Name letters by id, or choose them with --reason or --device.")
    where, values = _where(reason, device, all_of_them=False)
    rows = conn.execute(
        f"SELECT id FROM dead_letter WHERE {where} ORDER BY received_at",  # noqa: S608
        values,
    )
    return [row[0] for row in rows]


def _resolve(conn: database.Connection, ids: list[str]) -> list[str]:
    found = []
    for given in ids:
        rows = conn.execute(
            "SELECT id FROM dead_letter WHERE id = %s OR (length(%s) >= 8 AND starts_with(id, %s)) LIMIT 2",
            (given, given, given),
        ).fetchall()
        if len(rows) != 1:
            which = "There is no dead letter" if not rows else "Several dead letters begin with"
            raise NotFoundError(f"{which} {given!r}: `zerodistance dead-letters list` shows them.")
        found.append(rows[0][0])
    return found


def _readable(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and all(letter.isprintable() or letter in "\n\t" for letter in text):
        return text
    return raw.hex(" ", 4)
