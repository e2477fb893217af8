"""W1: water, count, duration and intensity of washes as they were set."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

WASHER = "use-washer"


def test_W1(platform: Running, say: Say) -> None:
    washer = platform.appliance(WASHER)
    try:
        now = platform.now()
        for day in (3, 2, 1):
            begun = now - timedelta(days=day)
            washer.event(
                "programme_started", begun, programme="cotton", temperature=40, spin=1200, intensity="strong"
            )
            if day == 2:
                washer.event(
                    "programme_aborted", begun + timedelta(minutes=20), programme="cotton", minutes=20
                )
            else:
                washer.event(
                    "programme_finished",
                    begun + timedelta(minutes=95),
                    programme="cotton",
                    minutes=95,
                    litres=52,
                    energy=0.8,
                )
        cycles = platform.wait(
            lambda: len(found := platform.get(f"/devices/{WASHER}/cycles")) == 3 and found, "three washes"
        )
        assert [c["completed"] for c in cycles] == [True, False, True]
        assert [c["minutes"] for c in cycles] == [95, 20, 95]
        assert sum(c["litres"] or 0 for c in cycles) == 104
        assert {(c["intensity"], c["temperature"], c["spin"]) for c in cycles} == {("strong", 40, 1200)}
        say("three washes, 104 litres, one broken off after 20 minutes")
    finally:
        washer.close()
