"""``zerodistance users``: who may sign in to the API and the console, and as what."""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zerodistance.cli import print_json
from zerodistance.errors import ConflictError, NotFoundError, SettingsError
from zerodistance.printable import printable
from zerodistance.settings import Settings, load_settings
from zerodistance.store import database
from zerodistance.store.database import Connection

if TYPE_CHECKING:
    from services.accounts.repository import Account
    from services.accounts.roles import AccountRole

app = typer.Typer(
    help="Accounts: who may sign in to the API and the console, and as what.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
Login = Annotated[str, typer.Argument(help="by which the person signs in")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role", help="owner, engineer, dispatcher, operator, product, partner or admin; may be repeated"
    ),
]
Engineer = Annotated[str | None, typer.Option(help="for engineers: whose tickets and region they see")]
Household = Annotated[str | None, typer.Option(help="for owners: their home")]
Tenant = Annotated[str, typer.Option(help="brand; empty: ZD_TENANT")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="read the password from standard input, for scripts")
]
# Who acts on the command line has the database in hand; the audit says no more than that.
_ACTOR = "command line"


@app.command("list")
def list_users(tenant: Tenant = "", as_json: AsJson = False) -> None:
    """List accounts by login."""
    from services.accounts import repository

    with _connected() as (conn, settings):
        rows = repository.listing(conn, _tenant(conn, settings, tenant), limit=100_000)
    if as_json:
        print_json([_public(row) for row in rows])
        return
    table = Table("login", "name", "roles", "sees", "signs in by", "last time")
    for row in rows:
        by = [way for way, has in (("password", row.has_password), ("provider", row.oidc_subject)) if has]
        seen = f"{row.last_login_at:%Y-%m-%d %H:%M}" if row.last_login_at else "never"
        state = "disabled" if row.disabled_at else " and ".join(by) or "nothing yet"
        sees = row.household_id or row.engineer_id or ""
        table.add_row(row.login, printable(row.name), ", ".join(row.roles), sees, state, seen)
    Console(highlight=False, markup=False).print(table if rows else "No accounts: `users add` makes one.")


@app.command()
def add(
    login: Login,
    role: Roles,
    name: Annotated[str, typer.Option(help="of the person")] = "",
    engineer: Engineer = None,
    household: Household = None,
    password_stdin: FromStdin = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="signs in by OpenID Connect; the login is the address there")
    ] = False,
    tenant: Tenant = "",
    as_json: AsJson = False,
) -> None:
    """Make an account. Without a terminal and without --password-stdin a password is made and shown once."""
    from services.accounts import audit, repository

    password, made = (None, False) if no_password else _new_password(password_stdin)
    with _connected() as (conn, settings):
        found = repository.add(
            conn,
            _tenant(conn, settings, tenant),
            login,
            _roles(role),
            created_by=_ACTOR,
            name=name,
            password=password,
            engineer=engineer,
            household=household,
        )
        audit.note(conn, found.tenant_id, _ACTOR, "users add", target=found.login, detail={"roles": role})
    shown = password if made else ""
    if as_json:
        print_json(_public(found) | ({"password": shown} if shown else {}))
        return
    typer.echo(f"{found.login} may sign in as {', '.join(found.roles)}.")
    if shown:
        typer.echo(f"Password, shown this once: {shown}")


@app.command()
def roles(login: Login, role: Roles, engineer: Engineer = None, as_json: AsJson = False) -> None:
    """Give an account other roles; what it loses it loses at once."""
    from services.accounts import repository

    wanted = _roles(role)
    _change(
        login,
        "users roles",
        lambda conn, seen: repository.update(conn, seen, roles=wanted, engineer=engineer),
        as_json,
        f"{login} is {', '.join(role)} now.",
    )


@app.command()
def password(login: Login, password_stdin: FromStdin = False, as_json: AsJson = False) -> None:
    """Give an account a new password; its sessions end."""
    from services.accounts import repository

    chosen, made = _new_password(password_stdin)
    said = f"{login} has a new password." + (f" Shown this once: {chosen}" if made else "")
    _change(
        login,
        "users password",
        lambda conn, seen: repository.update(conn, seen, password=chosen),
        as_json,
        said,
        {"password": chosen} if made else {},
    )


@app.command()
def disable(login: Login, as_json: AsJson = False) -> None:
    """Put an account out of use; its sessions end at once."""
    from services.accounts import repository

    _change(
        login,
        "users disable",
        lambda conn, seen: repository.update(conn, seen, disabled=True),
        as_json,
        f"{login} may not sign in any more.",
    )


@app.command()
def enable(login: Login, as_json: AsJson = False) -> None:
    """Let a disabled account in again, with the password it had."""
    from services.accounts import repository

    _change(
        login,
        "users enable",
        lambda conn, seen: repository.update(conn, seen, disabled=False),
        as_json,
        f"{login} may sign in again.",
    )


@app.command("tenant")
def make_tenant(name: Annotated[str, typer.Argument(help="of the brand")], as_json: AsJson = False) -> None:
    """Make a tenant: a brand whose devices, people and tickets no other brand sees."""
    with _connected() as (conn, _):
        row = conn.execute(
            "INSERT INTO tenant (name) VALUES (%s) ON CONFLICT (name) DO NOTHING RETURNING id", (name,)
        ).fetchone()
    if row is None:
        raise ConflictError(f"There is a tenant {name!r} already.")
    if as_json:
        print_json({"id": row[0], "name": name})
        return
    typer.echo(f"Tenant {row[0]}, {name}, is there: make its first account with --tenant {name}.")


def _change(
    login: str,
    action: str,
    change: Any,
    as_json: bool,
    sentence: str,
    more: dict[str, Any] | None = None,
) -> None:
    from services.accounts import audit, repository

    with _connected() as (conn, _):
        seen = repository.by_login(conn, login)
        if seen is None:
            raise NotFoundError(f"There is no account {login!r}: `zerodistance users list` says which.")
        changed = change(conn, seen)
        detail = {"roles": changed.roles}
        audit.note(conn, changed.tenant_id, _ACTOR, action, target=changed.login, detail=detail)
    if as_json:
        print_json(_public(changed) | (more or {}))
        return
    typer.echo(sentence)


@contextmanager
def _connected() -> Iterator[tuple[Connection, Settings]]:
    settings = load_settings()
    with database.translated(), database.connect(database.dsn(settings)) as conn:
        yield conn, settings


def _tenant(conn: Connection, settings: Settings, name: str) -> int:
    from services.accounts.identity import tenant_of

    return tenant_of(conn, name or settings.tenant)


def _roles(names: list[str]) -> list[AccountRole]:
    from services.accounts.roles import GIVEN, AccountRole

    wrong = [name for name in names if name not in {role.value for role in GIVEN}]
    if wrong:
        raise SettingsError(f"There is no role {wrong[0]!r}: choose of {', '.join(GIVEN)}.")
    return [AccountRole(name) for name in names]


def _new_password(from_stdin: bool) -> tuple[str, bool]:
    """Return a password, and whether it was made here and has to be shown."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if not sys.stdin.isatty():
        return secrets.token_urlsafe(18), True
    chosen = getpass.getpass("New password (empty: one is made): ")
    if not chosen:
        return secrets.token_urlsafe(18), True
    if getpass.getpass("Once more: ") != chosen:
        raise SettingsError("The two are not the same: nothing was changed.")
    return chosen, False


def _public(account: Account) -> dict[str, Any]:
    return {name: value for name, value in asdict(account).items() if name != "oidc_subject"}
