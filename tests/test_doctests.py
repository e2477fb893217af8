"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

# Not imported here: what runs on import, and Locust's file, which would make this process gevent's.
NOT_IMPORTED = ("__main__", "api_load")
ROOMS = ("zerodistance", "ingest", "stream", "services", "models", "dashboards", "simulators")


@pytest.mark.parametrize("room", ROOMS)
def test_examples_in_docstrings(room: str) -> None:
    package = importlib.import_module(room)
    names = [room] + [found.name for found in pkgutil.walk_packages(package.__path__, f"{room}.")]
    for name in names:
        if not name.endswith(NOT_IMPORTED):
            failed, _ = doctest.testmod(importlib.import_module(name))
            assert failed == 0, f"examples in {name}"
