"""``zerodistance devices``: who is registered, who waits, who is out of use."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table

from zerodistance.catalogue import load_catalogue
from zerodistance.cli import devices_access, print_json
from zerodistance.errors import NotFoundError, SettingsError
from zerodistance.printable import printable
from zerodistance.settings import Settings, load_settings
from zerodistance.store import adapters, database, devices

app = typer.Typer(
    help="Devices: list, add, claim those that wait, retire; their credentials.", no_args_is_help=True
)
devices_access.register(app)

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
DeviceId = Annotated[str, typer.Argument(help="the id in its topics")]
TypeName = Annotated[str, typer.Option("--type", help="appliance type of the catalogue")]
Household = Annotated[str | None, typer.Option(help="household that it stands in")]
Gateway = Annotated[str | None, typer.Option(help="gateway that speaks for it")]
Name = Annotated[str, typer.Option(help="what its owner calls it")]
Model = Annotated[str, typer.Option(help="the maker's model")]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", help="READING=CHANNEL of another maker's device; READING= to ignore it; may be repeated"
    ),
]
Tenant = Annotated[int, typer.Option(min=1)]

# What a gateway is registered as; it has no channels of its own.
GATEWAY = "gateway"
LANGUAGES = ("en", "zh")


@app.command("list")
def list_devices(
    type_name: Annotated[str | None, typer.Option("--type", help="only of this type")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="only those that are not connected")] = False,
    retired: Annotated[bool, typer.Option("--retired", help="also those out of use")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 200,
    as_json: AsJson = False,
) -> None:
    """List registered devices by id."""
    rows = _query(
        "SELECT id, type, name, model, household_id, gateway_id, online, last_seen_at, firmware, retired_at,"
        " disabled_at, disabled_reason"
        " FROM device WHERE (%s::text IS NULL OR type = %s) AND (%s OR retired_at IS NULL)"
        " AND NOT (%s AND online) ORDER BY id LIMIT %s",
        (type_name, type_name, retired, offline, limit),
    )
    if as_json:
        print_json(rows)
        return
    table = Table("device", "type", "name", "household", "online", "last seen", "firmware")
    for row in rows:
        seen = f"{row['last_seen_at']:%Y-%m-%d %H:%M}" if row["last_seen_at"] else "never"
        state = "yes" if row["online"] else "no"
        if row["retired_at"] or row["disabled_at"]:
            state = "retired" if row["retired_at"] else "disabled: " + row["disabled_reason"]
        home = row["household_id"] or ""
        name, firmware = printable(row["name"]), printable(row["firmware"])
        table.add_row(row["id"], row["type"], name, home, printable(state), seen, firmware)
    Console(highlight=False, markup=False).print(table if rows else "No devices.")


@app.command()
def add(
    device: DeviceId,
    type_name: TypeName,
    household: Household = None,
    gateway: Gateway = None,
    name: Name = "",
    model: Model = "",
    tenant: Tenant = 1,
) -> None:
    """Register a device, or bring it to what is given; of type `gateway` it may speak for others."""
    settings = load_settings()
    _check_type(settings, type_name)
    with database.connect(database.dsn(settings)) as conn, database.translated():
        _check_references(conn, household, gateway)
        devices.register_device(
            conn,
            device,
            type_name,
            tenant=tenant,
            household_id=household,
            gateway_id=gateway,
            name=name,
            model=model,
        )
    typer.echo(f"{device} is registered as {type_name}.")


@app.command()
def household(
    household_id: Annotated[str, typer.Argument(metavar="ID", help="pseudonymous id of the home")],
    region: Annotated[str, typer.Option(help="where engineers are chosen by")] = "",
    time_zone: Annotated[str, typer.Option(help="as the IANA names it, for example Asia/Shanghai")] = "UTC",
    language: Annotated[str, typer.Option(help="en or zh")] = "en",
    owner: Annotated[str, typer.Option(help="the owner's name, personal data like what follows")] = "",
    email: Annotated[str, typer.Option(help="where messages may go")] = "",
    phone: Annotated[str, typer.Option(help="for the engineer")] = "",
    address: Annotated[str, typer.Option(help="for the engineer")] = "",
    tenant: Tenant = 1,
) -> None:
    """Register a home with its owner, or bring it to what is given; devices are added to it by its id."""
    if language not in LANGUAGES:
        raise SettingsError(f"--language {language} is not known: write {' or '.join(LANGUAGES)}.")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"--time-zone {time_zone} is not known: write one as Europe/Berlin.") from error
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        devices.register_household(
            conn,
            household_id,
            tenant=tenant,
            region=region,
            time_zone=time_zone,
            language=language,
            owner_name=owner,
            email=email,
            phone=phone,
            address=address,
        )
    typer.echo(f"The household {household_id} is registered.")


@app.command()
def unclaimed(as_json: AsJson = False) -> None:
    """List devices that publish and are nobody's yet, with the last thing they said."""
    rows = _query(
        "SELECT id, first_seen_at, last_seen_at, messages, guessed_type, sample FROM unclaimed_device"
        " ORDER BY last_seen_at DESC",
        (),
    )
    if as_json:
        print_json(rows)
        return
    table = Table("device", "may be", "first heard", "last heard", "said last")
    for row in rows:
        said = printable(row["sample"])
        first, last = (f"{row[column]:%Y-%m-%d %H:%M}" for column in ("first_seen_at", "last_seen_at"))
        table.add_row(row["id"], row["guessed_type"], first, last, said[:80])
    Console(highlight=False, markup=False).print(table if rows else "No device waits to be claimed.")


