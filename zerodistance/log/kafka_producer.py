"""Writes to Kafka: a bounded window in front of kafka-python's producer, which has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka import errors as kafka_errors

from zerodistance.errors import LogError, UnavailableError
from zerodistance.log.kafka_errors import translate, translated
from zerodistance.log.window import Window
from zerodistance.messages import partition_of

# Records that come in during this time share a request to each broker.
_LINGER_MS = 5
_BATCH_BYTES = 256 * 1024
# A send to a topic whose leader is unknown waits so long for the brokers to tell; then it is refused.
_MAX_BLOCK_MS = 10_000
# After that the log gives up on a record, and on_error is called (kafka-python's own default).
_DELIVERY_MS = 120_000
_CLOSE_S = 10.0

_log = structlog.get_logger(__name__)


class KafkaLogProducer:
    """Kafka's producer as the platform sees it; see :class:`zerodistance.log.Producer`."""

    def __init__(
        self,
        brokers: Sequence[str],
        client_id: str,
        prefix: str,
        partitions: Callable[[str], int],
        *,
        max_records: int,
        max_bytes: int,
    ) -> None:
        self._prefix = prefix
        self._partitions = partitions
        self._topics: dict[str, tuple[str, int]] = {}
        self._window = Window(max_records, max_bytes)
        self._closed = False
        self._producer = KafkaProducer(
            bootstrap_servers=list(brokers),
            client_id=client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=_LINGER_MS,
            batch_size=_BATCH_BYTES,
            max_block_ms=_MAX_BLOCK_MS,
            delivery_timeout_ms=_DELIVERY_MS,
            allow_auto_create_topics=False,
            reconnect_backoff_max_ms=1_000,
            metrics_enabled=False,
        )

    def send(
        self,
        topic: str,
        value: bytes,
        *,
        key: bytes | None = None,
        partition: int | None = None,
        on_stored: Callable[[int], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Hand over one record; see :class:`zerodistance.log.Producer`."""
        if self._closed:
            raise LogError("This producer is closed.")
        name, count = self._topics.get(topic) or self._learn(topic)
        if partition is None:
            if key is None:
                raise LogError("A record needs a key or a partition.")
            partition = partition_of(key, count)
        elif not 0 <= partition < count:
            raise LogError(f"{topic} has the partitions 0 to {count - 1}, not {partition}.")
        size = len(value) + len(key or b"")
        window = self._window
        window.take(size)

        def stored(metadata: Any) -> None:
            try:
                if on_stored is not None:
                    on_stored(metadata.offset)
            except Exception:
                _log.exception("log_callback_failed")
            finally:
                window.give(size)

        def failed(error: Exception) -> None:
            known = translate(error, f"writing to {name}")
            try:
                if on_error is None:
                    window.failed(known)
                else:
                    on_error(known)
            except Exception:
                _log.exception("log_callback_failed")
            finally:
                window.give(size)

        try:
            future = self._producer.send(name, value, key=key, partition=partition)
        except Exception as error:
            window.give(size)
            if isinstance(error, kafka_errors.KafkaError):
                raise translate(error, f"writing to {name}") from error
            raise
        future.add_callback(stored)
        future.add_errback(failed)

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until everything handed over is stored; see :class:`zerodistance.log.Producer`."""
        try:
            self._producer.flush(timeout_s)
        except kafka_errors.KafkaTimeoutError as error:
            raise UnavailableError(
                f"Kafka has not stored everything after {timeout_s:g} s: check that the brokers run."
            ) from error
        self._window.raise_failure()

    def close(self) -> None:
        """Flush, then let go of the connection; what cannot be stored in 10 s is given up with an error."""
        if self._closed:
            return
        self._closed = True
        try:
            with translated("closing a producer"):
                self._producer.close(timeout=_CLOSE_S)
        except UnavailableError:
            # Its close() gives up where the flush does, and leaves the sender and its records: end it,
            # so that every sender learns from its on_error.
            sender = self._producer._sender
            sender.force_close()
            sender.join(_CLOSE_S)
            raise
        self._window.raise_failure()

    def _learn(self, topic: str) -> tuple[str, int]:
        known = self._topics[topic] = (self._prefix + topic, self._partitions(topic))
        return known
