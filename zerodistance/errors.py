"""The error tree: one root, a stable code for each, and a sentence that says what to do.

A code never changes once released: dead letters, API problem documents and scripts rely on it.
Foreign errors (a socket's, a database's) are translated at the boundary where they appear.
"""

from __future__ import annotations

from typing import ClassVar


class ZeroDistanceError(Exception):
    """Root of everything the platform raises on purpose.

    Attributes:
        code: stable, machine-readable name of the kind of failure.
        exit_code: what a command line ends with when this error reaches it.
        http_status: what the API answers with.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class SettingsError(ZeroDistanceError):
    """A setting is missing, malformed, or not fit for the profile that runs."""

    code = "settings"
    exit_code = 2


class CatalogueError(ZeroDistanceError):
    """A catalogue file is wrong; the message names file, line and field."""

    code = "catalogue"
    exit_code = 2


class UnavailableError(ZeroDistanceError):
    """A broker or database does not answer.

    Attributes:
        retry_after_s: seconds after which another try is sensible.
    """

    code = "unavailable"
    exit_code = 3
    http_status = 503

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LogError(ZeroDistanceError):
    """The log refused an operation, for example a topic that does not exist."""

    code = "log"


class BackpressureError(UnavailableError):
    """A bounded buffer is full: stop, and try again after ``retry_after_s`` seconds."""

    code = "backpressure"


class StoreError(ZeroDistanceError):
    """The database refused an operation, or its schema is not the one this code needs."""

    code = "store"


class FencedError(StoreError):
    """Another consumer has moved the stored offset: this one is a zombie and its write rolled back."""

    code = "fenced"


class InvalidMessageError(ZeroDistanceError):
    """A device's message cannot be used; it goes to the dead letters under ``reason``.

    Attributes:
        reason: a stable reason code, one of :class:`zerodistance.messages.Reason`.
    """

    code = "invalid_message"
    http_status = 422

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class NotFoundError(ZeroDistanceError):
    """What was asked for does not exist, or is not the caller's to see."""

    code = "not_found"
    http_status = 404


class ConflictError(ZeroDistanceError):
    """Somebody else changed it first: read it again, then decide."""

    code = "conflict"
    http_status = 409


class IllegalMoveError(ConflictError):
    """The life cycle of a ticket or command does not allow this move from where it stands."""

    code = "illegal_move"


class ForbiddenError(ZeroDistanceError):
    """The caller is known, and may not do this."""

    code = "forbidden"
    http_status = 403


class UnauthenticatedError(ZeroDistanceError):
    """The caller did not say who it is, or the token is wrong or expired."""

    code = "unauthenticated"
    http_status = 401


class HostError(ZeroDistanceError):
    """This machine does not offer what is needed: a port is taken, a folder read-only, a disk full."""

    code = "host"
    exit_code = 4


class DemoError(ZeroDistanceError):
    """The demo could not tell its story to the end; the sentence says where it stood."""

    code = "demo"
    exit_code = 5
