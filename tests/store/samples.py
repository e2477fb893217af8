"""Samples for the store's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from zerodistance.clock import to_us
from zerodistance.messages import Sample

START = datetime(2026, 3, 1, tzinfo=UTC)
START_US = to_us(START)
MINUTE_US = 60_000_000


def sample(minute: float = 0, device: str = "fridge-1", seq: int | None = None, **parts: Any) -> Sample:
    """One sample of a refrigerator, ``minute`` minutes after the start."""
    at = START_US + int(minute * MINUTE_US)
    values = parts.pop("values", {"power": 80.0, "energy": 10 + minute / 100, "door_open": 0.0})
    return Sample(
        **{
            "tenant": 1,
            "device": device,
            "type": "refrigerator",
            "time_us": at,
            "received_us": at + 500_000,
            "boot": 1 if seq is not None else None,
            "seq": seq,
            "oldest": None,
            "values": values,
            "quality": {},
            "unknown": {},
            **parts,
        }
    )
