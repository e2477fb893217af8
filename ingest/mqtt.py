"""The MQTT side: one persistent session, messages acknowledged by hand, reconnection with back-off.

The network is served by the thread that calls :meth:`Subscriber.turn`; there is no other. What the broker
has not been told of when a connection breaks comes again over the next one, and an acknowledgement that
belongs to an earlier connection is dropped, because its message id may mean another message by now.

The packets are read and written here (:mod:`ingest.packets`), not by an MQTT library: those cost an object
and a chain of call-backs for each message, more than the rest of ingest together
(docs/decisions/0011-mqtt-packets-in-ingest.md).
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog

from ingest import packets
from ingest.packets import PUBACK_HEAD, PacketError, Topics
from ingest.wire import Wire
from zerodistance.broker import parse_address

# Everything below this, so that a message under a wrong topic is seen, refused and counted.
SUBSCRIPTION = "zd/v1/#"
KEEPALIVE_S = 60
# How long the broker keeps the session and its queue while ingest is away (MQTT 5).
SESSION_S = 7 * 86_400
_CONNECT_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 3.0
# A broker that said nothing to MQTT 5 may only have been slow: it is asked once more after so long, and anew
# after so many failures in a row, because another may stand there by then.
_ASK_AGAIN_S = 60.0
_STRANGE_AFTER = 5
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 15.0
# Chunks read before anything else gets its turn: some thousand messages.
_READS_PER_TURN = 4
_UNSUPPORTED_PROTOCOL = (0x84, 0x01)
_TAKEN_OVER = 0x8E
# Topic filters in one SUBSCRIBE or UNSUBSCRIBE: a broker bounds what it takes in, too.
_FILTERS_PER_PACKET = 50

_log = structlog.get_logger(__name__)


def subscription(share: str = "") -> str:
    """Return the subscription to our own topics, shared within a group where one is named.

    >>> subscription("ingest")
    '$share/ingest/zd/v1/#'
    """
    return f"$share/{share}/{SUBSCRIPTION}" if share else SUBSCRIPTION


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
        share: name of the group of processes among which the broker shares our own topics out ("": all are
            ours alone). The messages of one device then come over several of them, out of order.
        on_read: called before the messages that were read at one moment.
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
        share: str = "",
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self._own = subscription(share)
        self._address = parse_address(url)
        self._context = self._address.context()
        self._client_id = client_id
        self._on_message = on_message
        self._on_read = on_read
        self._window = window
        self._filters = dict.fromkeys(filters)
        self._unwanted = list(unwanted)
        self._own_mid = 0
        self._last_mid = 0
        self._wire: Wire | None = None
        self._five = True
        self._speaks_five: bool | None = None  # what its own answers have shown
        self._ask_again_at: float | None = float("inf")  # None: it has been asked twice
        self._topics = Topics()
        self._connection = 0
        self._more = False  # whole packets were left where they are, because nothing more may be read
        self._accepted = False
        self._keepalive_s = KEEPALIVE_S
        self._ping_at = 0.0
        self._pong_by = 0.0  # 0: none is awaited
        self._subscribed = False
        self._failures = 0
        self._next_try = 0.0
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
        return "5" if self._five else "3.1.1"

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
        now = time.monotonic()
        if self._wire is None:
            if now >= self._next_try:
                self._connect()
            else:
                timeout_s = min(timeout_s, self._next_try - now)
        wire = self._wire
        readable: list[socket.socket] = [self._wake_read]
        writable: list[socket.socket] = []
        reading = wire is not None and may_read()
        if wire is not None:
            if reading:
                readable.append(wire.sock)
                if self._more or wire.pending:
                    timeout_s = 0.0
            if wire.wants_write:
                writable.append(wire.sock)
        ready, open_for_writing, _ = select.select(readable, writable, [], max(0.0, timeout_s))
        if self._wake_read in ready:
            self._drain_wake()
        if wire is None:
            return
        try:
            if open_for_writing:
                wire.write()
            if wire.sock in ready or (reading and (self._more or wire.pending)):
                self._read(wire, may_read)
            if self._wire is wire:
                self._watch(wire, reading=reading)
        except (OSError, PacketError) as error:
            self._broke(str(error))

    def acknowledge(self, connection: int, mid: int, qos: int) -> None:
        """Tell the broker that a message is safe, unless it came over an earlier connection."""
        if qos and connection == self._connection and self._wire is not None:
            self._wire.send(PUBACK_HEAD + mid.to_bytes(2, "big"))

    def listen(self, topics: Iterable[str]) -> None:
        """Subscribe to further topics, now and after each reconnection."""
        new = [topic for topic in topics if topic not in self._filters]
        self._filters.update(dict.fromkeys(new))
        if new and self._wire is not None and self._accepted:
            self._subscribe_to(self._wire, new)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at most once: nothing if the broker is away."""
        if self._wire is not None and self._subscribed:
            with contextlib.suppress(ValueError):  # a topic that no broker takes
                self._wire.send(packets.publish(topic, payload, five=self._five))

    def write(self) -> None:
        """Send what :meth:`acknowledge` queued."""
        if self._wire is not None and self._wire.wants_write:
            try:
                self._wire.write()
            except OSError as error:
                self._broke(str(error))

    def close(self) -> None:
        """Disconnect in good order; the session stays with the broker."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.send(packets.GOODBYE)
            with contextlib.suppress(OSError):
                wire.write()
            wire.finish()
        self._subscribed = False
        self._wake_read.close()
        self._wake_write.close()

    def _read(self, wire: Wire, may_read: Callable[[], bool]) -> None:
        five, connection, topics = self._five, self._connection, self._topics
        self._more = True
        self._on_read()
        for _ in range(_READS_PER_TURN):
            while (found := wire.next()) is not None:
                first, data, start, end = found
                if first >> 4 == packets.PUBLISH:
                    topic, payload, qos, retained, mid = packets.read_publish(
                        first, data, start, end, five=five, topics=topics
                    )
                    self._on_message(Arrival(topic, payload, qos, retained, connection, mid))
                    if not may_read():
                        return
                else:
                    self._hear(wire, first >> 4, data[start:end])
                if self._wire is not wire:
                    return
            if not wire.read():
                self._more = False
                return
            self._on_read()

    def _hear(self, wire: Wire, kind: int, body: bytes) -> None:
        """Take in a packet that is no message."""
        if kind == packets.CONNACK:
            self._answered(wire, packets.read_connack(body, five=self._five))
        elif kind == packets.SUBACK:
            self._subscription(packets.read_answer(body, five=self._five))
        elif kind == packets.PINGRESP:
            self._pong_by = 0.0
        elif kind == packets.DISCONNECT:
            reason = body[0] if body else 0
            if reason == _TAKEN_OVER:
                self._lost(
                    f"another client connected as {self._client_id!r}: give each ingest its own "
                    "ZD_MQTT_CLIENT_ID"
                )
            else:
                self._lost(f"the connection ended: {packets.reason_text(reason)}")
        elif kind not in (packets.PUBACK, packets.UNSUBACK):
            raise PacketError(f"a packet of kind {kind} is not for a subscriber")

    def _watch(self, wire: Wire, *, reading: bool) -> None:
        """Keep the connection alive, and notice when it is dead."""
        now = time.monotonic()
        if not self._accepted:
            if now >= self._answer_by:
                self._choose_protocol()  # some take a CONNECT of MQTT 5 apart wrongly and wait for more
                self._lost(f"no answer to CONNECT; trying MQTT {self.protocol}", at_once=True)
            return
        if self._ask_again_at is not None and now >= self._ask_again_at:
            self._ask_again_at = None
            self._lost("the broker was silent before; asking again whether it speaks MQTT 5", at_once=True)
            return
        if not reading and self._pong_by:
            self._pong_by = now + self._keepalive_s  # its answer may lie behind what is not read
        if self._pong_by and now >= self._pong_by:
            self._lost(f"no answer to a ping for {self._keepalive_s} s")
        elif now >= self._ping_at:
            self._ping_at = now + self._keepalive_s / 2
            if not self._pong_by:
                self._pong_by = now + self._keepalive_s
            wire.send(packets.PINGREQ)

    def _connect(self) -> None:
        self._connection += 1
        self._accepted = self._subscribed = self._more = False
        try:
            wire = Wire(self._address, self._context, _CONNECT_TIMEOUT_S)
            self._wire = wire
            wire.send(
                packets.connect(
                    self._client_id,
                    five=self._five,
                    keepalive_s=KEEPALIVE_S,
                    session_s=SESSION_S,
                    window=self._window,
                    user=self._address.user,
                    password=self._address.password,
                )
            )
            wire.write()
        except (OSError, ValueError) as error:
            self._lost(f"no connection to {self._address.host}:{self._address.port}: {error}")
            return
        self._answer_by = time.monotonic() + _ANSWER_TIMEOUT_S

    def _answered(self, wire: Wire, answer: packets.Accepted) -> None:
        if answer.reason:
            if answer.reason in _UNSUPPORTED_PROTOCOL:
                self._speaks_five = self._five = not self._five
                self._lost(f"the broker does not speak that; trying MQTT {self.protocol}", at_once=True)
            else:
                self._lost(f"the broker refused the connection: {packets.reason_text(answer.reason)}")
            return
        self._accepted = True
        if self._five:
            self._speaks_five = True
        elif self._speaks_five is None and self._ask_again_at is not None:
            self._ask_again_at = time.monotonic() + _ASK_AGAIN_S
        self._keepalive_s = answer.keepalive_s or KEEPALIVE_S
        self._ping_at, self._pong_by = time.monotonic() + self._keepalive_s / 2, 0.0
        for some in _portions(self._unwanted):
            wire.send(packets.unsubscribe(self._next_mid(), some, five=self._five))
        # The others first: once our own is confirmed, all of them stand.
        self._subscribe_to(wire, list(self._filters))
        self._own_mid = self._next_mid()
        # Retained messages only with a new subscription, not with each reconnection.
        wire.send(packets.subscribe(self._own_mid, [self._own], five=self._five, retained_once=True))
        _log.info("mqtt.connected", mqtt=self.protocol, session_kept=answer.session_present)

    def _subscribe_to(self, wire: Wire, filters: Sequence[str]) -> None:
        # Retained messages each time: adapters learn from them, and take none for a reading.
        for some in _portions(filters):
            wire.send(packets.subscribe(self._next_mid(), some, five=self._five))

    def _subscription(self, answer: packets.Answer) -> None:
        refused = [code for code in answer.reasons if code >= 0x80]
        if answer.mid != self._own_mid:
            if refused:
                _log.warning("mqtt.subscription_refused", reason=packets.reason_text(refused[0]))
        elif refused:
            why = packets.reason_text(refused[0])
            self._lost(f"the broker refused the subscription to {self._own}: {why}")
        else:
            if 0 in answer.reasons:
                _log.error("mqtt.granted_qos_0", filter=self._own, means="what breaks off on its way is lost")
            self._failures = 0
            self._subscribed = True

    def _next_mid(self) -> int:
        self._last_mid = self._last_mid % 65_535 + 1
        return self._last_mid

    def _broke(self, why: str) -> None:
        if self._wire is not None and not self._accepted:
            self._choose_protocol()  # some brokers of MQTT 3.1.1 close the connection instead of saying why
        self._lost(f"the connection broke: {why}")

    def _choose_protocol(self) -> None:
        """Choose what to try next after a connection that the broker did not answer."""
        if self._failures >= _STRANGE_AFTER:
            self._speaks_five = None
        self._five = not self._five if self._speaks_five is None else self._speaks_five

    def _lost(self, why: str, *, at_once: bool = False) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
        if self._accepted and self._speaks_five is None:
            self._five = True  # silence was taken for an older protocol, and may have been slowness
        self._accepted = self._subscribed = False
        self._failures += 1
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._failures, 10))
        pause *= random.uniform(0.5, 1.0)
        self._next_try = time.monotonic() + (0.0 if at_once else pause)
        _log.warning("mqtt.away", reason=why, next_try_s=0.0 if at_once else round(pause, 1))

    def _drain_wake(self) -> None:
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass


def _portions(filters: Sequence[str]) -> Iterator[list[str]]:
    """Yield filters for one packet at a time, without those for which a broker would hang up."""
    good = []
    for one in filters:
        try:
            packets.check_filter(one)
        except ValueError as error:
            _log.warning("mqtt.not_a_filter", filter=one, reason=str(error))
        else:
            good.append(one)
    for start in range(0, len(good), _FILTERS_PER_PACKET):
        yield good[start : start + _FILTERS_PER_PACKET]
