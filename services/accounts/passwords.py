"""Passwords: argon2id (RFC 9106), slow on purpose, and never more than two at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from zerodistance.errors import InvalidMessageError, UnavailableError

SHORTEST, LONGEST = 12, 256
# RFC 9106, section 4, second recommended option: 64 MiB, three passes, four lanes; the library's default.
_HASHER = PasswordHasher()
# Each verification takes 64 MiB and a core: strangers who try passwords must not take all of them.
_PATIENCE_S = 5.0
_AT_ONCE = threading.BoundedSemaphore(2)
# Checked where there is no account: the answer takes as long, and tells nothing.
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str, *, short: bool = False) -> str:
    """Return the hash of a new password; ``short`` takes one of any length.

    Raises:
        InvalidMessageError: it is too short to be one, or longer than anybody types.
    """
    if not (1 if short else SHORTEST) <= len(password) <= LONGEST:
        raise InvalidMessageError("password", f"A password has {SHORTEST} to {LONGEST} characters.")
    with _turn():
        return _HASHER.hash(password)


def matches(hashed: str | None, password: str) -> bool:
    """Tell whether a password is the hashed one; takes as long where there is no hash."""
    with _turn():
        try:
            right = _HASHER.verify(hashed or _NOBODY, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return right and hashed is not None


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE_S):
        raise UnavailableError("Too many people sign in at once: try again in a moment.", retry_after_s=2)
    try:
        yield
    finally:
        _AT_ONCE.release()


def is_outdated(hashed: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(hashed)
