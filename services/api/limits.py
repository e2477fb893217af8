"""How much each caller may ask for: a token bucket for each, in the memory of this process.

Several processes of the API have a bucket each: divide ``ZD_API_RATE`` by their number where the sum matters.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from services.accounts.sessions import TooManyRequestsError

# Callers remembered at once; the one that was quiet for longest is forgotten, and begins with a full bucket.
_MOST = 20_000


class Limiter:
    """Buckets that fill at ``rate`` a second up to ``burst``; rate 0 lets everything pass."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str, cost: float = 1.0) -> None:
        """Take one request of ``caller`` into account; ``cost`` 0 only looks whether one would pass.

        Raises:
            TooManyRequestsError: its bucket is empty.
        """
        if self._rate <= 0:
            return
        now = self._clock()
        with self._lock:
            left, then = self._buckets.pop(caller, (self._burst, now))
            left = min(left + (now - then) * self._rate, self._burst)
            allowed = left >= max(cost, 1e-9)
            self._buckets[caller] = (left - cost if allowed else left, now)
            while len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
        if not allowed:
            wait_s = (max(cost, 1e-9) - left) / self._rate
            raise TooManyRequestsError(
                f"At most {self._rate:g} requests a second are taken: go on in {max(wait_s, 0.01):.2f} s.",
                wait_s,
            )
