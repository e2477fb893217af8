"""Coming in from another site in a real Chromium, which lets no strict cookie come along from there."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from services.console.app import make_app
from tests.browser.conftest import sign_in
from tests.browser.fake_api import FakeApi
from tests.browser.fake_data import NOW
from tests.browser.serving import served
from zerodistance.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium


def other_site() -> FastAPI:
    """Return a provider that lets everybody in, and a page with a link."""
    app = FastAPI()

    @app.get("/authorize")
    def authorize(redirect_uri: str, state: str) -> HTMLResponse:
        back = html.escape(f"{redirect_uri}?code=c-1&state={state}")
        return HTMLResponse(f'<a id="yes" href="{back}">Yes, it is me</a>')

    @app.get("/mail")
    def mail(to: str) -> HTMLResponse:
        return HTMLResponse(f'<a id="link" href="{html.escape(to)}">Ticket 118</a>')

    return app


def test_people_come_in_from_another_site_and_stay_in(chromium_page: Page, fake: FakeApi) -> None:
    page = chromium_page
    with served(fake.app, fake.hang_up) as api, served(other_site()) as other:
        # By another name it is another site: cookies know hosts, and no ports.
        other = other.replace("127.0.0.1", "localhost")
        fake.provider = other
        app = make_app(Settings(_env_file=None, api_url=api, clock=f"{NOW.isoformat()}@1"))
        with served(app, app.state.desk.feed.end_pages) as console:
            page.goto(f"{console}/login")
            assert page.locator("[data-elsewhere]").count() == 0, "nothing is set up"
            desk = app.state.desk
            desk.settings = desk.settings.model_copy(
                update={"oidc_issuer": other, "oidc_redirects": f"{console}/login/oidc"}
            )
            page.goto(f"{console}/plan")
            page.click("[data-elsewhere]")
            page.click("#yes")
            page.wait_for_url(f"{console}/plan")
            page.wait_for_selector('[data-live-state][data-state="on"]', state="attached")
            assert "mei@example.com" in page.inner_html(".tools")

            page.goto(f"{other}/mail?to={console}/tickets/t-118")
            page.click("#link")
            page.wait_for_selector("[data-ticket=t-118]")
            page.goto(f"{other}/mail?to={console}/login/oidc?code=c-1%26state=theirs")
            page.click("#link")
            page.wait_for_selector("[role=alert]")
            page.goto(f"{console}/tickets/t-118")
            assert page.locator("[data-ticket=t-118]").count() == 1, "nobody is signed out by a link"
            page.click('form[action="/logout"] button')
            page.wait_for_url(f"{console}/login")
            sign_in(page, console)
