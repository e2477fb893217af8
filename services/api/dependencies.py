"""What handlers need, in one place: the platform's parts, who is calling, and what they may do.

A route of ``/api/v1`` declares one of these, and nothing starts if one does not (:func:`check_routes`)::

    def list_tickets(platform: PlatformDep, caller: TicketsReader) -> TicketPage:
        with caller.transaction() as conn:          # sees the caller's rows and no others
            listing.page(conn, caller.tenant, …)

``caller.tenant``, ``caller.actor`` (for histories), ``caller.capacities`` (for the life cycle of tickets),
``caller.may(Permission.…)``. A new permission is a line in :mod:`services.accounts.roles` and an alias at
the end of this module; a router is an ``APIRouter(route_class=UnitRoute)``. A parameter of a path that names
a row is listed in :data:`services.accounts.scope.TARGETS` (it is looked up before a change), or in ``FREE``.
A new table needs a policy (a migration, as in 0019), or a line in tests/access/test_rows.py that says why
not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, cast

import structlog
from fastapi import Depends, Header, Path, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.accounts import audit
from services.accounts.identity import Identity, identify, of_household, tenant_of
from services.accounts.oidc import Provider
from services.accounts.roles import Permission
from services.accounts.scope import FREE, TARGETS, enter, widen
from services.api.changes import ChangeHub
from services.api.limits import Limiter
from services.api.problems import PreconditionError, VersionNeededError
from services.api.remote import address
from services.api.unit import CHANGING, KEY_HEADER, LONGEST_KEY, Unit, UnitRoute, fingerprint, refused
from services.dispatch.planner import Planner
from services.messages.channels import channel_names
from services.policy import load_policy
from services.startup import check_schema
from services.tickets.desk import Desk
from services.tickets.lifecycle import Role as Capacity
from services.titles import Titles
from services.tokens import read_owner_token
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.clock import Clock
from zerodistance.errors import ConflictError, ForbiddenError, StoreError, UnauthenticatedError
from zerodistance.settings import Settings
from zerodistance.store.database import Connection, Pool, dsn, open_pool, translated

# Handlers run on a pool of threads; more connections than this would only wait for the database's cores.
_POOL_SIZE = 8
# The platform's own programs ask for many people.
_MACHINE_RATE = 10
# Strangers: sign-ins, and tokens that are nobody's.
_STRANGER_RATE, _STRANGER_BURST = 10, 200
_log = structlog.get_logger(__name__)


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
    limiter: Limiter
    machines: Limiter
    strangers: Limiter
    provider: Provider
    planner: Planner

    def tenant(self, conn: Connection) -> int:
        """Return the brand that this installation's own programs are of."""
        return tenant_of(conn, self.settings.tenant)

    @contextmanager
    def unscoped(self) -> Iterator[Connection]:
        """Give a connection that sees all tenants: for finding out who calls, and for health.

        What was done on it is committed when the block ends well.

        Raises:
            UnavailableError: the database does not answer.
            InvalidMessageError: the caller gave a value that no column can hold (a zero byte, say).
            StoreError: it refused a statement.
        """
        with translated(), refused(), self.pool.connection() as conn:
            yield conn

    @contextmanager
    def as_owner(self, household: str, action: str = "", **detail: Any) -> Iterator[Connection]:
        """Give a connection for a home's own page; with an ``action`` it may change, and is in the audit.

        Raises:
            UnauthenticatedError: there is no such home.
        """
        with self.unscoped() as conn:
            identity = of_household(conn, household)
            enter(conn, identity.scope)
            if action:
                widen(conn)
            yield conn
            if action:
                audit.write(conn, identity, action, "owner's page", address(), detail)

    def close(self) -> None:
        """Let go of the database."""
        self.hub.close()
        self.planner.close()
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
        limiter=Limiter(settings.api_rate, settings.api_burst),
        machines=Limiter(settings.api_rate * _MACHINE_RATE, settings.api_burst * _MACHINE_RATE),
        strangers=Limiter(_STRANGER_RATE if settings.api_rate else 0, _STRANGER_BURST),
        provider=Provider(settings),
        planner=Planner(),
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, in one request: what it may do, and the only way to the rows that it sees."""

    platform: Platform
    identity: Identity
    unit: Unit | None

    @property
    def tenant(self) -> int:
        """The brand that the caller belongs to."""
        return self.identity.scope.tenant

    @property
    def actor(self) -> str:
        """What histories say."""
        return self.identity.actor

    @property
    def capacities(self) -> frozenset[Capacity]:
        """What the life cycle of a ticket knows the caller as."""
        return self.identity.capacities

    @property
    def household(self) -> str:
        """The home of an owner's link."""
        return self.identity.scope.households[0]

    def may(self, permission: Permission) -> bool:
        """Tell whether the caller may do something beyond what the route declares."""
        return permission in self.identity.permissions

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection that sees the caller's rows.

        A reading request commits when the block ends. A changing one has a single transaction, which is
        committed once its answer is known; an error that leaves the block undoes what was done in it.

        Raises:
            UnavailableError: the database does not answer.
            InvalidMessageError: the caller gave a value that no column can hold (a zero byte, say).
            ConflictError: an id of the caller's choice is taken.
            StoreError: it refused a statement.
        """
        if self.unit is not None:
            with translated(), refused(), self.unit.conn.transaction():
                yield self.unit.conn
            return
        with self.platform.unscoped() as conn:
            enter(conn, self.identity.scope)
            yield conn

    @contextmanager
    def aggregates(self) -> Iterator[Connection]:
        """Give a connection that sees the whole brand, for an answer of sums and shares alone.

        Raises:
            UnavailableError: the database does not answer.
        """
        with self.transaction() as conn:
            widen(conn)
            yield conn


async def _platform(request: Request) -> Platform:
    return _of(request)  # async: a thread would cost more than this does


def _of(request: Request) -> Platform:
    return cast(Platform, request.app.state.platform)


PlatformDep = Annotated[Platform, Depends(_platform)]
_bearer = HTTPBearer(
    auto_error=False,
    description="An access token (POST /api/v1/sessions), an API key (zdk_…), or the staff token.",
)
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_XActor = Annotated[
    str | None,
    Header(description="With the staff token: who acts, for the history: up to 64 letters, digits, . _ @ -"),
]
_Key = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        min_length=1,
        max_length=LONGEST_KEY,
        description="With POST: a repeat with the same key is answered as the first time, and does nothing",
    ),
]
IfMatch = Annotated[
    str | None, Header(description="ETag of what the caller saw: 412 if it is another by now")
]


class Allow:
    """The dependency of a route: who calls, and may do this. Its scope is set, its request counted."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(
        self,
        request: Request,
        credentials: _Bearer,
        x_actor: _XActor = None,
        idempotency_key: _Key = None,
    ) -> Caller:
        """Return the caller.

        Raises:
            UnauthenticatedError: nobody whom we know.
            ForbiddenError: it may not do this.
            TooManyRequestsError: it asks too often.
        """
        platform = _of(request)
        platform.strangers.take(address(), 0)
        try:
            with platform.unscoped() as conn:
                token = credentials.credentials if credentials else ""
                identity = identify(conn, platform.settings, token, x_actor)
        except UnauthenticatedError:
            platform.strangers.take(address())
            raise
        limiter = platform.machines if identity.principal == "staff-token" else platform.limiter
        limiter.take(identity.principal)
        if self.permission not in identity.permissions:
            _log.info(
                "api.forbidden", actor=identity.actor, permission=self.permission, path=request.url.path
            )
            raise ForbiddenError(
                f"This takes the permission {self.permission}; "
                f"{', '.join(sorted(identity.roles))} does not have it."
            )
        return _caller(request, platform, identity, idempotency_key)


