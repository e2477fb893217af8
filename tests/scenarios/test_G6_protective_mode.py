"""G6: nobody can come before it fails: a protective mode is offered, and runs once its owner has agreed."""

from __future__ import annotations

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running
from tests.scenarios.test_G4_slow_fault import FLEET, FRIDGE

__all__ = ["FLEET"]
GENTLE = 7


def test_G6(platform: Running, say: Say) -> None:
    platform.wait(lambda: platform.ticket(FRIDGE, origin=["predicted"]), "a prediction")
    (asked,) = platform.wait(
        lambda: [one for one in platform.told(FRIDGE, {"approve", "decline"}) if not one["answer"]],
        "the owner to be asked",
    )
    assert "before we can come" in asked["body"]["en"]
    ticket = platform.ticket(FRIDGE)
    assert ticket is not None
    assert not [one for one in ticket["messages"] if "window_1" in one["answers"]], "nobody can come"
    assert platform.get(f"/devices/{FRIDGE}")["recent_commands"] == [], "without a yes nothing is sent"
    before = platform.get(f"/devices/{FRIDGE}")["latest"]["set_point"]
    platform.post(f"{platform.owner(FRIDGE)}/messages/{asked['id']}/answer", {"answer": "approve"})

    def obeyed() -> bool:
        sent = platform.get(f"/devices/{FRIDGE}")["recent_commands"]
        return [(one["name"], one["state"]) for one in sent] == [("set_temperature", "done")]

    platform.wait(obeyed, "the appliance to obey")
    platform.wait(
        lambda: platform.get(f"/devices/{FRIDGE}")["latest"]["set_point"] == GENTLE, "the gentle set-point"
    )
    ticket = platform.ticket(FRIDGE)
    assert ticket is not None
    assert ticket["state"] == "on_site", "the repair is still needed"
    assert any("protective mode" in entry["note"] for entry in ticket["history"])
    say(f"predicted to fail before a repair: from {before:g} to {GENTLE} °C with the owner's word")
