"""The console in a real Chromium before a fake API: live rows, keys, themes, plots, a phone's width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.schemas import HistoryEntry
from tests.browser.conftest import Console, sign_in
from tests.browser.fake_data import NOW, ago, warm_series
from tests.fixtures.processes import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.chromium


@pytest.fixture
def page(chromium_page: Page, console: Console) -> Page:
    """Give a signed-in page that fails the test when its script fails."""
    errors: list[str] = []
    chromium_page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(chromium_page, console.address)
    live(chromium_page)
    chromium_page.errors = errors  # type: ignore[attr-defined]
    return chromium_page


def live(page: Page) -> None:
    page.wait_for_selector('[data-live-state][data-state="on"]', state="attached")


def keys(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "#tickets > [data-key]", "rows => rows.map(row => row.dataset.key)"
    )
    return found


def test_a_new_ticket_appears_without_reload_and_selection_stays(page: Page, console: Console) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.get_attribute("#tickets > .selected", "data-key") == "t-118"
    page.evaluate("window.untouched = true")
    console.fake.add_ticket(
        130,
        "ac-01",
        "cooling_lost",
        "on_site",
        opened_at=ago(minutes=1),
        urgency="urgent",
        respond_by=ago(minutes=-9),
    )
    console.fake.publish("ticket", id="t-130")
    page.wait_for_selector('#tickets > [data-key="t-130"]')
    assert keys(page)[0] == "t-130", "the nearest deadline comes first"
    assert page.get_attribute("#tickets > .selected", "data-key") == "t-118"
    assert page.evaluate("document.activeElement.closest('[data-key]').dataset.key") == "t-118"
    assert page.evaluate("window.untouched"), "the page was not loaded anew"
    assert page.inner_text('[data-region="nav"] .count >> nth=0') == "6"
    assert not page.errors  # type: ignore[attr-defined]


def test_a_row_changes_in_place_and_leaves_when_it_is_closed(page: Page, console: Console) -> None:
    row = page.locator('#tickets > [data-key="t-118"]')
    row.evaluate("row => { row.marked = true }")
    ticket = console.fake.tickets["t-118"]
    console.fake.tickets["t-118"] = ticket.model_copy(update={"state": "owner_checked", "version": 2})
    console.fake.publish("ticket", id="t-118")
    row.get_by_text("Owner checked").wait_for()
    assert row.evaluate("row => row.marked"), "the row is the same element"
    console.fake.tickets["t-118"] = ticket.model_copy(
        update={"state": "closed", "closed_at": NOW, "outcome": "owner_fixed", "version": 3}
    )
    console.fake.publish("ticket", id="t-118")
    row.wait_for(state="detached")


def test_the_last_ticket_leaves_an_empty_place(page: Page, console: Console) -> None:
    console.fake.tickets.clear()
    console.fake.publish("ticket", id="t-118")
    page.get_by_text("Nothing is waiting").wait_for()
    console.fake.add_ticket(131, "fridge-01", "door_ajar", "on_site")
    console.fake.publish("ticket", id="t-131")
    page.wait_for_selector('[data-key="t-131"]')
    page.get_by_text("Nothing is waiting").wait_for(state="detached")


def test_the_ticket_page_follows_but_takes_nothing_from_a_begun_form(page: Page, console: Console) -> None:
    page.goto(f"{console.address}/tickets/t-118")
    live(page)
    page.click('[data-move="on_site"] summary')
    page.fill('[data-move="on_site"] textarea', "compressor is with me")
    ticket = console.fake.tickets["t-118"]
    entry = HistoryEntry(
        version=2,
        time=NOW,
        actor="owner",
        from_state="owner_asked",
        to_state="owner_checked",
        note="closed it",
    )
    console.fake.tickets["t-118"] = ticket.model_copy(
        update={"state": "owner_checked", "version": 2, "history": [*ticket.history, entry]}
    )
    console.fake.publish("ticket", id="t-118")
    page.get_by_text("closed it").wait_for()
    page.get_by_text("This ticket has just changed").wait_for()
    assert page.input_value('[data-move="on_site"] textarea') == "compressor is with me"
    page.click('[data-move="on_site"] button')
    page.get_by_text("Nothing of yours was saved").wait_for()
    assert "owner moved it from owner asked to owner checked" in page.inner_text("[role=alert]")
    assert page.input_value('[data-move="on_site"] textarea') == "compressor is with me"
    page.click("text=Reload")
    page.wait_for_url(f"{console.address}/tickets/t-118")


def test_what_changes_while_a_page_is_on_its_way_is_not_missed(page: Page, console: Console) -> None:
    def late(route: Route) -> None:
        answer = route.fetch()
        console.fake.add_ticket(145, "fridge-03", "door_ajar", "on_site")
        console.fake.publish("ticket", id="t-145")  # after the page was made, before it listens
        route.fulfill(response=answer)

    page.route(f"{console.address}/?view=open", late, times=1)
    page.goto(f"{console.address}/?view=open")
    page.wait_for_selector('[data-key="t-145"]')


def test_an_interrupted_feed_is_said_and_taken_up_again(page: Page, console: Console) -> None:
    console.fake.hang_up()
    page.wait_for_selector('[data-live-state][data-state="off"]', state="attached")
    console.fake.add_ticket(140, "fridge-03", "door_ajar", "on_site")  # while nobody listens
    live(page)
    page.wait_for_selector('[data-key="t-140"]')


def test_keys(page: Page, console: Console) -> None:
    for key, wanted in (("j", "t-117"), ("j", "t-118"), ("k", "t-117"), ("k", "t-117")):
        page.keyboard.press(key)
        assert page.get_attribute("#tickets > .selected", "data-key") == wanted
    page.keyboard.press("/")
    page.keyboard.type("bedroom jk")
    assert page.input_value("[data-search]") == "bedroom jk", "keys are text inside a field"
    page.get_by_text("Nothing matches").wait_for()
    page.fill("[data-search]", "bedroom")
    page.wait_for_selector('#tickets > [data-key="t-112"]')
    assert keys(page) == ["t-112"], "the platform was asked, not only this page looked through"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{console.address}/tickets/t-112")
    places = {"d": "/devices", "p": "/plan", "c": "/campaigns", "r": "/product-issues", "i": "/inspections"}
    for key, path in (*places.items(), ("f", "/figures"), ("u", "/unclaimed"), ("t", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(console.address + path)
    page.keyboard.press("?")
    assert page.is_visible("dialog#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog#help")


def test_everything_is_reached_by_tab_and_the_focus_is_seen(page: Page) -> None:
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        what = page.evaluate(
            """() => { const e = document.activeElement; const row = e.closest('.row') ?? e;
                 const style = getComputedStyle(row);
                 return [e.tagName + ':' + (e.getAttribute('href') ?? e.dataset.do ?? e.name ?? ''),
                         style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2] }"""
        )
        if what[0].startswith("BODY"):
            break
        assert what[1], f"{what[0]} shows no focus"
        seen.add(what[0])
    assert {"A:/devices", "A:/tickets/t-118", "BUTTON:theme", "BUTTON:help", "A:/?view=closed"} <= seen


def test_the_theme_follows_the_system_until_one_is_chosen(page: Page, console: Console) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.emulate_media(color_scheme="light")
    light = ground()
    page.emulate_media(color_scheme="dark")
    dark = ground()
    assert light != dark
    page.keyboard.press("t")
    assert ground() == light
    page.goto(f"{console.address}/devices")
    assert ground() == light, "the choice is kept"


def test_dark_mode_reaches_the_plot(page: Page, console: Console) -> None:
    page.goto(f"{console.address}/tickets/t-118")

    def colours() -> list[str]:
        found: list[str] = page.evaluate(
            """() => ['.chart-band', '.chart-observed', '.chart-tick'].map(name => {
                 const style = getComputedStyle(document.querySelector('.wide-only ' + name));
                 return style.fill + style.stroke })"""
        )
        return found

    page.emulate_media(color_scheme="light")
    light = colours()
    page.emulate_media(color_scheme="dark")
    assert all(a != b for a, b in zip(light, colours(), strict=True))


def test_the_plot_says_its_reading_under_the_pointer(page: Page, console: Console) -> None:
    page.goto(f"{console.address}/tickets/t-118")
    plot = page.locator(".plot .wide-only svg").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 16, box["y"] + 60)
    readout = page.locator(".readout")
    readout.wait_for()
    value, moment = readout.inner_text().split("\n")
    series = warm_series("fresh_food_temperature", {"en": ""}, "°C", 4.1, 6.5)
    at = NOW.replace(hour=int(moment[-5:-3]), minute=int(moment[-2:]))
    nearest = min(range(len(series.time)), key=lambda i: abs(series.time[i] - at))
    near = [series.observed[i] for i in (nearest - 1, nearest, nearest + 1) if i < len(series.time)]
    assert value in {f"{v:.1f} °C" for v in near if v is not None}
    page.mouse.move(box["x"], box["y"] - 60)
    readout.wait_for(state="detached")


PATHS = [
    "/",
    "/?view=closed",
    "/tickets/t-118",
    "/tickets/t-101",
    "/devices",
    "/devices/fridge-02",
    "/unclaimed",
    "/tickets/t-112",
    "/plan?waiting=1",
    "/campaigns",
    "/campaigns/c-7",
    "/inspections?device=fridge-02",
    "/product-issues",
    "/product-issues/p-4",
    "/figures",
    "/more",
]


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_no_page_scrolls_sideways(page: Page, console: Console, width: int) -> None:
    name = "AnApplianceWithAVeryLongNameThatNobodyWouldEverTypeButSomebodyDid" * 2
    console.fake.devices["fridge-02"].name = name
    ticket = console.fake.tickets["t-118"]
    ticket.device.name = name
    ticket.summary = {"en": name}
    page.set_viewport_size({"width": width, "height": 800})
    for path in PATHS:
        page.goto(console.address + path)
        page.eval_on_selector_all("details", "all => all.forEach(details => { details.open = true })")
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{path} at {width} px is {over} px too wide"


def test_on_a_phone_what_is_tapped_is_large_enough(page: Page, console: Console) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{console.address}/tickets/t-101")
    page.click('[data-move="resolved"] summary')
    small = page.evaluate(
        """() => [...document.querySelectorAll('main :is(.button, select, textarea), .choice, .tabbar > *')]
             .filter(e => e.offsetParent && e.getBoundingClientRect().height < 40).map(e => e.outerHTML)"""
    )
    assert small == []


def test_the_fleet_is_searched_while_one_types(page: Page, console: Console) -> None:
    page.goto(f"{console.address}/devices")
    page.keyboard.press("/")
    page.keyboard.type("bedroom")
    rows = page.locator("[data-region=devices] > [data-key]")
    wait_until(lambda: rows.count() == 1, what="one appliance")
    assert page.url == f"{console.address}/devices?q=bedroom"
    page.fill("[data-search]", "")
    page.select_option("select[name=type]", "air_conditioner")
    wait_until(lambda: rows.count() == 3, what="three appliances")


def test_scripts_in_names_never_run(page: Page, console: Console) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    console.fake.add_device("evil-1", "refrigerator", evil, model=evil)
    console.fake.add_ticket(666, "evil-1", "door_ajar", "on_site", summary={"en": evil})
    console.fake.publish("ticket", id="t-666")  # also the way of the live update
    page.wait_for_selector('[data-key="t-666"]')
    for path in ("/", "/tickets/t-666", "/devices", "/devices/evil-1"):
        page.goto(console.address + path)
        live(page)
        assert "owned" not in page.title() or "<" in page.title()
        assert page.evaluate("document.querySelectorAll('img, main script').length") == 0


def test_a_deadline_runs_on_platform_time(page: Page, console: Console) -> None:
    console.fake.tickets.clear()
    console.fake.add_ticket(150, "fridge-01", "door_ajar", "on_site", respond_by=ago(minutes=-10))
    page.goto(console.address)
    due = page.locator('[data-key="t-150"] [data-due]')
    assert due.inner_text() in ("10 min left", "9 min left")
    page.evaluate("document.body.dataset.rate = '100000'")  # a console told a faster clock
    page.evaluate(
        """import('/static/time.js').then(time => {
             time.readClock(document.body); setInterval(time.tick, 20) })"""
    )
    wait_until(lambda: due.inner_text().endswith("over"), what="the deadline to pass")
    assert "tone-critical" in (due.get_attribute("class") or "")


def test_a_acts_on_the_row_and_opens_the_form_that_is_expected(page: Page, console: Console) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_url(f"{console.address}/tickets/t-118#moves")
    page.wait_for_selector("#moves details[open] :focus")
    assert page.evaluate("document.activeElement.closest('details').dataset.move") == "on_site"


def test_what_one_has_not_seen_is_unread(page: Page, console: Console) -> None:
    assert page.locator("#tickets > .unread").count() == 0, "what was there before the first visit is no news"
    ticket = console.fake.tickets["t-118"]
    console.fake.tickets["t-118"] = ticket.model_copy(update={"version": 2})
    console.fake.publish("ticket", id="t-118")
    page.wait_for_selector('#tickets > .unread[data-key="t-118"]')
    page.click('[data-key="t-118"] a.cover')
    live(page)
    page.goto(console.address)
    live(page)
    assert page.locator("#tickets > .unread").count() == 0


def test_a_view_is_saved_and_found_again(page: Page, console: Console) -> None:
    page.select_option("select[name=urgency]", "urgent")
    wait_until(lambda: keys(page) == ["t-117", "t-118"], what="the urgent ones")
    page.click("text=Save as a view")
    page.fill("#view-name", "Burning")
    page.click(".save button")
    page.wait_for_selector('.tabs a.saved[aria-current="page"]')
    page.goto(console.address)
    page.click("text=Burning")
    assert keys(page) == ["t-117", "t-118"]
    page.click("text=Forget “Burning”")
    page.wait_for_selector(".tabs a.saved", state="detached")


def test_an_offered_window_is_planned_with_one_click(page: Page, console: Console) -> None:
    page.goto(f"{console.address}/tickets/t-112")
    page.click('[data-move="planned"] summary')
    assert not page.is_visible('[name="visit_from"]')
    page.click('[data-move="planned"] form button')
    page.get_by_text("Done. The ticket has moved on.").wait_for()
    (wish,) = console.fake.moves
    assert wish.assignee == "engineer-1"
    assert wish.visit_from is not None
    assert wish.visit_from.hour == 8, "eighteen hours on from 14:20, cut to the minute by nobody"


def test_chinese_is_chosen_kept_and_spoken_by_the_scripts(page: Page, console: Console) -> None:
    page.click("text=中文")
    live(page)
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert page.inner_text("[data-live-state]") == "实时"
    assert page.locator("[data-due]").first.inner_text().startswith(("剩", "超时"))
    english = r"[A-Za-z]{4,}"
    page.goto(f"{console.address}/tickets/t-118")
    for region in ("moves", "measure", "cause"):
        text = page.inner_text(f"[data-region={region}]").replace("signature", "")
        assert not __import__("re").findall(english, text) or region == "cause", text
    page.click("text=English")
    assert page.get_attribute("html", "lang") == "en"
