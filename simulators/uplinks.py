"""The way of appliances to the broker: each its own connection, or many behind a gateway.

A gateway is one client. It puts its children's samples, each with its ``device``, into arrays on
``zd/v1/{gateway}/children``; events, status and replies of a child go to the child's own topics, and so do
receipts and commands, which the gateway subscribes to for all of them. Its Last Will is its own status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from simulators.connections import Connection, Connections
from simulators.delivery import Delivery, payload_of
from simulators.outward import status_json
from zerodistance.messages import mqtt_topic

_MOST_PENDING = 60  # publications that a connection may have under way
_MOST_PAYLOADS = 10  # of one appliance's samples in one turn
_MOST_SAMPLES = 500  # in a gateway's payload; ingest takes 1,000 and 256 KiB
_MOST_BYTES = 160_000
_EVENTS_KEPT = 200  # per appliance, while the broker is away

OnMessage = Callable[[str, str, bytes], None]  # device, topic, payload


class Uplink:
    """One connection and the appliances that speak over it.

    Args:
        pool: of the connections.
        devices: who speaks over it.
        deliveries: device → outgoing buffer.
        gateway: its id; None: the one device speaks for itself.
        now_ms: the platform's clock.
        on_ready: called with each device after every (re)connection.
        on_message: called with what came for a device.
    """

    def __init__(
        self,
        pool: Connections,
        devices: Sequence[str],
        deliveries: Mapping[str, Delivery],
        gateway: str | None,
        now_ms: Callable[[], int],
        on_ready: Callable[[str], None],
        on_message: OnMessage,
    ) -> None:
        self.devices, self.gateway = list(devices), gateway
        self._deliveries, self._now_ms, self._on_ready = deliveries, now_ms, on_ready
        self._events: dict[str, list[tuple[str, bytes]]] = {device: [] for device in devices}
        self._next = 0  # whose turn it is
        topics = {
            topic: device
            for device in devices
            for topic in (
                mqtt_topic(device, "command"),
                mqtt_topic(device, "stored"),
                f"zdsim/v1/{device}/fault",
            )
        }
        self._name = gateway or self.devices[0]

        def heard(topic: str, payload: bytes) -> None:
            if topic in topics:
                on_message(topics[topic], topic, payload)

        self.link: Connection = pool.add(self._name, list(topics), heard)
        self.link.will(mqtt_topic(self._name, "status"), status_json(False, None))
        self.link.on_ready = self._ready

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand over one message; see :meth:`Connection.publish`."""
        self.link.publish(topic, payload, retain=retain)

    def keep_event(self, device: str, topic: str, payload: bytes) -> None:
        """Keep one event until the connection takes it; the oldest goes when there are too many."""
        waiting = self._events[device]
        waiting.append((topic, payload))
        if len(waiting) > _EVENTS_KEPT:
            del waiting[0]

    def send(self, now: float) -> None:
        """Send what waits, as far as the connection has room; ``now``: seconds that only grow."""
        if not self.link.connected:
            return
        for waiting in self._events.values():
            while waiting and self.link.pending < _MOST_PENDING:
                self.link.publish(*waiting.pop(0))
        if self.gateway is None:
            device = self.devices[0]
            room = _MOST_PENDING - self.link.pending
            if room > 0:
                for payload in self._deliveries[device].due(now, min(room, _MOST_PAYLOADS)):
                    self.link.publish(mqtt_topic(device, "telemetry"), payload)
        else:
            self._send_children(now, mqtt_topic(self.gateway, "children"))

    @property
    def waits(self) -> bool:
        """Whether something is left that could be sent and has not been."""
        return any(self._events.values()) or any(self._deliveries[device].unsent for device in self.devices)

    def goodbye(self) -> None:
        """Say that all of them go offline."""
        if self.link.connected:
            self._say_status(False)

    def _send_children(self, now: float, topic: str) -> None:
        """Send the children's samples in turns, many in each payload."""
        parcel: list[bytes] = []
        size = 0
        for _ in self.devices:
            if self.link.pending >= _MOST_PENDING:
                break
            device = self.devices[self._next]
            self._next = (self._next + 1) % len(self.devices)
            own = msgspec.json.encode(device)
            for batch in self._deliveries[device].batches(now, 1):
                for sample in batch:
                    if len(parcel) >= _MOST_SAMPLES or size >= _MOST_BYTES:
                        self.link.publish(topic, payload_of(parcel))
                        parcel, size = [], 0
                    parcel.append(b'{"device":%b,%b' % (own, sample[1:]))
                    size += len(parcel[-1]) + 1
        if parcel:
            self.link.publish(topic, payload_of(parcel))

    def _ready(self) -> None:
        self._say_status(True)
        for device in self.devices:
            self._deliveries[device].reconnected()
            self._on_ready(device)

    def _say_status(self, online: bool) -> None:
        own = [] if self.gateway is None else [self.gateway]
        for device in own + self.devices:
            self.link.publish(mqtt_topic(device, "status"), status_json(online, self._now_ms()), retain=True)


def connect_fleet(
    pool: Connections, gateways: Mapping[str, str], deliveries: Mapping[str, Delivery], **callbacks: Any
) -> dict[str, Uplink]:
    """Return device → its uplink, one for each gateway and one for each device without a gateway.

    Args:
        pool: of the connections.
        gateways: device → its gateway, for those that have one.
        deliveries: device → outgoing buffer, for all devices.
        callbacks: ``now_ms``, ``on_ready`` and ``on_message`` of :class:`Uplink`.
    """
    children: dict[str, list[str]] = {}
    for device in deliveries:
        if device in gateways:
            children.setdefault(gateways[device], []).append(device)
    make = partial(Uplink, pool, deliveries=deliveries, **callbacks)
    uplinks: dict[str, Uplink] = {}
    for gateway, devices in children.items():
        uplinks.update(dict.fromkeys(devices, make(devices=devices, gateway=gateway)))
    for device in deliveries:
        if device not in gateways:
            uplinks[device] = make(devices=[device], gateway=None)
    return uplinks
