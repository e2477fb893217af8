"""What processes cost: CPU seconds and memory, read from the process table."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import psutil

# Listing a server's children goes over every process of the machine: not more often than this.
_EVERY_S = 2.0
# The only ones that work in children.
_FAMILIES = ("postgres",)


class Meter:
    """Measures named processes from :meth:`begin` to :meth:`end`; of PostgreSQL the children as well.

    Args:
        pids: name → process ids; a name may stand for several processes.
    """

    def __init__(self, pids: Mapping[str, list[int]]) -> None:
        self._processes = {
            name: [psutil.Process(pid) for pid in numbers] for name, numbers in pids.items() if numbers
        }
        self._before: dict[str, float] = {}
        self._peak: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def begin(self) -> None:
        """Take the first reading and watch the memory from now on."""
        self._before = self._cpu()
        self._thread.start()

    def end(self) -> dict[str, float]:
        """Stop watching; return the CPU seconds since :meth:`begin` by name."""
        after = self._cpu()
        self._stop.set()
        self._thread.join()
        return {name: after[name] - self._before.get(name, 0.0) for name in after}

    @property
    def peak_rss_mb(self) -> dict[str, float]:
        """Largest resident memory seen, in megabytes, by name."""
        return {name: round(peak / 1e6, 1) for name, peak in self._peak.items()}

    def _cpu(self) -> dict[str, float]:
        return {
            name: sum(_cpu_s(one, family=name in _FAMILIES) for one in processes)
            for name, processes in self._processes.items()
        }

    def _run(self) -> None:
        while True:
            for name, processes in self._processes.items():
                now = sum(_resident(one, family=name in _FAMILIES) for one in processes)
                self._peak[name] = max(self._peak.get(name, 0.0), now)
            if self._stop.wait(_EVERY_S):
                return


def _members(process: psutil.Process, *, family: bool) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)] if family else [process]
    except psutil.NoSuchProcess:
        return []


def _cpu_s(process: psutil.Process, *, family: bool) -> float:
    """Return CPU seconds of a process and, in a family, of its children, those that have ended included."""
    total = 0.0
    for one in _members(process, family=family):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if family and one == process:
            total += times.children_user + times.children_system
    return total


def _resident(process: psutil.Process, *, family: bool) -> float:
    """Return the bytes in memory of a process and its family; what they share counts once."""
    own, shared = 0.0, 0.0
    for one in _members(process, family=family):
        try:
            memory = one.memory_info()
        except psutil.NoSuchProcess:
            continue
        own += memory.rss - memory.shared
        shared = max(shared, memory.shared)
    return own + shared
