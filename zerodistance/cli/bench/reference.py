"""What bare tools do on this machine at this moment: figures to hold the platform's own against."""

from __future__ import annotations

import json
import os
import socket
import time

import msgspec
import psycopg

from zerodistance.cli.bench.fleet import CHANNELS, tails

_SECONDS = 1.0
_ROWS = 100_000
_MESSAGES = 20_000


def measure(mqtt: str, database: str) -> dict[str, float]:
    """Return messages a second that Mosquitto alone takes, and so on; about three seconds in all."""
    return {
        "broker_alone_messages_per_second": broker_rate(mqtt),
        "bare_copy_rows_per_second": copy_rate(database),
        "msgspec_decodes_per_second": decode_rate(),
        "json_decodes_per_second": decode_rate(plain=True),
    }


def payload() -> bytes:
    """Return one message of the benchmark's fleet."""
    return b'{"ts":1772323200000,"boot":1,"seq":1,"values":{"energy":1.25,' + tails()[0]


def decode_rate(*, plain: bool = False) -> float:
    """Return how often a second one payload is decoded, by msgspec into dicts or by the standard library."""
    text = payload()
    decode = json.loads if plain else msgspec.json.Decoder().decode
    done, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < _SECONDS / 2:
        for _ in range(1_000):
            decode(text)
        done += 1_000
    return done / took


def copy_rate(database: str) -> float:
    """Return how many rows a second binary COPY writes from Python tuples into a table with the same key."""
    types = ["text", "int8", *["float4"] * len(CHANNELS)]
    row = tuple(float(n) for n in range(len(CHANNELS)))
    with psycopg.connect(database) as conn:
        conn.execute(
            "CREATE TEMP TABLE bench_copy (device_id text, at bigint, c0 real, c1 real, c2 real, c3 real,"
            " c4 real, c5 real, c6 real, c7 real, PRIMARY KEY (device_id, at))"
        )
        start = time.perf_counter()
        with conn.cursor() as cursor, cursor.copy("COPY bench_copy FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for n in range(_ROWS):
                copy.write_row((f"device-{n % 1000:07}", n, *row))
        conn.commit()
        took = time.perf_counter() - start
        conn.execute("DROP TABLE bench_copy")
    return _ROWS / took


def broker_rate(mqtt: str) -> float:
    """Return how many QoS 1 messages a second the broker acknowledges that nobody is subscribed to."""
    from zerodistance.cli.bench.load import Connection

    connection = Connection(mqtt, f"bench-{os.urandom(4).hex()}")
    topic = b"zd-bench/nobody"
    body = payload()
    size = 2 + len(topic) + 2 + len(body)
    head = b"\x32" + bytes([size % 128 | 128, size // 128]) + len(topic).to_bytes(2, "big") + topic
    start = time.perf_counter()
    while connection.acknowledged < _MESSAGES:
        if room := min(connection.room, _MESSAGES - connection.sent):
            connection.queue([head + connection.next_mid() + body for _ in range(room)], room)
        connection.serve()
    took = time.perf_counter() - start
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.sock.close()
    return _MESSAGES / took
