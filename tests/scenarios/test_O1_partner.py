"""O1: what an oven was used for goes to a partner, signed, without saying whose it is."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx

from tests.scenarios.platform import Running

OVEN = "recipe-oven"


def test_O1(platform: Running) -> None:
    oven = platform.appliance(OVEN)
    try:
        oven.event("programme_finished", programme="bread", minutes=50, set_point=220, energy=1.1)
        (got,) = platform.wait(lambda: httpx.get(platform.partner).json(), "the partner's webhook")
        body = json.loads(got["body"])
        assert (body["type"], body["event"]) == ("oven", "programme_finished")
        assert body["data"]["programme"] == "bread"
        assert OVEN not in got["body"]
        assert "home" not in got["body"]
        signature = hmac.new(b"secret-of-this-partner", got["body"].encode(), hashlib.sha256).hexdigest()
        headers = {key.lower(): value for key, value in got["headers"].items()}
        assert headers["zd-signature"] == f"sha256={signature}"
        assert headers["idempotency-key"] == body["id"]
        platform.say("O1", "a partner heard of bread at 220 °C, signed, and not whose")
    finally:
        oven.close()
