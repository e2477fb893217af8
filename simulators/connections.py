"""Many MQTT connections in one thread: each client has its own, with its own Last Will.

paho's client is driven from outside through one selector, so thousands of connections cost no threads. A
connection that breaks is made again after a growing pause; while the broker is away only one connection at
a time tries.
"""

from __future__ import annotations

import random
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from zerodistance.errors import SettingsError, UnavailableError

_log = structlog.get_logger(__name__)
_KEEPALIVE_S = 60
_MISC_S = 1.0
_MAX_PAUSE_S = 15.0
_TOPICS_AT_ONCE = 300  # in one SUBSCRIBE: some 10 kB

OnMessage = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker listens."""

    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> Broker:
        """Read ``mqtt://[user:password@]host[:port]``.

        Raises:
            SettingsError: for anything else.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or 1883
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "mqtt" or not parts.hostname or not port:
            raise SettingsError(
                f"ZD_MQTT={url!r} is not understood: write mqtt://[user:password@]host[:port]."
            )
        return cls(
            parts.hostname,
            port,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class Connection:
    """One client: publishes at QoS 1, subscribes again after each reconnection."""

    def __init__(self, pool: Connections, client_id: str, topics: list[str], on_message: OnMessage) -> None:
        self.connected = False
        self.pending = 0
        self.on_ready: Callable[[], None] = lambda: None
        self._pool, self._topics, self._on_message = pool, topics, on_message
        self._sent: set[int] = set()
        self.client_id = client_id
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv311
        )
        if pool.broker.user is not None:
            client.username_pw_set(pool.broker.user, pool.broker.password)
        client.max_inflight_messages_set(40)
        client.on_connect = self._opened
        client.on_disconnect = self._closed
        client.on_publish = self._published
        client.on_message = self._heard
        client.on_socket_open = lambda _c, _u, sock: pool.watch(self, sock)
        client.on_socket_close = lambda _c, _u, sock: pool.forget(sock)
        client.on_socket_register_write = lambda _c, _u, sock: pool.want_write(self, sock, True)
        client.on_socket_unregister_write = lambda _c, _u, sock: pool.want_write(self, sock, False)
        self.client = client

    def will(self, topic: str, payload: bytes) -> None:
        """Set what the broker publishes, retained, when this connection breaks."""
        self.client.will_set(topic, payload, qos=1, retain=True)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand one message to the connection; check :attr:`connected` first, nothing is queued without it."""
        info = self.client.publish(topic, payload, qos=1, retain=retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._sent.add(info.mid)
            self.pending = len(self._sent)

    def _opened(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            _log.warning("mqtt.refused", client=self.client_id, reason=str(reason))
            return
        self.connected = True
        self._pool.reached()
        self._sent.clear()
        self.pending = 0
        for first in range(0, len(self._topics), _TOPICS_AT_ONCE):
            client.subscribe([(topic, 1) for topic in self._topics[first : first + _TOPICS_AT_ONCE]])
        self.on_ready()

    def _closed(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected = False
        self._pool.lost(self, str(reason))

    def _published(self, _client: mqtt.Client, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._sent.discard(mid)
        self.pending = len(self._sent)

    def _heard(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))


class Connections:
    """All connections of this process to one broker."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._selector = selectors.DefaultSelector()
        self._all: list[Connection] = []
        self._waiting: list[Connection] = []
        self._retry_at = 0.0
        self._pause_s = 0.5
        self._misc_at = 0.0
        self._closing = False
        self._whole = False
        self.reconnections = 0

    def add(self, client_id: str, topics: list[str], on_message: OnMessage) -> Connection:
        """Make one more connection; it is opened by :meth:`poll`."""
        connection = Connection(self, client_id, topics, on_message)
        self._all.append(connection)
        self._waiting.append(connection)
        return connection

    @property
    def connected(self) -> int:
        """How many are connected."""
        return sum(connection.connected for connection in self._all)

    def open_first(self) -> None:
        """Open one connection, so that a broker that is not there is known at once.

        Raises:
            UnavailableError: nothing answers.
        """
        try:
            self._open(self._waiting[0])
        except OSError as error:
            raise UnavailableError(
                f"The MQTT broker at {self.broker.host}:{self.broker.port} does not answer ({error}): "
                "start it, or correct ZD_MQTT."
            ) from error
        del self._waiting[0]

    def poll(self, timeout_s: float) -> None:
        """Read, write, ping and reconnect; return after ``timeout_s`` real seconds or when something came."""
        now = time.monotonic()
        self._connect_waiting(now)
        if self._selector.get_map():
            for key, events in self._selector.select(timeout_s):
                client = key.data.client
                if events & selectors.EVENT_READ:
                    client.loop_read()
                if events & selectors.EVENT_WRITE and client.want_write():
                    client.loop_write()
        else:
            time.sleep(timeout_s)
        if now >= self._misc_at:
            self._misc_at = now + _MISC_S
            for connection in self._all:
                if connection.client.socket() is not None:
                    connection.client.loop_misc()

    def close(self, timeout_s: float = 3.0) -> None:
        """Send what is pending as long as ``timeout_s`` allows, then leave the broker in good order."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and any(c.connected and c.pending for c in self._all):
            self.poll(0.02)
        self._closing = True
        for connection in self._all:
            if connection.client.socket() is not None:
                connection.client.disconnect()
        while time.monotonic() < deadline and self._selector.get_map():
            self.poll(0.02)
        self._selector.close()

    def watch(self, connection: Connection, sock: Any) -> None:
        """Note a socket that was opened."""
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def forget(self, sock: Any) -> None:
        """Note a socket that is about to be closed."""
        try:
            self._selector.unregister(sock)
        except (KeyError, ValueError):
            return  # it never was registered, or is closed already

    def want_write(self, connection: Connection, sock: Any, wanted: bool) -> None:
        """Note whether a socket has something to write."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        try:
            self._selector.modify(sock, events, connection)
        except (KeyError, ValueError):
            return

    def reached(self) -> None:
        """Note that the broker answers: the others may try at once."""
        self._pause_s, self._retry_at = 0.5, 0.0
        if not self._waiting and self.connected == len(self._all):
            if not self._whole:
                _log.info("mqtt.connected", connections=len(self._all))
            self._whole = True

    def lost(self, connection: Connection, reason: str) -> None:
        """Note that a connection ended; it is made again unless everything is being closed."""
        if self._closing or connection in self._waiting:
            return
        if self._whole:  # one line for a broker that went away, not one for each appliance
            self._whole = False
            _log.warning("mqtt.disconnected", first=connection.client_id, reason=reason)
        self.reconnections += 1
        self._waiting.append(connection)
        self._retry_at = max(self._retry_at, time.monotonic() + self._pause_s)

    def _open(self, connection: Connection) -> None:
        connection.client.connect(self.broker.host, self.broker.port, keepalive=_KEEPALIVE_S)

    def _connect_waiting(self, now: float) -> None:
        if self._closing or now < self._retry_at:
            return
        deadline = now + 0.1  # thousands come one after another, and those that are open are served between
        while self._waiting and time.monotonic() < deadline:
            connection = self._waiting.pop(0)
            try:
                self._open(connection)
            except OSError as error:
                self._waiting.append(connection)
                self._retry_at = time.monotonic() + self._pause_s * random.uniform(0.8, 1.2)
                _log.warning(
                    "mqtt.unreachable", broker=self.broker.host, error=str(error), retry_s=self._pause_s
                )
                self._pause_s = min(self._pause_s * 2, _MAX_PAUSE_S)
                return
