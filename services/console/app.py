"""The console's application: pages, assets, the live feed, and the rules that every answer keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from urllib.parse import quote

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from services.bodies import BodyLimit
from services.console import desk_pages, device_pages, entrance, issue_pages, preferences, ticket_pages
from services.console.acting import SessionEndedError
from services.console.api_client import ApiClient, ApiProblemError
from services.console.context import Desk, LoginNeededError, VisitDep, get_desk, trouble
from services.transport import StrictTransport
from zerodistance.catalogue.loader import load_catalogue
from zerodistance.errors import ForbiddenError, UnavailableError
from zerodistance.settings import Settings

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
    "data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def make_app(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """Return the console.

    Args:
        settings: where the API is, its token, the password, the signing key.
        transport: takes the place of the network in tests.
    """
    api = ApiClient(settings, transport)
    desk = Desk(settings, api, load_catalogue(settings.catalogue_folders()))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        desk.feed.start()
        yield
        desk.feed.close()
        await desk.feed.wait_closed()
        await api.close()

    app = FastAPI(
        title="Zero Distance console", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None
    )
    app.state.desk = desk
    app.add_middleware(BodyLimit)
    app.add_middleware(StrictTransport)
    app.include_router(entrance.router)
    app.include_router(ticket_pages.router)
    app.include_router(device_pages.router)
    app.include_router(desk_pages.router)
    app.include_router(issue_pages.router)
    app.include_router(preferences.router)
    static = str(resources.files("services.console").joinpath("static"))
    app.mount("/static", StaticFiles(directory=static), name="static")

    @app.get("/live")
    async def live(visit: VisitDep, about: str = "") -> Response:
        return StreamingResponse(
            visit.desk.feed.page(about),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @app.get("/health")
    async def health() -> Response:
        return JSONResponse({"status": "ok", "feed": desk.feed.connected})

    @app.middleware("http")
    async def harden(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        asset = request.url.path.startswith("/static/")
        response.headers.setdefault("Cache-Control", "no-cache" if asset else "no-store")
        return response

    _add_error_pages(app)
    return app


def _add_error_pages(app: FastAPI) -> None:
    @app.exception_handler(LoginNeededError)
    async def login_needed(request: Request, error: Exception) -> Response:
        if request.method != "GET" or request.url.path == "/live":
            return JSONResponse({"detail": "Sign in first."}, 401)
        if entrance.came_from_elsewhere(request):
            return entrance.lead_on(get_desk(request), request)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(target, safe='')}", 303)

    @app.exception_handler(SessionEndedError)
    async def session_ended(request: Request, error: Exception) -> Response:
        response = await login_needed(request, error)
        get_desk(request).sessions.forget(response)
        return response

    @app.exception_handler(ApiProblemError)
    async def problem(request: Request, error: ApiProblemError) -> Response:
        missing = error.status == 404
        title = "trouble.missing" if missing else "trouble.refused"
        status = error.status if error.status < 500 else 502
        return await trouble(get_desk(request), request, error, status, title=title)

    @app.exception_handler(UnavailableError)
    async def unavailable(request: Request, error: UnavailableError) -> Response:
        return await trouble(get_desk(request), request, error, 503, title="trouble.unavailable")

    @app.exception_handler(ForbiddenError)
    async def forbidden(request: Request, error: ForbiddenError) -> Response:
        return await trouble(get_desk(request), request, error, 403, title="trouble.expired")

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        known = ApiProblemError(
            error.status_code, "other", "trouble.address" if error.status_code == 404 else error.detail
        )
        title = "trouble.missing" if error.status_code == 404 else "trouble.failed"
        return await trouble(get_desk(request), request, known, error.status_code, title=title)

    @app.exception_handler(RequestValidationError)
    async def bad_request(request: Request, error: RequestValidationError) -> Response:
        known = ApiProblemError(422, "other", "trouble.incomplete")
        return await trouble(get_desk(request), request, known, 422, title="trouble.failed")
