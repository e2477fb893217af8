"""R1: a wine cellar that does not cool and an air purifier whose filter clogs are found."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Running


@pytest.mark.soak
def test_R1(fleet: Running) -> None:
    wine = fleet.wait(lambda: fleet.ticket("wine-01"), "the wine cellar's ticket")
    air = fleet.wait(lambda: fleet.ticket("airpurifier-01"), "the air purifier's ticket")
    assert "compressor_failed" in [c["cause"] for c in wine["candidates"][:2]]
    assert "filter_clogged" in [c["cause"] for c in air["candidates"][:2]]
    fleet.say("R1", f"found {wine['cause']} and {air['cause']}")
