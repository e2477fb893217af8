"""Write a fleet's past straight onto the log, as if ingest had received it day by day."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from simulators.delivery import Delivery
from simulators.outward import as_ingested, readings
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import BackpressureError, LogError
from zerodistance.log import Log, Producer
from zerodistance.messages import TELEMETRY, Sample, encode_samples, partition_of

_PORTION_US = 2 * 3_600_000_000
_TENANT = 1
OnProgress = Callable[[float, int], None]


def write_history(
    fleet: FleetSimulation,
    log: Log,
    catalogue: Catalogue,
    clock: Clock,
    deliveries: Mapping[str, Delivery],
    stop: threading.Event,
    on_progress: OnProgress,
) -> int:
    """Simulate from where ``fleet`` stands to the present and put every sample on the log; return how many.

    The platform's clock runs on meanwhile: it goes on until it is within one sampling period of it, so that
    the live part joins without a gap. Samples are numbered by ``deliveries``, which go on counting when
    live.

    Args:
        fleet: at the beginning of the history.
        log: has the topic already.
        catalogue: for valid ranges.
        clock: the platform's.
        deliveries: device → its numbering.
        stop: ends it early.
        on_progress: told the share done, 0 to 1, and the samples written.

    Raises:
        LogError: the log gave up on a record.
    """
    failed: list[Exception] = []
    partitions = log.partitions(TELEMETRY)
    partition = {device: partition_of(device, partitions) for device in fleet.devices}
    producer = log.producer()
    began, written = fleet.time_us, 0
    nearly_us = round(max(fleet.plan.period_s(group, catalogue) for group in fleet.plan.group) * 1e6)
    try:
        while not stop.is_set():
            now = clock.now_us()
            if now - fleet.time_us <= nearly_us:
                break
            batches, _ = fleet.advance(min(now, fleet.time_us + _PORTION_US))
            shares: dict[int, list[Sample]] = {}
            for batch in batches:
                appliance = catalogue.get_type(batch.type)
                for reading in readings(batch, appliance):
                    delivery = deliveries[reading.device]
                    sample = as_ingested(reading, appliance, delivery.boot, delivery.number(), _TENANT)
                    shares.setdefault(partition[reading.device], []).append(sample)
            for number, samples in sorted(shares.items()):
                samples.sort(key=lambda sample: sample.time_us)
                _send(producer, encode_samples(samples), number, failed, stop)
                written += len(samples)
            if failed:
                raise LogError(f"The log did not take the history: {failed[0]}.") from failed[0]
            on_progress((fleet.time_us - began) / max(now - began, 1), written)
        producer.flush(60.0)
    finally:
        producer.close()
    return written


def _send(
    producer: Producer, value: bytes, partition: int, failed: list[Exception], stop: threading.Event
) -> None:
    while not stop.is_set():
        try:
            producer.send(TELEMETRY, value, partition=partition, on_error=failed.append)
            return
        except BackpressureError as full:
            time.sleep(full.retry_after_s)
