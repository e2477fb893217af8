"""The owner's page at ``/owner/{token}``: forms that post and redirect, and nothing that needs a script."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from psycopg_pool import ConnectionPool

from services.figures import ASPECTS
from services.owner.reading import read_household
from services.owner.texts import LANGUAGES, TEXTS
from services.owner.view import build_page
from services.tokens import read_owner_token
from zerodistance.catalogue.model import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import (
    ConflictError,
    InvalidMessageError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
    ZeroDistanceError,
)
from zerodistance.settings import Settings

Answer = Callable[[str, str, str], object]  # household id, message id, answer key
# household id, ticket id, rating 1 to 5, sub-scores by aspect
Rate = Callable[[str, str, int, dict[str, int]], object]
Speak = Callable[[str, str], object]  # household id, language
Report = Callable[[str, str, str], object]  # household id, device id, what is wrong in the owner's words

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
_FIVE = {"1", "2", "3", "4", "5"}
_ASSETS = {"owner.css": "text/css; charset=utf-8", "owner.svg": "image/svg+xml"}


def make_router(
    settings: Settings,
    pool: ConnectionPool[Any],
    catalogue: Catalogue,
    clock: Clock,
    *,
    answer: Answer,
    rate: Rate,
    report: Report,
    speak: Speak,
) -> APIRouter:
    """Return the routes of the owner's page, to be included in the API's application.

    Args:
        settings: for the key that signed the link.
        pool: the page reads its household through it.
        catalogue: titles of appliances and faults.
        clock: platform time.
        answer: records an answer; the same function that the API's answer endpoint calls.
        rate: records a rating; the same function that the API's rating endpoint calls.
        report: takes what an owner says is wrong; likewise.
        speak: keeps the language in which the household is told things.
    """
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("services.owner"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    router = APIRouter(include_in_schema=False)

    def render(name: str, status: int, **context: object) -> HTMLResponse:
        return HTMLResponse(templates.get_template(name).render(**context), status, _HEADERS)

    def trouble(request: Request, error: ZeroDistanceError) -> HTMLResponse:
        language = _wanted_language(request)
        broken = isinstance(error, (UnauthenticatedError, NotFoundError))
        status = error.http_status if isinstance(error, UnavailableError) else 404 if broken else 500
        key = "error_link" if broken else "error_down"
        return render("trouble.html", status, language=language, t=TEXTS[language], key=key, broken=broken)

    def act(request: Request, token: str, note: str, action: Callable[[str], object]) -> Response:
        try:
            action(read_owner_token(settings, token))
        except UnauthenticatedError:
            pass  # the page itself says that the link does not work
        except ConflictError:
            note = "conflict"
        except NotFoundError:
            note = "gone"
        except InvalidMessageError:
            note = "invalid"
        except ZeroDistanceError as error:
            return trouble(request, error)
        target = f"/owner/{quote(token, safe='')}" + (f"?note={note}" if note else "")
        return RedirectResponse(target, 303, _HEADERS)

    @router.get("/owner/{token}", response_class=HTMLResponse)
    def page(request: Request, token: str, note: str = "") -> HTMLResponse:
        try:
            household_id = read_owner_token(settings, token)
            now = clock.now()
            with pool.connection() as conn:
                home = read_household(conn, household_id, now)
        except ZeroDistanceError as error:
            return trouble(request, error)
        view = build_page(home, catalogue, now)
        t = TEXTS[view.language]
        return render("page.html", 200, page=view, t=t, token=token, note=t.get(f"note_{note}", ""))

    @router.post("/owner/{token}/messages/{message_id}/answer")
    def post_answer(
        request: Request, token: str, message_id: str, chosen: Annotated[str, Form(alias="answer")] = ""
    ) -> Response:
        return act(request, token, "answered", lambda household: answer(household, message_id, chosen))

    @router.post("/owner/{token}/tickets/{ticket_id}/rating")
    def post_rating(
        request: Request,
        token: str,
        ticket_id: str,
        rating: Annotated[str, Form()] = "",
        punctuality: Annotated[str, Form()] = "",
        skill: Annotated[str, Form()] = "",
        manner: Annotated[str, Form()] = "",
        result: Annotated[str, Form()] = "",
    ) -> Response:
        given = dict(zip(ASPECTS, (punctuality, skill, manner, result), strict=True))
        scores = {aspect: score for aspect, score in given.items() if score}
        if rating not in _FIVE or not set(scores.values()) <= _FIVE:
            return act(request, token, "invalid", lambda household: None)
        numbers = {aspect: int(score) for aspect, score in scores.items()}
        note = "scored" if numbers else "rated"
        return act(request, token, note, lambda household: rate(household, ticket_id, int(rating), numbers))

    @router.post("/owner/{token}/language")
    def post_language(request: Request, token: str, language: Annotated[str, Form()] = "") -> Response:
        if language not in LANGUAGES:
            return act(request, token, "invalid", lambda household: None)
        return act(request, token, "", lambda household: speak(household, language))

    @router.post("/owner/{token}/devices/{device_id}/report")
    def post_report(
        request: Request, token: str, device_id: str, words: Annotated[str, Form()] = ""
    ) -> Response:
        return act(request, token, "reported", lambda household: report(household, device_id, words))

    @router.get("/owner-assets/{name}")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            return Response(status_code=404)
        content = resources.files("services.owner").joinpath("static", name).read_bytes()
        return Response(
            content,
            media_type=_ASSETS[name],
            headers={"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"},
        )

    return router


def _wanted_language(request: Request) -> str:
    """Return the browser's language where no household tells one."""
    for part in request.headers.get("accept-language", "").split(","):
        if (language := part.strip()[:2].lower()) in LANGUAGES:
            return language
    return "en"
