"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com, specification 1.0). Pure.

What is signed is ``{webhook-id}.{webhook-timestamp}.{body}``, by HMAC-SHA256 under the secret's bytes; the
header ``webhook-signature`` holds ``v1,`` and the signature in base64, several of them with a space between
while a secret is being changed. Secrets are written ``whsec_`` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32
# The specification: between 24 and 64 bytes.
LEAST_BYTES, MOST_BYTES = 24, 64
# How far a receiver lets the timestamp be off: against requests that somebody recorded.
TOLERANCE_S = 300


def new_secret() -> str:
    """Return a secret that nobody has seen."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes that a secret signs with; one without the prefix is taken as it is written.

    Raises:
        ValueError: behind the prefix stands no base64.

    >>> key_of("whsec_AQID"), key_of("as it is")
    (b'\\x01\\x02\\x03', b'as it is')
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("behind whsec_ stands base64") from error


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one message.

    The example of the specification:

    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...      b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def headers(secrets_of: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that go with a body, signed under each of the secrets."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets_of),
    }


def verify(secret: str, given: Mapping[str, str], body: bytes, now: float) -> bool:
    """Return whether a request is from whoever has the secret, and of now: what a receiver does.

    Args:
        secret: shared with the sender.
        given: headers of the request, names in lower case.
        body: as it came, byte for byte.
        now: seconds since 1970.
    """
    try:
        message_id, timestamp = given["webhook-id"], int(given["webhook-timestamp"])
        offered = given["webhook-signature"].split()
    except (KeyError, ValueError):
        return False
    if abs(now - timestamp) > TOLERANCE_S:
        return False
    expected = sign(secret, message_id, timestamp, body)
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in offered)
