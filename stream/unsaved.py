"""Whose state is to be saved next, and from where the log would have to be read again.

A state costs the same whether one sample or a hundred came since it was saved, so not all are written at each
checkpoint: those that have waited longest go first, at a pace that follows the samples
(docs/decisions/0014-state-saved-in-turn.md). What a device has told must not be concluded again: its state is
written at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import NamedTuple

# After a crash the log is read again for so many samples at the most: some seconds of work.
READ_AGAIN = 500_000
# With many devices more: a state is saved no oftener than once in so many samples of its device.
SAMPLES_A_STATE = 60
# Each once in so many seconds, however little comes.
LONGEST_S = 1800.0
# So many a second cost next to nothing: small installations are saved as they change.
STEADY_PER_S = 16.0


class Mark(NamedTuple):
    """When a device changed for the first time since its state was saved."""

    taken: int
    """Samples that had been taken in by then."""
    offset: int
    """Of the record of telemetry that changed it."""
    type: str


class Pace:
    """How many states to save at a checkpoint."""

    def __init__(self) -> None:
        self._credit = 0.0

    def states(self, devices: int, samples: int, seconds: float) -> int:
        """Return how many are due.

        Args:
            devices: known in all.
            samples: taken in since the last checkpoint.
            seconds: real time since then.
        """
        share = min(devices / READ_AGAIN, 1 / SAMPLES_A_STATE)
        self._credit += max(samples * share, seconds * devices / LONGEST_S, seconds * STEADY_PER_S)
        due = max(1, int(self._credit))
        self._credit = max(0.0, self._credit - due)
        return due


class Unsaved:
    """The devices that changed since their state was saved, by partition, the one longest ago first."""

    def __init__(self) -> None:
        self._marks: dict[int, dict[str, Mark]] = {}
        self._at_once: dict[str, tuple[int, str]] = {}
        self.taken = 0

    def note(self, partition: int, devices: Iterable[str], offset: int, appliance_type: str) -> None:
        """Remember that the record at ``offset`` of ``partition`` has changed these devices."""
        marks = self._marks.setdefault(partition, {})
        mark = Mark(self.taken, offset, appliance_type)
        for device in devices:
            marks.setdefault(device, mark)

    def hurry(self, partition: int, device: str, appliance_type: str) -> None:
        """Have a device saved at the next checkpoint."""
        self._at_once[device] = (partition, appliance_type)

    def choose(self, count: int) -> list[tuple[str, int, str]]:
        """Return (device, partition, type): those that are to be saved at once, and up to ``count`` others.

        They count as saved from now on; a checkpoint that fails begins with everything anew.
        """
        chosen = [(device, partition, name) for device, (partition, name) in self._at_once.items()]
        self._at_once.clear()
        for device, partition, _ in chosen:
            self._marks.get(partition, {}).pop(device, None)
        for device, partition, name in islice(self._longest_first(), count):
            chosen.append((device, partition, name))
        for device, partition, _ in chosen:
            self._marks.get(partition, {}).pop(device, None)
        return chosen

    def begin(self, partition: int, position: int) -> int:
        """Return where reading would have to begin: at the first unsaved change, or at ``position``."""
        first = next(iter(self._marks.get(partition, {}).values()), None)
        return position if first is None else first.offset

    def __len__(self) -> int:
        return sum(map(len, self._marks.values()))

    def _longest_first(self) -> Iterator[tuple[str, int, str]]:
        queues = [_in_order(partition, marks) for partition, marks in self._marks.items()]
        for _, _, device, partition, name in merge(*queues):
            yield device, partition, name


def _in_order(partition: int, marks: dict[str, Mark]) -> Iterator[tuple[int, int, str, int, str]]:
    # the order of a dict is that in which its keys came
    for device, mark in marks.items():
        yield mark.taken, mark.offset, device, partition, mark.type
