"""G1: a new appliance type is one catalogue file and no code."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running


def test_G1(platform: Running, say: Say) -> None:
    tank = platform.appliance("tank-1")
    try:
        tank.state = {"water_temperature": 25.1, "room_temperature": 21, "power": 0, "lamp_on": 1}
        device = platform.wait(
            lambda: (found := platform.get("/devices/tank-1"))["latest"].get("water_temperature") and found,
            "its readings",
        )
        assert device["type"] == "fish_tank_heater"
        assert device["latest"]["lamp_on"] == 1
        assert "set_temperature" in device["commands"]
        sent = {"name": "set_temperature", "arguments": {"set_point": 24}}
        platform.post("/devices/tank-1/commands", sent)
        platform.wait(lambda: tank.commands, "its command")
        say("a fish tank heater, given as one file, reports and obeys")
    finally:
        tank.close()
