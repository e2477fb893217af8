"""Many MQTT connections in one thread: each client has its own, with its own Last Will.

paho's client is driven from outside through one selector, so thousands of connections cost no threads.
Connections are opened a few at a time, as the broker answers. One that breaks is made again after a pause
that is drawn anew for each and grows, so that those who lose their broker together do not come back together;
while the broker is away only one connection at a time tries.
"""

from __future__ import annotations

import heapq
import random
import resource
import selectors
import ssl
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from zerodistance.broker import Address
from zerodistance.errors import SettingsError, UnavailableError

_log = structlog.get_logger(__name__)
_KEEPALIVE_S = 60
_CONNECT_TIMEOUT_S = 5.0
_MISC_S = 1.0
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.5, 15.0
_UNDER_WAY = 50  # opened and not yet answered: half of what Mosquitto lets wait (listen backlog 100)
_A_SECOND = 1000.0  # connections opened
_SLICE_S = 0.1
_TOPICS_AT_ONCE = 300  # in one SUBSCRIBE: some 10 kB
_OTHER_FILES = 200  # open files that the process needs besides its connections

OnMessage = Callable[[str, bytes], None]


def make_room(connections: int) -> None:
    """Raise this process's limit of open files as far as ``connections`` need.

    Raises:
        SettingsError: the system does not allow so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or wanted <= soft:
        return
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise SettingsError(
            f"{connections:,} connections need {wanted:,} open files and this process may have {hard:,}: "
            f"allow more (ulimit -n {wanted}, as root), or let the appliances share gateways (gateway = … in "
            "the fleet file)."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Connection:
    """One client: publishes at QoS 1, subscribes again after each reconnection."""

    def __init__(self, pool: Connections, client_id: str, topics: list[str], on_message: OnMessage) -> None:
        self.connected = False
        self.pending = 0
        self.tries = 0  # that failed since it was last connected
        self.on_ready: Callable[[], None] = lambda: None
        self._pool, self._topics, self._on_message = pool, topics, on_message
        self._sent: set[int] = set()
        self.client_id = client_id
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv311
        )
        if pool.broker.user is not None:
            client.username_pw_set(pool.broker.user, pool.broker.password)
        if pool.tls is not None:
            client.tls_set_context(pool.tls)
        client.connect_timeout = _CONNECT_TIMEOUT_S
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

    def read(self) -> None:
        """Read what has come."""
        self.client.loop_read()
        sock = self.client.socket()
        # Of what TLS has taken from the socket already, the selector says nothing.
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            self.client.loop_read()
            sock = self.client.socket()

    def _opened(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._pool.refused(self, str(reason))
            return
        self.connected = True
        self.tries = 0
        self._sent.clear()
        self.pending = 0
        self._pool.reached(self)
        for first in range(0, len(self._topics), _TOPICS_AT_ONCE):
            client.subscribe([(topic, 1) for topic in self._topics[first : first + _TOPICS_AT_ONCE]])
        self.on_ready()

    def _closed(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        was, self.connected = self.connected, False
        self._pool.lost(self, str(reason), was)

    def _published(self, _client: mqtt.Client, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._sent.discard(mid)
        self.pending = len(self._sent)

    def _heard(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))


class Connections:
    """All connections of this process to one broker.

    Attributes:
        connected: how many are connected now.
        reconnections: how often one broke and was to be made again.
        whole_s: seconds that it took, from the first attempt on, until all were connected; None until then.
    """

    def __init__(self, broker: Address) -> None:
        self.broker = broker
        # One context for all: each would read the certificates of all authorities again.
        self.tls = broker.context()
        self.connected = 0
        self.reconnections = 0
        self.whole_s: float | None = None
        self._selector = selectors.DefaultSelector()
        self._all: list[Connection] = []
        self._waiting: list[tuple[float, int, Connection]] = []  # a heap: when it may try, order, who
        self._queued: set[Connection] = set()
        self._under_way: set[Connection] = set()
        self._order = 0
        self._began: float | None = None
        self._paced_at = 0.0
        self._retry_at = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._misc_at = 0.0
        self._closing = False
        self._whole = False
        self._complained_at = float("-inf")

    def add(self, client_id: str, topics: list[str], on_message: OnMessage) -> Connection:
        """Make one more connection; it is opened by :meth:`poll`."""
        connection = Connection(self, client_id, topics, on_message)
        self._all.append(connection)
        self._queue(connection, 0.0)
        return connection

    def open_first(self) -> None:
        """Open one connection, so that a broker that is not there is known at once.

        Raises:
            UnavailableError: nothing answers.
            SettingsError: there are more connections than this process may have open files.
        """
        make_room(len(self._all))
        self._began = time.monotonic()
        try:
            self._open(self._pop())
        except OSError as error:
            raise UnavailableError(
                f"The MQTT broker at {self.broker.host}:{self.broker.port} does not answer ({error}): "
                "start it, or correct ZD_MQTT."
            ) from error

    def poll(self, timeout_s: float) -> None:
        """Read, write, ping and reconnect; return after ``timeout_s`` real seconds or when something came."""
        now = time.monotonic()
        self._connect_waiting(now)
        if self._selector.get_map():
            for key, events in self._selector.select(timeout_s):
                connection: Connection = key.data
                if events & selectors.EVENT_READ:
                    connection.read()
                if events & selectors.EVENT_WRITE and connection.client.want_write():
                    connection.client.loop_write()
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

    def reached(self, connection: Connection) -> None:
        """Note that the broker has taken a connection: the others may try, each when its pause is over."""
        self.connected += 1
        self._under_way.discard(connection)
        self._pause_s, self._retry_at = _FIRST_PAUSE_S, 0.0
        if self.connected == len(self._all):
            if not self._whole:
                _log.info("mqtt.connected", connections=len(self._all))
            if self.whole_s is None and self._began is not None:
                self.whole_s = time.monotonic() - self._began
            self._whole = True

    def refused(self, connection: Connection, reason: str) -> None:
        """Note that the broker refuses a connection; it then closes it."""
        self._complain("mqtt.refused", client=connection.client_id, reason=reason)

    def lost(self, connection: Connection, reason: str, was_connected: bool) -> None:
        """Note that a connection ended; it is made again unless everything is being closed."""
        self.connected -= was_connected
        self._under_way.discard(connection)
        if self._closing or connection in self._queued:
            return
        if self._whole:  # one line for a broker that went away, not one for each appliance
            self._whole = False
            _log.warning("mqtt.disconnected", first=connection.client_id, reason=reason)
        self.reconnections += 1
        self._again(connection)

    def _again(self, connection: Connection) -> None:
        """Let a connection try again after its own pause, which grows with its tries."""
        pause = min(_FIRST_PAUSE_S * 2**connection.tries, _MAX_PAUSE_S)
        connection.tries = min(connection.tries + 1, 10)
        self._queue(connection, time.monotonic() + pause * random.uniform(0.5, 1.5))

    def _queue(self, connection: Connection, when: float) -> None:
        self._order += 1
        heapq.heappush(self._waiting, (when, self._order, connection))
        self._queued.add(connection)

    def _pop(self) -> Connection:
        connection = heapq.heappop(self._waiting)[2]
        self._queued.discard(connection)
        return connection

    def _open(self, connection: Connection) -> None:
        self._under_way.add(connection)
        try:
            connection.client.connect(self.broker.host, self.broker.port, keepalive=_KEEPALIVE_S)
        except OSError:
            self._under_way.discard(connection)
            raise

    def _connect_waiting(self, now: float) -> None:
        """Open what may be opened now: as many as the pace allows, and no more than the broker answers."""
        if self._closing or now < self._retry_at:
            return
        room = min(_UNDER_WAY - len(self._under_way), int((now - self._paced_at) * _A_SECOND))
        deadline = time.monotonic() + _SLICE_S  # those that are open are served in between
        while room > 0 and self._waiting and self._waiting[0][0] <= now and time.monotonic() < deadline:
            connection = self._pop()
            self._paced_at = now
            room -= 1
            try:
                self._open(connection)
            except OSError as error:
                self._again(connection)
                self._retry_at = time.monotonic() + self._pause_s * random.uniform(0.8, 1.2)
                self._complain(
                    "mqtt.unreachable", broker=self.broker.host, error=str(error), retry_s=self._pause_s
                )
                self._pause_s = min(self._pause_s * 2, _MAX_PAUSE_S)
                return

    def _complain(self, event: str, **what: Any) -> None:
        """Log a warning, but not one for each of thousands."""
        now = time.monotonic()
        if now - self._complained_at >= _MISC_S / 2:
            self._complained_at = now
            _log.warning(event, **what)
