"""What ingest took in, gave out and refused: for Prometheus at once, for the table ``stage_count`` in turns.

Stage ``ingest``: ``messages`` in; ``samples`` and ``events`` out; ``refused`` (one for each letter that was
due); ``ignored`` (our own messages on their way down); ``letters_over_quota`` (refused, counted, not kept);
``unknown_channels`` (readings kept aside); ``replayed``. Stage ``ingest.refused``: refusals by reason.
A message that the broker delivers again after a reconnection is counted again; the store counts it once.
"""

from __future__ import annotations

import threading
from collections import Counter

from prometheus_client import Counter as PrometheusCounter
from prometheus_client import Gauge

from ingest.parse import Parsed

STAGE = "ingest"
STAGE_REFUSED = "ingest.refused"

_PROCESSED = PrometheusCounter("zd_ingest", "Messages, samples, events and refusals of ingest", ["outcome"])
_REFUSED = PrometheusCounter("zd_ingest_refused", "Refused messages and samples by reason", ["reason"])
CONNECTED = Gauge("zd_ingest_connected", "1 while the broker has confirmed the subscription")
WAITING = Gauge("zd_ingest_waiting", "Messages taken from the broker and not yet stored in the log")


class Tally:
    """Counts by (stage, outcome), collected between two visits of whoever writes them down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._unwritten: Counter[tuple[str, str]] = Counter()

    def message(self, parsed: Parsed, over_quota: int) -> None:
        """Count one message and what became of it.

        Args:
            parsed: what the parser made of it.
            over_quota: how many of its letters were due and are not kept.
        """
        with self._lock:
            counts = self._counts
            counts[STAGE, "messages"] += 1
            if parsed.samples:
                taken = len(parsed.samples) - sum(sample.refused for sample in parsed.samples)
                counts[STAGE, "samples"] += taken
                aside = sum(len(sample.unknown) for sample in parsed.samples)
                if aside:
                    counts[STAGE, "unknown_channels"] += aside
            if parsed.events:
                counts[STAGE, "events"] += len(parsed.events)
            if parsed.letters:
                counts[STAGE, "refused"] += len(parsed.letters)
                for letter in parsed.letters:
                    counts[STAGE_REFUSED, letter.reason] += 1
            elif not parsed.samples and not parsed.events:
                counts[STAGE, "ignored"] += 1
            if over_quota:
                counts[STAGE, "letters_over_quota"] += over_quota

    def unread(self, reason: str) -> None:
        """Count a message that was refused before it was read, and of which nothing is kept."""
        with self._lock:
            counts = self._counts
            counts[STAGE, "messages"] += 1
            counts[STAGE, "refused"] += 1
            counts[STAGE, "letters_over_quota"] += 1
            counts[STAGE_REFUSED, reason] += 1

    def add(self, outcome: str, count: int) -> None:
        """Count something else of the stage ``ingest``."""
        with self._lock:
            self._counts[STAGE, outcome] += count

    def drain(self) -> Counter[tuple[str, str]]:
        """Return what has been counted since the last call, and tell Prometheus."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            unwritten, self._unwritten = self._unwritten, Counter()
        for (stage, outcome), count in counts.items():
            if stage == STAGE:
                _PROCESSED.labels(outcome).inc(count)
            else:
                _REFUSED.labels(outcome).inc(count)
        return counts + unwritten

    def put_back(self, counts: Counter[tuple[str, str]]) -> None:
        """Take back what could not be written down; the next :meth:`drain` returns it again."""
        with self._lock:
            self._unwritten.update(counts)
