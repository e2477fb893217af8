"""Live changes name to each caller what it may see: an engineer's region and own tickets, no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import pytest

from services.accounts import sessions
from services.accounts.identity import Identity, identify
from services.accounts.scope import enter
from services.api.dependencies import Caller
from services.api.routers.general import get_changes
from tests.access.place import Place

Event = tuple[str, str]  # what, and its id
NORTH, SOUTH = "one-fridge-north", "one-fridge-south"


@pytest.fixture
def free(place: Place) -> Iterator[None]:
    """Let tickets be changed by hand, and put them back as they were."""
    with place.connection() as conn:
        conn.execute("ALTER TABLE ticket DISABLE TRIGGER USER")
        conn.execute("ALTER TABLE ticket ENABLE TRIGGER ticket_notify")
    yield
    with place.connection() as conn:
        conn.execute("UPDATE ticket SET assignee = NULL")
        conn.execute("ALTER TABLE ticket ENABLE TRIGGER USER")


async def changes(place: Place, caller: str, last: str = "", brand: str = "one") -> AsyncIterator[bytes]:
    platform = place.app.state.platform
    identity = identify_token(place, place.token(caller, brand))
    answer = await get_changes(platform, Caller(platform, identity, None), last)
    return cast(AsyncIterator[bytes], answer.body_iterator)


def parse(chunk: bytes) -> tuple[int, str, dict[str, Any]] | None:
    fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line and line[0] != ":")
    if "event" not in fields:
        return None
    return int(fields.get("id", 0)), fields["event"], json.loads(fields["data"])


async def read(
    stream: AsyncIterator[bytes], mark: str, after: int = 0
) -> list[tuple[int, str, dict[str, Any]]]:
    """Return what comes until the device ``mark``, which whoever reads sees, is named behind ``after``."""
    found: list[tuple[int, str, dict[str, Any]]] = []
    async with asyncio.timeout(20):
        while not (found and found[-1][0] > after and found[-1][1:] == ("device", {"id": mark})):
            event = parse(await anext(stream))
            found += [event] if event else []
    return found


async def listening(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with asyncio.timeout(20):
        assert b"ready" in await anext(stream)
    return stream


def touch(place: Place, *statements: str) -> None:
    with place.connection() as conn:
        for statement in statements:
            conn.execute(statement)


def touch_device(device: str) -> str:
    return f"UPDATE device SET online = NOT online WHERE id = '{device}'"


def touch_ticket(device: str) -> str:
    return f"UPDATE ticket SET version = version + 1 WHERE device_id = '{device}'"


def touch_message(device: str) -> str:
    return f"UPDATE message SET sent_at = now() WHERE device_id = '{device}'"


def run(place: Place, test: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await test()

    asyncio.run(whole())


EVERYWHERE = [touch(device) for device in (SOUTH, NORTH) for touch in (touch_ticket, touch_message)]


@pytest.mark.usefixtures("free")
def test_an_engineer_hears_of_the_own_region_alone(place: Place) -> None:
    async def test() -> None:
        engineer = await listening(await changes(place, "engineer"))
        dispatcher = await listening(await changes(place, "dispatcher"))
        touch(place, touch_device(SOUTH), *EVERYWHERE, touch_device(NORTH))
        heard, all_of_it = await read(engineer, NORTH), await read(dispatcher, NORTH)
        assert "south" not in str(heard)
        south, north = (place.found[("one", side)] for side in ("south", "north"))
        assert south["ticket_id"] not in str(heard)
        assert {kind for _, kind, _ in heard} == {"ticket", "message", "device"}
        assert {data["id"] for _, kind, data in heard if kind == "ticket"} == {north["ticket_id"]}
        assert south["ticket_id"] in str(all_of_it), "who sees the brand hears of the brand"
        for stream in (engineer, dispatcher):
            await stream.aclose()  # type: ignore[attr-defined]

    run(place, test)


@pytest.mark.usefixtures("free")
def test_what_was_missed_is_narrowed_as_well(place: Place) -> None:
    async def test() -> None:
        first = await listening(await changes(place, "dispatcher"))
        touch(place, touch_device(NORTH))
        await read(first, NORTH)
        with place.connection() as conn:  # what happened before may be told late
            last = conn.execute("SELECT max(id) FROM change").fetchone()[0]
        await first.aclose()  # type: ignore[attr-defined]
        touch(place, touch_device(SOUTH), *EVERYWHERE, touch_device(NORTH))
        again = await listening(await changes(place, "engineer", str(last)))
        heard = await read(again, NORTH, last)  # what was seen may come a second time
        assert "south" not in str(heard)
        assert place.found[("one", "south")]["ticket_id"] not in str(heard)
        assert place.found[("one", "north")]["ticket_id"] in str(heard)
        await again.aclose()  # type: ignore[attr-defined]

    run(place, test)


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("assignee", [None, "one-engineer-north", "one-engineer-south"])
def test_an_engineer_hears_of_what_the_rows_show_and_of_no_more(place: Place, assignee: str | None) -> None:
    """Whatever the database lets an engineer read is named, and nothing besides: the two rules are one."""
    rows = {"device": "device", "ticket": "ticket", "message": "message"}

    async def test() -> None:
        stream = await listening(await changes(place, "engineer"))
        with place.connection() as conn:
            conn.execute("UPDATE ticket SET assignee = %s WHERE device_id = %s", (assignee, SOUTH))
        touch(
            place,
            "UPDATE device SET online = NOT online WHERE id <> 'one-fridge-north'",
            "UPDATE ticket SET version = version + 1",
            "UPDATE message SET sent_at = now()",
            touch_device(NORTH),
        )
        heard = {(kind, data["id"]) for _, kind, data in await read(stream, NORTH)}
        await stream.aclose()  # type: ignore[attr-defined]
        with place.connection() as conn:
            identity = identify(conn, place.settings, place.token("engineer"))
            enter(conn, identity.scope)
            seen = {
                (kind, row[0])
                for kind, table in rows.items()
                for row in conn.execute(f"SELECT id FROM {table}").fetchall()
            }
        assert heard == seen

    run(place, test)


def test_what_somebody_loses_is_lost_on_an_open_stream(place: Place) -> None:
    platform, signed_in = place.app.state.platform, place.fresh("dispatcher")

    async def test() -> None:
        identity = identify_token(place, signed_in.access_token)
        platform.hub._standing_s = 0.0
        answer = await get_changes(platform, Caller(platform, identity, None), "")
        stream = await listening(cast(AsyncIterator[bytes], answer.body_iterator))
        touch(place, touch_device(NORTH))
        await read(stream, NORTH)
        with place.connection() as conn:
            sessions.end(conn, signed_in.session)
        touch(place, touch_device(NORTH))
        async with asyncio.timeout(20):
            left = [chunk async for chunk in stream]
        assert len(left) <= 1, "at most what was told before it was asked again"

    try:
        run(place, test)
    finally:
        platform.hub._standing_s = 60.0


def identify_token(place: Place, token: str) -> Identity:
    with place.app.state.platform.unscoped() as conn:
        return identify(conn, place.settings, token)
