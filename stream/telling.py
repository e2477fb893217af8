"""Receipts to devices over MQTT: what is stored may be forgotten.

Sent after the commit, at most once in a couple of seconds for each device, with QoS 0: a receipt that is
lost is made up for by the next one, and a device that waits in vain sends its samples again and is told
again (docs/decisions/0002-receipts-after-the-store.md).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec
import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from zerodistance.broker import parse_address
from zerodistance.messages import StoredPayload, mqtt_topic

_log = structlog.get_logger(__name__)

EVERY_S = 2.0
_TICK_S = 0.2


class ReceiptTeller:
    """Publishes receipts from a thread of its own; the store never waits for the broker.

    Only the newest receipt of a device and boot is kept until it is sent. While the broker is away they
    wait here, one for each device.

    Args:
        address: ``ZD_MQTT``.
        gateway_of: device → the gateway that speaks for it, None: it speaks for itself. A gateway is told
            on its own topic as well: it may not read its children's.
        every_s: real seconds between two receipts of one device at least.
    """

    def __init__(
        self,
        address: str,
        *,
        gateway_of: Callable[[str], str | None] = lambda _: None,
        every_s: float = EVERY_S,
    ) -> None:
        self._address = address
        self._gateway_of = gateway_of
        self._every_s = every_s
        self._waiting: dict[tuple[str, int], int] = {}
        self._told_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
        self._encode = msgspec.json.Encoder().encode
        # 3.1.1: every broker speaks it, and a receipt needs nothing of version 5.
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)

    def start(self) -> None:
        """Begin; a broker that is not there yet is waited for.

        Raises:
            SettingsError: the address is none.
        """
        where = parse_address(self._address)
        where.prepare(self._client)
        self._client.reconnect_delay_set(1, 10)
        self._client.connect_async(where.host, where.port, keepalive=30)
        self._client.loop_start()
        self._thread.start()

    def tell(self, settled: dict[tuple[str, int], int]) -> None:
        """Have devices told; returns at once.

        Args:
            settled: (device, boot) → last seq before the first gap; 0 says nothing and is not sent.
        """
        with self._lock:
            for boot, through in settled.items():
                if through > 0:
                    self._waiting[boot] = through

    def stop(self) -> None:
        """Send what waits, then disconnect."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._stopped.wait(_TICK_S):
            self._send()
        self._send(last=True)

    def _send(self, *, last: bool = False) -> None:
        if not self._client.is_connected():
            return
        now = time.monotonic()
        with self._lock:
            due = [
                boot
                for boot in self._waiting
                if last or now - self._told_at.get(boot[0], -self._every_s) >= self._every_s
            ]
            receipts = [(device, boot, self._waiting.pop((device, boot))) for device, boot in due]
        for device, boot, through in receipts:
            self._told_at[device] = now
            payload = self._encode(StoredPayload(boot=boot, through=through))
            self._client.publish(mqtt_topic(device, "stored"), payload, qos=0)
            gateway = self._gateway_of(device)
            if gateway is not None:
                payload = self._encode(StoredPayload(boot=boot, through=through, device=device))
                self._client.publish(mqtt_topic(gateway, "stored"), payload, qos=0)
        if len(self._told_at) > 100_000:
            self._told_at = {d: at for d, at in self._told_at.items() if now - at < self._every_s}
