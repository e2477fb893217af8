"""What every page needs: who asks, in which zone and theme, the figures for the frame, and rendering."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Annotated, Any, cast
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

import jinja2
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from services.console import presenting
from services.console.acting import act_as
from services.console.api_client import ApiClient, ApiProblemError
from services.console.live import ChangeFeed
from services.console.provider import Waiting
from services.console.session import Session, Sessions, Throttle, check_csrf
from services.console.words import ENGLISH, LANGUAGES, WORDS, Words
from services.schemas import Overview
from zerodistance.catalogue.model import Catalogue
from zerodistance.clock import ScaledClock
from zerodistance.errors import ZeroDistanceError
from zerodistance.settings import Settings

_ZONES = frozenset(available_timezones())
_NAV_FRESH_S = 5.0
LANGUAGE_COOKIE = "zd_language"


class LoginNeededError(Exception):
    """Nobody is signed in: a page leads to the login, anything else is told 401."""


class Desk:
    """The console's parts, one set for each application."""

    def __init__(self, settings: Settings, api: ApiClient, catalogue: Catalogue) -> None:
        self.settings = settings
        self.api = api
        self.catalogue = catalogue
        self.sessions = Sessions(settings)
        self.waiting = Waiting(settings)
        self.throttle = Throttle()
        self.feed = ChangeFeed(api, settings.secret_key)
        clock = settings.make_clock()
        self.rate = clock.rate if isinstance(clock, ScaledClock) else 1.0
        self.templates = {language: _templates(language) for language in WORDS}
        self._unclaimed: tuple[float, int] = (float("-inf"), 0)

    async def unclaimed_count(self) -> int:
        """Return how many devices wait for claim, at most a few seconds old."""
        moment, count = self._unclaimed
        if time.monotonic() - moment > _NAV_FRESH_S:
            try:
                count = len(await self.api.unclaimed())
            except ApiProblemError:  # the role was lost since the sign-in
                return 0
            self._unclaimed = (time.monotonic(), count)
        return count

    def forget_counts(self) -> None:
        """Ask again next time: something was claimed."""
        self._unclaimed = (float("-inf"), 0)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody signed in; ``mark``: how far the change feed was when it came in."""

    request: Request
    desk: Desk
    session: Session
    zone: ZoneInfo
    words: Words
    mark: str

    async def form(self) -> FormData:
        """Return the posted form.

        Raises:
            ForbiddenError: it does not carry the session's token.
        """
        form = await self.request.form()
        check_csrf(self.session, form.get("csrf"))
        return form

    async def page(
        self, template: str, *, section: str, status: int = 200, about: str = "", **context: Any
    ) -> HTMLResponse:
        """Render a page in its frame; ``about``: the one ticket or appliance whose changes concern it."""
        claims = self.session.may("devices:claim")
        overview, waiting = await asyncio.gather(
            self.desk.api.overview(), self.desk.unclaimed_count() if claims else _none()
        )
        return render(
            self.desk,
            self.request,
            template,
            status=status,
            session=self.session,
            zone=self.zone,
            section=section,
            mark=self.mark,
            about=self.desk.feed.about(about),
            overview=overview,
            waiting=waiting,
            now=overview.now,
            **context,
        )


def get_desk(request: Request) -> Desk:
    """Return the application's parts."""
    return cast(Desk, request.app.state.desk)


async def get_visit(request: Request) -> Visit:
    """Return the visit of somebody signed in; the API is called in their name from now on.

    Raises:
        LoginNeededError: nobody is.
    """
    desk = get_desk(request)
    session = desk.sessions.read(request)
    if session is None or not session.staff:
        raise LoginNeededError
    act_as(session.account, address_of(request))
    return Visit(request, desk, session, zone_of(request), words_of(request), desk.feed.mark)


DeskDep = Annotated[Desk, Depends(get_desk)]
VisitDep = Annotated[Visit, Depends(get_visit)]


