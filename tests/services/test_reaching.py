"""Channels through Apprise, each address for itself, and what can wait going out together."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from services.messages import delivery, digest, reaching
from services.messages import repository as messages
from services.messages.reaching import AppriseChannel, Contact
from services.policy import default_policy
from services.scenarios import food
from services.tickets.desk import Desk
from services.work import duties
from tests.scenarios.platform import Partner
from tests.services.world import FRIDGE, HOME, World
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import Pool

CHANNELS = ("staff-1", "owner-1", "owner-2")


@pytest.fixture
def world(pool: Pool, catalogue: Catalogue, clock: ManualClock) -> World:
    return World(pool, clock, catalogue, Desk(catalogue, clock, CHANNELS))


class Posts:
    """What was sent: (address, title, body); addresses that begin with ``bad`` take nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def __call__(self, address: str, title: str, body: str) -> bool:
        if address.startswith("bad"):
            return False
        self.sent.append((address, title, body))
        return True


def settings_with(**more: Any) -> Settings:
    return Settings(_env_file=None, **more)


def test_addresses_are_checked_and_their_secrets_never_told() -> None:
    good = settings_with(
        staff_channels="json://127.0.0.1:9/a slack://TokenA/TokenB/TokenC",
        owner_channels="mailtos://user:hush@example.org?to={email}",
    )
    assert list(reaching.addresses(good)) == ["staff-1", "staff-2", "owner-1"]
    for wrong in ("hush-hush", "mailtos://user:hush@example.org?to={address}", "json://{hush"):
        with pytest.raises(SettingsError, match="ZD_OWNER_CHANNELS") as refused:
            reaching.addresses(settings_with(owner_channels=wrong))
        assert "hush" not in str(refused.value)
    with pytest.raises(SettingsError, match="owner's"):
        reaching.addresses(settings_with(staff_channels="json://127.0.0.1/{email}"))


def deliver(world: World, posts: Posts, bad: str = "") -> None:
    """Deliver what is due, with fake addresses; the channel ``bad`` takes nothing."""
    contact_of = {HOME: Contact("zh", "li@example.org", "")}.__getitem__
    made = {
        name: AppriseChannel(
            name,
            f"{'bad' if name == bad else name}?{'{email}' if name == 'owner-1' else ''}"
            f"{'{phone}' if name == 'owner-2' else ''}",
            None if name.startswith("staff") else contact_of,
            lambda home: f"http://page/{home}",
            posts,
        )
        for name in CHANNELS
    }
    world.work()
    duties.tell_further(world.pool, made)


def test_each_side_hears_in_its_own_language_and_once(world: World) -> None:
    posts = Posts()
    world.find()
    deliver(world, posts)
    deliver(world, posts)
    assert sorted(address for address, _, _ in posts.sent) == ["owner-1?li%40example.org", "staff-1?"]
    owner = next(body for address, _, body in posts.sent if address.startswith("owner"))
    assert "请检查冰箱门是否关好" in owner
    assert owner.endswith("http://page/home-1")
    staff = next(body for address, _, body in posts.sent if address.startswith("staff"))
    assert "Likely cause" in staff
    assert "http" not in staff, "an owner's page is the owner's"


def test_one_that_fails_is_tried_again_and_the_others_hear_nothing_twice(world: World) -> None:
    posts = Posts()
    world.find()
    deliver(world, posts, bad="staff-1")
    assert len(posts.sent) == 1
    with world.pool.connection() as conn:
        conn.execute("UPDATE delivery SET next_try_at = now() WHERE next_try_at IS NOT NULL")
    deliver(world, posts)
    assert sorted(address[:5] for address, _, _ in posts.sent) == ["owner", "staff"]


def test_apprise_really_posts() -> None:
    receiver = Partner()
    try:
        address = receiver.url.replace("http://", "json://")
        assert reaching._notify(address, "title", "body")
        import httpx

        (got,) = httpx.get(receiver.url).json()
        assert json.loads(got["body"])["message"] == "body"
    finally:
        receiver.close()
    with pytest.raises(UnavailableError):
        AppriseChannel("staff-1", address, None, str).send(_message())


def _message() -> messages.Message:
    names = messages.Message.__dataclass_fields__
    return messages.Message(**{**dict.fromkeys(names), "body": {"en": "x"}, "audience": "engineer"})


def store(world: World, item: str, days: int, number: int) -> None:
    best_before = (world.clock.now() + timedelta(days=days)).date().isoformat()
    with world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code, data)"
            " VALUES (%s, 1, %s, %s, now(), 'event', 'item_stored', %s)",
            (
                f"e{number}",
                FRIDGE,
                world.clock.now(),
                json.dumps({"item": item, "quantity": 1, "best_before": best_before}),
            ),
        )


def look(world: World) -> None:
    with world.pool.connection() as conn:
        now = world.clock.now()
        food.remind(conn, world.catalogue, default_policy(), now, CHANNELS)
        digest.send_due(conn, default_policy().messages, now, CHANNELS)


def test_what_can_wait_goes_out_together_once_a_day(world: World) -> None:
    posts = Posts()
    world.clock.advance(hours=-8)  # noon in Shanghai, where the home is
    store(world, "milk", 1, 1)
    look(world)
    deliver(world, posts)
    world.clock.advance(hours=1)
    store(world, "fish", 1, 2)
    look(world)
    deliver(world, posts)
    assert posts.sent == [], "nothing yet: it can wait"
    with world.pool.connection() as conn:
        assert len(messages.of_household(conn, HOME)) == 2, "in the inbox both stand at once"
    world.clock.advance(hours=6)
    look(world)
    deliver(world, posts)
    look(world)
    deliver(world, posts)
    ((address, _, body),) = posts.sent
    assert address.startswith("owner-1")
    assert "milk" in body
    assert "fish" in body
    with world.pool.connection() as conn:
        assert len(messages.of_household(conn, HOME)) == 2, "and nothing twice in the inbox"
    world.clock.advance(hours=24)
    look(world)
    deliver(world, posts)
    assert len(posts.sent) == 1


def test_quiet_hours_hold_reminders_back(world: World) -> None:
    world.clock.advance(hours=3)  # 23:00 in Shanghai
    store(world, "milk", 1, 1)
    look(world)
    with world.pool.connection() as conn:
        assert not delivery.deliver_inbox(conn, world.clock, 10)
        world.clock.advance(hours=8)
        assert len(delivery.deliver_inbox(conn, world.clock, 10)) == 1
