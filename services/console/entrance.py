"""Signing in and out."""

from __future__ import annotations

import math
from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.accounts.passwords import LONGEST as MOST_PASSWORD
from services.console.acting import SessionEndedError, act_as
from services.console.api_client import ApiProblemError
from services.console.context import Desk, DeskDep, VisitDep, render, words_of
from services.console.session import Session, check_csrf
from zerodistance.errors import ZeroDistanceError

router = APIRouter()

# Who types a password and no name is whoever set the platform up.
FIRST_LOGIN = "admin"


@router.get("/login")
async def login_page(request: Request, desk: DeskDep, next: str = "/") -> Response:
    """Ask for the password."""
    session = desk.sessions.read(request)
    if session is not None and session.staff:
        return RedirectResponse(local_path(next), 303)
    return _ask(desk, request, session, next)


@router.post("/login")
async def login(request: Request, desk: DeskDep) -> Response:
    """Sign in with a new session; wrong passwords are slowed down by address."""
    form, words = await request.form(), words_of(request)
    target = local_path(str(form.get("next", "/")))
    session = desk.sessions.read(request)
    if session is None:
        problem = words("login.cookie")
        return _ask(desk, request, None, target, problem, 403)
    check_csrf(session, form.get("csrf"))
    address = request.client.host if request.client else ""
    wait_s = math.ceil(desk.throttle.wait_s(address))
    if wait_s:
        problem = words("login.slow", n=wait_s)
        answer = _ask(desk, request, session, target, problem, 429)
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
        return _ask(
            desk, request, session, target, problem, error.status if error.status == 429 else 401, login
        )
    if said.tenant != desk.settings.tenant:
        problem = words("login.other_brand")
        return _ask(desk, request, session, target, problem, 403, login)
    act_as(said.session, address)
    try:
        await desk.api.check_session()
    except SessionEndedError:
        problem = words("login.other_key")
        return _ask(desk, request, session, target, problem, 502, login)
    desk.throttle.succeeded(address)
    response = RedirectResponse(target, 303)
    fresh = desk.sessions.new(account=said.session, name=said.login, roles=said.roles)
    desk.sessions.write(request, response, fresh)
    return response


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
    session: Session | None,
    target: str,
    problem: str = "",
    status: int = 200,
    name: str = "",
) -> Response:
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
    )
    if session is None:
        desk.sessions.write(request, response, fresh)
    return response
