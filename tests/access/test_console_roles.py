"""The console on the real API, as each role: every link that a page offers leads somewhere."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from fastapi import Request, Response
from fastapi.testclient import TestClient

from services.console.app import make_app
from services.console.session import COOKIE
from tests.access.place import PEOPLE, Place

STAFF = ("engineer", "dispatcher", "operator", "product", "admin")
# What another process serves, and what changes something for the browser alone.
ELSEWHERE = re.compile(r"^(/static/|/language/|/owner/|#|https?:)")
MOST = 40


def console_as(place: Place, role: str) -> TestClient:
    """Return the console's client with somebody of that role signed in."""
    app = make_app(place.settings, httpx.ASGITransport(place.app))
    client = TestClient(app, base_url="https://console.example", follow_redirects=False)
    begun, carrier = place.fresh(role), Response()
    session = app.state.desk.sessions.new(account=begun.session, name=role, roles=PEOPLE[role])
    request = Request({"type": "http", "scheme": "https", "server": ("x", 443), "path": "/", "headers": []})
    app.state.desk.sessions.write(request, carrier, session)
    cookie = carrier.headers["set-cookie"].partition("=")[2].partition(";")[0]
    client.cookies.set(COOKIE, cookie, domain="console.example")
    return client


@pytest.mark.parametrize("role", STAFF)
def test_no_link_leads_nowhere(place: Place, role: str) -> None:
    client = console_as(place, role)
    waiting, seen, wrong = ["/", "/more"], set[str](), []
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        if answer.status_code == 303:
            waiting.append(answer.headers["location"])
            continue
        if answer.status_code != 200:
            wrong.append(f"{path}: {answer.status_code}")
            continue
        assert "two-" not in answer.text, f"{path} shows another brand's"
        if role == "engineer":
            assert "one-fridge-south" not in answer.text, f"{path} shows the neighbour's"
            assert "one-home-south" not in answer.text, f"{path} shows the neighbour's"
        if role == "product":
            assert "one-home" not in answer.text, f"{path} shows a single home"
            assert "one-fridge" not in answer.text, f"{path} shows a single appliance"
        links = [html.unescape(link) for link in re.findall(r'\bhref="([^"]+)"', answer.text)]
        waiting += [link.partition("#")[0] for link in links if not ELSEWHERE.match(link)]
    assert not wrong, "\n".join(wrong)
    assert len(seen) >= 5, seen


def test_an_operator_reads_a_ticket_and_is_told_that_it_is_not_theirs_to_move(place: Place) -> None:
    path = f"/tickets/{place.found[('one', 'north')]['ticket_id']}"
    shown = console_as(place, "operator").get(path).text
    assert "Your role may look here, and not act." in shown
    assert f"{path}/move" not in shown
    assert f"{path}/move" in console_as(place, "dispatcher").get(path).text
