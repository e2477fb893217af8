"""What ingest costs, step by step, without a broker or a log: bytes in, records out."""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest import packets
from ingest.forward import Delivery, Forwarder
from ingest.limits import Limits
from ingest.mqtt import Arrival
from ingest.packets import Topics
from ingest.parse import Parser
from ingest.tally import Tally
from zerodistance.catalogue import load_catalogue
from zerodistance.cli.bench import fleet
from zerodistance.cli.bench.report import Report
from zerodistance.cli.demo.supervisor import ToldToStop
from zerodistance.garbage import settle
from zerodistance.store.devices import DeviceEntry

_PARTITIONS = 24
# Messages that arrive within one turn of ingest on a busy platform, and share records.
_TURN = 1_000
_DEVICE_RATE, _DEVICE_BURST = 200, 20_000


class _Swallows:
    """A log's producer that has stored everything at once."""

    def __init__(self) -> None:
        self.bytes = 0
        self.records = 0

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        key: bytes | None = None,
        partition: int | None = None,
        on_stored: Callable[[int], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Count it."""
        self.bytes += len(value)
        self.records += 1
        if on_stored is not None:
            on_stored(self.records)

    def flush(self, timeout_s: float = 30.0) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def measure(
    messages: int, devices: int, stop: threading.Event, say: Callable[[str], None], *, profile: bool
) -> Report:
    """Run once and return the figures.

    Args:
        messages: how many.
        devices: that take turns.
        stop: set to end early.
        say: told what is going on.
        profile: print where the time goes, by function, on standard error (all figures are worse then).

    Raises:
        ToldToStop: ``stop`` was set.
    """
    say("preparing")
    catalogue = load_catalogue()
    entry = DeviceEntry(1, fleet.TYPE, None, False)
    ids = [fleet.device_id("bench", number) for number in range(devices)]
    registry = dict.fromkeys(ids, entry)
    parser, tally, limits = Parser(catalogue, registry.get), Tally(), Limits(_DEVICE_RATE, _DEVICE_BURST)
    log = _Swallows()
    forwarder = Forwarder(lambda: log, _PARTITIONS, max_messages=2 * _TURN)
    topics = Topics()
    now_us = time.time_ns() // 1000
    costs = dict.fromkeys(("receive", "limits", "parse", "tally", "forward", "encode"), 0.0)
    ends = fleet.tails()
    done = samples = 0
    profiler = cProfile.Profile() if profile else None
    settle()
    say(f"taking in {messages:,} messages")
    while done < messages:
        if stop.is_set():
            raise ToldToStop
        size = min(_TURN, messages - done)
        stream = _stream(ids, ends, done, size, now_us)
        if profiler is not None:
            profiler.enable()
        with _timed(costs, "receive"):
            arrivals = _receive(stream, topics)
        with _timed(costs, "limits"):
            for message in arrivals:
                limits.allows(message.topic, len(message.payload), now_us)
        with _timed(costs, "parse"):
            parsed = [parser.parse(one.topic, one.payload, received_us=now_us) for one in arrivals]
        with _timed(costs, "tally"):
            for found in parsed:
                tally.message(found, 0)
        with _timed(costs, "forward"):
            for message, found in zip(arrivals, parsed, strict=True):
                delivery = Delivery(message.connection, message.mid, message.qos)
                forwarder.take(delivery, len(message.payload), found.samples, found.events, found.letters)
        with _timed(costs, "encode"):
            forwarder.flush(force=True)
            acknowledged = forwarder.collect()
        if profiler is not None:
            profiler.disable()
        samples += sum(len(found.samples) for found in parsed)
        done += len(acknowledged)
        now_us += 1_000_000
    if profiler is not None:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    total = sum(costs.values())
    points = samples * len(fleet.CHANNELS)
    return Report(
        benchmark="ingest",
        settings={"messages": messages, "devices": devices, "channels": len(fleet.CHANNELS)},
        messages_per_second=samples / total,
        data_points_per_second=points / total,
        published=messages,
        stored=samples,
        lost=messages - samples,
        duplicated=0,
        cpu_seconds_per_million_points={"ingest": round(total / points * 1e6, 3)},
        details={
            "cpu_us_per_message": {name: round(cost / samples * 1e6, 2) for name, cost in costs.items()},
            "bytes_per_sample_on_the_log": round(log.bytes / samples, 1),
            "samples_per_record": round(samples / log.records, 1),
        },
    )


@contextmanager
def _timed(costs: dict[str, float], name: str) -> Iterator[None]:
    start = time.process_time()
    yield
    costs[name] += time.process_time() - start


def _receive(stream: bytes, topics: Topics) -> list[Arrival]:
    found, place = [], 0
    while (body := packets.frame(stream, place)) is not None:
        start, end = body
        topic, payload, qos, retained, mid = packets.read_publish(
            stream[place], stream, start, end, five=True, topics=topics
        )
        found.append(Arrival(topic, payload, qos, retained, 1, mid))
        place = end
    return found


def _stream(ids: list[str], ends: list[bytes], first: int, size: int, now_us: int) -> bytes:
    """Return messages ``first`` and following as a broker sends them (MQTT 5, QoS 1)."""
    parts = []
    for number in range(first, first + size):
        round_number, device = divmod(number, len(ids))
        payload = b'{"ts":%d,"boot":1,"seq":%d,"values":{"energy":%s,' % (
            now_us // 1000,
            round_number + 1,
            repr(round_number * fleet.ENERGY_STEP).encode(),
        )
        topic = f"zd/v1/{ids[device]}/telemetry".encode()
        mid = (number % 65_535 + 1).to_bytes(2, "big")
        body = len(topic).to_bytes(2, "big") + topic + mid + b"\0" + payload
        body += ends[fleet.phase_of(device, round_number)]
        parts.append(b"\x32" + packets.length(len(body)) + body)
    return b"".join(parts)
