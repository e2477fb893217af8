"""What kafka-python's errors mean to the person who runs the platform."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

import structlog
from kafka import errors

from zerodistance.errors import FencedError, LogError, UnavailableError, ZeroDistanceError

_FENCED = (
    errors.CommitFailedError,
    errors.RebalanceInProgressError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.FencedInstanceIdError,
)

# While a broker is away kafka-python logs some ten lines a second of the same kind.
_QUIET_S = 10.0

_log = structlog.get_logger(__name__)


class QuietHandler(logging.Handler):
    """Passes one line of each of kafka-python's loggers in ten seconds on, and says how many it kept back."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next: dict[str, float] = {}
        self._kept: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on, or count it."""
        now = time.monotonic()
        if now < self._next.get(record.name, 0.0):
            self._kept[record.name] = self._kept.get(record.name, 0) + 1
            return
        self._next[record.name] = now + _QUIET_S
        _log.warning(
            "kafka_client", said=record.getMessage(), by=record.name, kept_back=self._kept.pop(record.name, 0)
        )

    @classmethod
    def install(cls) -> None:
        """Take the place of what kafka-python would print; once for a process."""
        logger = logging.getLogger("kafka")
        if not any(isinstance(handler, cls) for handler in logger.handlers):
            logger.addHandler(cls())
            logger.propagate = False


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
