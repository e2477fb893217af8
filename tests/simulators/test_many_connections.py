"""Hundreds and thousands of appliances, each with its own connection, in one process on a real broker."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest

from simulators.connections import Connections, make_room
from simulators.running import RunOptions
from tests.simulators.test_live import Fleet, Platform, settings_for, until
from zerodistance.broker import Address, parse_address
from zerodistance.catalogue import Catalogue
from zerodistance.errors import SettingsError


def _fleet(count: int) -> str:
    return (
        'name = "town"\nseed = 5\nclimate = "tropical"\nstep_s = 60\nlost = 0.0\n'
        f'[[group]]\ntype = "freezer"\ncount = {count}\nprefix = "f-"\n'
    )


def _over_a_restart(count: int, tmp_path: Path, mosquitto: Any, catalogue: Catalogue, rate: float) -> None:
    """Connect, publish, be receipted; lose the broker and be there again, all of them."""
    platform = Platform(mosquitto.port)
    fleet = Fleet(settings_for(tmp_path, mosquitto, rate=rate), catalogue, RunOptions(), _fleet(count))
    patience = 30.0 + count / 20.0
    try:
        until(lambda: len({key[0] for key in list(platform.seen)}) == count, "every appliance", patience)
        mosquitto.kill()
        mosquitto.start()
        marks = {device: 0 for device, _, _ in list(platform.seen)}
        for device, _, seq in list(platform.seen):
            marks[device] = max(marks[device], seq)

        def all_went_on() -> bool:
            newest = dict.fromkeys(marks, 0)
            for device, _, seq in list(platform.seen):
                newest[device] = max(newest[device], seq)
            return all(newest[device] > mark + 1 for device, mark in marks.items())

        until(all_went_on, "every appliance after the broker's restart", patience)

        def none_missing() -> bool:
            numbers: dict[str, set[int]] = {}
            for device, _, seq in list(platform.seen):
                numbers.setdefault(device, set()).add(seq)
            return all(mine == set(range(1, max(mine) + 1)) for mine in numbers.values())

        until(none_missing, "every sample, without a gap", patience)
        figures = fleet.stop()
        assert figures["given_up"] == 0
        assert figures["settled"] > count
        assert count <= figures["reconnections"] < 3 * count
        assert figures["connect_s"] < patience
    finally:
        platform.close()


@pytest.mark.mosquitto
def test_three_hundred_connections_come_back_after_the_brokers_restart(
    tmp_path: Path, mosquitto: Any, catalogue: Catalogue
) -> None:
    _over_a_restart(300, tmp_path, mosquitto, catalogue, rate=30.0)


@pytest.mark.soak
@pytest.mark.mosquitto
def test_five_thousand_connections_come_back_after_the_brokers_restart(
    tmp_path: Path, mosquitto: Any, catalogue: Catalogue
) -> None:
    _over_a_restart(5000, tmp_path, mosquitto, catalogue, rate=1.0)


@pytest.mark.mosquitto
def test_those_that_lose_their_broker_together_come_back_one_after_the_other(mosquitto: Any) -> None:
    pool = Connections(parse_address(mosquitto.url))
    links = [pool.add(f"c-{number}", [], lambda _topic, _payload: None) for number in range(200)]
    back: list[float] = []
    pool.open_first()
    until(lambda: pool.poll(0.01) or pool.connected == len(links), "all connections")
    for link in links:
        link.on_ready = lambda: back.append(time.monotonic())
    mosquitto.kill()
    until(lambda: pool.poll(0.01) or pool.connected == 0, "the loss")
    mosquitto.start()
    until(lambda: pool.poll(0.01) or pool.connected == len(links), "all connections again")
    pool.close()
    assert pool.reconnections >= len(links)
    assert len(back) == len(links)
    assert back[-1] - back[0] > 0.2  # 200 at the most a second are 1,000 …
    most = max(sum(since <= one < since + 0.1 for one in back) for since in back)
    assert most <= 120  # … and no more in a tenth of one than that, and what was under way


def test_the_limit_of_open_files_is_raised_or_the_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"now": (1024, 8192)}
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, pair: limits.update(now=pair))
    make_room(500)
    assert limits["now"] == (1024, 8192)
    make_room(5000)
    assert limits["now"] == (5200, 8192)
    with pytest.raises(SettingsError, match=r"8,192.*ulimit -n 20200"):
        make_room(20_000)
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1024, 2048))
    pool = Connections(Address("127.0.0.1", 1, None, None, False))
    for number in range(2000):
        pool._queue(object(), float(number))  # type: ignore[arg-type]
    pool._all = [object()] * 2000  # type: ignore[list-item]
    with pytest.raises(SettingsError, match="2,000 connections need"):
        pool.open_first()
