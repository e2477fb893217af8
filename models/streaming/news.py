"""What of a series' surprise is news: not what goes on, and not what has happened often before.

A surprise is news if it exceeds the memory of earlier ones, which fades; and it counts the less the more
events at least as large the series has already had, for what recurs is its habit (habituation: Thompson and
Spencer, Psychological Review 73, 1966). Below the level of news, what has been strange for a while stands out
from what has not: the mean of the recent excess is added.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUIET_ROWS = 300
"""Rows in which the memory of a surprise fades to 1/e."""
ECHO = 0.25
"""What is left of a surprise that is not news."""
HABIT = 6
"""Earlier events at least as large that halve a surprise."""
EVENTS = 32
"""Largest events that are remembered."""
EVENT_ROWS = 100
"""Rows without a larger surprise after which an event is over."""
LEAST = 3.0
"""Surprise that is an event: less is everyday, one row in a thousand."""
LASTING_ROWS = 60
"""Rows over which the excess is averaged."""
LASTING = 2.0
"""Weight of that mean."""
LASTING_MOST = 6.0
"""What lasts is lifted up to here, and never among the news."""


class News:
    """Memory of what ``count`` series have shown.

    >>> surprise = np.zeros((500, 1)); surprise[[100, 101, 450]] = 9.0
    >>> News(1).told(surprise)[[100, 101, 450], 0].round(3)
    array([9.   , 2.25 , 8.757])

    Args:
        count: series.
        habit: see :data:`HABIT`; 0 for a memory without habits.
        quiet_rows: see :data:`QUIET_ROWS`; 0 makes every row news.
    """

    def __init__(self, count: int, *, habit: float = HABIT, quiet_rows: float = QUIET_ROWS) -> None:
        self._fade = np.float32(np.exp(-1.0 / quiet_rows)) if quiet_rows else np.float32(0.0)
        self._news_only = bool(quiet_rows)
        self._habit = habit
        self._memory = np.zeros(count, np.float32)
        self._events = np.zeros((EVENTS, count), np.float32)
        self._peak = np.zeros(count, np.float32)
        self._peak_at = np.full(count, -EVENT_ROWS, np.int64)
        self._lasting = np.zeros(count, np.float32)
        self._row = 0

    @property
    def bytes_per_series(self) -> int:
        """Bytes of state for each series."""
        kept = (self._memory, self._events, self._peak, self._peak_at, self._lasting)
        return sum(one.nbytes for one in kept) // max(len(self._memory), 1)

    def told(self, surprise: Floats, excess: Floats | None = None) -> Floats:
        """Return what of the next rows' ``surprise`` (N, C) is news; the rest is scaled down.

        Args:
            surprise: of the next rows.
            excess: (N, C) of the same rows, see :meth:`models.streaming.channels.Channels.judge`; None where
                what lasts is not to be told from what does not.
        """
        out = surprise.astype(np.float32)
        for place, row in enumerate(out):
            if self._habit:
                self._habituate(row)
            if self._news_only:
                known = row <= self._memory
                np.maximum(self._memory * self._fade, row, out=self._memory)
                row[known] *= np.float32(ECHO)
            if excess is not None:
                self._lasting += np.float32(1.0 / LASTING_ROWS) * (excess[place] - self._lasting)
                lifted = np.minimum(row + np.float32(LASTING) * self._lasting, np.float32(LASTING_MOST))
                np.maximum(row, lifted, out=row)
            self._row += 1
        return out.astype(np.float64)

    def _habituate(self, surprise: NDArray[np.float32]) -> None:
        """Scale down what has happened often, in place, and remember it."""
        at = np.flatnonzero(surprise > LEAST)
        if not len(at):
            return
        now = surprise[at]
        over = at[self._row - self._peak_at[at] > EVENT_ROWS]
        if len(over):
            smallest = self._events[:, over].argmin(axis=0)
            self._events[smallest, over] = np.maximum(self._events[smallest, over], self._peak[over])
            self._peak[over] = 0.0
        times = (self._events[:, at] >= now).sum(axis=0)
        surprise[at] = now / (1.0 + (times / self._habit) ** 2)
        larger = at[now >= self._peak[at]]
        self._peak[larger] = now[now >= self._peak[at]]
        self._peak_at[larger] = self._row
