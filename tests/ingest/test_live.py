"""Ingest against real brokers and logs: what was acknowledged arrives, whatever is thrown at it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.forward import MAX_MESSAGES
from ingest.letters import Quota
from ingest.mqtt import Arrival, Subscriber
from ingest.packets import LONGEST_PACKET
from tests.fixtures.amqtt import AmqttBroker
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import wait_until
from tests.ingest.live import Publisher, Reader, make_topics, now_ms, running
from zerodistance.log import Log
from zerodistance.messages import Reason
from zerodistance.servers.mosquitto import MosquittoServer, find_mosquitto


@pytest.fixture(
    params=[
        pytest.param("sqlite_log", id="sqlite"),
        pytest.param("kafka_log", id="kafka", marks=pytest.mark.kafka),
    ]
)
def log(request: pytest.FixtureRequest) -> Log:
    """Give each of the two logs, with topics."""
    made: Log = request.getfixturevalue(request.param)
    make_topics(made)
    return made


@pytest.fixture
def reader(log: Log) -> Iterator[Reader]:
    """Give a reader of that log."""
    one = Reader(log)
    yield one
    one.close()


def good(seq: int, **values: Any) -> dict[str, Any]:
    return {"ts": now_ms() + seq, "boot": 1, "seq": seq, "values": values or {"power": seq % 100}}


BAD: list[tuple[str, Any, Reason]] = [
    ("zd/v1/fridge/telemetry", b"", Reason.MALFORMED_JSON),
    ("zd/v1/fridge/telemetry", b'{"ts": 17', Reason.MALFORMED_JSON),
    ("zd/v1/fridge/telemetry", bytes(range(256)), Reason.MALFORMED_JSON),
    ("zd/v1/fridge/telemetry", b"x" * 1_000_000, Reason.TOO_LARGE),
    ("zd/v1/fridge/telemetry", b"[" * 50_000, Reason.WRONG_SHAPE),
    ("zd/v1/fridge/telemetry", {"ts": "1970-01-01T00:00:00Z", "values": {"power": 1}}, Reason.TIME_TOO_OLD),
    ("zd/v1/fridge/telemetry", {"ts": "2100-01-01T00:00:00Z", "values": {"power": 1}}, Reason.TIME_IN_FUTURE),
    ("zd/v1/fridge/telemetry", {"ts": "noon", "values": {"power": 1}}, Reason.BAD_TIME),
    ("zd/v1/fridge/telemetry", {"ts": now_ms(), "values": {"power": float("nan")}}, Reason.NOT_FINITE),
    ("zd/v1/fridge/telemetry", {"ts": now_ms(), "values": {"power": "12"}}, Reason.WRONG_SHAPE),
    ("zd/v1/fridge/telemetry", {"ts": now_ms(), "values": {}}, Reason.NO_VALUES),
    ("zd/v1/nobody/telemetry", {"ts": now_ms(), "values": {"power": 1}}, Reason.UNKNOWN_DEVICE),
    ("zd/v1/fridge/temperature", {"ts": now_ms()}, Reason.WRONG_TOPIC),
    ("zd/v1/wrong", b"\x00", Reason.WRONG_TOPIC),
    ("zd/v1/fridge/event", {"ts": now_ms(), "event": 5}, Reason.WRONG_SHAPE),
    ("zd/v1/hub/children", [{"device": "stray", "ts": now_ms(), "values": {"power": 1}}], Reason.NOT_A_CHILD),
]


@pytest.mark.mosquitto
def test_rubbish_between_good_messages_costs_none_of_them(
    mosquitto: Mosquitto, log: Log, reader: Reader
) -> None:
    with running(mosquitto.url, log) as ingest, Publisher(mosquitto.url) as device:
        for number, (topic, payload, _) in enumerate(BAD, start=1):
            device.put("zd/v1/fridge/telemetry", good(number))
            device.put(topic, payload, qos=number % 2)
        device.put("zd/v1/fridge/event", {"ts": now_ms(), "event": "door_opened"})
        device.put("zd/v1/hub/children", [{"device": "child", **good(1)}])
        wait_until(lambda: len(reader.letters()) >= len(BAD), what="the letters")
        wait_until(lambda: len(reader.samples()) >= len(BAD) + 1, what="the samples")
        wait_until(lambda: reader.events(), what="the event")
        assert "nobody" in ingest.unclaimed
    assert sorted(letter.reason for letter in reader.letters()) == sorted(reason for *_, reason in BAD)
    settled = [one.seq for one in reader.samples() if one.device == "fridge"]
    assert settled == list(range(1, len(BAD) + 1))  # in order
    assert [one.device for one in reader.samples() if one.device != "fridge"] == ["child"]
    large = next(letter for letter in reader.letters() if letter.reason == Reason.TOO_LARGE)
    assert (len(large.raw), large.length) == (65_536, 1_000_000)


@pytest.mark.mosquitto
def test_retained_rubbish_is_one_letter_and_stops_nothing(
    mosquitto: Mosquitto, log: Log, reader: Reader
) -> None:
    with Publisher(mosquitto.url) as device:
        device.put("zd/v1/fridge/status", b"rubbish", retain=True)
        device.put("zd/v1/ac/status", {"online": True}, retain=True)
        for client in ("one", "two"):
            with running(mosquitto.url, log, client_id=client):
                wait_until(lambda: len(reader.letters()) >= 1, what="the letter")
                wait_until(lambda: len(reader.events()) >= 1, what="the status")
    assert len({letter.id for letter in reader.letters()}) == 1
    assert {event.code for event in reader.events()} == {"online"}


@pytest.mark.mosquitto
def test_letters_beyond_the_allowance_are_counted_and_dropped(
    mosquitto: Mosquitto, log: Log, reader: Reader
) -> None:
    with running(mosquitto.url, log, quota=Quota(per_hour=5)) as ingest, Publisher(mosquitto.url) as device:
        device.put_many([("zd/v1/fridge/telemetry", [])] * 30)
        device.put("zd/v1/ac/event", [])
        device.put("zd/v1/fridge/telemetry", good(1))
        wait_until(lambda: reader.samples(), what="the good sample")
        wait_until(lambda: len(reader.letters()) >= 6, what="the letters")
        counted = ingest.tally.drain()
    assert len(reader.letters()) == 6
    assert counted["ingest", "letters_over_quota"] == 25
    assert counted["ingest.refused", Reason.NO_VALUES] + counted["ingest.refused", Reason.WRONG_SHAPE] == 31


@pytest.mark.mosquitto
def test_what_came_while_ingest_was_away_is_taken_with_the_same_client_id(
    mosquitto: Mosquitto, log: Log, reader: Reader
) -> None:
    with running(mosquitto.url, log):
        pass
    with Publisher(mosquitto.url) as device:
        device.put_many([("zd/v1/fridge/telemetry", good(n)) for n in range(1, 2_001)])
    with running(mosquitto.url, log):
        wait_until(lambda: len(reader.samples()) >= 2_000, what="what was queued", timeout_s=30)
    assert [one.seq for one in reader.samples()] == list(range(1, 2_001))


@pytest.mark.mosquitto
def test_it_reconnects_to_a_broker_that_was_killed(mosquitto: Mosquitto, log: Log, reader: Reader) -> None:
    with running(mosquitto.url, log) as ingest:
        for life in range(2):
            with Publisher(mosquitto.url) as device:
                device.put("zd/v1/fridge/telemetry", good(life + 1))
                wait_until(lambda: len(reader.samples()) >= life + 1, what="the sample")  # noqa: B023
            mosquitto.kill()
            wait_until(lambda: not ingest.ingest.broker.connected, what="the loss to be noticed")
            mosquitto.start()
            wait_until(lambda: ingest.ingest.broker.connected, what="the reconnection", timeout_s=30)
    assert {one.seq for one in reader.samples()} == {1, 2}


def test_a_broker_of_mqtt_311_is_spoken_to_in_its_language(
    amqtt_broker: AmqttBroker, sqlite_log: Log
) -> None:
    make_topics(sqlite_log)
    reader = Reader(sqlite_log)
    with running(amqtt_broker.url, sqlite_log) as ingest, Publisher(amqtt_broker.url) as device:
        assert ingest.ingest.broker.protocol == "3.1.1"
        device.put_many([(f"zd/v1/d-{n % 7}/telemetry", good(n // 7 + 1)) for n in range(210)])
        device.put("zd/v1/fridge/telemetry", b"rubbish")
        wait_until(lambda: len(reader.samples()) >= 210, what="the samples", timeout_s=30)
        wait_until(lambda: reader.letters(), what="the letter")
    assert sorted((one.device, one.seq) for one in reader.samples()) == sorted(
        (f"d-{n % 7}", n // 7 + 1) for n in range(210)
    )
    reader.close()


@pytest.mark.mosquitto
def test_a_log_that_is_away_holds_the_broker_back_and_loses_nothing(
    mosquitto: Mosquitto, sqlite_log: Log, sqlite_log_address: str
) -> None:
    make_topics(sqlite_log)
    count = 8_000
    with running(mosquitto.url, sqlite_log) as ingest, Publisher(mosquitto.url) as device:
        blocker = sqlite3.connect(sqlite_log_address.removeprefix("sqlite:///"), isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")  # nobody else can write
        device.put_many([(f"zd/v1/d-{n % 5}/telemetry", good(n // 5 + 1)) for n in range(count)])
        forwarder = ingest.ingest.forwarder
        wait_until(lambda: forwarder.waiting >= 1_000, what="the window to fill")
        most = forwarder.waiting
        assert most <= MAX_MESSAGES  # the rest waits at the broker: nothing was acknowledged
        blocker.execute("ROLLBACK")
        blocker.close()
        reader = Reader(sqlite_log)
        wait_until(lambda: len(reader.samples()) >= count, what="everything", timeout_s=60)
        found = {(one.device, one.seq) for one in reader.samples()}
        assert found == {(f"d-{n % 5}", n // 5 + 1) for n in range(count)}
        wait_until(lambda: forwarder.idle, what="everything to be acknowledged")
        reader.close()


@pytest.mark.mosquitto
def test_a_message_too_long_for_ingest_does_not_come_again_for_ever(tmp_path: Path, sqlite_log: Log) -> None:
    make_topics(sqlite_log)
    reader = Reader(sqlite_log)
    broker = MosquittoServer(find_mosquitto(), tmp_path, {"max_packet_size": "33554432"})
    broker.start()
    try:
        with running(broker.url, sqlite_log) as ingest, Publisher(broker.url) as publisher:
            connection = ingest.ingest.broker._connection
            publisher.put("zd/v1/fridge/telemetry", bytes(LONGEST_PACKET))
            publisher.put("zd/v1/fridge/telemetry", good(1))
            wait_until(lambda: len(reader.samples()) == 1, what="the sample behind it")
            assert ingest.ingest.broker._connection == connection
    finally:
        reader.close()
        broker.kill()


@pytest.mark.mosquitto
def test_unwanted_subscriptions_of_a_large_home_are_given_up(mosquitto: Mosquitto) -> None:
    """More than one packet may hold by the broker's bound, and one among them that is no filter."""
    old = [*(f"home/{number}/{'x' * 200}" for number in range(3_000)), "a/#/b"]
    told: list[Arrival] = []

    def turn_until(subscriber: Subscriber, done: Callable[[], bool]) -> None:
        def check() -> bool:
            subscriber.turn(0.02, lambda: True)
            return done()

        wait_until(check, what="the broker")

    first = Subscriber(mosquitto.url, "home", told.append, window=100, filters=old)
    turn_until(first, lambda: first.connected)
    first.close()
    second = Subscriber(mosquitto.url, "home", told.append, window=100, unwanted=old)
    turn_until(second, lambda: second.connected)
    with Publisher(mosquitto.url) as publisher:
        publisher.put(old[2_999], b"not wanted any more")
        publisher.put("zd/v1/fridge/telemetry", b"ours")
    turn_until(second, lambda: bool(told))
    assert [message.payload for message in told] == [b"ours"]
    second.close()


@pytest.mark.mosquitto
def test_a_broker_that_grants_no_acknowledged_delivery_is_named(tmp_path: Path) -> None:
    broker = MosquittoServer(find_mosquitto(), tmp_path, {"max_qos": "0"})
    broker.start()
    try:
        subscriber = Subscriber(broker.url, "granted", lambda _: None, window=100)
        with capture_logs() as logs:

            def check() -> bool:
                subscriber.turn(0.02, lambda: True)
                return subscriber.connected

            wait_until(check, what="the subscription")
        subscriber.close()
        assert [entry["log_level"] for entry in logs if entry["event"] == "mqtt.granted_qos_0"] == ["error"]
    finally:
        broker.kill()
