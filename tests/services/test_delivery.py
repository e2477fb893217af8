"""Delivery: the inbox, quiet hours, the webhook with its retries."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.messages import delivery, texts
from services.messages.channels import Channel, WebhookChannel, channel_names, open_channels
from services.messages.delivery import Told
from services.messages.repository import Message
from services.tickets.desk import Desk
from services.tickets.rules import News
from services.work import duties
from tests.services.world import AIR, FRIDGE, HOME, World
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import Pool


class RecordingChannel:
    """Takes what it is given, unless it is told to fail."""

    name = "webhook"

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.fails = False

    def send(self, message: Message) -> None:
        if self.fails:
            raise UnavailableError("The webhook answered with status 500.")
        self.taken.append(message)

    def close(self) -> None:
        pass


@pytest.fixture
def channel() -> RecordingChannel:
    return RecordingChannel()


@pytest.fixture
def posting(pool: Pool, catalogue: Catalogue, clock: ManualClock) -> World:
    """Give a world in which messages also go to the webhook."""
    return World(pool, clock, catalogue, Desk(catalogue, clock, ("webhook",)))


def further(world: World, channel: Channel) -> int:
    return duties.tell_further(world.pool, {"webhook": channel})


def make_due(world: World) -> None:
    """Let the real time of the next try come."""
    with world.pool.connection() as conn:
        conn.execute("UPDATE delivery SET next_try_at = now() WHERE next_try_at IS NOT NULL")


def rows(world: World) -> list[tuple[Any, ...]]:
    with world.pool.connection() as conn:
        return conn.execute(
            "SELECT attempts, done_at IS NOT NULL, next_try_at IS NULL, error FROM delivery"
            " ORDER BY message_id"
        ).fetchall()


def test_what_is_urgent_goes_at_any_hour_and_the_rest_waits(world: World) -> None:
    world.clock.advance(hours=6)  # two in the morning in Shanghai
    world.find()
    world.find(AIR, "filter_clogged", type="air_conditioner", urgency="routine")
    assert duties.tell(world.pool, world.clock) == 3
    urgent = next(m for m in world.messages(FRIDGE) if m.audience == "owner")
    routine = next(m for m in world.messages(AIR) if m.audience == "owner")
    morning = datetime.fromisoformat("2026-03-02T23:00:00+00:00")  # seven there
    assert urgent.sent_at == world.clock.now()
    assert (routine.sent_at, routine.not_before) == (None, morning)
    # The owner has the whole time from the moment at which the question may be read.
    assert routine.deadline_at == morning + timedelta(minutes=4320)
    world.clock.at = morning
    assert duties.tell(world.pool, world.clock) == 1
    world.pass_time(minutes=4321)
    assert world.ticket(AIR).state == "on_site"


def test_nothing_is_told_twice(world: World) -> None:
    world.find()
    assert duties.tell(world.pool, world.clock) == 2
    assert duties.tell(world.pool, world.clock) == 0


def test_the_skew_leaves_out_what_quiet_hours_parted(clock: ManualClock) -> None:
    now = clock.now()
    told = [
        Told("1", "e1", "owner", now, False),
        Told("2", "e1", "engineer", now + timedelta(milliseconds=40), False),
        Told("3", "e2", "owner", now, True),
        Told("4", "e2", "engineer", now, False),
        Told("5", "e3", "engineer", now, False),
    ]
    assert list(delivery.skews(told)) == [pytest.approx(0.04)]


def test_the_webhook_gets_every_message_once_it_is_sent(posting: World, channel: RecordingChannel) -> None:
    posting.find()
    assert further(posting, channel) == 0  # not sent yet: nothing to post
    posting.work()
    assert further(posting, channel) == 2
    assert further(posting, channel) == 0
    assert {m.audience for m in channel.taken} == {"owner", "engineer"}
    assert [row[1:3] for row in rows(posting)] == [(True, True), (True, True)]


def test_a_webhook_that_fails_is_tried_again_and_given_up(posting: World, channel: RecordingChannel) -> None:
    posting.find()
    posting.work()
    channel.fails = True
    assert further(posting, channel) == 0
    assert [row[0] for row in rows(posting)] == [1, 1]
    assert "status 500" in rows(posting)[0][3]
    assert further(posting, channel) == 0
    assert [row[0] for row in rows(posting)] == [1, 1]  # the pause is not over
    make_due(posting)
    channel.fails = False
    assert further(posting, channel) == 2
    posting.find(AIR, "cooling_lost", type="air_conditioner")
    posting.work()
    channel.fails = True
    for _ in range(9):
        further(posting, channel)
        make_due(posting)
    given_up = [row for row in rows(posting) if not row[1]]
    assert [(row[0], row[2]) for row in given_up] == [(8, True), (8, True)]


@pytest.fixture
def message(world: World) -> Message:
    world.find()
    return next(m for m in world.messages() if m.audience == "owner")


def test_the_webhook_posts_signed_json(message: Message) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    channel = WebhookChannel(
        "http://hook.test/in", "secret", "http://owners.test/{}".format, httpx.MockTransport(answer)
    )
    channel.send(message)
    channel.close()
    body = seen[0].content
    document = json.loads(body)
    assert (document["id"], document["household"], document["kind"]) == (message.id, HOME, "question")
    assert document["link"] == f"http://owners.test/{HOME}"
    assert seen[0].headers["Idempotency-Key"] == message.id
    expected = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert seen[0].headers["Zd-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(302), httpx.ConnectError("no")])
def test_a_webhook_in_trouble(message: Message, answer: httpx.Response | Exception) -> None:
    def respond(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    channel = WebhookChannel("http://hook.test/in", "secret", "{}".format, httpx.MockTransport(respond))
    with pytest.raises(UnavailableError, match="webhook"):
        channel.send(message)


def test_channels_are_those_that_are_set_up(pool: Pool) -> None:
    assert channel_names(Settings()) == ()
    assert open_channels(Settings(), pool) == {}
    hooked = Settings(webhook_url="http://hook.test/in")
    assert channel_names(hooked) == ("webhook",)
    for opened in open_channels(hooked, pool).values():
        opened.close()


OWN = {"secret_key": "signs-links", "staff_token": "opens-the-api", "webhook_secret": "signs-messages"}
HOOKS = {"webhook": set(OWN.values()) - {"signs-messages"}, "partner_webhook": set(OWN.values())}


@pytest.mark.parametrize(
    ("hook", "secret"), [(hook, secret) for hook, ours in HOOKS.items() for secret in ["", *sorted(ours)]]
)
def test_who_receives_a_webhook_gets_none_of_our_own_secrets(hook: str, secret: str) -> None:
    settings = Settings(
        profile="production",
        database="postgresql://",
        log="kafka://log:9092",
        staff_password="pass",
        **{**OWN, f"{hook}_url": "http://hook.test/in", f"{hook}_secret": secret},
    )
    with pytest.raises(SettingsError, match=f"ZD_{hook.upper()}_SECRET"):
        settings.check()
    settings.model_copy(update={f"{hook}_secret": "another"}).check()
    settings.model_copy(update={f"{hook}_url": ""}).check()


@pytest.fixture
def every_news() -> list[News]:
    return list(News)


def test_every_news_has_words_in_both_languages(every_news: list[News]) -> None:
    assert set(texts.NEWS) == set(every_news)
    names = ("appliance", "device", "cause", "summary", "advice", "question", "window")
    values = {name: {"en": f"<{name}>"} for name in names}
    for words in texts.NEWS.values():
        for template in (words.owner, words.engineer):
            filled = texts.fill(template, values)
            assert set(template) == set(filled) == {"en", "zh"}
            assert all(filled.values())
        for answer in (words.answers or {}).values():
            assert set(answer) == {"en", "zh"}


def test_a_name_with_braces_is_only_a_name() -> None:
    filled = texts.fill({"en": "{device}!"}, {"device": {"en": "{cause} {0} %s"}})
    assert filled["en"] == "{cause} {0} %s!"
