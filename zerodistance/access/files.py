"""Files that another process reads while we write them: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
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
    with _beside(path, content, mode) as name:
        os.replace(name, path)


def write_once(path: Path, content: bytes, mode: int) -> bool:
    """Write ``path`` unless it is there; False: it was, and is left as it is.

    Of several that try at once one succeeds, and nobody sees half of the file.

    Args:
        path: its folder exists.
        content: the whole file.
        mode: permissions, from the first moment on.

    Raises:
        HostError: it cannot be written.
    """
    with _beside(path, content, mode) as name:
        try:
            os.link(name, path)
        except FileExistsError:
            return False
    return True


@contextlib.contextmanager
def _beside(path: Path, content: bytes, mode: int) -> Iterator[str]:
    """Give the name of a finished file in the same folder, which does not outlive the block."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield name
    except OSError as error:
        raise HostError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        if name:
            with contextlib.suppress(OSError):  # it has its place, or the folder is gone
                os.unlink(name)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder, unless it is there.

    Raises:
        HostError: it cannot be made.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise HostError(f"The folder {folder} cannot be made: {error.strerror}.") from error
