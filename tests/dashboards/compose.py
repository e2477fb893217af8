"""Reads docker-compose.yml the way compose does, as far as the tests need it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\$|\$\{([A-Z][A-Z0-9_]*)(?::([?-])([^}]*))?\}")


class MissingVariableError(Exception):
    """A variable that compose insists on is not set."""


def load_compose() -> dict[str, Any]:
    """Return the file, not interpolated, anchors resolved."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name."""
    found = load_compose()["services"]
    assert isinstance(found, dict)
    return found


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """Put in variables: ``${A}``, ``${A:-default}``, ``${A:?message}``, ``$$``."""

    def put(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        value = values.get(match[1], "")
        if value or match[2] is None:
            return value
        if match[2] == "?":
            raise MissingVariableError(match[3])
        return match[3]

    return _VARIABLE.sub(put, text)


def variables(text: str) -> set[str]:
    """Return the names of the variables that ``text`` reads."""
    return {match[1] for match in _VARIABLE.finditer(text) if match[1]}


def example_variables() -> dict[str, str]:
    """Return what deploy/example.env sets."""
    lines = (ROOT / "deploy/example.env").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}