class OwnersLink:
    """The dependency of a route under ``/owner/{token}``: the home that the link was made for."""

    def __call__(
        self,
        request: Request,
        token: Annotated[str, Path(max_length=512)],
        idempotency_key: _Key = None,
    ) -> Caller:
        """Return the owner.

        Raises:
            UnauthenticatedError: the link is not ours, or too old.
            TooManyRequestsError: it asks too often.
        """
        platform = _of(request)
        platform.strangers.take(address(), 0)
        try:
            household = read_owner_token(platform.settings, token)
            with platform.unscoped() as conn:
                identity = of_household(conn, household)
        except UnauthenticatedError:
            platform.strangers.take(address())
            raise
        platform.limiter.take(identity.principal)
        return _caller(request, platform, identity, idempotency_key)


class Anybody:
    """The dependency of a route that is open to everybody; counted by address."""

    def __init__(self, *, counted: bool = True) -> None:
        self._counted = counted

    def __call__(self, request: Request) -> Platform:
        """Return the platform.

        Raises:
            TooManyRequestsError: this address asks too often.
        """
        platform = _of(request)
        if self._counted:
            platform.strangers.take(address())
        return platform


def _caller(request: Request, platform: Platform, identity: Identity, key: str | None) -> Caller:
    if request.method not in CHANGING:
        return Caller(platform, identity, None)
    params = {name: str(value) for name, value in request.path_params.items()}
    path = request.url.path
    if "token" in params:
        path = path.replace(params["token"], "…")  # whoever reads the audit must not become the owner
    unit = Unit(
        platform.pool,
        identity,
        action=cast(str, request.scope["route"].name),
        target=path,
        address=address(),
    )
    request.state.unit = unit  # the route ends it, whatever comes
    mark = fingerprint(request.method, request.url.path, request.url.query, request.state.body)
    unit.begin(params, key if key and request.method == "POST" else "", mark)
    return Caller(platform, identity, unit)


