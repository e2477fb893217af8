"""F2: what is in the refrigerator is known to a shop, and its owner is reminded before food expires."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

FRIDGE = "food-fridge"


def test_F2(platform: Running, say: Say) -> None:
    fridge = platform.appliance(FRIDGE)
    try:
        today = platform.now().date()
        soon, late = (today + timedelta(days=1)).isoformat(), (today + timedelta(days=30)).isoformat()
        fridge.event("item_stored", item="milk", quantity=2, best_before=soon)
        fridge.event("item_stored", item="butter", quantity=1, best_before=late)
        fridge.event("item_taken", item="milk", quantity=1)
        expected = [
            {"item": "milk", "quantity": 1.0, "best_before": soon},
            {"item": "butter", "quantity": 1.0, "best_before": late},
        ]
        platform.wait(
            lambda: platform.get(f"/devices/{FRIDGE}/inventory") == expected,
            "the inventory as a shop reads it",
        )
        reminders = platform.wait(lambda: platform.told(FRIDGE), "the reminder")
        assert len(reminders) == 1
        assert reminders[0]["kind"] == "reminder"
        assert "milk" in reminders[0]["body"]["en"]
        assert "butter" not in reminders[0]["body"]["en"]
        assert reminders[0]["body"]["zh"] != reminders[0]["body"]["en"]
        say("a shop reads 1 milk and 1 butter; the owner was reminded of the milk alone")
    finally:
        fridge.close()
