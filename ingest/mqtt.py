"""The MQTT side: one persistent session, messages acknowledged by hand, reconnection with back-off.

The network is served by the thread that calls :meth:`Subscriber.turn`; there is no other. A new client object
is made for each connection: what the broker has not been told of comes again, and an acknowledgement that
belongs to an earlier connection is dropped, because its message id may mean another message by now.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from zerodistance.broker import parse_address

# Everything below this, so that a message under a wrong topic is seen, refused and counted.
SUBSCRIPTION = "zd/v1/#"
KEEPALIVE_S = 60
# How long the broker keeps the session and its queue while ingest is away (MQTT 5).
SESSION_S = 7 * 86_400
_CONNECT_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 3.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 15.0
# Packets read before anything else gets its turn.
_READS_PER_TURN = 500
_UNSUPPORTED_PROTOCOL = (0x84, 0x01)
_TAKEN_OVER = 0x8E
# Topic filters in one SUBSCRIBE.
_FILTERS_PER_PACKET = 50

_log = structlog.get_logger(__name__)


class Arrival(NamedTuple):
    """One message as the broker delivered it; ``connection`` and ``mid`` name it in an acknowledgement."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    connection: int
    mid: int


class Subscriber:
    """A subscription to everything that devices say.

    Args:
        url: ``ZD_MQTT``.
        client_id: fixed, so that the broker keeps the session while nobody is connected.
        on_message: called for each message, inside :meth:`turn`.
        window: how many unacknowledged messages the broker may have under way (MQTT 5; a broker of
            MQTT 3.1.1 has its own limit).
        filters: further subscriptions, beside our own topics; a broker that refuses one is not left for it.
        unwanted: subscriptions of an earlier run that the broker may still hold for us.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        on_message: Callable[[Arrival], None],
        *,
        window: int,
        filters: Sequence[str] = (),
        unwanted: Sequence[str] = (),
    ) -> None:
        self._address = parse_address(url)
        self._client_id = client_id
        self._on_message = on_message
        self._window = window
        self._filters = dict.fromkeys(filters)
        self._unwanted = list(unwanted)
        self._own_mid: int | None = None
        self._client: paho.Client | None = None
        self._discarded: list[paho.Client] = []
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._connection = 0
        self._arrived = 0
        self._accepted = False
        self._subscribed = False
        self._failures = 0
        self._next_try = 0.0
        self._next_upkeep = 0.0
        self._answer_by = 0.0
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)

    @property
    def connected(self) -> bool:
        """The broker has confirmed the subscription."""
        return self._subscribed

    @property
    def protocol(self) -> str:
        """What is spoken: 5 or 3.1.1."""
        return "5" if self._protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"

    def wake(self) -> None:
        """End the wait of a running :meth:`turn`; from any thread."""
        with contextlib.suppress(OSError):  # it has been woken already, or is closed
            self._wake_write.send(b"\0")

    def turn(self, timeout_s: float, may_read: Callable[[], bool]) -> None:
        """Serve the network once, waiting for it no longer than ``timeout_s`` real seconds.

        Args:
            timeout_s: longest wait.
            may_read: asked before each message; False leaves it to the broker.
        """
        self._close_discarded()
        now = time.monotonic()
        if self._client is None:
            if now >= self._next_try:
                self._connect()
            else:
                timeout_s = min(timeout_s, self._next_try - now)
        client = self._client
        sock = client.socket() if client is not None else None
        readable: list[Any] = [self._wake_read]
        writable: list[Any] = []
        if client is not None and sock is not None:
            if may_read():
                readable.append(sock)
                if hasattr(sock, "pending") and sock.pending():
                    timeout_s = 0.0
            if client.want_write():
                writable.append(sock)
        try:
            ready, open_for_writing, _ = select.select(readable, writable, [], max(0.0, timeout_s))
        except (OSError, ValueError):  # the socket was closed under us
            self._lost("the connection broke")
            return
        if self._wake_read in ready:
            self._drain_wake()
        if client is None or sock is None:
            if client is not None:
                self._lost("the connection broke")
            return
        if open_for_writing:
            client.loop_write()
        if sock in ready or (hasattr(sock, "pending") and sock.pending()):
            self._read(client, may_read)
        if self._client is client and not self._accepted and time.monotonic() >= self._answer_by:
            self._other_protocol()  # others take a CONNECT of MQTT 5 apart wrongly and wait for more of it
            self._lost(f"no answer to CONNECT; trying MQTT {self.protocol}", at_once=True)
            return
        if time.monotonic() >= self._next_upkeep:
            self._next_upkeep = time.monotonic() + 1.0
            client.loop_misc()
        if self._client is client and client.socket() is None:
            self._lost("the connection broke")

    def acknowledge(self, connection: int, mid: int, qos: int) -> None:
        """Tell the broker that a message is safe, unless it came over an earlier connection."""
        if qos and connection == self._connection and self._client is not None:
            self._client.ack(mid, qos)

    def listen(self, topics: Iterable[str]) -> None:
        """Subscribe to further topics, now and after each reconnection."""
        new = [topic for topic in topics if topic not in self._filters]
        self._filters.update(dict.fromkeys(new))
        if new and self._client is not None and self._accepted:
            self._subscribe_to(self._client, new)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at most once: nothing if the broker is away."""
        client = self._client
        if client is not None and self._subscribed:
            with contextlib.suppress(ValueError):  # a topic that no broker takes
                client.publish(topic, payload, qos=0)

    def write(self) -> None:
        """Send what :meth:`acknowledge` queued."""
        client = self._client
        if client is not None and client.socket() is not None and client.want_write():
            client.loop_write()

    def close(self) -> None:
        """Disconnect in good order; the session stays with the broker."""
        client, self._client = self._client, None
        if client is not None and client.socket() is not None:
            client.loop_write()
            client.disconnect()
            client.loop_write()
        self._subscribed = False
        self._close_discarded()
        self._wake_read.close()
        self._wake_write.close()

    def _read(self, client: paho.Client, may_read: Callable[[], bool]) -> None:
        for _ in range(_READS_PER_TURN):
            before = self._arrived
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._lost("the connection broke")
                return
            if self._arrived == before or self._client is not client or not may_read():
                return

    def _connect(self) -> None:
        self._connection += 1
        self._accepted = self._subscribed = False
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=self._protocol,
            clean_session=None if self._protocol == MQTTProtocolVersion.MQTTv5 else False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        if self._address.tls:
            client.tls_set()
        connection = self._connection
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = lambda _client, _data, message: self._arrive(message, connection)
        # With this set, paho leaves writing to us: many acknowledgements leave in one go.
        client.on_socket_register_write = lambda _client, _data, _sock: None
        options: dict[str, Any] = {}
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_S
            properties.ReceiveMaximum = self._window
            options = {"clean_start": False, "properties": properties}
        self._client = client
        try:
            client.connect(self._address.host, self._address.port, KEEPALIVE_S, **options)
        except (OSError, ValueError) as error:
            self._lost(f"no connection to {self._address.host}:{self._address.port}: {error}")
            return
        self._answer_by = time.monotonic() + _ANSWER_TIMEOUT_S
        client.loop_write()

    def _other_protocol(self) -> None:
        five = self._protocol == MQTTProtocolVersion.MQTTv5
        self._protocol = MQTTProtocolVersion.MQTTv311 if five else MQTTProtocolVersion.MQTTv5

    def _on_connect(
        self, client: paho.Client, _data: Any, flags: paho.ConnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            if reason.value in _UNSUPPORTED_PROTOCOL:
                self._other_protocol()
                self._lost("the broker does not speak MQTT 5; trying 3.1.1", at_once=True)
            else:
                self._lost(f"the broker refused the connection: {reason}")
            return
        self._accepted = True
        if self._unwanted:
            client.unsubscribe(self._unwanted)
        # The others first: once our own is confirmed, all of them stand.
        self._subscribe_to(client, list(self._filters))
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            # Retained messages only with a new subscription, not with each reconnection.
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            self._own_mid = client.subscribe(SUBSCRIPTION, options=options)[1]
        else:
            self._own_mid = client.subscribe(SUBSCRIPTION, qos=1)[1]
        _log.info("mqtt.connected", mqtt=self.protocol, session_kept=flags.session_present)

    def _subscribe_to(self, client: paho.Client, filters: Sequence[str]) -> None:
        # Retained messages each time: adapters learn from them, and take none for a reading.
        five = self._protocol == MQTTProtocolVersion.MQTTv5
        for start in range(0, len(filters), _FILTERS_PER_PACKET):
            some = filters[start : start + _FILTERS_PER_PACKET]
            try:
                if five:
                    client.subscribe([(one, SubscribeOptions(qos=1)) for one in some])
                else:
                    client.subscribe([(one, 1) for one in some])
            except ValueError as error:
                _log.warning("mqtt.not_subscribed", filters=some, reason=str(error))

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        if mid != self._own_mid:
            if any(reason.is_failure for reason in reasons):
                _log.warning("mqtt.subscription_refused", reason=str(reasons[0]))
            return
        if any(reason.is_failure for reason in reasons):
            self._lost(f"the broker refused the subscription to {SUBSCRIPTION}: {reasons[0]}")
            return
        self._failures = 0
        self._subscribed = True

    def _on_disconnect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if client is not self._client:
            return
        if reason.value == _TAKEN_OVER:
            self._lost(
                f"another client connected as {self._client_id!r}: give each ingest its own ZD_MQTT_CLIENT_ID"
            )
            return
        if not self._accepted:
            self._other_protocol()  # some brokers of MQTT 3.1.1 close the connection instead of saying why
        self._lost(f"the connection ended: {reason}")

    def _arrive(self, message: paho.MQTTMessage, connection: int) -> None:
        self._arrived += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = message._topic.decode("utf-8", "replace")
        payload = message.payload
        self._on_message(Arrival(topic, bytes(payload), message.qos, message.retain, connection, message.mid))

    def _lost(self, why: str, *, at_once: bool = False) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        self._subscribed = False
        self._failures += 1
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._failures, 10))
        pause *= random.uniform(0.5, 1.0)
        self._next_try = time.monotonic() + (0.0 if at_once else pause)
        _log.warning("mqtt.away", reason=why, next_try_s=0.0 if at_once else round(pause, 1))
        # Not closed here: paho may be in the middle of reading from it.
        self._discarded.append(client)

    def _close_discarded(self) -> None:
        while self._discarded:
            sock = self._discarded.pop().socket()
            if sock is not None:
                sock.close()

    def _drain_wake(self) -> None:
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass
