"""F3: bad air in the compartment is sterilised from afar, and the reading recovers."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Running


@pytest.mark.soak
def test_F3(fleet: Running) -> None:
    fleet.simulate("fridge-03", "bad_air")
    ticket = fleet.wait(
        lambda: fleet.ticket("fridge-03", cause=["bad_air"], state=["closed"]), "the ticket's end"
    )
    commands = fleet.get("/devices/fridge-03")["recent_commands"]
    assert [(c["name"], c["state"]) for c in commands] == [("sterilise", "done")]
    assert (ticket["outcome"], ticket["visit_avoided"]) == ("recovered", True)
    assert ticket["history"][0]["to_state"] == "remote"
    assert {m["audience"] for m in ticket["messages"]} == {"owner", "engineer"}
    fleet.say("F3", "bad air: sterilised from afar, recovered, no visit")
