"""H2: a water heater's broken element is found, with the part and the skill that its repair takes."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Running


@pytest.mark.soak
def test_H2(fleet: Running) -> None:
    ticket = fleet.wait(lambda: fleet.ticket("heater-01"), "a ticket")
    assert "element_lower_open" in [c["cause"] for c in ticket["candidates"][:2]]
    assert ticket["evidence"]
    assert ticket["part"]
    assert ticket["skill"]
    fleet.say("H2", f"found {ticket['cause']}, part {ticket['part']}, skill {ticket['skill']}")