def check_routes(routes: Sequence[object]) -> None:
    """Return if every route says who may use it, and a change what it changes.

    Raises:
        StoreError: naming the route that would be open by mistake.
    """
    for route in routes:
        if not isinstance(route, APIRoute):
            raise StoreError(f"{route!r} is no route of the API: use APIRouter(route_class=UnitRoute).")
        guard = guard_of(route)
        if guard is None or not isinstance(route, UnitRoute):
            raise StoreError(
                f"{route.path} declares no permission, or is no UnitRoute: see services/api/dependencies.py."
            )
        named = {param.name for param in route.dependant.path_params} | set(route.param_convertors)
        unknown = named - set(TARGETS) - FREE
        if (route.methods or set()) & CHANGING and not isinstance(guard, Anybody) and unknown:
            raise StoreError(
                f"{route.path}: is {', '.join(sorted(unknown))} looked up before a change? "
                "Name it in services/accounts/scope.py."
            )


def guard_of(route: APIRoute) -> Allow | OwnersLink | Anybody | None:
    """Return what guards a route; None if nothing does."""
    waiting = list(route.dependant.dependencies)
    while waiting:
        one = waiting.pop()
        call: Callable[..., Any] | None = one.call
        if isinstance(call, Allow | OwnersLink | Anybody):
            return call
        waiting += one.dependencies
    return None


def check_version(current: int, seen: int | None, if_match: str | None) -> None:
    """Return if what is to be changed is what the caller saw.

    Args:
        current: the version that stands.
        seen: the version in the body, if one was sent.
        if_match: the header, if it was sent; ``*`` is content with any.

    Raises:
        PreconditionError: it is another version by now (412).
        ConflictError: the same, for a version in the body (409).
        VersionNeededError: neither was sent (428): nobody overwrites what they have not seen.
    """
    if seen is None and if_match is None:
        raise VersionNeededError("Send If-Match with the ETag that you saw, or its version in the body.")
    tag = _tag(if_match)
    if tag is not None and tag != str(current):
        raise PreconditionError("If-Match names another version than the one that stands: read it again.")
    if seen is not None and seen != current:
        raise ConflictError("Somebody else changed this meanwhile: read it again, then decide.")


