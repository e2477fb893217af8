"""H1: hot water unused for long while the heater is on: ask, and switch off only when the owner approves."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

USUAL = {"running": 1, "flow": 0.0, "tank_temperature_upper": 58, "tank_temperature_lower": 55, "power": 0}


def test_H1(platform: Running, say: Say) -> None:
    heaters = {device: platform.appliance(device) for device in ("trip-heater", "home-heater")}
    try:
        now = platform.now()
        for heater in heaters.values():
            past = [
                {
                    "ts": (now - timedelta(hours=hours)).isoformat(),
                    "values": {**USUAL, "flow": float(hours > 60)},
                }
                for hours in range(70, 0, -1)
            ]
            heater.telemetry(past)
            heater.state = dict(USUAL)
        asked = {
            device: platform.wait(
                lambda d=device: platform.told(d, {"yes", "no"}), f"the question at {device}"
            )[0]
            for device in heaters
        }
        assert "Are you away?" in asked["trip-heater"]["body"]["en"]
        assert not any(heater.commands for heater in heaters.values()), "no approval, no command"
        for device, answer in (("home-heater", "no"), ("trip-heater", "yes")):
            platform.post(
                f"{platform.owner(device)}/messages/{asked[device]['id']}/answer", {"answer": answer}
            )
        platform.wait(lambda: heaters["trip-heater"].commands, "the command")
        assert [c["name"] for c in heaters["trip-heater"].commands] == ["turn_off"]
        platform.wait(
            lambda: platform.get("/devices/trip-heater")["recent_commands"][0]["state"] == "done", "its reply"
        )
        assert heaters["home-heater"].commands == []
        assert platform.get("/devices/home-heater")["recent_commands"] == []
        say("asked two owners, switched off the one heater whose owner approved")
    finally:
        for heater in heaters.values():
            heater.close()
