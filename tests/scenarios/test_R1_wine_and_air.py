"""R1: a wine cellar that does not cool and an air purifier whose fan wears are found."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FLEET = [
    Simulated("wine-01", "wine_cellar", "compressor_failed", since_h=8),
    Simulated("airpurifier-01", "air_purifier", "fan_worn", since_h=20 * 24, hours=240, history_days=28),
]


def test_R1(platform: Running, say: Say) -> None:
    wine = platform.wait(lambda: platform.ticket("wine-01"), "the wine cellar's ticket")
    air = platform.wait(lambda: platform.ticket("airpurifier-01"), "the air purifier's ticket")
    assert "compressor_failed" in [c["cause"] for c in wine["candidates"][:2]]
    assert (air["cause"], air["part"]) == ("fan_worn", "fan")
    assert air["evidence"], "an alert says why"
    say(f"found {wine['cause']} and {air['cause']}")
