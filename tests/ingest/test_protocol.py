"""Which MQTT is spoken with a broker that is slow, old, or both."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from ingest import mqtt
from ingest.mqtt import Subscriber
from tests.fixtures.processes import wait_until

_FIVE, _OLD = 5, 4


class ScriptedBroker:
    """Takes one connection after the other; ``silent`` ones are never answered, the others in their protocol.

    Attributes:
        asked: protocol level of each CONNECT, in order.
    """

    def __init__(self, silent: list[bool]) -> None:
        self._silent = silent
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self.asked: list[int] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """End the connection of now."""
        self._open[-1].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.close()
        for one in self._open:
            one.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            first = connection.recv(4096)
            level = first[first.index(b"MQTT") + 4]
            self.asked.append(level)
            if self._silent and self._silent.pop(0):
                return
            connection.sendall(b"\x20\x03\x00\x00\x00" if level == _FIVE else b"\x20\x02\x00\x00")
            while data := connection.recv(4096):
                if data[0] == 0x82:
                    mid = data[2:4]
                    connection.sendall(
                        b"\x90\x04" + mid + b"\x00\x01" if level == _FIVE else b"\x90\x03" + mid + b"\x01"
                    )


@contextlib.contextmanager
def _subscribed(broker: ScriptedBroker) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker.url, "zd-test", lambda _: None, window=10)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            subscriber.turn(0.02, lambda: True)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield subscriber
    finally:
        stop.set()
        thread.join()
        subscriber.close()
        broker.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "_ANSWER_TIMEOUT_S", 0.15)
    monkeypatch.setattr(mqtt, "_ASK_AGAIN_S", 0.3)
    monkeypatch.setattr(mqtt, "_FIRST_PAUSE_S", 0.01)


def test_a_broker_that_was_slow_once_is_asked_for_mqtt_5_again() -> None:
    broker = ScriptedBroker([True])
    with _subscribed(broker) as subscriber:
        wait_until(lambda: len(broker.asked) == 3 and subscriber.connected, what="the third connection")
        assert (broker.asked, subscriber.protocol) == ([_FIVE, _OLD, _FIVE], "5")


def test_a_broker_that_is_known_to_speak_5_is_never_asked_for_less() -> None:
    broker = ScriptedBroker([False, True, True])
    with _subscribed(broker) as subscriber:
        wait_until(lambda: subscriber.connected, what="the first connection")
        broker.hang_up()
        wait_until(lambda: len(broker.asked) == 4 and subscriber.connected, what="the fourth connection")
        assert broker.asked == [_FIVE] * 4


def test_one_that_is_always_silent_to_5_is_asked_twice_and_then_left_in_peace() -> None:
    broker = ScriptedBroker([True, False, True, False])
    with _subscribed(broker) as subscriber:
        wait_until(lambda: len(broker.asked) == 4 and subscriber.connected, what="the fourth connection")
        assert (broker.asked, subscriber.protocol) == ([_FIVE, _OLD, _FIVE, _OLD], "3.1.1")
        broker.hang_up()
        wait_until(lambda: len(broker.asked) == 5, what="a new connection")
        assert broker.asked[-1] == _FIVE
