"""Windows that look back: means of the rows up to and with each row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def blocks(
    rows: int, *, first: int = 16, growth: float = 0.02, widest: int = 128
) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of blocks that share what was learned from the rows before them.

    Blocks widen with the past: what 2 % more rows would change is not worth learning anew.

    >>> list(blocks(50))
    [(16, 32), (32, 48), (48, 50)]
    """
    begin = min(first, rows)
    while begin < rows:
        end = min(rows, begin + min(widest, max(first, int(growth * begin))))
        yield begin, end
        begin = end


def fill_forward(value: Floats) -> Floats:
    """Return ``value`` (N,) with each NaN replaced by the last number before it (0 before the first)."""
    known = np.isfinite(value)
    if known.all():
        return value
    last = np.maximum.accumulate(np.where(known, np.arange(len(value)), -1))
    return np.where(last >= 0, value[np.maximum(last, 0)], 0.0)


def ewma(value: Floats, rows: float) -> Floats:
    """Return the exponentially weighted mean of ``value`` (N,), of ``rows`` rows' memory.

    The first rows are averaged evenly, so that the first value does not linger.
    """
    n = len(value)
    out = np.empty(n)
    keep = 1.0 - 1.0 / rows
    # in pieces: keepᵏ must stay a number
    piece = max(16, min(4096, int(200.0 * rows)))
    weighted, weight = 0.0, 0.0
    for begin in range(0, n, piece):
        part = value[begin : begin + piece]
        power = keep ** np.arange(1, len(part) + 1)
        sums = power * (weighted + np.cumsum(part / power))
        weights = power * (weight + np.cumsum(1.0 / power))
        out[begin : begin + piece] = sums / weights
        weighted, weight = float(sums[-1]), float(weights[-1])
    return out


def rolling_mean(value: Floats, rows: int) -> Floats:
    """Return the mean of the last ``rows`` rows of ``value`` (N,), or of all while there are fewer."""
    if not len(value):
        return value
    centre = float(value[0])  # known from the first row on; keeps the sums small
    total = np.concatenate([[0.0], np.cumsum(value - centre)])
    end = np.arange(1, len(value) + 1)
    begin = np.maximum(end - rows, 0)
    return np.asarray((total[end] - total[begin]) / (end - begin) + centre)
