"""What appliances say, as bytes; and their samples as ingest would put them on the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import msgspec
import numpy as np

from simulators.simulation import Batch, Reported
from zerodistance.catalogue import ApplianceType
from zerodistance.messages import Quality, Sample

FIRMWARE = "sim-1.0"
_encode = msgspec.json.Encoder().encode


class Reading(NamedTuple):
    """One sample: who, by its own clock (µs since 1970), the readings that did not fail.

    ``sound``: every channel is there and within its valid range.
    """

    device: str
    time_us: int
    values: dict[str, float]
    sound: bool


def readings(batch: Batch, appliance: ApplianceType) -> Iterator[Reading]:
    """Yield the samples of a batch in order of time."""
    names = list(batch.values)
    table = np.stack([batch.values[name].ravel() for name in names])
    valid = np.array([appliance.channels[name].valid for name in names])
    # A missing reading, NaN, is in no range.
    inside = np.logical_and.reduce((table >= valid[:, :1]) & (table <= valid[:, 1:]), axis=0)
    sound, rows = inside.tolist(), table.T.tolist()
    times, lost = batch.time_us.ravel().tolist(), batch.lost.ravel().tolist()
    devices = batch.devices * len(batch.time_us)
    for device, time_us, gone, row, whole in zip(devices, times, lost, rows, sound, strict=True):
        if gone:
            continue
        if whole:
            yield Reading(device, time_us, dict(zip(names, row, strict=True)), True)
        else:
            values = {name: value for name, value in zip(names, row, strict=True) if value == value}
            yield Reading(device, time_us, values, False)


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


def as_ingested(reading: Reading, appliance: ApplianceType, boot: int, seq: int, tenant: int) -> Sample:
    """Return the sample as ingest puts it on the log: an impossible reading is None, with its quality."""
    device, time_us, values, sound = reading
    if sound:
        # mypy knows dict as invariant; a dict of numbers is one of numbers or None that nobody changes.
        checked = cast("dict[str, float | None]", values)
        return Sample(tenant, device, appliance.type, time_us, time_us, boot, seq, None, checked, {}, {})
    checked, quality = {}, {}
    for name, value in values.items():
        low, high = appliance.channels[name].valid
        if low <= value <= high:
            checked[name] = value
        else:
            checked[name] = None
            quality[name] = int(Quality.BELOW_VALID if value < low else Quality.ABOVE_VALID)
    return Sample(tenant, device, appliance.type, time_us, time_us, boot, seq, None, checked, quality, {})
