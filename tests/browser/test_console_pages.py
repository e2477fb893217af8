"""The console's answers without a browser: entrance, forms, refusals, headers, escaping."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.console.api_client import ApiClient
from services.console.app import make_app
from services.console.live import ChangeFeed, names_in, split_events
from services.console.session import COOKIE, ENTRY_COOKIE, Throttle
from tests.browser.fake_api import FakeApi
from zerodistance.settings import Settings

EVIL = '<script>alert("x")</script>'
PAGES = (
    "/",
    "/tickets/t-118",
    "/tickets/t-101",
    "/tickets/t-112",
    "/devices",
    "/devices/fridge-02",
    "/unclaimed",
    "/plan?waiting=1",
    "/campaigns",
    "/campaigns/c-7",
    "/inspections?device=fridge-02",
    "/product-issues",
    "/product-issues/p-4",
    "/figures",
    "/more",
)


@pytest.fixture
def client(fake: FakeApi) -> TestClient:
    """Give a client of the console; the console speaks to the fake without a network."""
    settings = Settings(_env_file=None, api_url="http://api")
    app = make_app(settings, httpx.ASGITransport(app=fake.app))
    # Not entered: the live feed is tested with real servers.
    return TestClient(app, follow_redirects=False)


def token(page: httpx.Response) -> str:
    match = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert match, page.text[:400]
    return match[1]


def sign_in(client: TestClient, password: str = "demo", **more: str) -> httpx.Response:
    form = {"csrf": token(client.get("/login")), "password": password, **more}
    answer: httpx.Response = client.post("/login", data=form)
    return answer


@pytest.fixture
def staff(client: TestClient) -> TestClient:
    assert sign_in(client).status_code == 303
    return client


# --- entrance ---


def test_without_a_session_pages_lead_to_the_login_and_back(client: TestClient) -> None:
    answer = client.get("/tickets/t-118?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Ftickets%2Ft-118%3Fx%3D1"
    assert sign_in(client, next="/tickets/t-118?x=1").headers["location"] == "/tickets/t-118?x=1"


@pytest.mark.parametrize("path", ["/live", "/tickets/t-118/move", "/unclaimed/fridge-99/claim", "/logout"])
def test_without_a_session_nothing_is_done(client: TestClient, fake: FakeApi, path: str) -> None:
    answer = client.get(path) if path == "/live" else client.post(path)
    assert answer.status_code == 401
    assert not fake.moves


OUTWARD = ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]


@pytest.mark.parametrize("target", OUTWARD)
def test_the_login_leads_nowhere_else(client: TestClient, target: str) -> None:
    assert sign_in(client, next=target).headers["location"] == "/"


def test_a_wrong_password_is_told_and_then_slowed_down(client: TestClient) -> None:
    for _ in range(5):
        answer = sign_in(client, "guess")
        assert answer.status_code == 401
        assert "not right" in answer.text
    answer = sign_in(client, "demo")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_the_throttle_forgets_after_its_window_and_keeps_addresses_apart() -> None:
    now = [0.0]
    throttle = Throttle(limit=2, window_s=60, clock=lambda: now[0])
    throttle.failed("a")
    now[0] = 10
    throttle.failed("a")
    assert throttle.wait_s("a") == 50
    assert throttle.wait_s("b") == 0
    now[0] = 60
    assert throttle.wait_s("a") == 0


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client: TestClient) -> None:
    cookie = sign_in(client).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


def test_signing_in_gives_a_new_session(client: TestClient) -> None:
    client.get("/login")
    planted = client.cookies[ENTRY_COOKIE]
    sign_in(client)
    assert client.cookies[COOKIE] != planted
    client.cookies.clear()
    client.cookies.set(COOKIE, planted)
    assert client.get("/").status_code == 303, "a cookie planted before the login is worth nothing"


def test_a_link_on_another_site_leads_in_and_ends_nobody_s_session(staff: TestClient) -> None:
    session = staff.cookies[COOKIE]
    staff.cookies.delete(COOKIE)  # strict: it does not come along from there
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/tickets/t-118?x=1", "/login?next=/plan"):
        answer = staff.get(path, headers=foreign)
        assert f'content="0;url={path}"' in answer.text, "asked again from this site, with the cookie"
        assert COOKIE not in answer.cookies
    answer = staff.get("//evil.example", headers=foreign)
    assert "url=//evil" not in answer.text
    assert COOKIE not in staff.get("/login").cookies, "a login form does not take the session's place"
    staff.cookies.set(COOKIE, session)
    assert staff.get("/").status_code == 200


def test_a_forged_cookie_is_no_session(client: TestClient) -> None:
    client.cookies.set(COOKIE, "WyJhIiwiYiIsdHJ1ZSwiIl0.aaaa.bbbb")
    assert client.get("/").status_code == 303


def test_after_signing_out_the_old_cookie_is_refused(staff: TestClient) -> None:
    cookie = staff.cookies[COOKIE]
    assert staff.post("/logout", data={"csrf": token(staff.get("/"))}).status_code == 303
    staff.cookies.clear()
    staff.cookies.set(COOKIE, cookie)
    assert staff.get("/").status_code == 303


# --- forms ---

FORMS = [
    ("/login", {"password": "demo"}),
    ("/logout", {}),
    ("/tickets/t-118/move", {"version": "1", "to": "on_site"}),
    ("/devices/fridge-02/commands", {"name": "sterilise"}),
    ("/unclaimed/fridge-99/claim", {"type": "refrigerator"}),
    ("/tickets/t-118/inspections", {"quantity": "winding", "value": "2"}),
    ("/devices/fridge-02/inspections", {"quantity": "winding", "value": "2"}),
    ("/campaigns/c-7/messages", {"words-en": "Soon."}),
    ("/campaigns/c-7/commands", {"name": "turn_off"}),
    ("/campaigns/c-7/close", {}),
    ("/product-issues/p-4/move", {"to": "investigating", "version": "1"}),
    ("/views", {"name": "mine", "query": "view=all"}),
]


@pytest.mark.parametrize(("path", "form"), FORMS)
@pytest.mark.parametrize("csrf", [None, "", "wrong"])
def test_every_form_needs_its_token(
    staff: TestClient, fake: FakeApi, path: str, form: dict[str, str], csrf: str | None
) -> None:
    data = form if csrf is None else {**form, "csrf": csrf}
    assert staff.post(path, data=data).status_code == 403
    assert not fake.moves
    assert not fake.commands
    assert not fake.claims
    assert not fake.inspections
    assert not fake.acts


def test_nobody_fills_the_memory_with_a_form(staff: TestClient) -> None:
    for path in ("/login", "/tickets/t-118/move"):
        assert staff.post(path, data={"password": "a" * 400_000}).status_code == 413


def test_every_form_on_every_page_carries_the_token(staff: TestClient) -> None:
    for path in (*PAGES, "/?urgency=urgent"):
        for form in re.findall(r'<form[^>]*method="post".*?</form>', staff.get(path).text, re.DOTALL):
            assert 'name="csrf" value="' in form, path


def move(staff: TestClient, ticket: str, **form: str) -> httpx.Response:
    page = staff.get(f"/tickets/{ticket}")
    answer: httpx.Response = staff.post(f"/tickets/{ticket}/move", data={"csrf": token(page), **form})
    return answer


def test_a_visit_is_planned_on_the_wall_clock_of_the_person(staff: TestClient, fake: FakeApi) -> None:
    staff.cookies.set("zd_zone", "Asia/Shanghai")
    window = {"visit_from": "2026-03-04T09:00", "visit_until": "2026-03-04T11:00"}
    answer = move(staff, "t-112", version="1", to="planned", assignee="engineer-1", **window)
    assert answer.status_code == 303
    (wish,) = fake.moves
    assert wish.visit_from is not None
    assert wish.visit_from.isoformat() == "2026-03-04T01:00:00+00:00"
    assert wish.assignee == "engineer-1"


def test_the_engineer_is_chosen_from_those_there_are_the_fitting_ones_first(
    staff: TestClient, fake: FakeApi
) -> None:
    form = re.search(
        r'<select id="assignee-planned".*?</select>', staff.get("/tickets/t-112").text, re.DOTALL
    )
    assert form is not None
    offered = re.findall(r'<option value="([^"]*)"( selected)?>([^<]*)', form[0])
    assert [(value, text) for value, _, text in offered] == [
        ("", "–"),
        ("engineer-1", "Wang Wei · refrigeration · Qingdao"),
        ("engineer-2", "Chen Jie · appliance · Wuhan"),
    ]
    assert "Wang Wei" in staff.get("/tickets/t-101").text, "the assignee by name"
    fake.engineers = []
    assert "No engineer is registered yet" in staff.get("/tickets/t-112").text


def test_resolving_hands_over_outcome_parts_and_minutes(staff: TestClient, fake: FakeApi) -> None:
    page = staff.get("/tickets/t-101")
    assert 'name="outcome" value="no_fault_found" required' in page.text
    form: dict[str, Any] = {
        "csrf": token(page),
        "version": "1",
        "to": "resolved",
        "outcome": "confirmed",
        "parts_used": ["door_gasket", "thermistor"],
        "minutes": "35",
    }
    assert staff.post("/tickets/t-101/move", data=form).status_code == 303
    (wish,) = fake.moves
    assert (wish.outcome, wish.parts_used, wish.minutes) == ("confirmed", ["door_gasket", "thermistor"], 35)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("minutes", "half an hour", "whole number"),
        ("to", "nirvana", "correct to"),
        ("visit_from", "tomorrow", "a date and a time"),
        ("version", "x", "Reload the ticket"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(
    staff: TestClient, fake: FakeApi, field: str, value: str, sentence: str
) -> None:
    form = {"version": "1", "to": "on_site", "note": "typed with care", field: value}
    answer = move(staff, "t-118", **form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not fake.moves


def test_a_conflict_says_who_changed_what_and_keeps_what_was_typed(staff: TestClient, fake: FakeApi) -> None:
    page = staff.get("/tickets/t-118")
    first = {"csrf": token(page), "version": "1", "to": "on_site", "note": "compressor is with me"}
    assert staff.post("/tickets/t-118/move", data=first).status_code == 303
    second = {**first, "to": "remote", "note": "calling the owner"}
    answer = staff.post("/tickets/t-118/move", data=second)
    assert answer.status_code == 409
    assert "Nothing of yours was saved" in answer.text
    told = r"staff moved it from owner asked to needs a visit at [\d:]+: compressor is with me"
    assert re.search(told, answer.text)
    assert "calling the owner" in answer.text
    assert 'href="/tickets/t-118">Reload' in answer.text
    assert len(fake.moves) == 1


def test_a_command_goes_out_with_its_arguments(staff: TestClient, fake: FakeApi) -> None:
    form = {"csrf": token(staff.get("/")), "name": "set_temperature", "argument-set_point": "4"}
    assert staff.post("/devices/fridge-02/commands", data=form).status_code == 303
    assert [(c.name, c.arguments) for c in fake.commands] == [("set_temperature", {"set_point": 4})]
    assert "Queued" in staff.get("/devices/fridge-02").text


def test_a_command_out_of_range_does_not_leave(staff: TestClient, fake: FakeApi) -> None:
    form = {"csrf": token(staff.get("/")), "name": "set_temperature", "argument-set_point": "40"}
    answer = staff.post("/devices/fridge-02/commands", data=form)
    assert answer.status_code == 422
    assert "between 2 and 8" in answer.text
    assert not fake.commands


def test_a_device_is_claimed(staff: TestClient, fake: FakeApi) -> None:
    form = {"csrf": token(staff.get("/unclaimed")), "type": "refrigerator", "name": "Cellar"}
    assert (
        staff.post("/unclaimed/fridge-99/claim", data=form).headers["location"] == "/unclaimed?note=fridge-99"
    )
    assert fake.claims[0]["name"] == "Cellar"
    assert fake.claims[0]["mapping"] == {}
    assert "fridge-99" not in staff.get("/unclaimed").text


def test_a_foreign_device_is_claimed_with_its_readings(staff: TestClient, fake: FakeApi) -> None:
    page = staff.get("/unclaimed").text
    assert "As proposed: Electric power" in page
    assert "Kept aside until somebody says" in page, "a temperature of a refrigerator could be several"
    path = "/unclaimed/z2m-0x00158d/claim"
    form = {
        "csrf": token(staff.get("/unclaimed")),
        "type": "oven",
        "name": "Cellar",
        "map-power": "-",
        "show": "1",
    }
    other = staff.post(path, data=form).text
    assert not fake.claims, "showing another type's channels claims nothing"
    assert "Cavity temperature" in other
    assert 'value="Cellar"' in other, "what was typed is still there"
    form |= {"type": "refrigerator", "map-temperature": "freezer_temperature", "map-power": ""}
    staff.post(path, data={key: value for key, value in form.items() if key != "show"})
    assert fake.claims[0]["mapping"] == {"temperature": "freezer_temperature"}


# --- what can be wrong ---


def test_views_show_what_they_say(staff: TestClient) -> None:
    def keys(view: str) -> set[str]:
        return set(re.findall(r'data-key="(t-\d+)"', staff.get(f"/?view={view}").text))

    assert keys("open") == {"t-118", "t-117", "t-112", "t-109", "t-101"}
    assert keys("asked") == {"t-118", "t-117"}
    assert keys("site") == {"t-112", "t-109", "t-101"}
    assert keys("closed") == {"t-96"}
    assert len(keys("all")) == 6


def test_empty_places_say_what_will_appear(staff: TestClient, fake: FakeApi) -> None:
    fake.tickets.clear()
    fake.devices.clear()
    fake.unclaimed.clear()
    assert "Nothing is waiting" in staff.get("/").text
    assert "No appliances yet" in staff.get("/devices").text
    assert "Nobody waits" in staff.get("/unclaimed").text


@pytest.mark.parametrize("path", ["/tickets/none", "/devices/none", "/nowhere"])
def test_what_does_not_exist_is_told_in_a_sentence(staff: TestClient, path: str) -> None:
    answer = staff.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert "Try again" not in answer.text, "it would be missing again"


def test_an_api_that_is_down_or_strange_is_told_in_a_sentence(staff: TestClient, fake: FakeApi) -> None:
    for path in PAGES:
        if path == "/more":
            continue  # it asks for nothing of its own
        fake.down, fake.rubbish = True, False
        answer = staff.get(path)
        assert answer.status_code == 503, path
        assert "The database does not answer." in answer.text, path
        fake.down, fake.rubbish = False, True
        answer = staff.get(path)
        assert answer.status_code == 502, path
        assert "same version" in answer.text, path


def test_another_secret_key_than_the_api_s_says_what_to_set(fake: FakeApi) -> None:
    settings = Settings(_env_file=None, api_url="http://api", secret_key="another")
    client = TestClient(make_app(settings, httpx.ASGITransport(app=fake.app)), follow_redirects=False)
    answer = sign_in(client)
    assert answer.status_code == 502
    assert "ZD_SECRET_KEY" in answer.text
    assert client.get("/").status_code == 303


def test_an_account_of_another_brand_is_sent_to_its_own_console(fake: FakeApi) -> None:
    settings = Settings(_env_file=None, api_url="http://api", tenant="other")
    client = TestClient(make_app(settings, httpx.ASGITransport(app=fake.app)), follow_redirects=False)
    answer = sign_in(client)
    assert answer.status_code == 403
    assert client.get("/").status_code == 303


def test_a_session_that_the_api_has_ended_leads_to_the_login_and_no_further(
    staff: TestClient, fake: FakeApi
) -> None:
    assert staff.get("/").status_code == 200
    fake.sessions.clear()
    answer = staff.get("/tickets/t-118")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    assert staff.get(answer.headers["location"]).status_code == 200, "no way back and forth for ever"


def test_names_full_of_markup_stay_text(staff: TestClient, fake: FakeApi) -> None:
    fake.add_device("evil-1", "refrigerator", EVIL, model=EVIL, firmware=EVIL, region=EVIL, household_id=EVIL)
    fake.add_ticket(
        200, "evil-1", "door_ajar", "on_site", summary={"en": EVIL}, assignee=EVIL, model=EVIL, skill=EVIL
    )
    fake.devices["evil-1"].owner_link = "javascript:alert(1)"
    for path in (
        "/",
        "/tickets/t-200",
        "/devices",
        "/devices/evil-1",
        f"/devices?q={EVIL}",
        f"/unclaimed?note={EVIL}",
    ):
        page = staff.get(path).text
        assert EVIL not in page, path
        assert "javascript:" not in page, path
        assert "&lt;script&gt;" in page, path


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/devices"])
def test_headers_keep_scripts_frames_and_caches_out(staff: TestClient, path: str) -> None:
    headers = staff.get(path).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_no_page_holds_an_inline_script_style_or_handler(staff: TestClient) -> None:
    for path in (*PAGES, "/login"):
        page = staff.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page), path


def test_the_chosen_theme_is_rendered_and_nothing_else(staff: TestClient) -> None:
    staff.cookies.set("zd_theme", "dark")
    assert '<html lang="en" data-theme="dark">' in staff.get("/").text
    staff.cookies.set("zd_theme", '"><script>')
    assert 'data-theme="auto"' in staff.get("/").text


async def _events(chunks: list[bytes]) -> list[bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [event async for event in split_events(stream())]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_come_out_whole_however_they_were_cut(size: int) -> None:
    text = b': hello\n\nevent: ticket\ndata: {"id": "1"}\n\n: beat\n\nevent: device\r\ndata: {}\r\n\r\n'
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    wanted = [b'event: ticket\ndata: {"id": "1"}\n\n', b"event: device\ndata: {}\n\n"]
    # Nothing in it waits, so that it needs no event loop (the browser's runs in this thread already).
    with pytest.raises(StopIteration) as done:
        _events(chunks).send(None)
    assert done.value.value == wanted


def test_a_page_is_told_that_something_changed_and_not_what() -> None:
    """An engineer's page hears of the rest of the brand nothing that names it."""

    async def listen() -> dict[str, bytes]:
        feed = ChangeFeed(ApiClient(Settings(_env_file=None)), "secret")
        pages = {"all": "", "one": feed.about("t-118"), "forged": f"{feed.about('t-118')}x"}
        streams = {name: feed.page(about) for name, about in pages.items()}
        heard = {name: await anext(stream) for name, stream in streams.items()}
        for event in (b'event: ticket\ndata: {"id":"t-9","device":"fridge-9"}\n\n', b"event: x\n\n"):
            feed._publish(names_in(event))
        for name in ("all", "forged"):
            heard[name] += await anext(streams[name])
        feed._publish(names_in(b'event: message\ndata: {"id":"m-1","ticket":"t-118"}\n\n'))
        heard["one"] += await anext(streams["one"])
        await feed._api.close()
        return heard

    with ThreadPoolExecutor(1) as thread:  # the browser's event loop runs in this one
        heard = thread.submit(lambda: asyncio.run(listen())).result(20)
    for name, said in heard.items():
        assert said.endswith(b"event: change\ndata: {}\n\n"), name
        assert said.count(b"event: change") == 1, "many changes at once are one"
        assert not any(part in said for part in (b"t-", b"fridge", b"m-1")), name


