"""A5: an air conditioner that loses refrigerant is diagnosed, by its readings alone."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Running


@pytest.mark.soak
def test_A5(fleet: Running) -> None:
    ticket = fleet.wait(lambda: fleet.ticket("ac-02"), "a ticket")
    causes = [candidate["cause"] for candidate in ticket["candidates"]]
    assert "refrigerant_leak" in causes[:3]
    assert ticket["evidence"], "an alert says why"
    assert ticket["resolve_by"] or ticket["resolved_at"] or ticket["state"] == "on_hold"
    fleet.say("A5", f"found {ticket['cause']} with {ticket['probability']:.0%}")
