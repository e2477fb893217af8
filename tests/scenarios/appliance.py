"""An appliance that a test is, over MQTT alone: it reports what it is told to, and obeys."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

Obey = Callable[["Appliance", str, dict[str, Any]], str]


def carry_out(_appliance: Appliance, _name: str, _arguments: dict[str, Any]) -> str:
    """Obey any command without a change."""
    return "done"


class Appliance:
    """One connection. Readings in ``state`` are sent again and again, as an appliance does.

    Args:
        url: of the broker.
        device: id in its topics.
        now: platform time.
        obey: carries a command out and returns the outcome; "" gives no reply.
    """

    def __init__(self, url: str, device: str, now: Callable[[], datetime], obey: Obey = carry_out) -> None:
        self.device = device
        self.state: dict[str, Any] = {}
        self.commands: list[dict[str, Any]] = []
        self.stored = 0
        self._now, self._obey = now, obey
        self._stop = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device)
        self._client.on_message = self._hear
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        place = urlsplit(url)
        self._client.connect(place.hostname or "", place.port or 1883)
        self._client.loop_start()
        self._client.subscribe([(f"zd/v1/{device}/{kind}", 1) for kind in ("command", "stored")])
        assert subscribed.wait(20)
        self._thread = threading.Thread(target=self._report, daemon=True)
        self._thread.start()

    def telemetry(self, document: Any) -> None:
        """Send one sample or a list of them."""
        self.put(f"zd/v1/{self.device}/telemetry", document)

    def event(self, name: str, at: datetime | None = None, **data: Any) -> None:
        """Say that something happened."""
        document = {"ts": (at or self._now()).isoformat(), "event": name, "data": data}
        self.put(f"zd/v1/{self.device}/event", document)

    def fault(self, code: str, *, active: bool = True) -> None:
        """Raise a fault code, or take it back."""
        self.put(
            f"zd/v1/{self.device}/fault", {"ts": self._now().isoformat(), "code": code, "active": active}
        )

    def put(self, topic: str, document: Any) -> None:
        """Publish and wait until the broker has it."""
        self._client.publish(topic, json.dumps(document), qos=1).wait_for_publish(20)

    def close(self) -> None:
        """Fall silent."""
        self._stop.set()
        self._thread.join(5)
        self._client.disconnect()
        self._client.loop_stop()

    def _report(self) -> None:
        while not self._stop.wait(0.4):
            if self.state:
                sample = {"ts": self._now().isoformat(), "values": dict(self.state)}
                self._client.publish(f"zd/v1/{self.device}/telemetry", json.dumps(sample), qos=1)

    def _hear(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        document: Mapping[str, Any] = json.loads(message.payload)
        if message.topic.endswith("/stored"):
            self.stored = max(self.stored, int(document["through"]))
            return
        self.commands.append(dict(document))
        outcome = self._obey(self, document["name"], document["arguments"])
        if outcome:
            reply = {"id": document["id"], "ts": self._now().isoformat(), "outcome": outcome}
            client.publish(f"zd/v1/{self.device}/reply", json.dumps(reply), qos=1)
