"""The load: a process of its own that publishes a fleet's telemetry over a few connections, cheaply.

Run as ``python -m zerodistance.cli.bench.load PLAN RESULT``; it connects, says ``ready``, waits for a line on
standard input, and publishes. Packets are put together by hand (MQTT 3.1.1, QoS 1) from pieces that are made
beforehand, about 1.5 µs a message; the broker's acknowledgements are counted. What was published when is
written to RESULT, and from that the pipeline is judged.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from zerodistance.broker import parse_address
from zerodistance.cli.bench.fleet import ENERGY_STEP, FAULT_CODE, device_id, phase_of, tails
from zerodistance.clock import parse_clock

_TICK_S = 0.004
# Unacknowledged messages on one connection.
_WINDOW = 1_000
_ANSWER_S = 30.0
_LARGEST_MID = 65_535
_PUBLISH_QOS1 = b"\x32"


class Plan(msgspec.Struct):
    """What to publish.

    Attributes:
        mqtt: the broker.
        prefix: of the device ids.
        devices: how many, each speaking once a round.
        seconds: how long.
        rate: messages a second, 0: as many as ``allowed`` lets through.
        connections: over which the devices are spread.
        clock: ``ZD_CLOCK``: the time that the samples carry.
        allowed: file of eight bytes, the number of messages that may have been published (see above).
        faults_per_s: fault codes a second, each of another device.
        limit: messages at most, 0: no limit but the time.
        first_round: where an earlier load left off.
    """

    mqtt: str
    prefix: str
    devices: int
    seconds: float
    rate: float
    connections: int
    clock: str
    allowed: str
    faults_per_s: float = 2.0
    limit: int = 0
    first_round: int = 0


class Connection:
    """One publisher: its socket, what it has sent and what was acknowledged."""

    def __init__(self, url: str, client_id: str) -> None:
        address = parse_address(url)
        self.sock = socket.create_connection((address.host, address.port), timeout=_ANSWER_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(_connect(client_id, address.user, address.password))
        answer = self.sock.recv(4, socket.MSG_WAITALL)
        if len(answer) < 4 or answer[0] != 0x20 or answer[3]:
            raise SystemExit(f"the broker refused the load's connection: {answer.hex()}")
        self.sock.setblocking(False)
        self.mid = 0
        self.sent = 0
        self._answered = 0  # bytes; an acknowledgement has four
        self._out = bytearray()

    @property
    def acknowledged(self) -> int:
        """Messages that the broker took."""
        return self._answered // 4

    @property
    def room(self) -> int:
        """Messages that may be queued now."""
        return 0 if self._out else _WINDOW - (self.sent - self.acknowledged)

    def queue(self, packets: list[bytes], messages: int) -> None:
        """Put packets, pieces of them or whole, behind those that wait; they carry so many messages."""
        self._out += b"".join(packets)
        self.sent += messages

    def next_mid(self) -> bytes:
        """Return the next message id as it stands in a packet."""
        self.mid = self.mid % _LARGEST_MID + 1
        return self.mid.to_bytes(2, "big")

    def serve(self) -> None:
        """Write what waits and read what has come, without waiting."""
        if self._out:
            with contextlib.suppress(BlockingIOError):
                del self._out[: self.sock.send(self._out)]
        try:
            data = self.sock.recv(65_536)
        except BlockingIOError:
            return
        if not data:
            raise SystemExit("the broker closed a connection of the load")
        if self._answered % 4 == 0 and data[0] != 0x40:
            raise SystemExit(f"the broker said something else than PUBACK: {data[:8].hex()}")
        self._answered += len(data)


def main(plan_path: str, result_path: str) -> None:
    """Publish as the plan says; write the result."""
    plan = msgspec.json.decode(Path(plan_path).read_bytes(), type=Plan)
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    topics = [_text(f"zd/v1/{device_id(plan.prefix, n)}/telemetry") for n in range(plan.devices)]
    connections = [Connection(plan.mqtt, f"{plan.prefix}-load-{n}") for n in range(plan.connections)]
    print("ready", flush=True)
    sys.stdin.readline()
    with open(plan.allowed, "r+b") as file, mmap.mmap(file.fileno(), 8) as allowed:
        result = _publish(plan, topics, connections, allowed, stopped)
    with open(result_path, "w", encoding="utf-8") as sink:
        json.dump(result, sink)


def _publish(
    plan: Plan, topics: list[bytes], connections: list[Connection], allowed: mmap.mmap, stopped: list[int]
) -> dict[str, object]:
    clock, ends = parse_clock(plan.clock), tails()
    lengths = [_length(n) for n in range(1_000)]
    devices, count = plan.devices, len(connections)
    sent, marks, faults = 0, [], []
    start, cpu_before = time.time(), time.process_time()
    next_fault, fault_device = start + 1.0, 0
    while not stopped and (now := time.time()) < start + plan.seconds:
        for connection in connections:
            connection.serve()
        due = int((now - start) * plan.rate) - sent if plan.rate else count * _WINDOW
        due = min(due, struct.unpack("<q", allowed[:8])[0] - sent, devices - sent % devices)
        if plan.limit:
            due = min(due, plan.limit - sent)
            if sent >= plan.limit:
                break
        # messages go round the connections, so the one with the least room decides
        due = min(due, count * min(connection.room for connection in connections))
        if due > 0:
            number = plan.first_round + sent // devices
            head = b'{"ts":%d,"boot":1,"seq":%d,"values":{"energy":%s,' % (
                clock.now_us() // 1000,
                number + 1,
                repr(number * ENERGY_STEP).encode(),
            )
            first = sent % devices
            for place, connection in enumerate(connections):
                packets: list[bytes] = []
                add, mid = packets.append, connection.mid
                offset = (place - first) % count
                for device in range(first + offset, first + due, count):
                    topic, body = topics[device], head + ends[phase_of(device, number)]
                    mid = mid % _LARGEST_MID + 1
                    add(_PUBLISH_QOS1 + lengths[len(topic) + 2 + len(body)] + topic)
                    add(mid.to_bytes(2, "big") + body)
                connection.mid = mid
                connection.queue(packets, len(packets) // 2)
            # a message is published when the last byte of its batch is on its way
            for connection in connections:
                connection.serve()
            sent += due
            marks.append((sent, int(time.time() * 1e6)))
        if plan.faults_per_s and now >= next_fault:
            next_fault += 1 / plan.faults_per_s
            faults.append((fault_device, int(now * 1e6)))
            _raise_fault(plan, connections[0], fault_device, clock.now_us() // 1000)
            fault_device = (fault_device + max(1, devices // 997)) % devices
        left = _TICK_S - (time.time() - now)
        if left > 0 and due <= 0:
            select.select([c.sock for c in connections], [], [], left)
        elif left > 0 and plan.rate:
            time.sleep(left)
    deadline = time.time() + _ANSWER_S
    while time.time() < deadline and any(c.acknowledged < c.sent for c in connections):
        for connection in connections:
            connection.serve()
        time.sleep(0.001)
    acknowledged = sum(connection.acknowledged for connection in connections) - len(faults)
    return {
        "start_us": int(start * 1e6),
        "sent": sent,
        "acknowledged": acknowledged,
        "marks": marks,
        "faults": faults,
        "cpu_s": time.process_time() - cpu_before,
    }


def _raise_fault(plan: Plan, connection: Connection, device: int, ts: int) -> None:
    topic = _text(f"zd/v1/{device_id(plan.prefix, device)}/fault")
    body = msgspec.json.encode({"ts": ts, "code": FAULT_CODE, "active": True})
    packet = _PUBLISH_QOS1 + _length(len(topic) + 2 + len(body)) + topic + connection.next_mid() + body
    connection.queue([packet], 1)


def instants(marks: list[tuple[int, int]], numbers: np.ndarray) -> np.ndarray:
    """Return when messages were published, microseconds since 1970, by their number from 0.

    Args:
        marks: (messages published by then, moment), ascending, as the result file has them.
        numbers: of messages that were published.
    """
    ends, moments = np.array(marks, np.int64).T
    return np.asarray(moments[np.searchsorted(ends, numbers, side="right")])


def _connect(client_id: str, user: str | None, password: str | None) -> bytes:
    """Return CONNECT: MQTT 3.1.1, clean session, no keep-alive."""
    flags, rest = 0x02, _text(client_id)
    if user is not None:
        flags, rest = flags | 0x80, rest + _text(user)
        if password is not None:
            flags, rest = flags | 0x40, rest + _text(password)
    body = _text("MQTT") + bytes([4, flags, 0, 0]) + rest
    return b"\x10" + _length(len(body)) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def _length(value: int) -> bytes:
    """Return a remaining length as MQTT writes it: seven bits a byte, the lowest first."""
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
