"""F1: a door left open and a failed compressor must end differently."""

from __future__ import annotations

import pytest

from tests.scenarios.platform import Json, Running


@pytest.mark.soak
def test_F1(fleet: Running) -> None:
    fleet.simulate("fridge-01", "door_ajar")
    fleet.simulate("fridge-02", "compressor_failed")
    door = fleet.wait(lambda: fleet.ticket("fridge-01", state=["closed"]), "the door's end")
    compressor = fleet.wait(lambda: fleet.ticket("fridge-02", state=["closed"]), "the compressor's end")
    assert (door["cause"], door["outcome"], door["visit_avoided"]) == ("door_ajar", "owner_fixed", True)
    assert (compressor["cause"], compressor["outcome"]) == ("compressor_failed", "confirmed")
    assert "visiting" not in _states(door)
    assert _states(compressor)[0] == "owner_asked"
    assert {"on_site", "planned", "visiting", "resolved", "verified"} <= set(_states(compressor))
    fleet.say("F1", "an open door ended without a visit, a failed compressor with one")


def _states(ticket: Json) -> list[str]:
    return [entry["to_state"] for entry in ticket["history"]]
