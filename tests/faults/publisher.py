"""A fleet's side of the promise, cheap enough for 100,000 messages: one socket, many devices.

Each counting device numbers its samples and keeps them until a ``stored`` receipt covers them; after a
reconnection, or when no receipt has come for a while, it sends what it keeps again, in arrays. A device that
does not count keeps a message until the broker has acknowledged it. MQTT 3.1.1 over a raw socket, because a
client library costs more than the platform under test.
"""

from __future__ import annotations

import collections
import contextlib
import json
import select
import socket
import struct
import threading
import time

from tests.faults.fleet import BOOTS, Fleet

_BATCH = 100
_BUFFER = 256 * 1024


class _Uplink:
    """What shares one topic: an appliance, or a gateway with its children."""

    def __init__(self, topic: str, members: list[str]) -> None:
        self.topic = topic
        self.name = topic.split("/")[2]
        self.members = members
        self.sent = 0  # places sent at least once
        self.heard_at = 0.0
        # (member, boot) → all up to here is stored
        self.through = {(name, boot): 0 for name in members for boot in range(1, BOOTS + 1)}
        self.settled = 0  # places below this are settled for every member


class Publisher:
    """Sends everything that the fleet has to say and ends when each device has been told so.

    Args:
        host: of the broker.
        port: of the broker.
        fleet: what is said.
        rate: messages a second at most.
        window: samples that a device keeps at most; it measures no more before it is told.
        again_s: silence after which a device sends again.
    """

    def __init__(
        self,
        host: str,
        port: int,
        fleet: Fleet,
        *,
        rate: float = 8_000,
        window: int = 400,
        again_s: float = 6.0,
    ) -> None:
        self._where = (host, port)
        self._fleet = fleet
        self._rate, self._window, self._again_s = rate, window, again_s
        self._uplinks = [
            *(_Uplink(f"zd/v1/{name}/telemetry", [name]) for name in fleet.devices),
            *(_Uplink(f"zd/v1/{hub}/children", kids) for hub, kids in fleet.gateways.items()),
        ]
        self._of = {name: uplink for uplink in self._uplinks for name in uplink.members}
        self._silent: collections.deque[tuple[str, int]] = collections.deque(
            (name, place) for place in range(fleet.messages) for name in fleet.silent
        )
        self._unacknowledged: dict[int, tuple[str, int]] = {}
        self.acknowledged: dict[tuple[str, int], float] = {}  # when the broker had it, monotonic
        self.published = 0  # messages, repetitions not counted
        self.repeated = 0  # messages
        self.connections = 0
        self.behind_receipts = 0  # receipts that said less than one before
        self._out = bytearray()
        self._in = bytearray()
        self._socket: socket.socket | None = None
        self._next_id = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self.error: BaseException | None = None

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    @property
    def messages(self) -> int:
        """How many messages there are to be sent, repetitions not counted."""
        return (len(self._uplinks) + len(self._fleet.silent)) * self._fleet.messages

    def is_done(self) -> bool:
        """Whether every device has been told that all is stored, and the broker has acknowledged the rest."""
        if self.error is not None:
            raise AssertionError("the publisher failed") from self.error
        return all(uplink.settled == self._fleet.messages for uplink in self._uplinks) and not (
            self._silent or self._unacknowledged
        )

    def settled(self) -> int:
        """How many messages of counting devices are settled."""
        return sum(uplink.settled for uplink in self._uplinks)

    def describe(self) -> str:
        """Say how far it is."""
        waiting = [
            f"{u.topic} {u.settled}/{u.sent} {dict(u.through)}"
            for u in self._uplinks
            if u.settled < self._fleet.messages
        ]
        return (
            f"{self.published} of {self.messages} messages sent, {self.repeated} repeated,"
            f" {self.connections} connections, {len(waiting)} devices wait: {waiting[:5]}"
        )

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._connect()
                    self._talk()
                except OSError:
                    self._close()
                    self._stop.wait(0.1)
        except BaseException as error:
            self.error = error
        finally:
            self._close()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        sock = socket.create_connection(self._where, timeout=2)
        self._socket = sock
        self._in.clear()
        self._out.clear()
        sock.sendall(_packet(0x10, _text("MQTT") + bytes([4, 2]) + struct.pack(">H", 0) + _text("publisher")))
        answer = sock.recv(4)
        if len(answer) != 4 or answer[3]:
            raise OSError(f"refused: {answer!r}")
        sock.sendall(_packet(0x82, struct.pack(">H", 1) + _text("zd/v1/+/stored") + b"\x00"))
        sock.setblocking(False)
        self.connections += 1
        again = list(self._unacknowledged.values())
        self._unacknowledged.clear()
        self._silent.extendleft(reversed(again))
        for uplink in self._uplinks:
            uplink.heard_at = 0.0  # sends again at once

    def _talk(self) -> None:
        sock = self._socket
        assert sock is not None
        began, allowed_from = time.monotonic(), self.published
        turn = 0
        while not self._stop.is_set():
            readable, _, _ = select.select([sock], [sock] if self._out else [], [], 0.01)
            if readable:
                data = sock.recv(1 << 16)
                if not data:
                    raise OSError("closed")
                self._in += data
                self._read()
            if self._out:
                with contextlib.suppress(BlockingIOError):
                    del self._out[: sock.send(self._out)]
            now = time.monotonic()
            allowance = int((now - began) * self._rate) - (self.published - allowed_from)
            if allowance > self._rate:  # what could not be sent meanwhile is not caught up in a burst
                began, allowed_from = now, self.published
            turn = self._feed(now, max(0, allowance), turn)

    def _feed(self, now: float, allowance: int, turn: int) -> int:
        uplinks, total = self._uplinks, self._fleet.messages
        for uplink in uplinks:
            if uplink.settled < uplink.sent and now - uplink.heard_at > self._again_s:
                if len(self._out) > _BUFFER:
                    return turn
                uplink.heard_at = now
                self._send_again(uplink)
        while self._silent and len(self._unacknowledged) < 200 and len(self._out) < _BUFFER:
            # keeps pace with the others: they speak of the same minutes
            if self._silent[0][1] * len(uplinks) > self._paced() or (not uplinks and allowance <= 0):
                break
            allowance -= 1
            name, place = self._silent.popleft()
            number = self._publish(f"zd/v1/{name}/telemetry", self._fleet.payload(name, place))
            self._unacknowledged[number] = (name, place)
            self.published += 1
        idle = 0
        while allowance > 0 and len(self._out) < _BUFFER and idle < len(uplinks):
            uplink = uplinks[turn % len(uplinks)]
            turn += 1
            if uplink.sent >= total or uplink.sent - uplink.settled >= self._window:
                idle += 1
                continue
            idle = 0
            self._publish(uplink.topic, self._body(uplink, [uplink.sent]))
            if uplink.settled == uplink.sent:
                uplink.heard_at = now  # it begins to wait only now
            uplink.sent += 1
            self.published += 1
            allowance -= 1
        return turn

    def _paced(self) -> int:
        return sum(uplink.sent for uplink in self._uplinks)

    def _send_again(self, uplink: _Uplink) -> None:
        places = list(range(uplink.settled, uplink.sent))
        for start in range(0, len(places), _BATCH):
            self._publish(uplink.topic, self._body(uplink, places[start : start + _BATCH]))
            self.repeated += 1

    def _body(self, uplink: _Uplink, places: list[int]) -> bytes:
        child = uplink.topic.endswith("/children")
        parts = [self._fleet.payload(name, place, child=child) for place in places for name in uplink.members]
        return parts[0] if len(parts) == 1 else b"[" + b",".join(parts) + b"]"

    def _publish(self, topic: str, payload: bytes) -> int:
        self._next_id = self._next_id % 65_535 + 1
        while self._next_id in self._unacknowledged:
            self._next_id = self._next_id % 65_535 + 1
        self._out += _packet(0x32, _text(topic) + struct.pack(">H", self._next_id) + payload)
        return self._next_id

    def _read(self) -> None:
        data = self._in
        at = 0
        while len(data) - at >= 2:
            size, shift, body = 0, 0, at + 1
            while body < len(data):
                byte = data[body]
                size |= (byte & 0x7F) << shift
                shift += 7
                body += 1
                if not byte & 0x80:
                    break
            else:
                break
            if body + size > len(data):
                break
            kind = data[at] >> 4
            if kind == 4:
                (number,) = struct.unpack_from(">H", data, body)
                message = self._unacknowledged.pop(number, None)
                if message is not None:
                    self.acknowledged[message] = time.monotonic()
            elif kind == 3:
                (length,) = struct.unpack_from(">H", data, body)
                topic = data[body + 2 : body + 2 + length].decode()
                self._told(topic.split("/")[2], bytes(data[body + 2 + length : body + size]))
            at = body + size
        del data[:at]

    def _told(self, device: str, payload: bytes) -> None:
        receipt = json.loads(payload)
        uplink = self._of.get(receipt.get("device", device))
        if uplink is None or uplink.name != device:
            return  # a gateway may not read its children's topics: it hears of them on its own
        key = (receipt.get("device", device), receipt["boot"])
        if receipt["through"] < uplink.through[key]:
            self.behind_receipts += 1  # an older one overtaken on its way: it takes nothing back
            return
        if receipt["through"] > uplink.through[key]:
            uplink.heard_at = time.monotonic()
        uplink.through[key] = receipt["through"]
        fleet = self._fleet
        uplink.settled = min(
            next(
                (
                    fleet.place(boot, uplink.through[name, boot] + 1)
                    for boot in range(1, BOOTS + 1)
                    if uplink.through[name, boot] < fleet.last(boot)
                ),
                fleet.messages,
            )
            for name in uplink.members
        )


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def _packet(kind: int, body: bytes) -> bytes:
    size = len(body)
    header = bytearray([kind])
    while True:
        byte = size & 0x7F
        size >>= 7
        header.append(byte | (0x80 if size else 0))
        if not size:
            return bytes(header) + body
