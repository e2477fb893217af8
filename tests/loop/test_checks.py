"""What the demo says of a machine that cannot run it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from zerodistance.cli.demo import checks
from zerodistance.errors import HostError


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError, match="is full: free some room"):
        checks.check_folder(tmp_path)


def test_a_disk_with_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10**9, 9 * 10**8, 10**8)
    )
    with pytest.raises(HostError, match="has 100 MB left and the demo needs 1000 MB"):
        checks.check_folder(tmp_path)


def test_a_folder_that_is_fit(tmp_path: Path) -> None:
    checks.check_folder(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
