"""The console's way through an OpenID Connect provider: there and back, and what can go wrong on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from services.accounts.oidc import Provider
from services.accounts.repository import add
from services.accounts.roles import AccountRole
from services.console.app import make_app
from services.console.session import COOKIE
from tests.access.place import Place
from tests.access.test_oidc import BACK, CLIENT, ISSUER, SECRET, SmallProvider
from zerodistance.settings import Settings

PERSON = "mei@example.com"
FORBIDDEN = "Nobody here has this identity"


@pytest.fixture(scope="module")
def settings(place: Place) -> Settings:
    with place.connection() as conn:
        add(conn, 1, PERSON, [AccountRole.PRODUCT], created_by="test")
        add(conn, 2, "theirs@example.com", [AccountRole.PRODUCT], created_by="test")
    return place.settings.model_copy(
        update={
            "oidc_issuer": ISSUER,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_redirects": f"https://elsewhere.example/x,{BACK}",
        }
    )


@pytest.fixture
def provider(place: Place, settings: Settings) -> Iterator[SmallProvider]:
    small, platform = SmallProvider(), place.app.state.platform
    http = httpx.Client(transport=httpx.MockTransport(small.handle))
    place.app.state.platform = dataclasses.replace(platform, provider=Provider(settings, http))
    yield small
    place.app.state.platform = platform


def console_of(place: Place, settings: Settings) -> TestClient:
    app = make_app(settings, httpx.ASGITransport(place.app))
    return TestClient(app, base_url="https://console.example", follow_redirects=False)


@pytest.fixture
def console(place: Place, settings: Settings) -> TestClient:
    return console_of(place, settings)


def begin(console: TestClient, target: str = "/product-issues") -> tuple[str, str]:
    """Go to the provider; return its address and the state."""
    page = console.get(f"/login?next={target}").text
    assert "Sign in with your organisation" in page
    answer = console.get(f"/login/oidc/begin?next={target}")
    assert answer.status_code == 303, answer.text
    url = answer.headers["location"]
    return url, parse_qs(urlsplit(url).query)["state"][0]


def come_back(console: TestClient, **query: str) -> httpx.Response:
    answer: httpx.Response = console.get(
        "/login/oidc", params=query, headers={"Sec-Fetch-Site": "cross-site"}
    )
    return answer


def test_there_and_back_with_the_page_that_was_asked_for(
    place: Place, console: TestClient, provider: SmallProvider
) -> None:
    url, state = begin(console)
    kept = next(cookie for cookie in console.cookies.jar if cookie.name == "zd_oidc")
    assert kept.secure
    assert kept.path == "/login/oidc"
    assert kept.has_nonstandard_attr("HttpOnly")
    assert state not in url.partition("?")[0]
    code = provider.authorize(url, "subject-mei", PERSON)
    answer = come_back(console, code=code, state=state)
    assert answer.status_code == 200, answer.text
    assert 'content="0;url=/product-issues"' in answer.text, "strict cookies go along from this page on"
    page = console.get("/product-issues")
    assert page.status_code == 200
    assert f"({PERSON})" in page.text
    assert "zd_oidc" not in console.cookies, "good once"
    assert console.get("/login").headers["location"] == "/"
    with place.connection() as conn:
        line = conn.execute("SELECT actor FROM audit WHERE action = 'login_oidc' ORDER BY id DESC").fetchone()
    assert line == (f"staff:{PERSON}",)


def said(answer: httpx.Response) -> tuple[int, str]:
    assert COOKIE not in answer.cookies, "nobody is signed in"
    alert = answer.text.partition('role="alert"')[2].partition("</div>")[0]
    return answer.status_code, alert.rpartition("<p>")[2].removesuffix("</p>")


def test_what_goes_wrong_is_said_in_a_sentence(
    console: TestClient, provider: SmallProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(subject: str, email: str, **query: str) -> tuple[int, str]:
        url, state = begin(console)
        code = provider.authorize(url, subject, email)
        return said(come_back(console, **{"code": code, "state": state, **query}))

    status, sentence = attempt("s-1", "stranger@example.com")
    assert (status, FORBIDDEN in sentence) == (401, True)
    assert attempt("s-2", PERSON, state="another")[1].startswith("This sign-in was not begun in this browser")
    assert attempt("s-2", PERSON, code="")[0] == 401
    assert attempt("s-2", PERSON, error="access_denied") == (
        401,
        "You were not signed in there (access_denied). Try again, or use name and password.",
    )
    assert "<script>" not in come_back(console, error="<script>", state="x").text
    assert attempt("s-3", "theirs@example.com")[0] == 403, "an account of another brand"
    provider.claims = {"nonce": "another"}
    assert attempt("s-2", PERSON)[0] == 401
    provider.claims = {}

    url, state = begin(console)
    code = provider.authorize(url, "s-2", PERSON)
    console.cookies.delete("zd_oidc")
    status, sentence = said(come_back(console, code=code, state=state))
    assert (status, "not begun in this browser" in sentence) == (403, True), "planted by somebody else"

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    url, state = begin(console)
    code = provider.authorize(url, "s-2", PERSON)
    monkeypatch.setattr(provider, "_token", down)
    status, sentence = said(come_back(console, code=code, state=state))
    assert (status, "The provider does not answer" in sentence) == (503, True)
    console.cookies.set("zd_language", "zh")
    assert "未能在该处登录" in come_back_after(console, error="access_denied")


def come_back_after(console: TestClient, **query: str) -> str:
    url = console.get("/login/oidc/begin").headers["location"]
    return come_back(console, state=parse_qs(urlsplit(url).query)["state"][0], **query).text


@pytest.mark.parametrize(
    "wrong",
    [{"oidc_issuer": ""}, {"oidc_redirects": "https://another.example/login/oidc"}, {"oidc_redirects": ""}],
)
def test_without_a_provider_there_is_no_button(
    place: Place, settings: Settings, wrong: dict[str, str]
) -> None:
    console = console_of(place, settings.model_copy(update=wrong))
    page = console.get("/login")
    assert page.status_code == 200
    assert "oidc" not in page.text
    answer = console.get("/login/oidc/begin")
    assert answer.status_code == 404
    assert "not set up here" in answer.text


def test_a_begun_sign_in_does_not_end_the_session_that_is_there(
    console: TestClient, provider: SmallProvider
) -> None:
    url, state = begin(console)
    come_back(console, code=provider.authorize(url, "subject-mei", PERSON), state=state)
    session = console.cookies[COOKIE]
    assert come_back(console, code="x", state="y").status_code == 403
    assert console.cookies[COOKIE] == session
    assert console.get("/product-issues").status_code == 200
