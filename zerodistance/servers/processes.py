"""Start servers so that none outlives the process that started it."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from zerodistance.errors import UnavailableError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends, however it ends (Linux)."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start_server(
    command: Sequence[str | Path], output: Path, *, new_session: bool = False
) -> subprocess.Popen[bytes]:
    """Start a server that writes to the file ``output`` and dies with this process.

    Args:
        command: program and arguments.
        output: appended to.
        new_session: Ctrl-C on the terminal does not reach it: it is ended in order.
    """
    with output.open("ab") as sink:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=new_session,
            preexec_fn=die_with_parent,
        )


def end_server(process: subprocess.Popen[bytes], timeout_s: float = 15.0) -> None:
    """Ask a server to end (SIGTERM), kill it when it does not, and wait until it has ended."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether somebody accepts TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def await_server(
    process: subprocess.Popen[bytes], condition: Callable[[], object], *, name: str, timeout_s: float = 60.0
) -> bool:
    """Poll ``condition`` until it is true; False when the process ended before.

    Raises:
        UnavailableError: it took longer than ``timeout_s`` real seconds.
    """
    deadline = time.monotonic() + timeout_s
    pause = 0.005
    while not condition():
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise UnavailableError(f"{name} does not answer {timeout_s:g} s after its start.")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True
