"""When a delivery is tried again, and when nobody believes in its receiver any more. Pure."""

from __future__ import annotations

from datetime import timedelta

MOST_ATTEMPTS = 12
FIRST_PAUSE_S = 5.0
GROWTH = 4.0
LONGEST_PAUSE_S = 6 * 3600.0
# A receiver that does not answer is left alone as a whole: at most so long, so that it hears soon again.
LONGEST_SILENCE_S = 300.0
# The share by which a pause is longer or shorter than planned: what failed together does not come back
# together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
JITTER = 0.2
DISABLED_AFTER = timedelta(days=5)


def pause_s(attempts: int, chance: float, asked_s: float = 0.0) -> float | None:
    """Return the seconds until the next try after so many; None: it is given up.

    Args:
        attempts: so far, at least 1.
        chance: uniform, 0 to 1.
        asked_s: what the receiver wished for (Retry-After), followed up to the longest pause.

    >>> [pause_s(n, 0.5) for n in (1, 2, 3, 12)]
    [5.0, 20.0, 80.0, None]
    >>> pause_s(1, 0.0), pause_s(1, 1.0), pause_s(1, 0.5, asked_s=60.0)
    (4.0, 6.0, 60.0)
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    planned = min(FIRST_PAUSE_S * GROWTH ** (attempts - 1), LONGEST_PAUSE_S)
    return max(planned * (1 + JITTER * (2 * chance - 1)), min(asked_s, LONGEST_PAUSE_S))


def silence_s(failures: int, chance: float, asked_s: float = 0.0) -> float:
    """Return for how long a receiver is left alone that did not answer so many times in a row.

    >>> silence_s(1, 0.5), silence_s(9, 0.5)
    (5.0, 300.0)
    """
    planned = min(FIRST_PAUSE_S * GROWTH ** min(failures - 1, 10), LONGEST_SILENCE_S)
    return max(planned * (1 + JITTER * (2 * chance - 1)), min(asked_s, LONGEST_PAUSE_S))