def read_version(seen: int | None, if_match: str | None) -> int | None:
    """Return the version that the caller saw, as far as it says one that can have been."""
    tag = _tag(if_match)
    if tag is not None:
        return int(tag) if tag.isascii() and tag.isdecimal() and len(tag) < 10 else None
    return seen


def _tag(if_match: str | None) -> str | None:
    """Return the version in an If-Match header; None where any will do or none was sent."""
    if if_match is None or if_match.strip() == "*":
        return None
    return if_match.strip().removeprefix("W/").strip('"')


OwnerDep = Annotated[Caller, Depends(OwnersLink())]
AnybodyDep = Annotated[Platform, Depends(Anybody())]
ProbeDep = Annotated[Platform, Depends(Anybody(counted=False))]

OverviewReader = Annotated[Caller, Depends(Allow(Permission.OVERVIEW_READ))]
FiguresReader = Annotated[Caller, Depends(Allow(Permission.FIGURES_READ))]
InsightsReader = Annotated[Caller, Depends(Allow(Permission.INSIGHTS_READ))]
ChangesReader = Annotated[Caller, Depends(Allow(Permission.CHANGES_READ))]
TicketsReader = Annotated[Caller, Depends(Allow(Permission.TICKETS_READ))]
TicketsWriter = Annotated[Caller, Depends(Allow(Permission.TICKETS_WRITE))]
CampaignsReader = Annotated[Caller, Depends(Allow(Permission.CAMPAIGNS_READ))]
CampaignsWriter = Annotated[Caller, Depends(Allow(Permission.CAMPAIGNS_WRITE))]
IssuesReader = Annotated[Caller, Depends(Allow(Permission.ISSUES_READ))]
IssuesWriter = Annotated[Caller, Depends(Allow(Permission.ISSUES_WRITE))]
PlanReader = Annotated[Caller, Depends(Allow(Permission.PLAN_READ))]
EngineersReader = Annotated[Caller, Depends(Allow(Permission.ENGINEERS_READ))]
EngineersWriter = Annotated[Caller, Depends(Allow(Permission.ENGINEERS_WRITE))]
DevicesReader = Annotated[Caller, Depends(Allow(Permission.DEVICES_READ))]
DevicesClaimer = Annotated[Caller, Depends(Allow(Permission.DEVICES_CLAIM))]
DevicesCommander = Annotated[Caller, Depends(Allow(Permission.DEVICES_COMMAND))]
TelemetryReader = Annotated[Caller, Depends(Allow(Permission.TELEMETRY_READ))]
UseReader = Annotated[Caller, Depends(Allow(Permission.USE_READ))]
WaterWriter = Annotated[Caller, Depends(Allow(Permission.WATER_WRITE))]
CredentialsReader = Annotated[Caller, Depends(Allow(Permission.CREDENTIALS_READ))]
CredentialsWriter = Annotated[Caller, Depends(Allow(Permission.CREDENTIALS_WRITE))]
WebhooksReader = Annotated[Caller, Depends(Allow(Permission.WEBHOOKS_READ))]
WebhooksWriter = Annotated[Caller, Depends(Allow(Permission.WEBHOOKS_WRITE))]
AccountsReader = Annotated[Caller, Depends(Allow(Permission.ACCOUNTS_READ))]
AccountsWriter = Annotated[Caller, Depends(Allow(Permission.ACCOUNTS_WRITE))]
KeysReader = Annotated[Caller, Depends(Allow(Permission.KEYS_READ))]
KeysWriter = Annotated[Caller, Depends(Allow(Permission.KEYS_WRITE))]
AuditReader = Annotated[Caller, Depends(Allow(Permission.AUDIT_READ))]
SelfDep = Annotated[Caller, Depends(Allow(Permission.SELF))]
