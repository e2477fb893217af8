"""A client of the API inside the test's own process, without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from zerodistance.settings import Settings

TOKEN = "staff-token-of-this-test"


def settings_of(database: str, **more: Any) -> Settings:
    """Return settings for a database."""
    given: dict[str, Any] = {
        "database": database,
        "clock": "2026-03-02T12:00:00Z@1",
        "staff_token": TOKEN,
        "secret_key": "secret-key-of-this-test",
        "api_url": "http://api.test",
        **more,
    }
    return Settings(**given)


class Api:
    """Calls ``app`` as staff, or as nobody."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.staff = {"Authorization": f"Bearer {TOKEN}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.anonymous("GET", f"/api/v1{path}", params=query, headers=self.staff)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.anonymous("POST", f"/api/v1{path}", json=body, headers={**self.staff, **headers})

    def anonymous(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
                return await client.request(method, path, **more)

        return asyncio.run(call())
