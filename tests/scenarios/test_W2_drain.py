"""W2: a drain that clogs slowly is found before the machine stands still."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FLEET = [Simulated("washer-01", "washing_machine", "drain_blocked", since_h=144, hours=130)]


def test_W2(platform: Running, say: Say) -> None:
    ticket = platform.wait(lambda: platform.ticket("washer-01"), "a ticket")
    assert "drain_blocked" in [c["cause"] for c in ticket["candidates"][:2]]
    assert ticket["origin"] in ("detected", "predicted", "fault_code")
    say(f"found {ticket['cause']} with {ticket['probability']:.0%}, {ticket['origin']}")
