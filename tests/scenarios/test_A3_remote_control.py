"""A3: remote control from anywhere: desired and reported state, acknowledgement, timeout, audit."""

from __future__ import annotations

from typing import Any

from tests.scenarios.appliance import Appliance
from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

AC = "remote-ac"


def obey(appliance: Appliance, name: str, arguments: dict[str, Any]) -> str:
    if name == "set_temperature":
        appliance.state |= arguments
        return "done"
    return ""  # it never answers anything else


def test_A3(platform: Running, say: Say) -> None:
    ac = platform.appliance(AC, obey)
    try:
        ac.state = {"running": 1, "set_point": 26, "room_temperature": 27, "power": 650, "pm25": 9}
        owner = platform.owner(AC)
        platform.wait(lambda: platform.get(f"{owner}/devices/{AC}/remote")["reported"], "a reading")
        wish = {"name": "set_temperature", "arguments": {"set_point": 23}}
        sent = platform.post(f"{owner}/devices/{AC}/commands", wish)
        assert sent["requested_by"] == "owner:home-of-remote-ac"

        def agreed() -> Any:
            seen = platform.get(f"{owner}/devices/{AC}/remote")
            same = seen["desired"].get("set_point") == seen["reported"].get("set_point") == 23
            return seen if same else None

        seen = platform.wait(agreed, "desired and reported to agree")
        assert (seen["commands"][0]["state"], seen["commands"][0]["id"]) == ("done", sent["id"])
        assert seen["commands"][0]["finished_at"] is not None

        hot = {**wish, "arguments": {"set_point": 50}}
        refused = platform.http.post(f"{owner}/devices/{AC}/commands", json=hot)
        assert refused.status_code == 422
        other = platform.http.post(f"{owner}/devices/away-ac/commands", json={"name": "turn_off"})
        assert other.status_code == 404, "another home's appliance"

        lost = platform.post(f"{owner}/devices/{AC}/commands", {"name": "turn_on"})

        def failed() -> Any:
            recent = platform.get(f"{owner}/devices/{AC}/remote")["commands"]
            return next((c for c in recent if c["id"] == lost["id"] and c["state"] == "failed"), None)

        assert "no reply" in platform.wait(failed, "the timeout")["reason"]
        say("desired 23 °C, reported 23 °C; a silent command timed out; each is on record")
    finally:
        ac.close()
