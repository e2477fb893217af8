"""F3: bad air in the compartment is sterilised from afar, and the reading recovers."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FLEET = [Simulated("fridge-03", "refrigerator", "bad_air")]


def test_F3(platform: Running, say: Say) -> None:
    ticket = platform.wait(
        lambda: platform.ticket("fridge-03", cause=["bad_air"], state=["closed"]), "the ticket's end"
    )
    commands = platform.get("/devices/fridge-03")["recent_commands"]
    assert [(c["name"], c["state"]) for c in commands] == [("sterilise", "done")]
    assert (ticket["outcome"], ticket["visit_avoided"]) == ("recovered", True)
    assert ticket["history"][0]["to_state"] == "remote"
    assert {m["audience"] for m in ticket["messages"]} == {"owner", "engineer"}
    say("bad air: sterilised from afar, recovered, no visit")
