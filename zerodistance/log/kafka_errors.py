"""What kafka-python's errors mean to the person who runs the platform."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kafka import errors

from zerodistance.errors import FencedError, LogError, UnavailableError, ZeroDistanceError

_FENCED = (
    errors.CommitFailedError,
    errors.RebalanceInProgressError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.FencedInstanceIdError,
)


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Translate the errors of Kafka that a block raises; ``doing`` says what was being done."""
    try:
        yield
    except errors.KafkaError as error:
        raise translate(error, doing) from error
    except OSError as error:
        raise UnavailableError(f"Kafka cannot be reached ({error}) while {doing}: check ZD_LOG.") from error


def translate(error: Exception, doing: str) -> ZeroDistanceError:
    """Return the platform's error for one of kafka-python."""
    said = str(error) or type(error).__name__
    if isinstance(error, _FENCED):
        return FencedError(f"Kafka has given these partitions to another member ({said}) while {doing}.")
    if isinstance(error, errors.AuthorizationError):
        return LogError(f"Kafka does not allow it ({said}) while {doing}: check the brokers' access lists.")
    if isinstance(error, errors.RetriableError):
        return UnavailableError(f"Kafka does not answer ({said}) while {doing}: check that it runs.")
    return LogError(f"Kafka refused ({said}) while {doing}.")
