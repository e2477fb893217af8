"""One connection to a broker: a socket, what has come and is not taken apart, what waits to be written."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time

from ingest.packets import frame
from zerodistance.broker import Address

# Read at once; with it comes what MQTT 3.1.1 brokers send beyond our bound.
CHUNK = 128 * 1024


class Wire:
    """A connected socket that never blocks.

    Args:
        address: of the broker.
        context: of TLS, None: without it.
        timeout_s: for connecting, TLS included.

    Raises:
        OSError: there is no connection.
    """

    def __init__(self, address: Address, context: ssl.SSLContext | None, timeout_s: float) -> None:
        sock: socket.socket = socket.create_connection((address.host, address.port), timeout=timeout_s)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname=address.host)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        self.sock = sock
        self._read = b""
        self._place = 0
        self._out = bytearray()

    @property
    def wants_write(self) -> bool:
        """Something waits to be written."""
        return bool(self._out)

    @property
    def pending(self) -> bool:
        """TLS has decrypted more than was read; ``select`` does not know of it."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def send(self, data: bytes | bytearray) -> None:
        """Put something behind what waits to be written."""
        self._out += data

    def write(self) -> None:
        """Write what waits, as far as that goes without waiting.

        Raises:
            OSError: the connection broke.
        """
        while self._out:
            try:
                count = self.sock.send(self._out)
            except (BlockingIOError, InterruptedError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            del self._out[:count]

    def read(self) -> bool:
        """Read once; False: nothing has come.

        Raises:
            OSError: the connection broke, or the broker closed it.
        """
        try:
            data = self.sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        if not data:
            raise ConnectionResetError("the broker closed the connection")
        self._read = self._read[self._place :] + data if self._place < len(self._read) else data
        self._place = 0
        return True

    def next(self) -> tuple[int, bytes, int, int] | None:
        """Return the next whole packet as (first byte, data, start and end of its body), None: none is whole.

        Raises:
            PacketError: what came is no MQTT.
        """
        place = self._place
        if place + 2 > len(self._read):
            return None
        # the two usual shapes at once: a length of one byte, and of two
        data = self._read
        size = data[place + 1]
        if size < 0x80:
            start = place + 2
            end = start + size
        elif place + 2 < len(data) and data[place + 2] < 0x80:
            start = place + 3
            end = start + (size & 0x7F | data[place + 2] << 7)
        else:
            found = frame(data, place)
            if found is None:
                return None
            start, end = found
        if end > len(data):
            return None
        self._place = end
        return data[place], data, start, end

    def finish(self, within_s: float = 1.0) -> None:
        """Wait until the broker has taken what was sent, then let go of the socket.

        Closed while something of the broker's is unread, it would send a reset, and the acknowledgements just
        sent would be thrown away on the other side: those messages came twice.
        """
        until = time.monotonic() + within_s
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
            while (left := until - time.monotonic()) > 0:
                self.sock.settimeout(left)
                if not self.sock.recv(CHUNK):
                    break
        self.close()

    def close(self) -> None:
        """Let go of the socket."""
        self.sock.close()