# --- the desk's pages ---


def test_a_measurement_joins_the_evidence_of_the_ticket(staff: TestClient, fake: FakeApi) -> None:
    form = {"csrf": token(staff.get("/")), "quantity": EVIL, "value": "2,5", "unit": "kΩ", "high": "0.1"}
    answer = staff.post("/tickets/t-118/inspections", data=form)
    assert answer.headers["location"] == "/tickets/t-118?note=measured"
    assert (fake.inspections[0].value, fake.inspections[0].ticket_id) == (2.5, "t-118")
    for path in ("/tickets/t-118", "/devices/fridge-02", "/inspections"):
        page = staff.get(path).text
        assert "2.5 kΩ" in page
        assert EVIL not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"value": "much"}, "Please enter a number for Value"),
        ({"value": "nan"}, "Please enter a number for Value"),
        ({}, "Enter a value, or a note"),
        ({"value": "1", "low": "3", "high": "2"}, "must not exceed"),
        ({"value": "1", "quantity": ""}, "Please correct What was measured"),
    ],
)
def test_a_measurement_that_says_nothing_is_refused(
    staff: TestClient, fake: FakeApi, given: dict[str, str], sentence: str
) -> None:
    form = {"csrf": token(staff.get("/")), "quantity": "winding", "note": "", **given}
    answer = staff.post("/devices/fridge-02/inspections", data=form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not fake.inspections


def test_all_of_a_campaign_is_acted_on(staff: TestClient, fake: FakeApi) -> None:
    page = staff.get("/campaigns/c-7")
    assert "1 of 3 recovered" in page.text
    csrf = {"csrf": token(page), "version": "1"}
    words = {"words-en": "Software arrives.", "words-zh": "即将更新。"}
    told = staff.post("/campaigns/c-7/messages", data={**csrf, **words})
    assert "Told 2 owners. 1 could not be reached." in staff.get(told.headers["location"]).text
    assert staff.post("/campaigns/c-7/messages", data={**csrf, "words-en": " "}).status_code == 422
    command = {"name": "set_temperature", "argument-set_point": "26"}
    late = staff.post("/campaigns/c-7/commands", data={**csrf, **command})
    assert late.status_code == 409
    assert "This changed while you were looking" in late.text, "somebody has told the owners since"
    csrf["version"] = "2"
    assert staff.post("/campaigns/c-7/commands", data={**csrf, **command}).status_code == 303
    csrf["version"] = "3"
    assert staff.post("/campaigns/c-7/commands", data={**csrf, "name": "explode"}).status_code == 422
    assert staff.post("/campaigns/c-7/close", data={**csrf, "note": "over"}).status_code == 303
    assert [act for act, _ in fake.acts] == ["messages", "commands", "close"]
    assert fake.acts[0][1] == {"words": {"en": "Software arrives.", "zh": "即将更新。"}}
    assert "Act on all" in staff.get("/campaigns/c-7").text
    assert "This campaign is closed." in staff.get("/campaigns/c-7").text


def test_a_product_issue_shows_its_patterns_and_is_moved_with_a_word(
    staff: TestClient, fake: FakeApi
) -> None:
    listed = staff.get("/product-issues").text
    assert listed.index('data-key="p-4"') < listed.index('data-key="p-6"')
    assert "14 of 212 in use" in listed
    assert 'data-key="p-6"' not in staff.get("/product-issues?type=refrigerator").text
    page = staff.get("/product-issues/p-4").text
    for said in ("Part replaced", "Door gasket", "No part replaced", "After 2 years", "Qingdao", "6.6 %"):
        assert said in page, said
    assert 'href="/tickets/t-118">Family fridge' in page, "the tickets behind it"
    assert "Thought: Door left ajar" in page
    form = {"csrf": token(staff.get("/product-issues/p-4")), "version": "1"}

    def move(**more: str) -> httpx.Response:
        answer: httpx.Response = staff.post("/product-issues/p-4/move", data={**form, **more})
        return answer

    assert move(to="mended").status_code == 422, "without a word"
    assert "Say what was found" in move(to="mended", note=" ").text
    assert move(to="nirvana").status_code == 422
    assert move(to="investigating", note=EVIL).headers["location"] == "/product-issues/p-4?note=moved"
    stale = move(to="dismissed", note="one lot, and <it> is used up")
    assert stale.status_code == 409
    assert "This changed while you were looking" in stale.text
    assert "one lot, and &lt;it&gt; is used up" in stale.text, "what was typed is still there"
    assert EVIL not in stale.text
    form["version"] = "2"
    assert move(to="mended", note="A stiffer gasket from lot 8 on.").status_code == 303
    closed = staff.get("/product-issues/p-4").text
    assert "This issue is closed" in closed
    assert "A stiffer gasket" in closed
    assert "<form" not in closed[closed.index('id="moves"') : closed.index('data-region="history"')]
    assert 'data-key="p-4"' in staff.get("/product-issues?state=closed").text
    assert [to for to, _ in fake.acts] == ["investigating", "mended"]
    fake.issues.clear()
    assert "Nothing recurs" in staff.get("/product-issues").text
    assert "Nothing closed yet" in staff.get("/product-issues?state=closed").text
    assert "No issue of this type" in staff.get("/product-issues?type=oven").text
    assert staff.get("/product-issues/p-4").status_code == 404


PLACES = {
    "product": ["/campaigns", "/product-issues", "/figures"],
    "engineer": ["/", "/plan", "/campaigns", "/inspections", "/devices"],
    "dispatcher": [
        "/", "/plan", "/campaigns", "/product-issues", "/inspections", "/devices", "/unclaimed", "/figures",
    ],
    "operator": [
        "/", "/campaigns", "/product-issues", "/inspections", "/devices", "/unclaimed", "/figures",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("role", "places"), PLACES.items(), ids=PLACES)
def test_a_role_is_offered_what_it_may_see(
    client: TestClient, fake: FakeApi, role: str, places: list[str]
) -> None:
    fake.roles = [role]
    sign_in(client)
    start = client.get("/")
    if role == "product":
        assert start.headers["location"] == "/product-issues", "no inbox: no single home"
        start = client.get("/product-issues/p-4")
        assert "Your role sees sums" in start.text
        assert "Look into it" in start.text
        shown = client.get("/campaigns/c-7").text
        assert "1 of 3 recovered" in shown
        assert "ac-01" not in shown, "no single home, and no link that leads nowhere"
    nav = re.search(r'<nav class="nav".*?</nav>', start.text, re.DOTALL)
    assert nav is not None
    assert re.findall(r'href="([^"]+)"', nav[0]) == places
    bar = re.search(r'<nav class="tabbar".*?</nav>', start.text, re.DOTALL)
    assert bar is not None
    first = re.findall(r'href="([^"]+)"', bar[0])
    assert len(first) == 4, first
    behind = re.findall(r'<a class="cover" href="([^"]+)"', client.get("/more").text)
    assert {*first, *behind} == {*places, "/more"}, "on a phone nothing is out of reach"
    if role == "operator":
        shown = client.get("/product-issues/p-4").text
        assert "Your role may look here" in shown
        assert "/product-issues/p-4/move" not in shown


def test_the_plan_says_what_is_in_the_van(staff: TestClient) -> None:
    page = staff.get("/plan?day=2026-03-03&waiting=1").text
    assert "not in the van" in page
    assert "Refrigerant leak" in page, "what has no place is named"
    assert staff.get("/plan?day=tomorrow").status_code == 200


def test_figures_tell_their_assumptions(staff: TestClient) -> None:
    page = staff.get("/figures?days=90").text
    assert "1,890 EUR" in page
    assert "A visit costs 90 EUR" in page
    assert 'href="/figures?days=90" aria-current="page"' in page


def test_filters_ask_the_platform_and_a_view_keeps_nothing_else(staff: TestClient) -> None:
    assert set(re.findall(r'data-key="(t-\d+)"', staff.get("/?who=engineer-1").text)) == {"t-109", "t-101"}
    assert set(re.findall(r'data-key="(t-\d+)"', staff.get("/?q=112").text)) == {"t-112"}
    assert "Nothing matches" in staff.get("/?q=nowhere").text
    form = {"csrf": token(staff.get("/")), "name": EVIL, "query": "view=all&q=x&next=//evil&urgency=hot"}
    assert staff.post("/views", data=form).headers["location"] == "/?view=all&q=x"
    page = staff.get("/").text
    assert EVIL not in page
    assert 'href="/?view=all&amp;q=x"' in page
    staff.cookies.set("zd_views", "%7Bbroken")
    assert staff.get("/").status_code == 200


# --- languages ---


def test_every_page_speaks_chinese(staff: TestClient) -> None:
    staff.cookies.set("zd_language", "zh")
    for path in (*PAGES, "/login", "/nowhere", "/?q=nothing", "/?view=closed", "/tickets/t-96"):
        page = staff.get(path)
        assert page.status_code in (200, 303, 404), path
        if page.status_code != 303:
            assert '<html lang="zh-CN"' in page.text, path
            english = r">\s*(Tickets|Sign in|Open|Search|Try again|History|Note)\s*<"
            assert not re.search(english, page.text), path


def test_the_language_is_chosen_kept_and_nothing_else_is(client: TestClient) -> None:
    answer = client.get("/language/zh?next=/devices")
    assert answer.headers["location"] == "/devices"
    assert "登录" in client.get("/login").text
    client.get("/language/tlh")
    assert "登录" in client.get("/login").text
    assert client.get("/language/en?next=//evil.example").headers["location"] == "/"
    assert "Sign in" in client.get("/login").text
    client.cookies.delete("zd_language")
    assert "登录" in client.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
