"""Webhooks: signed, tried again, never two ways, never where only we can reach."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.app import make_app
from services.messages import announcing
from services.webhooks import from_settings, guard, repository, schedule, signing
from services.webhooks.events import TICKET_OPENED, emit
from services.webhooks.sealing import Sealer
from services.webhooks.sender import Due, Result, Sender, encode
from services.work import duties
from tests.services.api import Api, settings_of
from tests.services.world import FRIDGE, World
from zerodistance.errors import InvalidMessageError, SettingsError, StoreError, UnavailableError

SEALER = Sealer("secret-key-of-this-test")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
NOW = 1_772_452_800.0


class Receiver:
    """A receiver that uses the id: what it has seen it does not take to heart again."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response | Exception] | None = None) -> None:
        self.answer = answer or (lambda _request: httpx.Response(204))
        self.requests: list[httpx.Request] = []
        self.bodies: dict[str, set[bytes]] = {}
        self.taken: list[str] = []

    def sender(self, **more: Any) -> Sender:
        return Sender(
            lambda _name, _port: ["93.184.216.34"],
            lambda: NOW,
            httpx.MockTransport(self.respond),
            **{"timeout_s": 0.5, **more},
        )

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert signing.verify(SECRET, request.headers, request.content, NOW)
        event = request.headers["webhook-id"]
        self.bodies.setdefault(event, set()).add(request.content)
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        if answer.is_success and event not in self.taken:
            self.taken.append(event)
        return answer


def subscribe(world: World, types: tuple[str, ...] = (TICKET_OPENED,), url: str = "https://a.test/x") -> str:
    with world.pool.connection() as conn:
        made = repository.create(
            conn, SEALER, 1, url=url, types=types, secret=SECRET, description="", actor="staff"
        )
    return made.id


def tell(world: World, *ids: str) -> None:
    with world.pool.connection() as conn:
        for event in ids:
            emit(conn, 1, TICKET_OPENED, event, world.clock.now(), {"ticket": event})


def turn(world: World, sender: Sender) -> int:
    return duties.post_webhooks(world.pool, SEALER, sender)


