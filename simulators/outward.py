"""What appliances say, as bytes; and their samples as ingest would put them on the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from simulators.simulation import Batch, Reported
from zerodistance.catalogue import ApplianceType
from zerodistance.messages import Quality, Sample

FIRMWARE = "sim-1.0"
_encode = msgspec.json.Encoder().encode


def readings(batch: Batch, appliance: ApplianceType) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Yield (device, the appliance's time in µs, readings that did not fail) for each sample, in order of
    time.

    State channels are whole numbers, as appliances send them.
    """
    names = list(batch.values)
    whole = {name for name in names if appliance.channels[name].kind == "state"}
    columns = [batch.values[name].tolist() for name in names]
    times, lost = batch.time_us.tolist(), batch.lost.tolist()
    for row in range(len(times)):
        for number, device in enumerate(batch.devices):
            if lost[row][number]:
                continue
            values: dict[str, float] = {}
            for name, column in zip(names, columns, strict=True):
                value = column[row][number]
                if value == value:  # not NaN
                    values[name] = int(value) if name in whole else value
            yield device, times[row][number], values


def values_json(values: dict[str, float]) -> bytes:
    """Return the JSON object of readings."""
    return _encode(values)


def event_json(report: Reported) -> bytes:
    """Return the payload of ``…/event`` or ``…/fault``."""
    happening = report.happening
    ts = report.time_us // 1000
    if happening.kind == "fault":
        return _encode(
            {"ts": ts, "code": happening.name, "active": happening.active, "detail": dict(happening.data)}
        )
    return _encode({"ts": ts, "event": happening.name, "data": dict(happening.data)})


def status_json(online: bool, ts_ms: int | None) -> bytes:
    """Return the payload of ``…/status``; the Last Will has no time: nobody knows when it will be sent."""
    payload: dict[str, Any] = {"online": online, "firmware": FIRMWARE}
    if ts_ms is not None:
        payload["ts"] = ts_ms
    return _encode(payload)


def as_ingested(
    device: str,
    time_us: int,
    values: dict[str, float],
    appliance: ApplianceType,
    boot: int,
    seq: int,
    tenant: int,
) -> Sample:
    """Return the sample as ingest puts it on the log: an impossible reading is None, with its quality."""
    checked: dict[str, float | None] = {}
    quality: dict[str, int] = {}
    for name, value in values.items():
        low, high = appliance.channels[name].valid
        if low <= value <= high:
            checked[name] = float(value)
        else:
            checked[name] = None
            quality[name] = int(Quality.BELOW_VALID if value < low else Quality.ABOVE_VALID)
    return Sample(tenant, device, appliance.type, time_us, time_us, boot, seq, None, checked, quality, {})
