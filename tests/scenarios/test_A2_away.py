"""A2: one reminder for each departure, with one tap to turn it off."""

from __future__ import annotations

from typing import Any

from tests.scenarios.appliance import Appliance
from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

AC = "away-ac"


def obey(appliance: Appliance, name: str, _arguments: dict[str, Any]) -> str:
    if name != "turn_off":
        return "refused"
    appliance.state["running"] = 0
    return "done"


def test_A2(platform: Running, say: Say) -> None:
    ac = platform.appliance(AC, obey)
    try:
        usual = {"room_temperature": 26, "power": 700, "pm25": 10}
        ac.state = {"running": 1, "owner_distance": 0.3, **usual}
        platform.wait(lambda: platform.get(f"/devices/{AC}")["latest"].get("owner_distance"), "a reading")
        assert platform.told(AC) == [], "the owner is at home"
        ac.state["owner_distance"] = 4.2
        (asked,) = platform.wait(lambda: platform.told(AC), "the reminder")
        assert set(asked["answers"]) == {"yes", "no"}
        assert ac.commands == [], "nothing is turned off before the owner has tapped"
        platform.post(f"{platform.owner(AC)}/messages/{asked['id']}/answer", {"answer": "yes"})
        platform.wait(lambda: ac.commands, "the command")
        assert [c["name"] for c in ac.commands] == ["turn_off"]
        platform.wait(lambda: platform.get(f"/devices/{AC}")["latest"]["running"] == 0, "it to be off")

        ac.state["running"] = 1  # somebody at home: the same departure
        platform.wait(lambda: platform.get(f"/devices/{AC}")["latest"]["running"] == 1, "it to be on")
        ac.state["owner_distance"] = 0.2
        platform.wait(lambda: platform.get(f"/devices/{AC}")["latest"]["owner_distance"] < 1, "the return")
        assert len(platform.told(AC)) == 1, "one reminder for one departure"
        ac.state["owner_distance"] = 7.0
        platform.wait(lambda: len(platform.told(AC)) == 2, "the second departure's reminder")
        say("one reminder a departure, turned off with one tap")
    finally:
        ac.close()
