"""In whose name the console calls the API: the person's whose page is being made, or its own.

Each call carries the person's own session, so that the API decides what they may see and do; the staff token
is used for the live feed alone. A call in nobody's name carries nothing, and is refused.
"""

from __future__ import annotations

from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass

import httpx

from services.accounts.tokens import access_token
from zerodistance.settings import Settings

# By these the API knows from where somebody came who came through the console.
RELAY_HEADER, ADDRESS_HEADER = "X-Zd-Relay", "X-Zd-Client-Address"


class SessionEndedError(Exception):
    """The API knows the session of the page's visitor no more: they sign in again."""


@dataclass(frozen=True, slots=True)
class Acting:
    """A person who is signed in, or who is about to be (``session`` is empty then)."""

    session: str
    address: str


_ACTING: ContextVar[Acting | None] = ContextVar("zd_console_acting", default=None)
_ITSELF = Acting("", "")


def act_as(session: str, address: str) -> None:
    """Make the calls of this request in somebody's name."""
    _ACTING.set(Acting(session, address))


def act_as_console() -> None:
    """Make the calls of this task in the console's own name."""
    _ACTING.set(_ITSELF)


class ActingAuth(httpx.Auth):
    """Adds who acts to each call. The session's access token is made for each call, and lives for minutes.

    Console and API have the same ``ZD_SECRET_KEY`` and ``ZD_STAFF_TOKEN``.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one call.

        Raises:
            SessionEndedError: the session was ended, or has expired.
        """
        acting = _ACTING.get()
        request.headers[RELAY_HEADER] = self._settings.staff_token
        if acting is _ITSELF:
            request.headers["Authorization"] = f"Bearer {self._settings.staff_token}"
        elif acting is not None:
            request.headers[ADDRESS_HEADER] = acting.address
            if acting.session:
                token = access_token(self._settings, acting.session)
                request.headers["Authorization"] = f"Bearer {token}"
        answer = yield request
        if answer.status_code == 401 and acting is not None and acting.session:
            raise SessionEndedError
