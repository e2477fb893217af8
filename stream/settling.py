"""Receipts as they follow from what was stored: kept in memory, read and written with the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from stream.receipts import Settled, flatten, settle, unflatten
from zerodistance.messages import ABSENT, Block, Sample
from zerodistance.store import arrivals
from zerodistance.store.database import Connection

# A device has one, and asks for it with every message.
_MAX_RECEIPTS = 200_000

Boot = tuple[str, int]


class _Numbers:
    """What arrived of one boot: runs of numbers without a gap, single numbers, and what is given up."""

    __slots__ = ("oldest", "runs", "singles")

    def __init__(self) -> None:
        self.runs: list[tuple[int, int]] = []
        self.singles: list[int] = []
        self.oldest: int | None = None

    def give_up(self, oldest: int) -> None:
        self.oldest = oldest if self.oldest is None else max(self.oldest, oldest)


class Receipts:
    """Receipts of the devices of this consumer's partitions."""

    def __init__(self) -> None:
        self._known: dict[Boot, Settled] = {}

    def clear(self) -> None:
        """Forget everything; a receipt is read again when a device needs it."""
        self._known.clear()

    def settle(self, conn: Connection, blocks: Sequence[Block], samples: Iterable[Sample]) -> dict[Boot, int]:
        """Settle the numbers of what is written in this transaction; write and return what changed.

        Returns:
            (device, boot) → last number before the first gap, of every boot that something came of.
        """
        arrived: dict[Boot, _Numbers] = defaultdict(_Numbers)
        for block in blocks:
            _note_block(arrived, block)
        for sample in samples:
            if sample.boot is None or sample.seq is None:
                continue
            numbers = arrived[sample.device, sample.boot]
            numbers.singles.append(sample.seq)
            if sample.oldest is not None:
                numbers.give_up(sample.oldest)
        if not arrived:
            return {}
        self._load(conn, arrived)
        changed: dict[Boot, arrivals.Receipt] = {}
        settled: dict[Boot, int] = {}
        for boot, numbers in arrived.items():
            before = self._known[boot]
            after = _after(before, numbers)
            if after != before:
                self._known[boot] = after
                changed[boot] = arrivals.Receipt(after.through, flatten(after), after.given_up)
            settled[boot] = after.through
        if changed:
            arrivals.save_receipts(conn, changed)
        return settled

    def _load(self, conn: Connection, boots: Iterable[Boot]) -> None:
        missing = [boot for boot in boots if boot not in self._known]
        if missing:
            if len(self._known) > _MAX_RECEIPTS:
                self._known.clear()
                missing = list(boots)
            stored = arrivals.load_receipts(conn, missing)
            for boot in missing:
                self._known[boot] = unflatten(*stored.get(boot, arrivals.Receipt()))


def _after(before: Settled, numbers: _Numbers) -> Settled:
    runs, through = numbers.runs, before.through
    if not numbers.singles and not before.ahead and (numbers.oldest or 0) <= through + 1:
        runs.sort()
        for first, last in runs:
            if first > through + 1:
                break
            through = max(through, last)
        else:
            return before._replace(through=through)
    every = [*numbers.singles, *(number for first, last in runs for number in range(first, last + 1))]
    return settle(before, every, numbers.oldest)


def _note_block(arrived: dict[Boot, _Numbers], block: Block) -> None:
    counted = np.flatnonzero((block.boot != ABSENT) & (block.seq != ABSENT))
    if not len(counted):
        return
    order = counted[np.lexsort((block.seq[counted], block.boot[counted], block.device[counted]))]
    device, boot, seq = block.device[order], block.boot[order], block.seq[order]
    gap = (device[1:] != device[:-1]) | (boot[1:] != boot[:-1]) | (seq[1:] - seq[:-1] > 1)
    starts = np.concatenate([[0], np.flatnonzero(gap) + 1])
    ends = np.concatenate([starts[1:], [len(order)]]) - 1
    for who, which, first, last in zip(
        device[starts].tolist(), boot[starts].tolist(), seq[starts].tolist(), seq[ends].tolist(), strict=True
    ):
        arrived[block.devices[who], which].runs.append((first, last))
    if (block.oldest != ABSENT).any():
        for row in np.flatnonzero(block.oldest[order] != ABSENT).tolist():
            who, which = block.devices[int(device[row])], int(boot[row])
            arrived[who, which].give_up(int(block.oldest[order[row]]))
