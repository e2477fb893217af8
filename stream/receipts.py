"""Which of a device's samples are settled, so that it may forget them. Pure.

For each boot of a device the numbers 1, 2, 3 … are settled as they are stored (or refused for good);
``through`` is the last one before the first gap. What came beyond a gap is kept as ranges, so that the
gap's late arrival settles it all at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# A device with more gaps than this at once is told of the ones it can settle first; it sends the rest again.
MAX_RANGES = 1000


class Settled(NamedTuple):
    """What of one boot is settled: 1 to ``through``, and the closed ranges ``ahead``, ascending, apart."""

    through: int = 0
    ahead: tuple[tuple[int, int], ...] = ()


def settle(state: Settled, numbers: Iterable[int], oldest: int | None = None) -> Settled:
    """Return the state after ``numbers`` are settled, and all below ``oldest``: the device gave that up.

    Numbers that are settled already, or below 1, change nothing; order does not matter.

    >>> settle(Settled(), [1, 2, 5])
    Settled(through=2, ahead=((5, 5),))
    >>> settle(Settled(2, ((5, 5),)), [4, 3])
    Settled(through=5, ahead=())
    >>> settle(Settled(2, ((5, 5),)), [], oldest=5)
    Settled(through=5, ahead=())
    """
    through = max(state.through, (oldest or 0) - 1)
    ranges = [*state.ahead, *((number, number) for number in numbers if number > through)]
    ahead: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if first <= through + 1:
            through = max(through, last)
        elif ahead and first <= ahead[-1][1] + 1:
            ahead[-1] = (ahead[-1][0], max(ahead[-1][1], last))
        else:
            ahead.append((first, last))
    return Settled(through, tuple(ahead[:MAX_RANGES]))


def flatten(state: Settled) -> list[int]:
    """Return ``ahead`` as the table ``receipt`` keeps it: first, last, first, last, …"""
    return [edge for pair in state.ahead for edge in pair]


def unflatten(through: int, edges: list[int]) -> Settled:
    """Return the state that :func:`flatten` wrote.

    >>> unflatten(2, flatten(Settled(2, ((5, 5), (8, 9)))))
    Settled(through=2, ahead=((5, 5), (8, 9)))
    """
    return Settled(through, tuple(zip(edges[::2], edges[1::2], strict=True)))
