"""Files that another process reads while we write them: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from zerodistance.errors import HostError


def write_atomically(path: Path, content: bytes, mode: int) -> None:
    """Replace ``path`` in one step; it survives a power cut as it was or as it is.

    Args:
        path: its folder exists.
        content: the whole file.
        mode: permissions, from the first moment on.

    Raises:
        HostError: it cannot be written.
    """
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise HostError(f"{path} cannot be written: {error.strerror}.") from error


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder, unless it is there.

    Raises:
        HostError: it cannot be made.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise HostError(f"The folder {folder} cannot be made: {error.strerror}.") from error
