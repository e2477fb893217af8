"""The bounded window of records that were handed over and are not stored yet."""

from __future__ import annotations

import threading

from zerodistance.errors import BackpressureError, LogError

# Allowed for what a record costs in memory beyond its bytes: tuple, call-backs, queue entry, batch entry.
RECORD_OVERHEAD = 400
MAX_RECORDS = 50_000
MAX_BYTES = 64 * 1024 * 1024
# A record above this is refused: Kafka's own default limit is 1,048,588 bytes for a whole batch.
MAX_RECORD_BYTES = 1_000_000


class Window:
    """Counts records and bytes under way, and keeps failures that nobody was told of until the next flush."""

    def __init__(self, max_records: int = MAX_RECORDS, max_bytes: int = MAX_BYTES) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._records = 0
        self._bytes = 0
        self._failure: Exception | None = None

    def take(self, size: int) -> None:
        """Reserve room for a record of ``size`` bytes.

        Raises:
            BackpressureError: there is none; nothing was reserved.
            LogError: the record is larger than any that the log takes.
        """
        if size > MAX_RECORD_BYTES:
            raise LogError(
                f"A record of {size:,} bytes is too large for the log, which takes {MAX_RECORD_BYTES:,}: "
                "split it."
            )
        with self._lock:
            if self._records >= self._max_records or (
                self._records and self._bytes + size + RECORD_OVERHEAD > self._max_bytes
            ):
                raise BackpressureError(
                    f"{self._records:,} records ({self._bytes:,} bytes) wait for the log; no room.",
                    retry_after_s=0.05,
                )
            self._records += 1
            self._bytes += size + RECORD_OVERHEAD

    def give(self, size: int) -> None:
        """Return the room of one record."""
        with self._lock:
            self._records -= 1
            self._bytes -= size + RECORD_OVERHEAD

    def failed(self, error: Exception) -> None:
        """Keep the first failure of a record whose sender gave no ``on_error``."""
        with self._lock:
            self._failure = self._failure or error

    def raise_failure(self) -> None:
        """Raise the failure that was kept, once."""
        with self._lock:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
