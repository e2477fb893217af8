"""G5: any smart plug makes an ordinary appliance a connected one: it is claimed, and its readings mapped."""

from __future__ import annotations

from typing import Any

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

SAID = {"ENERGY": {"Total": 12.5, "Power": 84, "Voltage": 230, "Current": 0.37}}


def test_G5(platform: Running, say: Say) -> None:
    plug = platform.appliance("a-mqtt-client")
    try:

        def waiting() -> Any:
            plug.put(
                "tele/cellar-fridge/SENSOR", {"Time": platform.now().strftime("%Y-%m-%dT%H:%M:%S"), **SAID}
            )
            found = platform.get("/unclaimed")
            return next((d for d in found if "cellar-fridge" in d["id"]), None)

        device = platform.wait(waiting, "the plug to wait for its claim")
        assert device["guessed_type"] == "refrigerator"
        readings = {reading["name"]: reading for reading in device["readings"]}
        assert any(reading["channel"] == "power" for reading in readings.values()), readings
        platform.post(
            f"/unclaimed/{device['id']}/claim",
            {"type": "refrigerator", "name": "Cellar fridge", "household_id": "home-of-food-fridge"},
        )

        def read() -> Any:
            plug.put(
                "tele/cellar-fridge/SENSOR", {"Time": platform.now().strftime("%Y-%m-%dT%H:%M:%S"), **SAID}
            )
            return platform.get(f"/devices/{device['id']}")["latest"].get("power")

        assert platform.wait(read, "its readings") == 84
        say("a Tasmota plug was claimed and reports 84 W as a refrigerator")
    finally:
        plug.close()
