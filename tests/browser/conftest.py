"""The console before a fake API, and the whole of it before the real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from services.console.app import make_app
from tests.browser.fake_api import FakeApi
from tests.browser.fake_data import NOW
from tests.browser.fake_fleet import filled
from tests.browser.serving import served
from zerodistance.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def fake() -> FakeApi:
    return filled()


@dataclass
class Console:
    """A console that a browser can open, and the fake API behind it."""

    address: str
    fake: FakeApi


@pytest.fixture
def console(fake: FakeApi) -> Iterator[Console]:
    with served(fake.app, fake.hang_up) as api:
        settings = Settings(_env_file=None, api_url=api, clock=f"{NOW.isoformat()}@1")
        app = make_app(settings)
        with served(app, app.state.desk.feed.end_pages) as address:
            yield Console(address, fake)


def sign_in(page: Page, address: str, name: str = "wang") -> None:
    """Open the console and sign in."""
    page.goto(f"{address}/login")
    page.fill("#name", name)
    page.fill("#password", "demo")
    page.click("button.primary")
    page.wait_for_selector("[data-live-state]", state="attached")
