"""Signing in, by password or at an OpenID Connect provider, and out."""

from __future__ import annotations

import math
from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.account_schemas import OidcFinish, SessionPublic
from services.accounts.passwords import LONGEST as MOST_PASSWORD
from services.console.acting import SessionEndedError, act_as
from services.console.api_client import ApiProblemError
from services.console.context import Desk, DeskDep, VisitDep, address_of, render, words_of
from services.console.provider import BACK, Pending, redirect_for
from services.console.session import check_csrf
from zerodistance.errors import UnavailableError, ZeroDistanceError

router = APIRouter()

# Who types a password and no name is whoever set the platform up.
FIRST_LOGIN = "admin"


@router.get("/login")
async def login_page(request: Request, desk: DeskDep, next: str = "/") -> Response:
    """Ask for the password."""
    if came_from_elsewhere(request):
        return lead_on(desk, request)
    if desk.sessions.read(request) is not None:
        return RedirectResponse(local_path(next), 303)
    return _ask(desk, request, next)


@router.post("/login")
async def login(request: Request, desk: DeskDep) -> Response:
    """Sign in with a new session; wrong passwords are slowed down by address."""
    form, words = await request.form(), words_of(request)
    target = local_path(str(form.get("next", "/")))
    session = desk.sessions.read_entry(request)
    if session is None:
        return _ask(desk, request, target, words("login.cookie"), 403)
    check_csrf(session, form.get("csrf"))
    address = address_of(request)
    wait_s = math.ceil(desk.throttle.wait_s(address))
    if wait_s:
        problem = words("login.slow", n=wait_s)
        answer = _ask(desk, request, target, problem, 429)
        answer.headers["Retry-After"] = str(wait_s)
        return answer
    login = str(form.get("name", "")).strip()[:64] or FIRST_LOGIN
    act_as("", address)
    try:
        said = await desk.api.sign_in(login, str(form.get("password", ""))[:MOST_PASSWORD])
    except ApiProblemError as error:
        if error.status not in (401, 422, 429):
            raise
        desk.throttle.failed(address)
        problem = words.problem(error.problem, str(error)) if error.status == 429 else words("login.wrong")
        return _ask(desk, request, target, problem, error.status if error.status == 429 else 401, login)
    refused = await _check(desk, request, said)
    if refused is not None:
        problem, status = refused
        return _ask(desk, request, target, problem, status, login)
    desk.throttle.succeeded(address)
    response = RedirectResponse(target, 303)
    _enter(desk, request, response, said)
    return response


@router.get(f"{BACK}/begin")
async def begin_elsewhere(request: Request, desk: DeskDep, next: str = "/") -> Response:
    """Send the browser to the provider; what shows that it is the same one afterwards it keeps itself."""
    words = words_of(request)
    redirect = redirect_for(desk.settings, request.url.netloc)
    if not redirect:
        return _ask(desk, request, next, words("login.no_provider"), 404)
    act_as("", address_of(request))
    try:
        begun = await desk.api.begin_oidc(redirect)
    except (ApiProblemError, UnavailableError) as error:
        return _elsewhere_failed(desk, request, next, error)
    response = RedirectResponse(begun.url, 303)
    kept = Pending(begun.state, begun.nonce, begun.code_verifier, redirect, local_path(next))
    desk.waiting.keep(request, response, kept)
    return response


@router.get(BACK)
async def back_from_elsewhere(
    request: Request, desk: DeskDep, code: str = "", state: str = "", error: str = ""
) -> Response:
    """Take the browser back from the provider, with the code that its word is read by."""
    words, pending = words_of(request), desk.waiting.read(request)
    if pending is None or not pending.is_of(state):
        response = _ask(desk, request, "/", words("login.not_begun_here"), 403)
    elif error or not code:
        said = "".join(c for c in error[:60] if c.isascii() and (c.isalnum() or c in "_-")) or "no_code"
        problem = words("login.refused_elsewhere", why=said)
        response = _ask(desk, request, pending.target, problem, 401)
    else:
        response = await _finish(desk, request, pending, code)
    desk.waiting.forget(response)
    return response


