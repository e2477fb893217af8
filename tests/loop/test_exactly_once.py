"""Every process of the production shape, real Mosquitto, real Kafka: what was published is stored once.

The store process is killed (SIGKILL) half-way. Counts and check-sums come from SQL against what the
publisher wrote down, not from the pipeline's own counters.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.loop.shape import Shape
from zerodistance.store.devices import register_device

DEVICES, PER_DEVICE = 100, 100
CHANNELS = ("fresh_food_temperature", "freezer_temperature", "power", "energy")


@pytest.fixture
def shape(tmp_path: Path, kafka_address: str, empty_database: str, mosquitto: Any) -> Iterator[Shape]:
    running = Shape(tmp_path, log=kafka_address, database=empty_database, mqtt=mosquitto.url)
    running.prepare()
    with psycopg.connect(running.database) as connection:
        for number in range(DEVICES):
            register_device(connection, f"dev-{number:03}", type="refrigerator")
    yield running
    running.stop()


def test_10000_messages_are_stored_exactly_once_though_the_store_is_killed(
    shape: Shape, mosquitto: Any
) -> None:
    shape.start()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="publisher", protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(500)
    client.connect(mosquitto.host, mosquitto.port)
    client.loop_start()
    messages = _messages()
    half = len(messages) // 2
    _publish(client, messages[:half])
    shape.wait_until(lambda: _stored(shape) > half // 4, "the store's first rows", 60)
    shape.kill("store")
    _publish(client, messages[half:])
    shape.start("store")
    shape.wait_until(lambda: _stored(shape) >= len(messages), "all rows in the store", 90)
    client.disconnect()
    client.loop_stop()

    rows = shape.query(
        f"SELECT device_id, time, boot, seq, {', '.join(CHANNELS)} FROM telemetry_refrigerator"
    )
    assert len(rows) == DEVICES * PER_DEVICE
    assert _checksum(rows) == _checksum(
        [
            (device, datetime.fromisoformat(body["ts"]), body["boot"], body["seq"], *body["values"].values())
            for device, body in messages
        ]
    )
    assert shape.query("SELECT count(*) FROM dead_letter") == [(0,)]
    assert shape.query("SELECT count(*) FROM telemetry_conflict") == [(0,)]
    # Each device was told that everything is stored, and nothing that is not.
    assert shape.query("SELECT count(*), min(through), max(through) FROM receipt WHERE boot = 1") == [
        (DEVICES, PER_DEVICE, PER_DEVICE)
    ]
    shape.supervisor.check()
    assert shape.stop() == [], "every process ends by itself when it is asked to"


def _messages() -> list[tuple[str, dict[str, Any]]]:
    """Return (device, payload) in publishing order: device by device mixed, each device's own in order."""
    rng = random.Random(20261121)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=PER_DEVICE // 60 + 1)
    return [
        (f"dev-{device:03}", _payload(start, number, rng))
        for number in range(PER_DEVICE)
        for device in range(DEVICES)
    ]


def _payload(start: datetime, number: int, rng: random.Random) -> dict[str, Any]:
    values = (4 + rng.random(), -18 + rng.random(), 90 * rng.random(), number / 100)
    return {
        "ts": (start + timedelta(minutes=number)).isoformat(),
        "boot": 1,
        "seq": number + 1,
        "values": dict(zip(CHANNELS, values, strict=True)),
    }


def _publish(client: mqtt.Client, messages: list[tuple[str, dict[str, Any]]]) -> None:
    sent = [client.publish(f"zd/v1/{device}/telemetry", json.dumps(body), qos=1) for device, body in messages]
    for info in sent:
        info.wait_for_publish(60)


def _stored(shape: Shape) -> int:
    return int(str(shape.query("SELECT count(*) FROM telemetry_refrigerator")[0][0]))


def _checksum(rows: list[tuple[Any, ...]]) -> str:
    """Hash over all rows, readings as the column's single precision gives them back."""
    import numpy as np

    lines = sorted(
        f"{device} {time.astimezone(UTC).isoformat()} {boot} {seq} "
        + " ".join(f"{np.float32(value):.6g}" for value in values)
        for device, time, boot, seq, *values in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
