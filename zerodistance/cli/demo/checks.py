"""What the demo needs of the machine, checked before anything is started: each miss is one sentence."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

from zerodistance.errors import HostError

MINIMUM_FREE_BYTES = 1_000_000_000  # PostgreSQL's cluster and WAL, 14 days of history, the log


def check_port(host: str, port: int, purpose: str, setting: str) -> None:
    """Make sure that ``port`` can be listened on.

    Raises:
        HostError: naming the port, what it was for, and the setting that moves it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection still in TIME_WAIT from the last run is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = (
                "is taken by another program"
                if error.errno == errno.EADDRINUSE
                else f"cannot be used ({error.strerror})"
            )
            raise HostError(
                f"Port {port} for {purpose} {why}: stop what uses it, or choose another with {setting}."
            ) from error


def check_folder(folder: Path) -> None:
    """Make ``folder`` if need be, and make sure that it can be written and has room.

    Raises:
        HostError: naming the folder and what is wrong with it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 65536)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise HostError(
                f"The disk that holds {folder} is full: free some room or choose another with --data."
            ) from error
        raise HostError(
            f"The data folder {folder} cannot be written ({error.strerror}): choose another with --data."
        ) from error
    free = shutil.disk_usage(folder).free
    if free < MINIMUM_FREE_BYTES:
        raise HostError(
            f"The disk that holds {folder} has {free // 1_000_000} MB left and the demo needs "
            f"{MINIMUM_FREE_BYTES // 1_000_000} MB: free some room or choose another with --data."
        )