async def _finish(desk: Desk, request: Request, pending: Pending, code: str) -> Response:
    address = address_of(request)
    act_as("", address)
    try:
        wish = OidcFinish(
            code=code, code_verifier=pending.verifier, nonce=pending.nonce, redirect_uri=pending.redirect
        )
        said = await desk.api.finish_oidc(wish)
    except ValidationError:
        problem = words_of(request)("login.refused_elsewhere", why="invalid_code")
        return _ask(desk, request, pending.target, problem, 401)
    except (ApiProblemError, UnavailableError) as error:
        return _elsewhere_failed(desk, request, pending.target, error)
    refused = await _check(desk, request, said)
    if refused is not None:
        problem, status = refused
        return _ask(desk, request, pending.target, problem, status)
    response = lead_on(desk, request, local_path(pending.target))
    _enter(desk, request, response, said)
    return response


def came_from_elsewhere(request: Request) -> bool:
    """Tell whether a link on another site led here: the session's cookie does not come along with that."""
    return request.headers.get("sec-fetch-site") == "cross-site"


def lead_on(desk: Desk, request: Request, target: str = "") -> Response:
    """Answer with a page that leads on by itself, back to where it is: from here the cookie comes along."""
    if not target:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return render(desk, request, "entered.html", target=local_path(target))


def _elsewhere_failed(
    desk: Desk, request: Request, target: str, error: ApiProblemError | UnavailableError
) -> Response:
    """Say why it did not work: the provider, or the API's word on whom it let in."""
    words = words_of(request)
    status = error.status if isinstance(error, ApiProblemError) else 503
    if status == 401:
        problem = words("login.nobody_here", why=str(error))
    else:
        code = error.problem if isinstance(error, ApiProblemError) else error.code
        problem = words.problem(code, str(error))
    return _ask(desk, request, target, problem, status if status < 500 else 503)


async def _check(desk: Desk, request: Request, said: SessionPublic) -> tuple[str, int] | None:
    """Return why somebody whom the API let in cannot work here, with the status to say it with; else None."""
    words = words_of(request)
    if said.tenant != desk.settings.tenant:
        return words("login.other_brand"), 403
    act_as(said.session, address_of(request))
    try:
        await desk.api.check_session()
    except SessionEndedError:
        return words("login.other_key"), 502
    return None


def _enter(desk: Desk, request: Request, response: Response, said: SessionPublic) -> None:
    """Begin a new session: one that was planted before is worth nothing."""
    fresh = desk.sessions.new(account=said.session, name=said.login, roles=said.roles)
    desk.sessions.write(request, response, fresh)


@router.post("/logout")
async def logout(visit: VisitDep) -> Response:
    """Sign out."""
    await visit.form()
    response = RedirectResponse("/login", 303)
    with suppress(ZeroDistanceError, SessionEndedError):  # the cookie goes, whatever the API says
        await visit.desk.api.sign_out()
    visit.desk.sessions.end(response, visit.session)
    return response


def local_path(target: str) -> str:
    """Return ``target`` if it is a path of this console, else the inbox: no way out to other sites.

    >>> local_path("/devices?q=a"), local_path("//evil.example"), local_path("https://evil.example")
    ('/devices?q=a', '/', '/')
    """
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe and "\\" not in target else "/"


def _ask(
    desk: Desk,
    request: Request,
    target: str,
    problem: str = "",
    status: int = 200,
    name: str = "",
) -> Response:
    session = desk.sessions.read_entry(request)
    fresh = session or desk.sessions.new()
    response = render(
        desk,
        request,
        "login.html",
        status=status,
        csrf=fresh.csrf,
        target=local_path(target),
        problem=problem,
        name=name,
        elsewhere=bool(redirect_for(desk.settings, request.url.netloc)),
    )
    if session is None:
        desk.sessions.write(request, response, fresh)
    return response
