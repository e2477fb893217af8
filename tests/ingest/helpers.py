"""What the tests of ingest share: a small directory of devices, and payloads."""

from __future__ import annotations

import json
from typing import Any

from ingest.parse import Parsed, Parser
from zerodistance.catalogue import load_catalogue
from zerodistance.store.devices import DeviceEntry

NOW_US = 1_772_323_200_000_000  # 2026-03-01T00:00:00Z
NOW_MS = NOW_US // 1000
DIRECTORY = {
    "fridge": DeviceEntry(1, "refrigerator", None, False),
    "ac": DeviceEntry(7, "air_conditioner", None, False),
    "hub": DeviceEntry(1, "gateway", None, False),
    "child": DeviceEntry(1, "refrigerator", "hub", False),
    "stray": DeviceEntry(1, "refrigerator", "other-hub", False),
    "old": DeviceEntry(1, "refrigerator", None, True),
    "odd": DeviceEntry(1, "time_machine", None, False),
}
PARSER = Parser(load_catalogue(), DIRECTORY.get)


def sample(**changes: Any) -> dict[str, Any]:
    """Return a good sample with some fields changed; None takes a field out."""
    whole = {"ts": NOW_MS, "boot": 2, "seq": 9, "values": {"power": 80.5, "door_open": 0}} | changes
    return {name: value for name, value in whole.items() if value is not None}


def parse(payload: Any, topic: str = "zd/v1/fridge/telemetry", **options: Any) -> Parsed:
    """Parse an object (as JSON) or bytes."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return PARSER.parse(topic, raw, received_us=NOW_US, **options)
