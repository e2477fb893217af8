"""What one appliance keeps until it has been told that it is stored.

A sample waits here, numbered by boot and seq, until a ``stored`` receipt covers it. What was sent and not
receipted in time goes out again, the oldest first; after a reconnection at once. The buffer is bounded:
when it overflows the oldest samples are given up, counted, and ``oldest`` tells the platform not to wait
for them. Pure: the caller gives the time and does the sending.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

MAX_BATCH = 100
_MAX_BACKOFF = 4  # a timeout doubles this often at most


@dataclass(slots=True)
class Kept:
    """One sample: its JSON without the closing brace, when it was last sent (None: never), how often."""

    boot: int
    seq: int
    body: bytes
    sent_at: float | None = None
    tries: int = 0


class Owed(msgspec.Struct):
    """A kept sample as it is saved and resumed."""

    boot: int
    seq: int
    body: str


@dataclass(slots=True)
class Delivery:
    """The outgoing buffer of one appliance.

    Attributes:
        boot: counts restarts; ``next_seq``: number of the next sample.
        limit: most samples that are kept.
        timeout_s: real seconds after which an unreceipted sample is sent again.
        given_up: samples lost because the buffer was full; ``resent``: samples sent again; ``settled``:
        receipted.
    """

    boot: int
    next_seq: int = 1
    limit: int = 5000
    timeout_s: float = 20.0
    given_up: int = 0
    resent: int = 0
    settled: int = 0
    _kept: deque[Kept] = field(default_factory=deque)
    _new: int = 0  # how many at the right end have not been sent since the last (re)connection

    @property
    def kept(self) -> int:
        """How many samples wait for their receipt."""
        return len(self._kept)

    @property
    def unsent(self) -> int:
        """How many of them were not sent yet on this connection."""
        return self._new

    def number(self) -> int:
        """Return the number of the next sample, for samples that go another way than this buffer."""
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        return seq

    def take(self, ts_ms: int, values: bytes) -> None:
        """Number and keep one sample; ``values`` is the JSON object of its readings."""
        seq = self.number()
        body = b'{"ts":%d,"boot":%d,"seq":%d,"values":%b' % (ts_ms, self.boot, seq, values)
        self._kept.append(Kept(self.boot, seq, body))
        self._new += 1
        while len(self._kept) > self.limit:
            self._kept.popleft()
            self._new = min(self._new, len(self._kept))
            self.given_up += 1

    def due(self, now: float, most: int = 10) -> list[bytes]:
        """Return up to ``most`` payloads to publish now: what timed out first, then what is new.

        One sample is an object, several are an array, as ``zd/v1/{device}/telemetry`` takes them.
        """
        return [payload_of(batch) for batch in self.batches(now, most)]

    def batches(self, now: float, most: int = 10) -> list[list[bytes]]:
        """Return the same as :meth:`due`, each batch as a list of its samples' JSON objects."""
        if not self._kept:
            return []
        batches: list[list[Kept]] = []
        overdue: list[Kept] = []
        for one in self._kept:
            wait = self.timeout_s * 2 ** min(one.tries - 1, _MAX_BACKOFF)
            if one.sent_at is None or now - one.sent_at < wait or len(overdue) >= 2 * MAX_BATCH:
                break
            overdue.append(one)
        self.resent += len(overdue)
        batches += [overdue[i : i + MAX_BATCH] for i in range(0, len(overdue), MAX_BATCH)]
        while self._new and len(batches) < most:
            size = min(self._new, MAX_BATCH)
            first = len(self._kept) - self._new
            batches.append([self._kept[i] for i in range(first, first + size)])
            self._new -= size
        if not batches:
            return []
        oldest = self._oldest()
        texts = []
        for batch in batches:
            for one in batch:
                one.sent_at = now
                one.tries += 1
            texts.append([b'%b,"oldest":%d}' % (one.body, oldest[one.boot]) for one in batch])
        return texts

    def stored(self, boot: int, through: int) -> int:
        """Forget what a receipt covers and return how many samples that was."""
        before = len(self._kept)
        while self._kept and self._kept[0].boot == boot and self._kept[0].seq <= through:
            self._kept.popleft()
        if self._kept and self._kept[0].boot != boot and boot in {one.boot for one in self._kept}:
            # A receipt for a later boot than the oldest one that is owed.
            self._kept = deque(one for one in self._kept if one.boot != boot or one.seq > through)
        self._new = min(self._new, len(self._kept))
        gone = before - len(self._kept)
        self.settled += gone
        return gone

    def reconnected(self) -> None:
        """Send everything again: what was under way when the connection broke may be lost."""
        for one in self._kept:
            one.sent_at, one.tries = None, 0
        self.resent += len(self._kept) - self._new
        self._new = len(self._kept)

    def save(self) -> list[Owed]:
        """Return what is still owed, for the state file."""
        return [Owed(one.boot, one.seq, one.body.decode()) for one in self._kept]

    def owe(self, owed: list[Owed]) -> None:
        """Take over what an earlier run still owed."""
        self._kept = deque(Kept(one.boot, one.seq, one.body.encode()) for one in owed)
        self._new = len(self._kept)

    def _oldest(self) -> dict[int, int]:
        oldest: dict[int, int] = {}
        for one in self._kept:
            if one.boot not in oldest:
                oldest[one.boot] = one.seq
            if one.boot == self.boot:
                break
        return oldest


def payload_of(samples: list[bytes]) -> bytes:
    """Return one sample as the object that it is, several as an array."""
    return samples[0] if len(samples) == 1 else b"[" + b",".join(samples) + b"]"
