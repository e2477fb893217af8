"""Ingest in a thread against a real broker and a real log, and what then stands on the log."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.adapters.choose import choose_adapters
from ingest.adapters.translate import Translator
from ingest.letters import Quota
from ingest.parse import Parser
from ingest.service import Ingest
from ingest.tally import Tally
from tests.fixtures.processes import wait_until
from tests.ingest.helpers import DIRECTORY
from zerodistance.broker import parse_address
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import SystemClock
from zerodistance.log import Log
from zerodistance.messages import (
    DEAD_LETTER,
    EVENTS,
    LOG_TOPICS,
    TELEMETRY,
    DeadLetter,
    DeviceEvent,
    Sample,
    decode_dead_letter,
    decode_event,
    decode_samples,
)
from zerodistance.settings import Settings
from zerodistance.store.devices import DeviceEntry

PARTITIONS = 4


class Running:
    """An ingest that runs, with what it said about unclaimed devices."""

    def __init__(
        self, url: str, log: Log, client_id: str, quota: Quota | None, adapters: str = "", share: str = ""
    ) -> None:
        self.unclaimed: list[str] = []
        self.tally = Tally()
        catalogue = load_catalogue()
        foreign = Translator(choose_adapters(adapters), catalogue, DIRECTORY.get) if adapters else None
        self.ingest = Ingest(
            Settings(mqtt=url, mqtt_client_id=client_id, mqtt_share=share, _env_file=None),
            Parser(catalogue, lambda device: DIRECTORY.get(device) or _numbered(device), foreign),
            log,
            SystemClock(),
            self.tally,
            lambda device, *_: self.unclaimed.append(device),
            quota,
            filters=foreign.filters if foreign is not None else (),
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.ingest.run, args=(self.stop,), daemon=True)

    def end(self) -> None:
        """Stop it in order."""
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


@contextlib.contextmanager
def running(
    url: str,
    log: Log,
    *,
    client_id: str = "zd-ingest-test",
    quota: Quota | None = None,
    adapters: str = "",
    share: str = "",
) -> Iterator[Running]:
    """Run ingest until the block ends."""
    one = Running(url, log, client_id, quota, adapters, share)
    one.thread.start()
    try:
        wait_until(lambda: one.ingest.broker.connected, what="ingest to subscribe")
        yield one
    finally:
        one.end()


def make_topics(log: Log) -> None:
    """Make the platform's topics."""
    log.create_topics(LOG_TOPICS, PARTITIONS)


class Publisher:
    """A device: a plain MQTT client that publishes and waits for the broker's acknowledgement."""

    def __init__(self, url: str, **options: Any) -> None:
        address = parse_address(url)
        self.client = paho.Client(CallbackAPIVersion.VERSION2, **options)
        self.client.max_inflight_messages_set(100)
        self.client.connect(address.host, address.port)
        self.client.loop_start()
        wait_until(self.client.is_connected, what="the publisher to connect")

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def put(self, topic: str, payload: Any, *, qos: int = 1, retain: bool = False) -> None:
        """Publish one message, an object as JSON, and wait until the broker has it."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.client.publish(topic, raw, qos=qos, retain=retain).wait_for_publish(20)

    def put_many(self, messages: list[tuple[str, Any]]) -> None:
        """Publish many and wait for all of them."""
        sent = [
            self.client.publish(topic, json.dumps(payload).encode(), qos=1) for topic, payload in messages
        ]
        for one in sent:
            one.wait_for_publish(60)
            assert one.is_published()


def now_ms() -> int:
    """Return the machine's time in milliseconds."""
    return time.time_ns() // 1_000_000


class Reader:
    """Reads what stands on a topic, from its beginning, keeping what it has read."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seen: dict[str, list[bytes]] = {}
        self._consumers: dict[str, Any] = {}

    def _values(self, topic: str) -> list[bytes]:
        if topic not in self._consumers:
            self._consumers[topic] = self._log.consumer(f"reader-{topic}", [topic])
            self._seen[topic] = []
        self._seen[topic] += [record.value for record in self._consumers[topic].poll(0.2, 5_000)]
        return self._seen[topic]

    def samples(self) -> list[Sample]:
        """Return all samples so far."""
        return [one for value in self._values(TELEMETRY) for one in decode_samples(value)]

    def events(self) -> list[DeviceEvent]:
        """Return all events so far."""
        return [decode_event(value) for value in self._values(EVENTS)]

    def letters(self) -> list[DeadLetter]:
        """Return all dead letters so far."""
        return [decode_dead_letter(value) for value in self._values(DEAD_LETTER)]

    def close(self) -> None:
        """Leave the groups."""
        for consumer in self._consumers.values():
            consumer.close()


def _numbered(device: str) -> DeviceEntry | None:
    return DeviceEntry(1, "refrigerator", None, False) if device.startswith("d-") else None
