"""What processes cost: CPU seconds and memory, read from the process table."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

import psutil

_EVERY_S = 0.5


class Meter:
    """Measures named processes, each with its children, from :meth:`begin` to :meth:`end`.

    Args:
        pids: name → process ids; a name may stand for several processes. Our own counts without children.
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
        return {name: sum(map(_cpu_s, processes)) for name, processes in self._processes.items()}

    def _run(self) -> None:
        while True:
            for name, processes in self._processes.items():
                now = sum(map(_resident, processes))
                self._peak[name] = max(self._peak.get(name, 0.0), now)
            if self._stop.wait(_EVERY_S):
                return


def _family(process: psutil.Process) -> list[psutil.Process]:
    if process.pid == os.getpid():
        return [process]
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu_s(process: psutil.Process) -> float:
    """Return CPU seconds of a process and its children, those that have ended included."""
    total = 0.0
    for one in _family(process):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if one == process and one.pid != os.getpid():
            total += times.children_user + times.children_system
    return total


def _resident(process: psutil.Process) -> float:
    """Return the bytes in memory of a process and its children; what they share counts once."""
    own, shared = 0.0, 0.0
    for one in _family(process):
        try:
            memory = one.memory_info()
        except psutil.NoSuchProcess:
            continue
        own += memory.rss - memory.shared
        shared = max(shared, memory.shared)
    return own + shared
