"""What handlers need, in one place: the platform's parts, and who is calling."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, cast

import psycopg
from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.api.changes import ChangeHub
from services.messages.channels import channel_names
from services.policy import load_policy
from services.startup import check_schema
from services.tickets.desk import Desk
from services.tickets.lifecycle import Role
from services.titles import Titles
from services.tokens import read_owner_token
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.clock import Clock
from zerodistance.errors import InvalidMessageError, UnauthenticatedError
from zerodistance.settings import Settings
from zerodistance.store.database import Connection, Pool, dsn, open_pool, translated

# Handlers run on a pool of threads; more connections than this would only wait for the database's cores.
_POOL_SIZE = 8
_TENANT = 1
_ACTOR = re.compile(r"[\w.@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Platform:
    """The parts that one API process works with."""

    settings: Settings
    catalogue: Catalogue
    clock: Clock
    pool: Pool
    desk: Desk
    titles: Titles
    hub: ChangeHub

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection; what was done on it is committed when the block ends well.

        Raises:
            UnavailableError: the database does not answer.
            InvalidMessageError: the caller gave a value that no column can hold (a zero byte, say).
            StoreError: it refused a statement.
        """
        with translated():
            try:
                with self.pool.connection() as conn:
                    yield conn
            except psycopg.DataError as error:
                raise InvalidMessageError(
                    "wrong_shape", "The request holds a value that cannot be stored."
                ) from error

    def close(self) -> None:
        """Let go of the database."""
        self.hub.close()
        self.pool.close()


def open_platform(settings: Settings) -> Platform:
    """Open what an API process needs.

    Raises:
        UnavailableError: the database does not answer.
        StoreError: it is not migrated.
        CatalogueError: the catalogue is wrong.
    """
    catalogue = load_catalogue(settings.catalogue_folders())
    clock = settings.make_clock()
    pool = open_pool(settings, size=_POOL_SIZE)
    try:
        check_schema(pool)
    except BaseException:
        pool.close()
        raise
    return Platform(
        settings=settings,
        catalogue=catalogue,
        clock=clock,
        pool=pool,
        desk=Desk(catalogue, clock, channel_names(settings), load_policy(settings.policy_path)),
        titles=Titles(catalogue),
        hub=ChangeHub(dsn(settings)),
    )


@dataclass(frozen=True, slots=True)
class Staff:
    """A caller with the staff token, and in which capacities it acts."""

    tenant: int
    actor: str
    roles: frozenset[Role]


def _platform(request: Request) -> Platform:
    return cast(Platform, request.app.state.platform)


_bearer = HTTPBearer(auto_error=False, description="The staff token (ZD_STAFF_TOKEN).")


def _staff(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    x_actor: Annotated[
        str | None, Header(description="Who acts, for the history: up to 64 letters, digits, . _ @ -")
    ] = None,
) -> Staff:
    token = credentials.credentials if credentials else ""
    expected = _platform(request).settings.staff_token
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise UnauthenticatedError("Send the staff token as Authorization: Bearer …")
    actor = f"staff:{x_actor}" if x_actor and _ACTOR.fullmatch(x_actor) else "staff"
    return Staff(_TENANT, actor, frozenset({Role.ENGINEER, Role.DISPATCHER}))


def _household(request: Request, token: Annotated[str, Path(max_length=512)]) -> str:
    return read_owner_token(_platform(request).settings, token)


PlatformDep = Annotated[Platform, Depends(_platform)]
StaffDep = Annotated[Staff, Depends(_staff)]
HouseholdDep = Annotated[str, Depends(_household)]