@app.command()
def claim(
    device: DeviceId,
    type_name: TypeName,
    household: Household = None,
    gateway: Gateway = None,
    name: Name = "",
    model: Model = "",
    tenant: Tenant = 1,
    mapping: Map = None,
) -> None:
    """Adopt a device that waits; ingest then replays what it has sent so far."""
    settings = load_settings()
    _check_type(settings, type_name)
    chosen = _read_mapping(settings, type_name, mapping or [])
    with database.connect(database.dsn(settings)) as conn, database.translated():
        _check_references(conn, household, gateway)
        devices.claim(
            conn, device, type=type_name, tenant=tenant, household_id=household, name=name, model=model
        )
        if gateway is not None:
            conn.execute("UPDATE device SET gateway_id = %s WHERE id = %s", (gateway, device))
        adapters.set_mapping(conn, device, chosen)
    typer.echo(f"{device} is registered as {type_name}; ingest replays what it has sent.")


@app.command("map")
def map_readings(
    device: DeviceId,
    mapping: Annotated[list[str], typer.Argument(help="READING=CHANNEL …; READING= to ignore it")],
) -> None:
    """Say which reading of another maker's device is which channel, where its name and unit leave it open."""
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        row = conn.execute("SELECT type FROM device WHERE id = %s", (device,)).fetchone()
        if row is None:
            raise NotFoundError(f"There is no device {device!r}: `zerodistance devices list` shows them.")
        chosen = _read_mapping(settings, row[0], mapping)
        adapters.set_mapping(conn, device, chosen)
    typer.echo(
        f"{device}: " + ", ".join(f"{name} → {channel or 'ignored'}" for name, channel in chosen.items())
    )


@app.command()
def retire(device: DeviceId) -> None:
    """Take a device out of use: what it has sent stays, what it sends from now on is refused."""
    settings = load_settings()
    with database.connect(database.dsn(settings)) as conn, database.translated():
        row = conn.execute(
            "UPDATE device SET retired_at = coalesce(retired_at, %s), online = false WHERE id = %s"
            " RETURNING 1",
            (settings.make_clock().now(), device),
        ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no device {device!r}: `zerodistance devices list` shows them.")
    typer.echo(f"{device} is retired.")


def _check_type(settings: Settings, name: str) -> None:
    if name != GATEWAY:
        load_catalogue(settings.catalogue_folders()).get_type(name)


def _read_mapping(settings: Settings, type_name: str, pairs: list[str]) -> dict[str, str]:
    if not pairs:
        return {}
    channels = load_catalogue(settings.catalogue_folders()).get_type(type_name).channels
    chosen = {}
    for pair in pairs:
        reading, given, channel = pair.partition("=")
        if not given or not reading:
            raise SettingsError(f"{pair!r} is not READING=CHANNEL, such as temperature=freezer_temperature.")
        if channel and channel not in channels:
            raise NotFoundError(f"{type_name} has no channel {channel!r}; it has {', '.join(channels)}.")
        chosen[reading] = channel
    return chosen


def _check_references(conn: database.Connection, household: str | None, gateway: str | None) -> None:
    if household and not conn.execute("SELECT 1 FROM household WHERE id = %s", (household,)).fetchone():
        raise NotFoundError(f"There is no household {household!r}: register it with devices household.")
    if gateway and not conn.execute("SELECT 1 FROM device WHERE id = %s", (gateway,)).fetchone():
        raise NotFoundError(
            f"There is no gateway {gateway!r}: `zerodistance devices add {gateway} --type {GATEWAY}` first."
        )


def _query(statement: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    with database.connect(database.dsn(load_settings())) as conn, database.translated():
        cursor = conn.execute(statement.encode(), values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]
