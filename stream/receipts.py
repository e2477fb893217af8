"""Which of a device's samples are settled, so that it may forget them. Pure.

For each boot of a device the numbers 1, 2, 3 … are settled as they are stored (or refused for good);
``through`` is the last one before the first gap. What came beyond a gap is kept as ranges, so that the
gap's late arrival settles it all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

# A device with more gaps than this at once is told of the ones it can settle first; it sends the rest again.
MAX_RANGES = 1000


class Settled(NamedTuple):
    """What of one boot is settled: 1 to ``through``, and the closed ranges ``ahead``, ascending, apart.

    ``given_up``: how many of them never came, because the device said that it does not keep them any more.
    """

    through: int = 0
    ahead: tuple[tuple[int, int], ...] = ()
    given_up: int = 0


def settle(state: Settled, numbers: Iterable[int], oldest: int | None = None) -> Settled:
    """Return the state after ``numbers`` are settled, and all below ``oldest``: the device gave that up.

    Numbers that are settled already, or below 1, change nothing; order does not matter.

    >>> settle(Settled(), [1, 2, 5])
    Settled(through=2, ahead=((5, 5),), given_up=0)
    >>> settle(Settled(2, ((5, 5),)), [4, 3])
    Settled(through=5, ahead=(), given_up=0)
    >>> settle(Settled(2, ((5, 5),)), [], oldest=5)
    Settled(through=5, ahead=(), given_up=2)
    """
    through = state.through
    ranges = [*state.ahead, *((number, number) for number in numbers if number > through)]
    ahead: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if first <= through + 1:
            through = max(through, last)
        elif ahead and first <= ahead[-1][1] + 1:
            ahead[-1] = (ahead[-1][0], max(ahead[-1][1], last))
        else:
            ahead.append((first, last))
    given_up = state.given_up
    while oldest is not None and through < oldest - 1:
        end = min(oldest, ahead[0][0] if ahead else oldest) - 1  # the gap that the device gives up
        given_up += end - through
        through = end
        if ahead and ahead[0][0] == through + 1:
            through = ahead.pop(0)[1]
    return Settled(through, tuple(ahead[:MAX_RANGES]), given_up)


def flatten(state: Settled) -> list[int]:
    """Return ``ahead`` as the table ``receipt`` keeps it: first, last, first, last, …"""
    return [edge for pair in state.ahead for edge in pair]


def unflatten(through: int, edges: Sequence[int], given_up: int = 0) -> Settled:
    """Return the state that :func:`flatten` wrote.

    >>> unflatten(2, flatten(Settled(2, ((5, 5), (8, 9)))))
    Settled(through=2, ahead=((5, 5), (8, 9)), given_up=0)
    """
    return Settled(through, tuple(zip(edges[::2], edges[1::2], strict=True)), given_up)
