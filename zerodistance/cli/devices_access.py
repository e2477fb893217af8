"""``zerodistance devices credentials|rotate|revoke|disable|enable|access``: who may speak as which device."""

from __future__ import annotations

import getpass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from zerodistance.access.authority import DEVICE_DAYS, LONGEST_DEVICE_DAYS
from zerodistance.access.files import make_folder, write_atomically
from zerodistance.access.issuing import NewCredential, make_credential, revoke_credentials
from zerodistance.cli import print_json
from zerodistance.errors import HostError, NotFoundError
from zerodistance.printable import printable
from zerodistance.settings import load_settings
from zerodistance.store import credentials as store
from zerodistance.store import database
from zerodistance.store.credentials import Credential, Kind

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
DeviceId = Annotated[str, typer.Argument(help="the id in its topics")]
Certificate = Annotated[
    bool, typer.Option("--certificate", help="an X.509 client certificate instead of a password")
]
Csr = Annotated[
    Path | None, typer.Option(help="signing request (PEM) of a device that keeps its key to itself")
]
Days = Annotated[int, typer.Option(min=1, max=LONGEST_DEVICE_DAYS, help="how long a certificate holds")]
Out = Annotated[
    Path | None, typer.Option(help="write certificate, key and ca.pem into this folder, not to the screen")
]


def credentials(
    device: DeviceId,
    certificate: Certificate = False,
    csr: Csr = None,
    days: Days = DEVICE_DAYS,
    out: Out = None,
    list_them: Annotated[bool, typer.Option("--list", help="make none: list those there are")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a credential for a device: its secret is shown this once and kept nowhere."""
    if list_them:
        _list(device, as_json)
        return
    _show(_make(device, certificate, csr, days, replace=False, overlap=timedelta(0)), out, as_json)


def rotate(
    device: DeviceId,
    certificate: Certificate = False,
    csr: Csr = None,
    days: Days = DEVICE_DAYS,
    overlap: Annotated[
        float, typer.Option(min=0, max=30, help="days for which the old certificate still holds")
    ] = 0.0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Replace a device's password or certificate; the old one is revoked."""
    made = _make(device, certificate, csr, days, replace=True, overlap=timedelta(days=overlap))
    _show(made, out, as_json)


def revoke(
    device: DeviceId,
    credential: Annotated[str | None, typer.Option("--id", help="only this one; default: all")] = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a device's credentials; the broker ends its session."""
    with database.connect(database.dsn(load_settings())) as conn, database.translated():
        revoked = revoke_credentials(conn, device, actor=_actor(), credential_id=credential)
    if as_json:
        print_json({"device": device, "revoked": revoked})
    else:
        typer.echo(f"{device}: {', '.join(revoked)} revoked. It is cut off once broker-access has seen it.")


def disable(
    device: DeviceId, reason: Annotated[str, typer.Option(help="for whoever asks")] = "by hand"
) -> None:
    """Put a device out of use for the time being: nothing is taken from it, its credentials do not work."""
    with database.connect(database.dsn(load_settings())) as conn, database.translated():
        changed = store.disable(conn, device, reason, actor=_actor())
    typer.echo(f"{device} is disabled." if changed else f"{device} was disabled already.")


def enable(device: DeviceId) -> None:
    """Let a disabled device in again, with the credentials it had."""
    with database.connect(database.dsn(load_settings())) as conn, database.translated():
        changed = store.enable(conn, device, actor=_actor())
    typer.echo(f"{device} is enabled." if changed else f"{device} was not disabled.")


def access(
    device: Annotated[str, typer.Argument(help="only of this device")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was done to whose access, the newest first."""
    with database.connect(database.dsn(load_settings())) as conn, database.translated():
        events = store.events(conn, device, limit)
    if as_json:
        print_json([event._asdict() for event in events])
        return
    table = Table("time (UTC)", "device", "by", "what", "detail")
    for event in events:
        table.add_row(
            f"{event.time:%Y-%m-%d %H:%M:%S}",
            event.device_id,
            event.actor,
            event.action,
            printable(event.detail),
        )
    Console(highlight=False, markup=False).print(table if events else "Nothing has been done.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``zerodistance devices``."""
    for command in (credentials, rotate, revoke, disable, enable, access):
        app.command()(command)


def _make(
    device: str, certificate: bool, csr: Path | None, days: int, *, replace: bool, overlap: timedelta
) -> NewCredential:
    settings = load_settings()
    kind: Kind = "certificate" if certificate or csr is not None else "password"
    try:
        request = csr.read_text(encoding="ascii") if csr is not None else ""
    except (OSError, ValueError) as error:
        raise HostError(f"{csr} cannot be read: {error}.") from error
    with database.connect(database.dsn(settings)) as conn, database.translated():
        return make_credential(
            conn,
            settings,
            device,
            kind,
            actor=_actor(),
            days=days,
            csr=request,
            replace=replace,
            overlap=overlap,
        )


def _show(made: NewCredential, out: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(made._asdict())
    elif made.kind == "password":
        typer.echo(f"user     {made.user}\npassword {made.password}\nIt is shown this once ({made.id}).")
    elif out is not None:
        make_folder(out)
        write_atomically(out / f"{made.user}.pem", made.certificate.encode(), 0o644)
        if made.key:
            write_atomically(out / f"{made.user}.key", made.key.encode(), 0o600)
        write_atomically(out / "ca.pem", made.ca.encode(), 0o644)
        typer.echo(f"{out / made.user}.pem holds until {made.not_after:%Y-%m-%d} ({made.id}).")
    else:
        typer.echo(made.certificate + made.key + made.ca, nl=False)
        typer.echo(f"Certificate, key and authority, shown this once ({made.id}).", err=True)
    if made.revoked and not as_json:
        typer.echo(f"Revoked: {', '.join(made.revoked)}.", err=True)


def _list(device: str, as_json: bool) -> None:
    with database.connect(database.dsn(load_settings())) as conn, database.translated():
        if conn.execute("SELECT 1 FROM device WHERE id = %s", (device,)).fetchone() is None:
            raise NotFoundError(f"There is no device {device!r}: `zerodistance devices list` shows them.")
        found = store.listing(conn, device)
        now = store.now(conn)
    if as_json:
        print_json([one._asdict() for one in found])
        return
    table = Table(Column("id", no_wrap=True), "kind", "made (UTC)", "by", "until", "state")
    for one in found:
        until = f"{one.not_after:%Y-%m-%d}" if one.not_after else ""
        made = f"{one.created_at:%Y-%m-%d %H:%M}"
        table.add_row(one.id, one.kind, made, one.created_by, until, _state(one, now))
    Console(highlight=False, markup=False).print(table if found else f"{device} has no credential.")


def _state(one: Credential, now: datetime) -> str:
    if one.revoked_at is None:
        return "ended" if one.not_after is not None and one.not_after <= now else "in force"
    when = f"{one.revoked_at:%Y-%m-%d %H:%M}"
    return f"revoked {when}" + (", cut off" if one.cut_at is not None else "")


def _actor() -> str:
    """Return who runs this command, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"[:64]
    except (OSError, KeyError):
        return "cli"
