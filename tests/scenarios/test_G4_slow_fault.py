"""G4: a slow fault is predicted: what, when, and how sure."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.scenarios.conftest import Say
from tests.scenarios.fleet import Simulated
from tests.scenarios.platform import Running

FRIDGE = "oldfridge-01"
FLEET = [
    Simulated(FRIDGE, "refrigerator", "refrigerant_leak", since_h=20 * 24, history_days=28, left_alone=True)
]
# By its law (28 days in all) this leak began 20 days ago, and at nine tenths of it nothing is cold any more.
TRULY_LEFT = timedelta(days=0.9 * 28 - 20)


def test_G4(platform: Running, say: Say) -> None:
    ticket = platform.wait(lambda: platform.ticket(FRIDGE, origin=["predicted"]), "a prediction")
    assert ticket["cause"] == "refrigerant_leak", "what"
    fails = datetime.fromisoformat(ticket["predicted_failure_at"])
    left = fails - datetime.fromisoformat(ticket["opened_at"])
    assert timedelta() < left, "before it fails"
    assert abs(left - TRULY_LEFT) < timedelta(days=14), "when"
    assert ticket["probability"] > 0.5, "how sure"
    told = ticket["summary"]
    assert f"{fails:%Y-%m-%d}" in told["en"], told
    assert told["zh"] != told["en"]
    assert ticket["evidence"]
    say(
        f"{ticket['cause']} with {ticket['probability']:.0%}, failing in {left / timedelta(days=1):.1f} days "
        f"(truly {TRULY_LEFT / timedelta(days=1):.1f})"
    )
