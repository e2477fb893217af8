"""Pictures of the pages for docs/screenshots: small, with a palette, the same size of window each time.

``make screenshots`` walks an engineer's and an owner's day with ``ZD_SCREENSHOTS`` set, and then looks at the
console's other pages on the stand-in API: ``python -m tests.browser.pictures docs/screenshots``.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.console.app import make_app
from services.schemas import CommandPublic
from tests.browser.fake_api import FakeApi
from tests.browser.fake_data import NOW, ago
from tests.browser.fake_fleet import filled
from tests.browser.serving import served
from zerodistance.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VARIABLE = "ZD_SCREENSHOTS"
LARGEST = 150_000  # bytes
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def shoot(page: Page, name: str, folder: Path | None = None) -> None:
    """Write what a page shows as ``name.png``; without a folder, and without the variable, do nothing."""
    wanted = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        (wanted / f"{name}.png").write_bytes(quantised(page.screenshot(animations="disabled")))


def quantised(png: bytes) -> bytes:
    """Return a picture with a palette of 256 colours, of fewer where it is still too large."""
    from PIL import Image

    small = png
    for colours in (256, 128, 64):
        out = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        small = out.getvalue()
        if len(small) <= LARGEST:
            return small
    return small


ISSUER = "https://id.example"
# name → (path, size, colour scheme, language)
_PAGES = {
    "console-login": ("/login", DESKTOP, "light", "en"),
    "console-inbox": ("/", DESKTOP, "light", "en"),
    "console-ticket": ("/tickets/t-118", DESKTOP, "light", "en"),
    "console-ticket-dark": ("/tickets/t-118", DESKTOP, "dark", "en"),
    "console-ticket-chinese": ("/tickets/t-118", DESKTOP, "light", "zh"),
    "console-visit": ("/tickets/t-112#moves", DESKTOP, "light", "en"),
    "console-device": ("/devices/fridge-02", DESKTOP, "light", "en"),
    "console-plan": ("/plan?waiting=1", DESKTOP, "light", "en"),
    "console-campaign": ("/campaigns/c-7", DESKTOP, "light", "en"),
    "console-issue": ("/product-issues/p-4", DESKTOP, "light", "en"),
    "console-figures": ("/figures", DESKTOP, "dark", "en"),
    "console-inspections": ("/inspections?device=fridge-02", DESKTOP, "light", "en"),
    "console-phone-inbox": ("/", PHONE, "light", "en"),
    "console-phone-ticket": ("/tickets/t-118", PHONE, "dark", "en"),
    "console-phone-chinese": ("/plan?waiting=1", PHONE, "light", "zh"),
}


def take_all(browser: Browser, address: str, folder: Path) -> None:
    """Take the pictures of the console's pages at ``address``."""
    for name, (path, size, scheme, language) in _PAGES.items():
        context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            timezone_id="Asia/Shanghai",
            locale="zh-CN" if language == "zh" else "en-GB",
        )
        page = context.new_page()
        page.goto(f"{address}/login")
        if path != "/login":
            page.fill("#name", "wang")
            page.fill("#password", "demo")
            page.click("button.primary")
            page.wait_for_selector('[data-live-state][data-state="on"]', state="attached")
            page.goto(address + path)
            page.wait_for_selector('[data-live-state][data-state="on"]', state="attached")
        if "#moves" in path:
            page.click('[data-move="planned"] summary')
        shoot(page, name, folder)
        context.close()


def _furnished() -> FakeApi:
    fake = filled()
    fake.devices["fridge-02"].recent_commands.append(
        CommandPublic(
            id="c-0",
            device_id="fridge-02",
            name="sterilise",
            title={"en": "Sterilise the compartment air", "zh": "杀菌"},
            arguments={},
            state="done",
            requested_by="staff:wang",
            reason="",
            created_at=ago(hours=2),
            expires_at=ago(hours=1),
            sent_at=ago(hours=2),
            finished_at=ago(hours=2),
        )
    )
    return fake


def main() -> None:
    """Write the pictures into the folder that is given."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots")
    program = os.environ.get("ZD_TEST_CHROMIUM") or shutil.which("chromium")
    fake = _furnished()
    with served(fake.app, fake.hang_up) as api:
        app = make_app(Settings(_env_file=None, api_url=api, clock=f"{NOW.isoformat()}@1"))
        desk = app.state.desk
        with served(app, desk.feed.end_pages) as address, sync_playwright() as playwright:
            provider = {"oidc_issuer": ISSUER, "oidc_redirects": f"{address}/login/oidc"}
            desk.settings = desk.settings.model_copy(update=provider)
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
            take_all(browser, address, folder)
            browser.close()


if __name__ == "__main__":
    main()
