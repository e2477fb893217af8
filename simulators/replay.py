"""Publish a recorded series over MQTT as if an appliance sent it, and wait until it is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from simulators.connections import Connections
from simulators.delivery import MAX_BATCH, Delivery
from simulators.outward import status_json, values_json
from simulators.recording import Row
from zerodistance.broker import Address
from zerodistance.clock import Clock, to_us
from zerodistance.errors import UnavailableError
from zerodistance.messages import StoredPayload, mqtt_topic

_CONNECT_S = 15.0
_PENDING = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a replay: samples published, receipted and still without receipt; real seconds taken."""

    published: int
    stored: int
    unstored: int
    resent: int
    seconds: float


def replay(
    rows: Sequence[Row],
    device: str,
    broker: Address,
    clock: Clock,
    *,
    speed: float,
    wait_s: float,
    stop: threading.Event,
    on_progress: Callable[[int, int], None],
) -> Outcome:
    """Publish ``rows``, ``speed`` times as fast as they were recorded, and wait for the receipts.

    Args:
        rows: in order of time.
        device: whose they are.
        broker: where to.
        clock: gives the boot number and the times of the status.
        speed: recorded seconds per real second.
        wait_s: real seconds to wait for receipts after the last row without any coming.
        stop: ends it early.
        on_progress: told samples (published, receipted).

    Raises:
        UnavailableError: the broker does not answer.
    """
    delivery = Delivery(clock.now_us() // 1_000_000, limit=len(rows) + 1)
    pool = Connections(broker)
    stored_at = time.monotonic()

    def heard(_topic: str, payload: bytes) -> None:
        nonlocal stored_at
        try:
            receipt = msgspec.json.decode(payload, type=StoredPayload)
        except msgspec.DecodeError:
            return  # somebody else's message on our topic: no receipt
        if delivery.stored(receipt.boot, receipt.through):
            stored_at = time.monotonic()

    link = pool.add(device, [mqtt_topic(device, "stored")], heard)
    link.will(mqtt_topic(device, "status"), status_json(False, None))

    def ready() -> None:
        link.publish(mqtt_topic(device, "status"), status_json(True, clock.now_us() // 1000), retain=True)
        delivery.reconnected()

    link.on_ready = ready
    pool.open_first()
    began = time.monotonic()
    while not link.connected:
        if stop.is_set() or time.monotonic() - began > _CONNECT_S:
            pool.close(0.1)
            raise UnavailableError(
                f"The broker at {broker.host}:{broker.port} does not accept the connection."
            )
        pool.poll(0.05)
    began = stored_at = time.monotonic()
    taken, first = 0, rows[0].time
    try:
        while not stop.is_set():
            now = time.monotonic()
            while taken < len(rows) and (rows[taken].time - first).total_seconds() <= (now - began) * speed:
                row = rows[taken]
                values = {name: round(value, 6) for name, value in row.values.items()}
                delivery.take(to_us(row.time) // 1000, values_json(values))
                taken += 1
                if delivery.unsent >= MAX_BATCH * _PENDING:
                    break
            if link.connected and link.pending < _PENDING:
                for payload in delivery.due(now, 10):
                    link.publish(mqtt_topic(device, "telemetry"), payload)
            if taken == len(rows) and not delivery.unsent:
                quiet = now - max(stored_at, began + (rows[-1].time - first).total_seconds() / speed)
                if not delivery.kept or (quiet > wait_s and not link.pending):
                    break
            on_progress(taken - delivery.unsent, delivery.settled)
            pool.poll(0.02)
    finally:
        if link.connected:
            status = status_json(False, clock.now_us() // 1000)
            link.publish(mqtt_topic(device, "status"), status, retain=True)
        pool.close()
    on_progress(taken - delivery.unsent, delivery.settled)
    return Outcome(
        taken - delivery.unsent, delivery.settled, delivery.kept, delivery.resent, time.monotonic() - began
    )
