"""F1: a door left open and a failed compressor must end differently."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Json, Running

FLEET = [
    Simulated("fridge-01", "refrigerator", "door_ajar"),
    Simulated("fridge-02", "refrigerator", "compressor_failed"),
]


def test_F1(platform: Running, say: Say) -> None:
    door = platform.wait(lambda: platform.ticket("fridge-01", state=["closed"]), "the door's end")
    compressor = platform.wait(lambda: platform.ticket("fridge-02", state=["closed"]), "the compressor's end")
    assert (door["cause"], door["outcome"], door["visit_avoided"]) == ("door_ajar", "owner_fixed", True)
    assert (compressor["cause"], compressor["outcome"]) == ("compressor_failed", "confirmed")
    assert "on_site" not in _states(door)
    assert _states(compressor)[0] == "owner_asked"
    assert {"on_site", "planned", "visiting", "resolved", "verified"} <= set(_states(compressor))
    for ticket in (door, compressor):
        told = {message["audience"]: message["sent_at"] for message in ticket["messages"][:2]}
        assert set(told) == {"owner", "engineer"}
        assert all(told.values()), "both sides, at once"
        assert ticket["evidence"], "an alert says why"
    say("an open door ended without a visit, a failed compressor with one")


def _states(ticket: Json) -> list[str]:
    return [entry["to_state"] for entry in ticket["history"]]
