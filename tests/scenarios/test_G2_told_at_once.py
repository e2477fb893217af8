"""G2: owner and engineer are told by one event at the same moment, and the distance is measured."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.scenarios.conftest import Say
from tests.scenarios.platform import SPEED, Running

AC = "told-ac"


def test_G2(platform: Running, say: Say) -> None:
    ac = platform.appliance(AC)
    try:
        ac.fault("CH10")

        def both() -> Any:
            ticket = platform.ticket(AC)
            sent = [m for m in ticket["messages"] if m["sent_at"]] if ticket else []
            return sent if {m["audience"] for m in sent} == {"owner", "engineer"} else None

        told = {message["audience"]: message for message in platform.wait(both, "both to be told")}
        owner, engineer = told["owner"], told["engineer"]
        assert owner["created_at"] == engineer["created_at"], "one event"
        moments = [datetime.fromisoformat(one["sent_at"]) for one in (owner, engineer)]
        apart_s = abs((moments[0] - moments[1]).total_seconds()) / SPEED
        assert apart_s < 1, "real seconds between the two sides"
        assert all(set(one["body"]) == {"en", "zh"} for one in told.values())
        skew = platform.get("/overview")["notification_skew_ms"]
        assert skew is not None
        say(f"one event, two messages, {1000 * apart_s:.1f} ms apart")
    finally:
        ac.close()
