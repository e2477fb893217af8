"""H2: a water heater's broken element is found, with the part and the skill that its repair takes."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FLEET = [Simulated("heater-01", "water_heater", "element_lower_open", since_h=30)]


def test_H2(platform: Running, say: Say) -> None:
    ticket = platform.wait(lambda: platform.ticket("heater-01"), "a ticket")
    assert "element_lower_open" in [c["cause"] for c in ticket["candidates"][:2]]
    assert ticket["evidence"]
    assert ticket["part"]
    assert ticket["skill"]
    say(f"found {ticket['cause']}, part {ticket['part']}, skill {ticket['skill']}")
