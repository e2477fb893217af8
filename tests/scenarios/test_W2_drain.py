"""W2: a drain that clogs slowly is found before the machine stands still."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Running


@pytest.mark.soak
def test_W2(fleet: Running) -> None:
    ticket = fleet.wait(lambda: fleet.ticket("washer-01"), "a ticket")
    assert "drain_blocked" in [c["cause"] for c in ticket["candidates"][:2]]
    assert ticket["origin"] in ("detected", "predicted", "fault_code")
    fleet.say("W2", f"found {ticket['cause']} with {ticket['probability']:.0%}, {ticket['origin']}")
