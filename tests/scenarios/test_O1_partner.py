"""O1: what an oven was used for goes to a partner, signed, without saying whose it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import httpx

from tests.scenarios.conftest import Say
from tests.scenarios.platform import Running

OVEN = "recipe-oven"


def test_O1(platform: Running, say: Say) -> None:
    oven = platform.appliance(OVEN)
    try:
        oven.event("programme_finished", programme="bread", minutes=50, set_point=220, energy=1.1)
        (got,) = platform.wait(lambda: httpx.get(platform.partner).json(), "the partner's webhook")
        body = json.loads(got["body"])
        assert body["type"] == "appliance.used"
        assert (body["data"]["type"], body["data"]["event"]) == ("oven", "programme_finished")
        assert body["data"]["data"]["programme"] == "bread"
        assert OVEN not in got["body"]
        assert "home" not in got["body"]
        headers = {key.lower(): value for key, value in got["headers"].items()}
        assert headers["webhook-id"] == body["id"]
        # as a receiver checks it: https://www.standardwebhooks.com
        signed = f"{body['id']}.{headers['webhook-timestamp']}.{got['body']}".encode()
        signature = hmac.new(b"secret-of-this-partner", signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(signature).decode()}"
        say("a partner heard of bread at 220 °C, signed, and not whose")
    finally:
        oven.close()
