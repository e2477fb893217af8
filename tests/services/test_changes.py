"""Live changes: what a reader missed comes again, in a broken connection, out of order, under pressure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from services import change_log
from services.accounts.scope import Scope
from services.api.changes import ChangeHub
from tests.services.world import AIR, FRIDGE, World
from zerodistance.errors import UnavailableError

Event = tuple[int | None, str, Any]


@pytest.fixture
def hub(database: str) -> Iterator[ChangeHub]:
    opened = ChangeHub(database, heartbeat_s=0.2)
    yield opened
    opened.close()


def parse(chunk: bytes) -> Event | None:
    fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line and line[0] != ":")
    if "event" not in fields:
        return None
    return (int(fields["id"]) if "id" in fields else None, fields["event"], json.loads(fields["data"]))


async def read_until(stream: AsyncIterator[bytes], enough: Callable[[list[Event]], bool]) -> list[Event]:
    seen: list[Event] = []
    async with asyncio.timeout(20):
        while not enough(seen):
            event = parse(await anext(stream))
            seen += [event] if event else []
    return seen


def touch(world: World, device: str, online: bool) -> None:
    with world.pool.connection() as conn:
        conn.execute("UPDATE device SET online = %s WHERE id = %s", (online, device))


def test_a_reader_that_lost_its_connection_is_given_what_it_missed(world: World, hub: ChangeHub) -> None:
    async def run() -> None:
        first = hub.stream(Scope(1))
        await read_until(first, lambda seen: [e[1] for e in seen] == ["ready"])
        await asyncio.to_thread(touch, world, FRIDGE, True)
        (last,) = await read_until(first, bool)
        assert last[1:] == ("device", {"id": FRIDGE})
        await first.aclose()  # the connection breaks
        # What happens meanwhile: a change, and one of a transaction that began before what was seen last.
        await asyncio.to_thread(touch, world, AIR, True)
        again = hub.stream(Scope(1), str(last[0]))
        seen = await read_until(again, lambda seen: len(seen) == 2)
        assert [e[1:] for e in seen] == [("ready", {}), ("device", {"id": AIR})]
        await asyncio.to_thread(touch, world, AIR, False)
        (live,) = await read_until(again, bool)
        assert live[1:] == ("device", {"id": AIR})
        assert live[0] is not None
        assert seen[1][0] is not None
        assert live[0] > seen[1][0]
        await again.aclose()

    asyncio.run(run())


def test_a_lower_number_that_was_committed_later_is_not_left_out(world: World) -> None:
    with world.pool.connection() as slow, world.pool.connection() as quick:
        slow.execute("UPDATE device SET online = true WHERE id = %s", (FRIDGE,))  # draws the lower number
        quick.execute("UPDATE device SET online = true WHERE id = %s", (AIR,))
        quick.commit()
        row = quick.execute("SELECT max(id) FROM change").fetchone()
        assert row is not None
        assert change_log.since(quick, 1, row[0]) == []
        quick.commit()
        slow.commit()
        missed = change_log.since(quick, 1, row[0])
        assert missed is not None
        assert [(c.number < row[0], json.loads(c.data)) for c in missed] == [(True, {"id": FRIDGE})]


def test_what_is_not_known_any_more_is_a_resync(world: World, hub: ChangeHub) -> None:
    async def names(last: str) -> list[str]:
        stream = hub.stream(Scope(1), last)
        seen = await read_until(stream, lambda seen: len(seen) == 2)
        await stream.aclose()
        return [e[1] for e in seen]

    touch(world, FRIDGE, True)
    with world.pool.connection() as conn:
        conn.execute("UPDATE change SET at = at - interval '2 hours'")
        assert change_log.forget(conn) > 0
    for last in ("1", "none", "99999999999999999999", "-1"):
        assert asyncio.run(names(last)) == ["ready", "resync"]


def test_a_tenant_hears_nothing_of_another(world: World, hub: ChangeHub) -> None:
    with world.pool.connection() as conn:
        conn.execute("INSERT INTO tenant (id, name) VALUES (2, 'other')")

    async def run() -> None:
        stream = hub.stream(Scope(2))
        await read_until(stream, bool)
        touch(world, FRIDGE, True)
        with world.pool.connection() as conn:
            conn.execute("INSERT INTO device (id, tenant_id, type) VALUES ('theirs', 2, 'oven')")
        (heard,) = await read_until(stream, bool)
        assert heard[2] == {"id": "theirs"}
        await stream.aclose()

    asyncio.run(run())
    with world.pool.connection() as conn:
        assert change_log.since(conn, 2, 1) is None  # a number of somebody else's


def test_a_reader_that_does_not_read_costs_no_memory_and_is_told(world: World, hub: ChangeHub) -> None:
    async def run() -> list[Event]:
        slow, quick = hub.stream(Scope(1)), hub.stream(Scope(1))
        for stream in (slow, quick):
            await read_until(stream, bool)
        flips = 300
        for n in range(flips):
            await asyncio.to_thread(touch, world, FRIDGE, n % 2 == 0)
            await read_until(quick, bool)
        seen = await read_until(slow, lambda seen: any(e[1] == "resync" for e in seen))
        assert len(seen) < flips
        for stream in (slow, quick):
            await stream.aclose()
        return seen

    assert asyncio.run(run())[0][1] == "resync"


def test_silence_is_a_heartbeat_and_streams_are_counted(hub: ChangeHub, database: str) -> None:
    async def run() -> None:
        stream = hub.stream(Scope(1))
        await read_until(stream, bool)
        async with asyncio.timeout(10):
            assert await anext(stream) == b": alive\n\n"
        full = ChangeHub(database, most_streams=1)
        full.check_room()
        held = full.stream(Scope(1))
        await read_until(held, bool)
        with pytest.raises(UnavailableError, match="streams"):
            full.check_room()
        await held.aclose()
        full.check_room()
        await stream.aclose()
        await asyncio.to_thread(full.close)

    asyncio.run(run())