def make_due(world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute("UPDATE webhook_delivery SET next_try_at = now() WHERE next_try_at IS NOT NULL")
        conn.execute("UPDATE webhook SET paused_until = now()")


def test_what_is_signed_is_what_the_receiver_checks() -> None:
    body = b'{"test":1}'
    given_headers = signing.headers([SECRET], "msg_1", int(NOW), body)
    assert signing.verify(SECRET, given_headers, body, NOW)
    assert not signing.verify(SECRET, given_headers, body + b" ", NOW)
    assert not signing.verify(signing.new_secret(), given_headers, body, NOW)
    assert not signing.verify(SECRET, given_headers, body, NOW + signing.TOLERANCE_S + 1)
    assert not signing.verify(SECRET, {**given_headers, "webhook-id": "msg_2"}, body, NOW)
    assert not signing.verify(SECRET, {}, body, NOW)
    both = signing.headers([signing.new_secret(), SECRET], "msg_1", int(NOW), body)
    assert signing.verify(SECRET, both, body, NOW)


def test_an_event_is_told_to_those_who_asked_and_taken_once(world: World) -> None:
    receiver = Receiver()
    subscribe(world)
    other = subscribe(world, ("ticket.closed",))
    tell(world, "e1", "e1")
    assert turn(world, receiver.sender()) == 1
    assert turn(world, receiver.sender()) == 0
    (request,) = receiver.requests
    assert (str(request.url), request.headers["host"]) == ("https://93.184.216.34/x", "a.test")
    assert request.extensions["sni_hostname"] == "a.test"
    said = json.loads(request.content)
    assert (said["id"], said["type"], said["data"]) == ("e1", TICKET_OPENED, {"ticket": "e1"})
    with world.pool.connection() as conn:
        assert repository.deliveries(conn, 1, other, limit=10) == []


def test_what_is_rolled_back_is_not_told(world: World) -> None:
    subscribe(world)
    with world.pool.connection() as conn:
        emit(conn, 1, TICKET_OPENED, "never", world.clock.now(), {})
        conn.rollback()
    assert turn(world, Receiver().sender()) == 0


def test_through_any_trouble_every_event_arrives_once_to_who_uses_the_id(world: World) -> None:
    chance = Random(6)

    def answer(_request: httpx.Request) -> httpx.Response | Exception:
        troubles = [httpx.Response(500), httpx.Response(302), httpx.ConnectError("no")]
        return chance.choice(troubles) if chance.random() < 0.5 else httpx.Response(204)

    receiver = Receiver(answer)
    subscribe(world)
    wanted = [f"e{n}" for n in range(20)]
    tell(world, *wanted)
    for _ in range(100):
        make_due(world)
        turn(world, receiver.sender())
        if len(receiver.taken) == len(wanted):
            break
    assert sorted(receiver.taken) == sorted(wanted)
    assert len(receiver.requests) > len(wanted)
    assert all(len(bodies) == 1 for bodies in receiver.bodies.values())  # byte for byte the same


def test_a_worker_that_died_in_the_middle_is_followed_by_another(world: World) -> None:
    subscribe(world)
    tell(world, "e1")
    with world.pool.connection() as conn:
        assert len(repository.take_due(conn, SEALER)) == 1  # and nothing is noted
    receiver = Receiver()
    assert turn(world, receiver.sender()) == 0  # it may be under way still
    make_due(world)
    assert turn(world, receiver.sender()) == 1


def test_a_receiver_that_is_away_is_left_alone_and_others_are_not(world: World) -> None:
    dead = subscribe(world, url="https://dead.test/")
    subscribe(world, url="https://well.test/")

    def answer(request: httpx.Request) -> httpx.Response | Exception:
        return httpx.ConnectError("no") if request.headers["host"] == "dead.test" else httpx.Response(200)

    receiver = Receiver(answer)
    tell(world, *(f"e{n}" for n in range(12)))
    while turn(world, receiver.sender()):
        pass
    asked = [request.headers["host"] for request in receiver.requests]
    assert asked.count("well.test") == 12
    assert asked.count("dead.test") <= 4
    with world.pool.connection() as conn:
        known = repository.get(conn, 1, dead)
        assert (known.failures, known.disabled_at) == (1, None)
        waiting = repository.deliveries(conn, 1, dead, limit=50, state="waiting")
        assert len(waiting) == 12


def test_given_up_in_the_log_and_told_again_by_id(world: World) -> None:
    receiver = Receiver(lambda _request: httpx.Response(500))
    webhook = subscribe(world)
    tell(world, "e1")
    for _ in range(schedule.MOST_ATTEMPTS + 3):
        make_due(world)
        turn(world, receiver.sender())
    with world.pool.connection() as conn:
        found, data, log = repository.delivery(conn, 1, webhook, "e1")
        assert (found.state, found.attempts, found.status) == ("given_up", schedule.MOST_ATTEMPTS, 500)
        assert (data, len(log)) == ({"ticket": "e1"}, schedule.MOST_ATTEMPTS)
        repository.redeliver(conn, 1, webhook, "e1")
        conn.execute("UPDATE webhook SET paused_until = now()")
    receiver.answer = lambda _request: httpx.Response(200)
    assert turn(world, receiver.sender()) == 1
    with world.pool.connection() as conn:
        assert repository.delivery(conn, 1, webhook, "e1")[0].state == "taken"
        assert repository.get(conn, 1, webhook).failing_since is None


def test_long_failure_disables_and_enabling_goes_on(world: World) -> None:
    receiver = Receiver(lambda _request: httpx.Response(503, headers={"Retry-After": "7"}))
    webhook = subscribe(world)
    tell(world, "e1")
    turn(world, receiver.sender())
    with world.pool.connection() as conn:
        row = conn.execute("SELECT paused_until - now() FROM webhook WHERE id = %s", (webhook,)).fetchone()
        assert row is not None
        assert row[0] > timedelta(seconds=6)  # as it wished
        conn.execute("UPDATE webhook SET failing_since = now() - %s", (schedule.DISABLED_AFTER,))
    make_due(world)
    turn(world, receiver.sender())
    with world.pool.connection() as conn:
        known = repository.get(conn, 1, webhook)
        assert known.disabled_at is not None
        assert "5 days" in known.disabled_reason
    make_due(world)
    assert turn(world, receiver.sender()) == 0
    assert len(receiver.requests) == 2
    with world.pool.connection() as conn:
        repository.change(conn, 1, webhook, url=known.url, types=known.types, description="", enabled=True)
    receiver.answer = lambda _request: httpx.Response(200)
    make_due(world)
    assert turn(world, receiver.sender()) == 1


def test_who_is_gone_is_not_asked_again(world: World) -> None:
    receiver = Receiver(lambda _request: httpx.Response(410))
    webhook = subscribe(world)
    tell(world, "e1")
    turn(world, receiver.sender())
    with world.pool.connection() as conn:
        assert "410" in repository.get(conn, 1, webhook).disabled_reason


def test_a_secret_that_changes_signs_with_both_for_a_while(world: World) -> None:
    receiver = Receiver()
    webhook = subscribe(world)
    with world.pool.connection() as conn:
        repository.rotate(conn, SEALER, 1, webhook, signing.new_secret())
    tell(world, "e1")
    assert turn(world, receiver.sender()) == 1  # the receiver has the old one only
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 2
    with world.pool.connection() as conn:
        conn.execute("UPDATE webhook SET secret = %s", (Sealer("another").seal(SECRET),))
        row = conn.execute("SELECT secret FROM webhook").fetchone()
    assert row is not None
    with pytest.raises(StoreError, match="ZD_SECRET_KEY"):
        SEALER.open(row[0])
    tell(world, "e2")
    assert turn(world, receiver.sender()) == 0
    with world.pool.connection() as conn:
        assert "ZD_SECRET_KEY" in repository.get(conn, 1, webhook).disabled_reason


PRIVATE = [
    "10.0.0.5", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.9.9", "100.64.0.1", "0.0.0.0", "::1",
    "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "224.0.0.1", "::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_way_to_addresses_that_are_not_public(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(InvalidMessageError):
        guard.resolve(f"https://{literal}/", private=False, lookup=lambda _n, _p: [address])
    with pytest.raises(InvalidMessageError, match="not public"):
        guard.resolve(
            "https://innocent.test/", private=False, lookup=lambda _n, _p: ["93.184.216.34", address]
        )
    allowed = guard.resolve(f"http://{literal}:8080/a?b=1", private=True, lookup=lambda _n, _p: [address])
    assert allowed.url == f"http://{literal}:8080/a?b=1"


@pytest.mark.parametrize(
    "url",
    ["http://a.test/", "ftp://a.test", "https://", "https://u:p@a.test/", "https://a.test:22/", "//a.test",
     "https://a.test:99999/", "https://[::1", "https://a.test/\n", "javascript:alert(1)", "https://é.test/"],
)  # fmt: skip
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    with pytest.raises(InvalidMessageError):
        guard.check_url(url, private=False)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"https://{text}"):
        with contextlib.suppress(InvalidMessageError):
            guard.resolve(url, private=False, lookup=lambda _n, _p: ["93.184.216.34"])


def test_decimal_and_short_forms_are_looked_up_as_the_system_does() -> None:
    """http://2130706433/ is 127.0.0.1 to the resolver: what it answers is what is judged."""
    for host in ("2130706433", "127.1", "0x7f000001"):
        with pytest.raises((InvalidMessageError, UnavailableError)):
            guard.resolve(f"https://{host}/", private=False)


def test_a_slow_receiver_ends_in_time(world: World) -> None:
    due = Due("wh", "e", "https://a.test/", False, (SECRET,), TICKET_OPENED, world.clock.now(), {}, 1, 0)

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            import asyncio

            await asyncio.sleep(60)
            raise AssertionError

    sender = Sender(lambda _n, _p: ["93.184.216.34"], lambda: NOW, Silent(), timeout_s=0.05)
    (result,) = sender.post([due])
    assert "0.05 s" in result.error
    assert encode(due) == encode(due)


def test_hooks_of_the_settings_are_the_same_mechanism(world: World) -> None:
    settings = settings_of("", webhook_url="http://127.0.0.1:9/m", webhook_secret="plain words")
    with world.pool.connection() as conn:
        from_settings.enter(conn, settings, SEALER)
        from_settings.enter(conn, settings, SEALER)
        (known,) = repository.listing(conn, 1)
        assert (known.id, known.origin, known.types) == ("setting-messages", "setting", ["message.sent"])
    world.find()
    assert duties.tell(world.pool, world.clock, lambda home: f"http://page.test/{home}") == 2
    with world.pool.connection() as conn:
        due = repository.take_due(conn, SEALER)
        assert {one.data["audience"] for one in due} == {"owner", "engineer"}
        assert all(one.private and one.secrets == ("plain words",) for one in due)
        owners = next(one for one in due if one.data["audience"] == "owner")
        assert owners.data["link"].endswith("home-1")
        assert next(one for one in due if one.data["audience"] == "engineer").data["link"] is None
        for one in due:
            repository.note(conn, one, Result(200, "", 3))
        from_settings.enter(conn, settings_of(""), SEALER)
        assert repository.get(conn, 1, known.id).disabled_reason == "taken out of the settings"
        assert announcing.announce(conn, [], str) == 0


@pytest.mark.parametrize("wrong", [{"webhook_url": "ftp://x"}, {"webhook_secret": "whsec_!"}])
def test_settings_that_cannot_be_are_named(world: World, wrong: dict[str, str]) -> None:
    settings = settings_of("", **{"webhook_url": "http://127.0.0.1:9/m", **wrong})
    with world.pool.connection() as conn, pytest.raises(SettingsError, match="ZD_WEBHOOK"):
        from_settings.enter(conn, settings, SEALER)


def test_a_ticket_tells_its_life(world: World) -> None:
    receiver = Receiver()
    subscribe(world, ("ticket.opened", "ticket.changed", "ticket.closed"))
    world.find()
    ticket = world.ticket()
    world.clear()
    world.pass_time(minutes=24 * 60)
    while turn(world, receiver.sender()):
        pass
    told = sorted(
        (json.loads(r.content) for r in receiver.requests), key=lambda said: said["data"]["version"]
    )
    assert [said["type"] for said in told][:1] == [TICKET_OPENED]
    assert {said["data"]["ticket"] for said in told} == {ticket.id}
    assert [said["data"]["version"] for said in told] == list(range(1, world.ticket().version + 1))
    assert (told[-1]["type"] == "ticket.closed") == (world.ticket().state == "closed")


def test_old_events_are_forgotten(world: World) -> None:
    subscribe(world)
    tell(world, "old", "new")
    with world.pool.connection() as conn:
        conn.execute("UPDATE webhook_event SET created_at = now() - interval '40 days' WHERE id = 'old'")
        assert repository.forget(conn) == 1
        row = conn.execute("SELECT array_agg(event_id) FROM webhook_delivery").fetchone()
    assert row == (["new"],)
    assert duties.Forgetting(world.pool).turn() == 0


@pytest.fixture
def api(world: World, database: str) -> Iterator[Api]:
    app = make_app(settings_of(database))
    yield Api(app)
    app.state.platform.close()


def test_subscriptions_by_api(api: Api, world: World) -> None:
    wish = {"url": "https://partner.test/hook", "types": ["ticket.opened"], "description": "desk"}
    made = api.post("/webhooks", wish)
    assert made.status_code == 201, made.text
    body = made.json()
    assert len(signing.key_of(body["secret"])) == signing.SECRET_BYTES
    path = f"/webhooks/{body['id']}"
    assert "secret" not in api.get(path).json()
    assert [one["id"] for one in api.get("/webhooks").json()] == [body["id"]]
    assert {one["type"] for one in api.get("/webhook-types").json()} >= {"ticket.opened", "appliance.used"}
    for wrong in ({"url": "https://10.0.0.1/"}, {"url": "http://partner.test/"}, {"types": ["nothing"]},
                  {"secret": "whsec_AQID"}, {"secret": "short"}, {"types": []}):  # fmt: skip
        assert api.post("/webhooks", {**wish, **wrong}).status_code == 422, wrong
    test = api.post(f"{path}/test")
    assert (test.status_code, test.json()["state"]) == (202, "waiting")
    event = test.json()["id"]
    page = api.get(f"{path}/deliveries", limit=1).json()
    assert ([one["id"] for one in page["items"]], page["next"]) == ([event], None)
    again = api.post(f"{path}/deliveries/{event}/redelivery")
    assert again.status_code == 202
    detail = api.get(f"{path}/deliveries/{event}").json()
    assert (detail["type"], detail["log"]) == ("webhook.test", [])
    rotated = api.post(f"{path}/secret", {"secret": SECRET}).json()
    assert rotated["secret"] == SECRET
    change = {"url": wish["url"], "types": ["ticket.closed"], "enabled": False}
    seen = {**api.staff, "If-Match": api.get(path).headers["ETag"]}
    changed = api.anonymous("PUT", f"/api/v1{path}", json=change, headers=seen).json()
    assert (changed["types"], changed["enabled"]) == (["ticket.closed"], False)
    assert api.anonymous("DELETE", f"/api/v1{path}", headers=api.staff).status_code == 204
    assert api.get(path).status_code == 404
    assert api.anonymous("GET", "/api/v1/webhooks").status_code == 401
    digest = hashlib.sha256(body["secret"].encode()).hexdigest()
    assert digest not in api.get("/webhooks").text


def test_hooks_of_the_settings_are_not_changed_by_api(api: Api, world: World) -> None:
    with world.pool.connection() as conn:
        settings = settings_of("", partner_webhook_url="http://shop.test/", partner_webhook_secret="x")
        from_settings.enter(conn, settings, SEALER)
    change = {"url": "https://elsewhere.test/", "types": ["ticket.closed"], "version": 1}
    assert (
        api.anonymous("PUT", "/api/v1/webhooks/setting-partner", json=change, headers=api.staff).status_code
        == 409
    )
    assert api.post("/webhooks/setting-partner/secret", {}).status_code == 409
    assert api.get(f"/devices/{FRIDGE}").status_code == 200
