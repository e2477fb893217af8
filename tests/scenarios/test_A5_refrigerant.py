"""A5: an air conditioner whose fan stands still is diagnosed at once, one that loses refrigerant in time."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FAN, LEAK = "ac-02", "oldac-01"
FLEET = [
    Simulated(FAN, "air_conditioner", "indoor_fan_stopped"),
    Simulated(LEAK, "air_conditioner", "refrigerant_leak", since_h=20 * 24, hours=600, history_days=28),
]


def test_A5(platform: Running, say: Say) -> None:
    leak = platform.wait(lambda: platform.ticket(LEAK, origin=["predicted"]), "the leak's ticket")
    assert leak["cause"] == "refrigerant_leak"
    assert leak["skill"] == "refrigeration"
    assert leak["predicted_failure_at"] > leak["onset_at"]
    fan = platform.wait(lambda: platform.ticket(FAN, cause=["indoor_fan_stopped"]), "the fan's ticket")
    assert fan["origin"] in ("detected", "fault_code")
    assert leak["evidence"], "an alert says why"
    assert fan["evidence"] or fan["origin"] == "fault_code", "by its readings, or by its own word"
    say(
        f"a stopped fan found with {fan['probability']:.0%}; a leak with {leak['probability']:.0%}, "
        f"cooling until {leak['predicted_failure_at'][:10]}"
    )
