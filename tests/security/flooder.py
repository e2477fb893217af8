"""A device gone mad, as a process: ``flooder.py HOST PORT CA USER PASSWORD RATE`` until it is cut off.

It publishes QoS 1 telemetry over TLS, RATE messages a second, and ends with exit code 3 when the broker
closes its connection. MQTT 3.1.1 is written by hand: no client library is fast enough to be a nuisance.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import time

_BATCH_S = 0.02


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


def _packet(kind: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([kind]) + length + body


def main(host: str, port: str, ca: str, user: str, password: str, rate: str) -> int:
    """Flood until cut off."""
    context = ssl.create_default_context(cafile=ca)
    sock = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname="localhost")
    sock.sendall(
        _packet(0x10, _text("MQTT") + bytes([4, 0xC2, 0, 60]) + _text(user) + _text(user) + _text(password))
    )
    if sock.recv(4)[3] != 0:
        return 4
    topic = _text(f"zd/v1/{user}/telemetry")
    sock.setblocking(False)
    number, started = 0, time.monotonic()
    while True:
        due = int((time.monotonic() - started) * int(rate))
        burst = b""
        while number < due:
            number += 1
            payload = json.dumps({"ts": time.time_ns() // 1_000_000, "values": {"power": 1.0}}).encode()
            burst += _packet(0x32, topic + struct.pack("!H", number % 65_535 + 1) + payload)
        try:
            while burst:
                try:
                    burst = burst[sock.send(burst) :]
                except ssl.SSLWantWriteError:
                    time.sleep(0.001)
                if not _drained(sock):
                    return 3
            if not _drained(sock):
                return 3
        except OSError:
            return 3
        time.sleep(_BATCH_S)


def _drained(sock: ssl.SSLSocket) -> bool:
    try:
        while True:
            if not sock.recv(65_536):
                return False
    except ssl.SSLWantReadError:
        return True


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
