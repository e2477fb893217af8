"""What all tests share: one plugin for each server, and the list of what was missing at the end."""

from __future__ import annotations

import importlib.util

import pytest

from zerodistance.catalogue import Catalogue, load_catalogue

_PLUGINS = ("skips", "scenes", "mosquitto", "amqtt", "kafka", "chromium", "sqlite_log", "postgres")
pytest_plugins = [
    name for name in (f"tests.fixtures.{plugin}" for plugin in _PLUGINS) if importlib.util.find_spec(name)
]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Give the catalogue that comes with the platform."""
    return load_catalogue()
