"""G3: raw data and fault codes are carried; after an outage nothing is lost and nothing doubled."""

from __future__ import annotations

import random
from datetime import timedelta

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

FRIDGE = "outage-fridge"
COUNT = 240


def test_G3(platform: Running, say: Say) -> None:
    fridge = platform.appliance(FRIDGE)
    try:
        begin = platform.now() - timedelta(hours=6)
        samples = [
            {
                "ts": (begin + timedelta(minutes=n)).isoformat(),
                "boot": 1,
                "seq": n + 1,
                "values": {"fresh_food_temperature": 4 + n % 7 / 10, "power": 80 if n % 3 else 0},
            }
            for n in range(COUNT)
        ]
        kept = samples[60:]
        random.Random(3).shuffle(kept)
        for sample in samples[:60]:
            fridge.telemetry(sample)
        for first in range(0, len(kept), 40):  # the outage is over: late, out of order, and some of it twice
            fridge.telemetry(kept[first : first + 40])
            fridge.telemetry(kept[first : first + 10])
        platform.wait(lambda: fridge.stored == COUNT, "the receipt of everything")
        series = platform.get(f"/devices/{FRIDGE}/series", channel="fresh_food_temperature", hours=24)
        readings = [value for value in series["observed"] if value is not None]
        assert readings, "raw data is carried"
        raw = platform.http.get(
            f"/devices/{FRIDGE}/history",
            params={
                "since": begin.isoformat(),
                "until": (begin + timedelta(minutes=COUNT)).isoformat(),
                "resolution": "raw",
                "channels": "fresh_food_temperature",
                "format": "csv",
            },
        )
        assert raw.is_success, raw.text
        stored = [line for line in raw.text.strip().splitlines() if line[:1].isdigit()]
        assert len(stored) == COUNT, "each sample once"
        fridge.fault("Er CF")
        ticket = platform.wait(lambda: platform.ticket(FRIDGE), "the fault code's ticket")
        assert (ticket["origin"], ticket["cause"]) == ("fault_code", "condenser_fan_stopped")
        say(f"{COUNT} samples stored once after an outage, a fault code became a ticket")
    finally:
        fridge.close()
