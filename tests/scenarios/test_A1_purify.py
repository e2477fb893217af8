"""A1: bad room air starts the purify mode by itself; the owner is told and the effect is checked."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FLEET = [Simulated("ac-01", "air_conditioner", "bad_air")]


def test_A1(platform: Running, say: Say) -> None:
    ticket = platform.wait(
        lambda: platform.ticket("ac-01", cause=["bad_air"], state=["closed"]), "the ticket's end"
    )
    commands = platform.get("/devices/ac-01")["recent_commands"]
    assert ("purify", "done") in [(c["name"], c["state"]) for c in commands]
    assert ticket["outcome"] == "recovered"
    told = platform.wait(lambda: platform.told("ac-01"), "the owner to be told, after the quiet hours")
    assert any("dealing with it" in message["body"]["en"] for message in told)
    say("bad room air: purified by itself, the owner told, the air good again")
