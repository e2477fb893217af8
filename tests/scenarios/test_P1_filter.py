"""P1: local water and use say when which filter is to be changed."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Json, Running

PURIFIER = "city-purifier"


def test_P1(platform: Running, say: Say) -> None:
    purifier = platform.appliance(PURIFIER)
    try:
        now = platform.now()
        past = [
            {
                "ts": (now - timedelta(hours=12 * n)).isoformat(),
                "values": {
                    "filter_litres": 1500 - 5.0 * n,
                    "water": 1500 - 5.0 * n,
                    "flow": 0,
                    "tds_in": 300,
                },
            }
            for n in range(20, 0, -1)
        ]
        purifier.telemetry(past)

        def lives() -> dict[str, Json]:
            answer = platform.http.get(f"/devices/{PURIFIER}/filters")
            return {one["part"]: one for one in answer.json()} if answer.is_success else {}

        soft = platform.wait(
            lambda: (found := lives()) and found["sediment_filter"]["litres_a_day"] > 9 and found, "the use"
        )
        answer = platform.http.put("/water-quality/south", json={"tds": 450, "source": "waterworks"})
        assert answer.is_success, answer.text
        hard = platform.wait(
            lambda: (found := lives()) and found["sediment_filter"]["litres_left"] < 600 and found,
            "harder water to count",
        )
        first = hard["sediment_filter"]
        assert 490 < first["litres_left"] < 520, "3,000 litres at 300 mg/L are 2,000 at 450"
        on = datetime.fromisoformat(first["replace_on"])
        assert timedelta(days=45) < on - now < timedelta(days=56)
        assert hard["membrane"]["litres_left"] < soft["membrane"]["litres_left"]
        say(f"the sediment filter is due on {on:%Y-%m-%d}, at {first['litres_a_day']:.1f} L a day")
    finally:
        purifier.close()
