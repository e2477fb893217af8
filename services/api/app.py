"""The application: API under /api/v1, the owner's page, health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.api import openapi, problems
from services.api.dependencies import check_routes, open_platform
from services.api.remote import Remote
from services.api.routers import (
    accounts,
    credentials,
    desk,
    devices,
    engineers,
    general,
    history,
    owner,
    product_issues,
    scenarios,
    sessions,
    tickets,
    webhooks,
    workbench,
)
from services.bodies import BodyLimit
from services.owner.reading import choose_language
from services.owner.router import make_router
from services.tickets.reports import owner_reports
from services.transport import StrictTransport
from zerodistance.settings import Settings

PREFIX = "/api/v1"


def make_app(settings: Settings) -> FastAPI:
    """Return the API's application, with its database open.

    The connections close when the application's lifespan ends; where none runs (a test on the bare
    application), ``app.state.platform.close()`` does it.

    Raises:
        UnavailableError: the database does not answer.
        CatalogueError: the catalogue is wrong.
    """
    platform = open_platform(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        platform.close()

    app = FastAPI(**openapi.ABOUT, lifespan=lifespan)
    app.state.platform = platform
    app.add_middleware(BodyLimit)
    app.add_middleware(StrictTransport)
    app.add_middleware(Remote, staff_token=settings.staff_token)
    problems.add_handlers(app)

    add_routes(app)

    def answer(household_id: str, message_id: str, key: str) -> object:
        with platform.as_owner(household_id, "post_answer", message=message_id, answer=key) as conn:
            return platform.desk.answer(conn, household_id, message_id, key)

    def rate(household_id: str, ticket_id: str, rating: int, scores: dict[str, int]) -> object:
        with platform.as_owner(household_id, "post_rating", ticket=ticket_id, rating=rating) as conn:
            return platform.desk.rate(conn, household_id, ticket_id, rating, scores)

    def report(household_id: str, device_id: str, words: str) -> object:
        with platform.as_owner(household_id, "post_report", device=device_id, words=words) as conn:
            return owner_reports(platform.desk, conn, household_id, device_id, words)

    def speak(household_id: str, language: str) -> object:
        with platform.as_owner(household_id, "post_language", language=language) as conn:
            return choose_language(conn, household_id, language)

    app.include_router(
        make_router(
            settings,
            platform.pool,
            platform.catalogue,
            platform.clock,
            answer=answer,
            rate=rate,
            report=report,
            speak=speak,
        )
    )
    return app


def add_routes(app: FastAPI) -> None:
    """Give ``app`` the routes of the API and the document that describes them.

    Raises:
        StoreError: a route does not say who may use it.
    """
    parts = (
        general.router, general.open_router, tickets.router, devices.router, history.router, engineers.router,
        owner.router, credentials.router, desk.router, product_issues.router, scenarios.router,
        workbench.router, sessions.router, accounts.router, webhooks.router,
    )  # fmt: skip
    for part in parts:
        check_routes(part.routes)
        app.include_router(part, prefix=PREFIX)  # one router in another, no more: each is searched anew
    app.include_router(general.open_router, include_in_schema=False)
    openapi.describe(app)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of this version; no database is needed."""
    app = FastAPI(**openapi.ABOUT)
    add_routes(app)
    return app.openapi()
