"""Delivery: the inbox, quiet hours, a further channel with its retries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.messages import delivery, texts
from services.messages.channels import Channel, channel_names, open_channels
from services.messages.delivery import Told
from services.messages.repository import Message
from services.tickets.desk import Desk
from services.tickets.rules import News
from services.work import duties
from tests.services.world import AIR, FRIDGE, World
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import Pool


class RecordingChannel:
    """Takes what it is given, unless it is told to fail."""

    name = "pager"

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.fails = False

    def send(self, message: Message) -> None:
        if self.fails:
            raise UnavailableError("The pager answered with status 500.")
        self.taken.append(message)

    def close(self) -> None:
        pass


@pytest.fixture
def channel() -> RecordingChannel:
    return RecordingChannel()


@pytest.fixture
def posting(pool: Pool, catalogue: Catalogue, clock: ManualClock) -> World:
    """Give a world in which messages also go through a further channel."""
    return World(pool, clock, catalogue, Desk(catalogue, clock, ("pager",)))


def further(world: World, channel: Channel) -> int:
    return duties.tell_further(world.pool, {"pager": channel})


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
        Told("6", "e4", "engineer", now, False),  # a breach: no owner hears of it
        Told("7", "e4", "dispatcher", now, False),
    ]
    assert list(delivery.skews(told)) == [pytest.approx(0.04)]


def test_a_channel_gets_every_message_once_it_is_sent(posting: World, channel: RecordingChannel) -> None:
    posting.find()
    assert further(posting, channel) == 0  # not sent yet: nothing to post
    posting.work()
    assert further(posting, channel) == 2
    assert further(posting, channel) == 0
    assert {m.audience for m in channel.taken} == {"owner", "engineer"}
    assert [row[1:3] for row in rows(posting)] == [(True, True), (True, True)]


def test_a_channel_that_fails_is_tried_again_and_given_up(posting: World, channel: RecordingChannel) -> None:
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


def test_channels_are_those_that_are_set_up(pool: Pool) -> None:
    assert channel_names(Settings()) == ()
    assert open_channels(Settings(), pool) == {}
    paged = Settings(staff_channels="json://pager.test/in")
    assert channel_names(paged) == ("staff-1",)
    for opened in open_channels(paged, pool).values():
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
