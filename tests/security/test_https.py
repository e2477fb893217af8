"""API and console over HTTPS: certificate, HSTS, secure cookies, and whose X-Forwarded-… is believed."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from services.accounts.first import make_first_account
from services.api.app import make_app as make_api
from services.console.app import make_app as make_console
from services.console.session import COOKIE
from services.transport import server_options
from tests.fixtures.processes import free_port, wait_until
from tests.services.api import TOKEN, settings_of
from zerodistance.access.authority import Authority
from zerodistance.errors import SettingsError
from zerodistance.settings import Settings

PASSWORD = "staff-password-of-this-test"


class Serving:
    """An application behind uvicorn in a thread."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self.port = free_port()
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="error", **server_options(settings)
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait_until(lambda: self.server.started, what="uvicorn to start")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    issued = Authority.create(tmp_path / "ca").issue_server(["localhost"])
    (tmp_path / "server.pem").write_text(issued.certificate_pem + issued.ca_pem)
    (tmp_path / "server.key").write_text(issued.key_pem)
    return settings_of(
        database,
        tls_cert=tmp_path / "server.pem",
        tls_key=tmp_path / "server.key",
        ca_dir=tmp_path / "ca",
        staff_password=PASSWORD,
    )


@pytest.fixture
def trusting(tmp_path: Path, settings: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tmp_path / "ca/ca.pem"))


@pytest.fixture
def api(settings: Settings) -> Iterator[Serving]:
    app = make_api(settings)
    make_first_account(app.state.platform.pool, settings)
    serving = Serving(app, settings)
    yield serving
    app.state.platform.hub.end_streams()
    serving.stop()


def test_api_and_console_speak_https_with_hsts_and_secure_cookies(
    settings: Settings,
    trusting: ssl.SSLContext,
    api: Serving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = f"https://localhost:{api.port}"
    answer = httpx.get(
        f"{base}/api/v1/devices", verify=trusting, headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{base}/api/v1/health")
    with pytest.raises(httpx.HTTPError):
        httpx.get(base.replace("https", "http") + "/api/v1/health")
    # the console finds the API's authority as every program of httpx does
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca/ca.pem"))
    console = Serving(make_console(settings.model_copy(update={"api_url": base})), settings)
    try:
        with httpx.Client(base_url=f"https://localhost:{console.port}", verify=trusting) as browser:
            page = browser.get("/login")
            assert page.headers["Strict-Transport-Security"]
            csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
            form = {"csrf": csrf, "password": PASSWORD, "next": "/devices", "name": "admin"}
            signed_in = browser.post("/login", data=form)
            cookie = signed_in.headers["Set-Cookie"]
            assert cookie.startswith(COOKIE)
            assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
            assert browser.get("/devices").status_code == 200
    finally:
        console.stop()


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_only_a_trusted_proxy_says_where_a_caller_comes_from(trusted: str) -> None:
    seen: list[tuple[str, str]] = []

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        seen.append((scope["scheme"], scope["client"][0]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    serving = Serving(application, Settings(trusted_proxies=trusted, _env_file=None))
    try:
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        httpx.get(f"http://127.0.0.1:{serving.port}/", headers=said)
    finally:
        serving.stop()
    assert seen == [("https", "203.0.113.7") if trusted else ("http", "127.0.0.1")]


def test_hsts_is_not_said_over_http(settings: Settings) -> None:
    app = make_api(settings)

    async def call(scheme: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://api.test") as client:
            return await client.get("/api/v1/health")

    try:
        assert "Strict-Transport-Security" not in asyncio.run(call("http")).headers
        assert "Strict-Transport-Security" in asyncio.run(call("https")).headers
    finally:
        app.state.platform.close()


def test_a_certificate_without_its_key_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        Settings(tls_cert=tmp_path / "x.pem", _env_file=None).check()
    wrong = Settings(tls_cert=tmp_path / "x.pem", tls_key=tmp_path / "x.key", _env_file=None)
    with pytest.raises(SettingsError, match=r"ZD_TLS_CERT=.*x\.pem"):
        server_options(wrong)