def address_of(request: Request) -> str:
    """Return where a request came from."""
    return request.client.host if request.client else ""


def zone_of(request: Request) -> ZoneInfo:
    """Return the browser's time zone, which its script told in a cookie; UTC until then."""
    name = request.cookies.get("zd_zone", "")
    return ZoneInfo(name if name in _ZONES else "UTC")


def theme_of(request: Request) -> str:
    """Return light, dark or auto (as the system has it)."""
    theme = request.cookies.get("zd_theme", "auto")
    return theme if theme in ("light", "dark") else "auto"


def words_of(request: Request) -> Words:
    """Return the texts of the language that the person chose, else of the browser's, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in WORDS:
        return WORDS[chosen]
    for part in request.headers.get("accept-language", "")[:200].split(","):
        if (language := part.strip()[:2].lower()) in WORDS:
            return WORDS[language]
    return ENGLISH


def render(desk: Desk, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a template with what all of them need."""
    values: dict[str, Any] = {
        "path": request.url.path,
        "theme": theme_of(request),
        "zone": zone_of(request),
        "rate": desk.rate,
        "session": None,
        "overview": None,
        "waiting": 0,
        "section": "",
        "mark": "",
        "about": "",
        "note": "",
        "typed": {},
        **context,
    }
    values["status"] = status
    return HTMLResponse(
        desk.templates[words_of(request).language].get_template(template).render(**values), status
    )


async def trouble(
    desk: Desk, request: Request, error: ZeroDistanceError, status: int, *, title: str
) -> HTMLResponse:
    """Render a page that says what is wrong and what to do, in the frame if there is one.

    Args:
        desk: the console's parts.
        request: that failed.
        error: whose sentence is said.
        status: of the answer.
        title: key of the text above it.
    """
    overview: Overview | None = None
    session = desk.sessions.read(request)
    if session is not None and session.staff:
        act_as(session.account, address_of(request))
        try:
            overview = await desk.api.overview()
        except ZeroDistanceError:
            overview = None
    return render(
        desk,
        request,
        "trouble.html",
        status=status,
        session=session if session and session.staff else None,
        overview=overview,
        now=overview.now if overview else None,
        title=words_of(request)(title),
        sentence=_sentence(words_of(request), error),
    )


def _sentence(words: Words, error: ZeroDistanceError) -> str:
    """Return an error's sentence; what the console says itself is a key of its texts."""
    said = str(error)
    if words.knows(said):
        return words(said)
    code = error.problem if isinstance(error, ApiProblemError) else error.code
    return words.problem(code, said)


@cache
def _templates(language: str) -> jinja2.Environment:
    words = WORDS[language]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("services.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        say=words.say,
        ago=partial(presenting.say_ago, words=words),
        due=partial(presenting.say_due, words=words),
        moment=partial(presenting.say_moment, words=words),
        window=partial(presenting.say_window, words=words),
        clock=lambda moment, zone: f"{moment.astimezone(zone):%H:%M}",
        number=presenting.say_number,
        deadline=presenting.deadline,
        skill=partial(words.named, "skill"),
        quote=lambda text: quote(str(text), safe=""),
        iso=_iso,
    )
    environment.globals.update(
        t=words,
        LANGUAGES=LANGUAGES,
        STATES=presenting.STATES,
        URGENCIES=presenting.URGENCIES,
        REPAIR_OUTCOMES=presenting.REPAIR_OUTCOMES,
        COMMAND_STATES=presenting.COMMAND_STATES,
        VIEWS=presenting.VIEWS,
        ISSUE_STATES=presenting.ISSUE_STATES,
        sections_for=presenting.sections_for,
        bar_for=presenting.bar_for,
        due_tone=presenting.due_tone,
        script_words=json.dumps({**words.section("script"), **words.section("time")}, ensure_ascii=False),
    )
    return environment


async def _none() -> int:
    return 0


def _iso(moment: datetime) -> str:
    return moment.isoformat()
