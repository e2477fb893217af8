"""What is retained at the broker comes again with each subscription: it must poison nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.fixtures.processes import wait_until
from tests.ingest.live import Reader, make_topics, now_ms, running
from tests.security.rig import ACCOUNTS, Rig
from zerodistance.log import Log, open_log
from zerodistance.messages import DeadLetter, DeviceEvent, Sample

pytestmark = pytest.mark.mosquitto
_Kept = TypeVar("_Kept", Sample, DeviceEvent, DeadLetter)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    one = open_log(f"sqlite:///{tmp_path}/log.sqlite")
    make_topics(one)
    yield one
    one.close()


def test_nobody_leaves_a_command_or_receipt_behind_for_a_device(rig: Rig) -> None:
    rig.register("target", "poisoner")
    target, poisoner = rig.give("target"), rig.give("poisoner")
    rig.sync()
    with (
        rig.party("poisoner", poisoner.password).connected() as stranger,
        rig.party("target", target.password).connected() as itself,
    ):
        for party in (stranger, itself):
            party.publish("zd/v1/target/command", b'{"id": "x", "name": "unlock"}', retain=True)
            party.publish("zd/v1/target/stored", b'{"boot": 1, "through": 999999}', retain=True)
            party.publish("zd/v1/target/telemetry/deeper", b"x", retain=True)
    with (
        rig.party("target", target.password).connected() as device,
        rig.platform("_work") as work,
    ):
        device.subscribe("zd/v1/target/command", "zd/v1/target/stored")
        work.publish("zd/v1/target/command", b"real")
        assert device.next() == ("zd/v1/target/command", b"real")
        assert device.inbox.empty()


def test_retained_readings_events_and_refusals_come_in_once(rig: Rig, log: Log) -> None:
    rig.register("d-5")
    secret = rig.give("d-5").password
    rig.sync()
    now = now_ms()
    kept = {
        "telemetry": {"ts": now, "boot": 1, "seq": 1, "values": {"power": 1.0}},
        "fault": {"ts": now, "code": "E1"},
        "status": {"ts": now, "online": True},
        "event": {"ts": now + 86_400_000, "event": "from tomorrow"},  # refused each time
    }
    with rig.party("d-5", secret).connected() as device:
        for channel, payload in kept.items():
            device.publish(f"zd/v1/d-5/{channel}", json.dumps(payload).encode(), retain=True)
    url = f"mqtt://_ingest:{ACCOUNTS['_ingest']}@127.0.0.1:{rig.port}"
    reader = Reader(log)
    try:
        for turn in (1, 2):  # another client id each time: a new subscription, all of it once more
            with running(url, log, client_id=f"poisoned-{turn}"):
                wait_until(lambda: len(_of("d-5", reader.letters())) >= turn, what="the refusal")  # noqa: B023
                wait_until(lambda: len(_of("d-5", reader.events())) >= 2 * turn, what="the events")  # noqa: B023
                wait_until(lambda: len(_of("d-5", reader.samples())) >= turn, what="the sample")  # noqa: B023
        # On the log twice, as whatever a broker delivers again; the same key, so stored once.
        samples = _of("d-5", reader.samples())
        assert len({(one.time_us, one.boot, one.seq) for one in samples}) == 1
        assert len({event.id for event in _of("d-5", reader.events())}) == 2
        assert len({letter.id for letter in _of("d-5", reader.letters())}) == 1
    finally:
        reader.close()


def test_our_own_messages_on_their_way_down_are_not_taken_for_a_devices(rig: Rig, log: Log) -> None:
    url = f"mqtt://_ingest:{ACCOUNTS['_ingest']}@127.0.0.1:{rig.port}"
    reader = Reader(log)
    try:
        with running(url, log, client_id="downward") as ingest, rig.platform("_simulator") as simulator:
            simulator.publish("zd/v1/d-6/command", b'{"id": "x"}', retain=True)
            simulator.publish("zd/v1/d-6/stored", b'{"boot": 1, "through": 9}', retain=True)
            simulator.publish(
                "zd/v1/d-6/telemetry", json.dumps({"ts": now_ms(), "values": {"power": 2.0}}).encode()
            )
            wait_until(lambda: _of("d-6", reader.samples()), what="the sample behind them")
            assert _of("d-6", reader.events()) == []
            assert _of("d-6", reader.letters()) == []
            assert "d-6" not in ingest.unclaimed
    finally:
        reader.close()


def _of(device: str, found: Sequence[_Kept]) -> list[_Kept]:
    return [one for one in found if one.device == device]
