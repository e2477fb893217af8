"""MQTT packets: what is written can be read, pieces come together, and nothing else gets through."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import packets
from ingest.packets import PacketError, Publication, Topics
from ingest.wire import Wire
from tests.fixtures.processes import wait_until
from zerodistance.broker import Address

TOPICS = st.text(st.characters(codec="utf-8", exclude_characters="+#\0"), min_size=1, max_size=60)
MESSAGES = st.builds(
    lambda topic, payload, qos, retained, mid: Publication(topic, payload, qos, retained, mid if qos else 0),
    TOPICS,
    st.binary(max_size=300),
    st.sampled_from([0, 1]),
    st.booleans(),
    st.integers(1, 65_535),
)


def written(message: Publication, *, five: bool, properties: bytes = b"") -> bytes:
    """Return a PUBLISH as a broker sends it."""
    topic = message.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    if message.qos:
        body += message.mid.to_bytes(2, "big")
    if five:
        body += packets.length(len(properties)) + properties
    body += message.payload
    first = 0x30 | message.qos << 1 | message.retained
    return bytes([first]) + packets.length(len(body)) + body


@contextlib.contextmanager
def wired() -> object:
    """Give a wire and the broker's end of it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        wire = Wire(Address("127.0.0.1", server.getsockname()[1], None, None, False), None, 5)
        far, _ = server.accept()
        with far:
            try:
                yield wire, far
            finally:
                wire.close()


@given(
    message=MESSAGES,
    five=st.booleans(),
    properties=st.sampled_from([b"", b"\x01\x01", b"\x26" + b"\0\1a" * 60]),
)
def test_a_message_is_read_as_it_was_written(message: Publication, five: bool, properties: bytes) -> None:
    data = written(message, five=five, properties=properties)
    start, end = packets.frame(data, 0) or (0, 0)
    assert end == len(data)
    assert packets.read_publish(data[0], data, start, end, five=five, topics=Topics()) == message
    if five:
        assert message.payload == b"" or message == packets.read_publish(
            data[0], data + b"next", start, end, five=True, topics=Topics()
        )


@given(messages=st.lists(MESSAGES, min_size=1, max_size=20), cuts=st.lists(st.integers(1, 200), max_size=20))
def test_a_stream_in_pieces_gives_the_same_messages(messages: list[Publication], cuts: list[int]) -> None:
    stream = b"".join(written(message, five=True) for message in messages)
    found: list[Publication] = []
    with wired() as (wire, far):
        place = 0
        for size in [*cuts, len(stream)]:
            piece = stream[place : place + size]
            place += size
            if not piece:
                break
            far.sendall(piece)
            wait_until(wire.read, what="the piece")
            while (one := wire.next()) is not None:
                first, data, start, end = one
                found.append(packets.read_publish(first, data, start, end, five=True, topics=Topics()))
    assert found == messages


@given(data=st.binary(max_size=80), five=st.booleans())
def test_anything_else_is_refused_in_one_way(data: bytes, five: bool) -> None:
    for read in (
        lambda: packets.read_publish(0x32, data, 0, len(data), five=five, topics=Topics()),
        lambda: packets.read_connack(data, five=five),
        lambda: packets.read_answer(data, five=five),
        lambda: packets.frame(data, 0),
    ):
        with contextlib.suppress(PacketError):
            read()


def test_answers() -> None:
    assert packets.read_connack(b"\x00\x00", five=False) == (0, False, None)
    # session present; server keep alive 30, assigned client id "a", topic alias maximum 10
    answer = b"\x01\x00\x0a\x13\x00\x1e\x12\x00\x01a\x22\x00\x0a"
    assert packets.read_connack(answer, five=True) == (0, True, 30)
    assert packets.read_answer(b"\x00\x07\x00\x01\x87", five=True) == (7, b"\x01\x87")
    assert packets.read_answer(b"\x00\x07\x01\x80", five=False) == (7, b"\x01\x80")


@pytest.mark.parametrize("bad", ["", "a/#/b", "a#", "a/b+", "x\0y"])
def test_filters_that_a_broker_would_hang_up_for(bad: str) -> None:
    with pytest.raises(ValueError, match="no topic filter"):
        packets.check_filter(bad)


def test_a_broker_of_mqtt_5_is_told_what_is_too_long_to_be_sent() -> None:
    """Else one message beyond the bound would come again after each reconnection, for ever."""
    five = packets.connect("a", five=True, keepalive_s=60, session_s=9, window=7)
    assert b"\x27" + packets.LONGEST_PACKET.to_bytes(4, "big") in five
    assert five[1] == len(five) - 2
    assert five[12] == five.index(b"\0\1a") - 13, "the properties end where the client id begins"
    old = packets.connect("a", five=False, keepalive_s=60, session_s=9, window=7)
    assert packets.LONGEST_PACKET.to_bytes(4, "big") not in old


def test_topics_are_remembered_unless_they_are_long() -> None:
    topics = Topics()
    short, long = b"zd/v1/fridge-1/telemetry", b"zd/v1/" + b"x" * 60_000
    assert topics(bytes(bytearray(short))) is topics(bytes(bytearray(short)))
    assert topics(long) == long.decode()
    assert topics(long) is not topics(long)


def test_a_packet_beyond_all_bounds_ends_the_connection() -> None:
    with wired() as (wire, far):
        far.sendall(b"\x32\xff\xff\xff\x7f")
        wait_until(wire.read, what="the packet's beginning")
        with pytest.raises(PacketError, match="longer"):
            wire.next()
