"""Secrets of devices, and their hashes as Mosquitto's password file holds them.

The format is Mosquitto's ``$7$iterations$salt$hash``: PBKDF2 with HMAC-SHA-512, a hash of 64 bytes, salt and
hash in base64 (mosquitto_passwd(1); ``pw__digest`` in its sources).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from zerodistance.messages.topics import DEVICE_ID

# The broker has one thread, and each connection costs it that many rounds: 101, as mosquitto_passwd makes
# them, are some 0.1 ms. Stretching protects passwords that people choose. Ours are never chosen: there are
# 2^192 of them, and no number of rounds adds anything to that.
ITERATIONS = 101
SECRET_BYTES = 24
_SALT_BYTES = 12
_HASH_BYTES = 64


def new_secret() -> str:
    """Return a random password: 32 letters, digits, ``-`` and ``_``, 192 bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """Return the hash of a secret, as a password file has it behind the user's name.

    >>> hash_secret("pw", salt=b"\\0" * 12)[:24]
    '$7$101$AAAAAAAAAAAAAAAA$'
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations, _HASH_BYTES)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(secret: str, hashed: str) -> bool:
    """Tell whether ``hashed`` was made of ``secret``; a hash of another format was not.

    >>> matches("pw", hash_secret("pw")), matches("pv", hash_secret("pw")), matches("pw", "$6$x")
    (True, False, False)
    """
    try:
        empty, kind, iterations, salt, _digest = hashed.split("$")
        again = hash_secret(secret, salt=base64.b64decode(salt), iterations=int(iterations))
    except ValueError:
        return False
    return empty == "" and kind == "7" and hmac.compare_digest(again, hashed)


def is_platform_account(name: str) -> bool:
    """Tell whether ``name`` is one of the platform's own accounts at the broker.

    They begin with ``_``, which no device id can: a device called like one cannot come about.

    >>> is_platform_account("_ingest"), is_platform_account("ingest"), is_platform_account("_a:b")
    (True, False, False)
    """
    return name.startswith("_") and DEVICE_ID.fullmatch(name[1:]) is not None and ":" not in name
