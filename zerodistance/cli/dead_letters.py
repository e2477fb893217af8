"""``zerodistance dead-letters``: what was refused, why, and once more."""

from __future__ import annotations

import getpass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import print_json
from zerodistance.cli.stopping import until_told
from zerodistance.errors import NotFoundError, SettingsError
from zerodistance.log import open_log
from zerodistance.printable import printable
from zerodistance.settings import load_settings
from zerodistance.store import database
from zerodistance.store.letters import actions_of, drop_letters
from zerodistance.store.moments import read_moment

app = typer.Typer(help="Messages that were refused: list, show, replay, drop.", no_args_is_help=True)

_COLUMNS = "id, received_at, reason, device_id, source, sample, length, detail, replayed_at, dropped_at"
_NAMES = _COLUMNS.split(", ")
_SHOWN_BYTES = 2_000

Reason = Annotated[str | None, typer.Option(help="only this reason code")]
Device = Annotated[str | None, typer.Option(help="only this device")]
Source = Annotated[
    str | None, typer.Option(help="only what came from here: the beginning of an MQTT topic, or of 'log …'")
]
Since = Annotated[str, typer.Option(help="only what arrived from then on: a date or RFC 3339 (UTC)")]
Until = Annotated[str, typer.Option(help="only what arrived before")]
Ids = Annotated[list[str] | None, typer.Argument(help="ids, or their beginnings (8 characters and more)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
State = Literal["waiting", "replayed", "dropped", "all"]

_STATES: dict[State, str] = {
    "waiting": "replayed_at IS NULL AND dropped_at IS NULL",
    "replayed": "replayed_at IS NOT NULL",
    "dropped": "dropped_at IS NOT NULL",
    "all": "true",
}


class _Filter(NamedTuple):
    """Which letters; empty parts leave all."""

    reason: str | None = None
    device: str | None = None
    source: str | None = None
    since: str = ""
    until: str = ""

    @property
    def empty(self) -> bool:
        return not any(self)

    def where(self, state: State) -> tuple[str, list[Any]]:
        """Return a condition, put together from constants, and the values that travel apart from it."""
        parts, values = [_STATES[state]], list[Any]()
        utc = ZoneInfo("UTC")
        given = {
            "reason = %s": self.reason,
            "device_id = %s": self.device,
            "starts_with(source, %s)": self.source,
            "received_at >= %s": read_moment(self.since, utc, name="--since") if self.since else None,
            "received_at < %s": read_moment(self.until, utc, name="--until") if self.until else None,
        }
        for part, value in given.items():
            if value is not None:
                parts.append(part)
                values.append(value)
        return " AND ".join(parts), values


@app.command("list")
def list_letters(
    reason: Reason = None,
    device: Device = None,
    source: Source = None,
    since: Since = "",
    until: Until = "",
    hours: Annotated[float | None, typer.Option(help="only of the last so many platform hours")] = None,
    state: Annotated[State, typer.Option(help="what became of them")] = "waiting",
    all_of_them: Annotated[bool, typer.Option("--all", help="the same as --state all")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List letters, the latest first, and how many there are by reason."""
    settings = load_settings()
    where, values = _Filter(reason, device, source, since, until).where("all" if all_of_them else state)
    if hours is not None:
        where += " AND received_at > %s"
        values.append(settings.make_clock().now() - timedelta(hours=hours))
    with database.connect(database.dsn(settings)) as conn, database.translated():
        totals = conn.execute(
            f"SELECT reason, count(*) FROM dead_letter WHERE {where} GROUP BY 1 ORDER BY 2 DESC",  # noqa: S608
            values,
        ).fetchall()
        rows = conn.execute(
            f"SELECT {_COLUMNS} FROM dead_letter WHERE {where} ORDER BY received_at DESC, id LIMIT %s",  # noqa: S608
            [*values, limit],
        ).fetchall()
    letters = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    total = sum(count for _, count in totals)
    if as_json:
        print_json({"by_reason": dict(totals), "total": total, "letters": letters})
        return
    console = Console(highlight=False, markup=False)  # devices chose these words
    if not letters:
        console.print("No dead letters.")
        return
    table = Table("id", "received", "reason", "device", "origin", "detail")
    for letter in letters:
        mark = " (replayed)" if letter["replayed_at"] else " (dropped)" if letter["dropped_at"] else ""
        table.add_row(
            letter["id"][:12],
            f"{letter['received_at']:%Y-%m-%d %H:%M:%S}",
            letter["reason"] + mark,
            printable(letter["device_id"]),
            printable(letter["source"]),
            printable(letter["detail"]),
        )
    console.print(table)
    shown = f" (the latest {len(letters)} of {total:,} are shown)" if total > len(letters) else ""
    console.print(", ".join(f"{count:,} {name}" for name, count in totals) + shown)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="its id, or the beginning of it")],
    raw: Annotated[
        Path | None, typer.Option(help="write the bytes that were kept to this file, as they are")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one letter with its bytes, where it came from, and what was done with it."""
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        (identity,) = _resolve(conn, [letter])
        row = conn.execute(
            f"SELECT {_COLUMNS}, sha256, raw FROM dead_letter WHERE id = %s",  # noqa: S608
            (identity,),
        ).fetchone()
        history = actions_of(conn, identity)
    assert row is not None
    found: dict[str, Any] = dict(zip([*_NAMES, "sha256", "raw"], row, strict=True))
    kept = bytes(found.pop("raw"))
    if raw is not None:
        try:
            raw.write_bytes(kept)
        except OSError as error:
            raise SettingsError(
                f"{raw} cannot be written: {error.strerror or error}. Choose another --raw."
            ) from error
    if as_json:
        print_json({**found, "raw_hex": kept.hex(), "history": history})
        return
    console = Console(highlight=False, markup=False)
    for name, value in found.items():
        if value is not None:
            console.print(f"{name:12} {printable(str(value))}", soft_wrap=True)
    for action in history:
        said = f" ({printable(action['detail'])})" if action["detail"] else ""
        when = f"{action['time']:%Y-%m-%d %H:%M:%S}"
        console.print(f"{action['action']:12} {when} by {action['actor']}{said}", soft_wrap=True)
    console.print(f"{'kept':12} {len(kept)} bytes")
    console.print(_readable(kept[:_SHOWN_BYTES]), soft_wrap=True)
    if len(kept) > _SHOWN_BYTES:
        console.print(f"… {len(kept) - _SHOWN_BYTES} more bytes are kept (--json or --raw FILE gives all)")


@app.command()
def replay(
    ids: Ids = None,
    reason: Reason = None,
    device: Device = None,
    source: Source = None,
    since: Since = "",
    until: Until = "",
    as_json: AsJson = False,
) -> None:
    """Put letters through the parser again and on the log, once what was wrong is mended.

    Safe at any time and any number of times: what was replayed before is passed over, and what the store has
    already merges with itself. Ends with 1 if any is still refused.
    """
    from ingest.adapters.choose import choose_adapters
    from ingest.replay import SLICE, replay_letters

    settings = load_settings()
    catalogue = load_catalogue(settings.catalogue_folders())
    stop = until_told()
    replayed, tried, refused = 0, 0, dict[str, str]()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        chosen = _choose(conn, ids, _Filter(reason, device, source, since, until))
        conn.commit()
        log = open_log(settings.log_address(), client_id="zd-replay")
        try:
            with Progress(console=Console(stderr=True), disable=as_json or len(chosen) <= SLICE) as bars:
                task = bars.add_task("Replaying", total=len(chosen))
                for start in range(0, len(chosen), SLICE):
                    if stop.is_set():
                        break
                    part = chosen[start : start + SLICE]
                    outcome = replay_letters(
                        conn,
                        log,
                        part,
                        catalogue=catalogue,
                        clock=settings.make_clock(),
                        adapters=choose_adapters(settings.adapters, settings.adapters_zone),
                        actor=_actor(),
                    )
                    replayed += outcome.replayed
                    refused |= outcome.refused
                    tried += len(part)
                    bars.update(task, completed=tried)
        finally:
            log.close()
    passed_over = tried - replayed - len(refused)
    left = len(chosen) - tried
    if as_json:
        print_json({"replayed": replayed, "refused": refused, "passed_over": passed_over, "left": left})
    else:
        console = Console(highlight=False, markup=False)
        console.print(f"{replayed} of {len(chosen)} letters replayed.")
        if passed_over:
            console.print(f"{passed_over} were replayed or dropped before, and passed over.")
        for identity, detail in refused.items():
            console.print(f"  {identity[:12]} is still refused: {printable(detail)}", soft_wrap=True)
        if left:
            console.print(f"Stopped with {left} to go: the same command goes on.")
    if refused:
        raise typer.Exit(1)


@app.command()
def drop(
    ids: Ids = None,
    reason: Reason = None,
    device: Device = None,
    source: Source = None,
    since: Since = "",
    until: Until = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    as_json: AsJson = False,
) -> None:
    """Put letters away for good: they stay on record as dropped, their bytes are deleted."""
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        chosen = _choose(conn, ids, _Filter(reason, device, source, since, until))
        conn.commit()  # while somebody thinks it over, nothing is held
        if chosen and not yes:
            typer.confirm(f"Delete the bytes of {len(chosen)} letters?", abort=True, err=True)
        dropped = drop_letters(conn, chosen, actor=_actor(), now=settings.make_clock().now())
    if as_json:
        print_json({"dropped": dropped, "passed_over": len(chosen) - len(dropped)})
        return
    typer.echo(f"{len(dropped)} letters dropped.")
    if len(dropped) < len(chosen):
        typer.echo(f"{len(chosen) - len(dropped)} were replayed or dropped before, and left as they are.")


def _choose(conn: database.Connection, ids: list[str] | None, wanted: _Filter) -> list[str]:
    if ids:
        return list(dict.fromkeys(_resolve(conn, ids)))
    if wanted.empty:
        raise typer.BadParameter("Name letters by id, or choose them with --reason, --device or such.")
    where, values = wanted.where("waiting")
    rows = conn.execute(
        f"SELECT id FROM dead_letter WHERE {where} ORDER BY received_at",  # noqa: S608
        values,
    )
    return [row[0] for row in rows]


def _actor() -> str:
    """Return who runs this command, for the letters' history."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a user id without a name
        return "command line"


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
