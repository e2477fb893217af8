"""A1: bad room air starts the purify mode by itself; the owner is told and the effect is checked."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Running


@pytest.mark.soak
def test_A1(fleet: Running) -> None:
    fleet.simulate("ac-01", "bad_air")
    ticket = fleet.wait(
        lambda: fleet.ticket("ac-01", cause=["bad_air"], state=["closed"]), "the ticket's end"
    )
    commands = fleet.get("/devices/ac-01")["recent_commands"]
    assert ("purify", "done") in [(c["name"], c["state"]) for c in commands]
    assert ticket["outcome"] == "recovered"
    told = fleet.wait(lambda: fleet.told("ac-01"), "the owner to be told, after the quiet hours")
    assert any("dealing with it" in message["body"]["en"] for message in told)
    fleet.say("A1", "bad room air: purified by itself, the owner told, the air good again")
