"""Who is signed in: a signed cookie, a token in every form, and patience with wrong passwords.

The API keeps the session itself (:mod:`services.accounts.sessions`); the cookie names it.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.accounts.roles import AccountRole, permissions_of
from zerodistance.errors import ForbiddenError
from zerodistance.settings import Settings

COOKIE = "zd_session"
# Before the login, beside the other: what another site makes the browser ask for, which comes without the
# session, must not take the session's place.
ENTRY_COOKIE = "zd_entry"
_HOURS = 12
_MAX_AGE_S = _HOURS * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor's session; before the login it carries only the form token.

    Attributes:
        id: random; a new one with each login, so that a planted cookie is worth nothing.
        csrf: what every form must send along.
        account: the person's session at the API; "" before the login. It is ended there, for all copies.
        name: the person's login, as histories have it.
        roles: what the person is; the API decides what they may do, pages only what they offer.
    """

    id: str
    csrf: str
    account: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()

    @property
    def staff(self) -> bool:
        """Somebody is signed in."""
        return bool(self.account)

    def may(self, permission: str) -> bool:
        """Tell whether a page should offer something, such as ``tickets:write``."""
        return permission in permissions_of({AccountRole(role) for role in self.roles})


class Sessions:
    """Makes, reads and ends sessions. The cookie carries all; only ended ones are remembered."""

    def __init__(self, settings: Settings) -> None:
        self._signer = URLSafeTimedSerializer(settings.secret_key, salt="console")
        self._ended: OrderedDict[str, float] = OrderedDict()

    def new(self, *, account: str = "", name: str = "", roles: Sequence[str] = ()) -> Session:
        """Return a fresh session."""
        return Session(secrets.token_urlsafe(16), secrets.token_urlsafe(24), account, name, tuple(roles))

    def read(self, request: Request) -> Session | None:
        """Return the session of somebody signed in, or None if there is none that is valid."""
        found = self._read(request, COOKIE)
        return found if found is not None and found.staff else None

    def read_entry(self, request: Request) -> Session | None:
        """Return the session of a login form, or None if there is none that is valid."""
        found = self._read(request, ENTRY_COOKIE)
        return found if found is not None and not found.staff else None

    def _read(self, request: Request, cookie: str) -> Session | None:
        try:
            identity, csrf, account, name, roles = self._signer.loads(
                request.cookies.get(cookie, ""), max_age=_MAX_AGE_S
            )
            held = tuple(AccountRole(role).value for role in roles)
        except (BadSignature, ValueError, TypeError):
            return None
        if identity in self._ended:
            return None
        return Session(str(identity), str(csrf), str(account), str(name), held)

    def write(self, request: Request, response: Response, session: Session) -> None:
        """Set the session's cookie."""
        response.set_cookie(
            COOKIE if session.staff else ENTRY_COOKIE,
            self._signer.dumps([session.id, session.csrf, session.account, session.name, session.roles]),
            max_age=_MAX_AGE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )

    def forget(self, response: Response) -> None:
        """Take the cookie away: its session has ended at the API."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    def end(self, response: Response, session: Session) -> None:
        """Sign out: the cookie goes, and a copy of it is refused."""
        now = time.monotonic()
        self._ended[session.id] = now
        while self._ended and now - next(iter(self._ended.values())) > _MAX_AGE_S:
            self._ended.popitem(last=False)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def check_csrf(session: Session, token: object) -> None:
    """Refuse a form that does not carry the session's token.

    Raises:
        ForbiddenError: it came from somewhere else, or the session has ended meanwhile.
    """
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), session.csrf.encode()):
        raise ForbiddenError("This form has expired. Go back, reload the page, and send it again.")


class Throttle:
    """At most ``limit`` failures per address in ``window_s`` seconds; bounded memory."""

    def __init__(
        self,
        limit: int = 5,
        window_s: float = 60.0,
        addresses: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._window_s, self._addresses, self._clock = limit, window_s, addresses, clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how many seconds this address must wait before it may try again; 0: it may."""
        times = self._failures.get(address)
        now = self._clock()
        while times and now - times[0] >= self._window_s:
            times.popleft()
        if not times or len(times) < self._limit:
            return 0.0
        return self._window_s - (now - times[0])

    def failed(self, address: str) -> None:
        """Note a wrong password."""
        self._failures.setdefault(address, deque(maxlen=self._limit)).append(self._clock())
        self._failures.move_to_end(address)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failures of this address."""
        self._failures.pop(address, None)
