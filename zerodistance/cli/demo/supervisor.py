"""Start the platform's processes, notice when one ends, and stop them all in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from zerodistance.errors import DemoError

STOP_TIMEOUT_S = 10.0  # a drain takes about a second; past this a process is stuck and is killed
_PR_SET_PDEATHSIG = 1  # Linux, prctl(2)


class ToldToStop(Exception):  # noqa: N818 - it is no error
    """Somebody asked for the end.

    Not KeyboardInterrupt: that may strike anywhere, and is lost where Python ignores exceptions (in what
    runs after a fork, for example, while a child is being started).
    """


class Supervisor:
    """The child processes of one demo run; each writes to ``logs/<name>.log``.

    Children get a process group of their own, so that Ctrl-C reaches the supervisor only and the stop
    is in order: sources first, so that what is under way drains. On Linux they also die with it.
    """

    def __init__(self, logs: Path, environment: dict[str, str], stop: threading.Event | None = None) -> None:
        self._logs = logs
        self._stop = stop or threading.Event()
        self._environment = {**os.environ, **environment}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """Start ``zerodistance ARGUMENTS`` under ``name``, with further variables of its own."""
        with (self._logs / f"{name}.log").open("wb") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", "zerodistance", *arguments],
                env={**self._environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def pid(self, name: str) -> int:
        """Return the process id of a child."""
        return self._children[name].pid

    def check(self) -> None:
        """Make sure that all children run and that nobody has asked for the end.

        Raises:
            ToldToStop: SIGTERM or Ctrl-C came.
            DemoError: naming the child that ended, with the last lines that it wrote.
        """
        if self._stop.is_set():
            raise ToldToStop
        for name, child in self._children.items():
            code = child.poll()
            if code is not None:
                raise DemoError(
                    f"The process {name!r} ended with code {code}. "
                    f"Its last words ({self._logs / name}.log):\n{self.last_words(name)}"
                )

    def last_words(self, name: str, lines: int = 12) -> str:
        """Return the last lines of a child's log."""
        text = (self._logs / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Poll ``ready`` until it is true.

        Raises:
            ToldToStop: SIGTERM or Ctrl-C came.
            DemoError: when that takes longer than ``timeout_s``, or a child ended meanwhile.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{what} did not happen within {timeout_s:.0f} s; see the logs in {self._logs}."
                )
            self._stop.wait(0.1)

    def stop(self) -> list[str]:
        """Stop all children; return the names of those that had to be killed.

        The one started last (the source) ends first, the one started first (the broker, or the store)
        last, and all between them together: what is under way drains, and it does not take long.
        """
        names = list(self._children)
        killed = [name for stage in (names[:0:-1][:1], names[1:-1], names[:1]) for name in self._end(stage)]
        self._children.clear()
        return killed

    def _end(self, names: list[str]) -> list[str]:
        """Ask these children to end, wait for all of them, and return those that had to be killed."""
        for name in names:
            if self._children[name].poll() is None:
                self._children[name].send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        killed = []
        for name in names:
            child = self._children[name]
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                killed.append(name)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        return killed


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
