"""What the tests of adapters share: hear one message, and see what it amounts to."""

from __future__ import annotations

import json
from typing import Any

from ingest.adapters.contract import Adapter, Heard, Understood
from ingest.adapters.memory import Memory
from tests.ingest.helpers import NOW_US

NOW_S = NOW_US // 1_000_000


def hear(
    adapter: Adapter,
    topic: str,
    payload: Any,
    memory: Memory | None = None,
    *,
    retained: bool = False,
    at_us: int = NOW_US,
) -> Understood:
    """Give an adapter one message: bytes and text as they are, anything else as JSON."""
    if isinstance(payload, str):
        payload = payload.encode()
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    memory = Memory() if memory is None else memory
    assert adapter.device_of(topic, memory) is not None, f"{topic} is not read"
    return adapter.read(Heard(topic, raw, at_us, retained), memory)


def values(understood: Understood) -> dict[str, dict[str, float | None]]:
    """Return device → reading → value."""
    found: dict[str, dict[str, float | None]] = {}
    for observation in understood.observations:
        found.setdefault(observation.device, {}).update(
            {reading.name: reading.value for reading in observation.readings}
        )
    return found
