"""Signing in and out."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.console.context import Desk, DeskDep, VisitDep, render
from services.console.session import Session, actor_name, check_csrf

router = APIRouter()


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
    form = await request.form()
    target = local_path(str(form.get("next", "/")))
    session = desk.sessions.read(request)
    if session is None:
        problem = "Your browser did not send the cookie back. Allow cookies for this site and try again."
        return _ask(desk, request, None, target, problem, 403)
    check_csrf(session, form.get("csrf"))
    address = request.client.host if request.client else ""
    wait_s = math.ceil(desk.throttle.wait_s(address))
    if wait_s:
        problem = f"Too many wrong passwords. Try again in {wait_s} seconds."
        answer = _ask(desk, request, session, target, problem, 429)
        answer.headers["Retry-After"] = str(wait_s)
        return answer
    if not desk.sessions.password_is(str(form.get("password", ""))):
        desk.throttle.failed(address)
        name = str(form.get("name", ""))[:64]
        return _ask(desk, request, session, target, "That password is not right.", 401, name)
    desk.throttle.succeeded(address)
    response = RedirectResponse(target, 303)
    name = actor_name(str(form.get("name", "")))
    desk.sessions.write(request, response, desk.sessions.new(staff=True, name=name))
    return response


@router.post("/logout")
async def logout(visit: VisitDep) -> Response:
    """Sign out."""
    await visit.form()
    response = RedirectResponse("/login", 303)
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
