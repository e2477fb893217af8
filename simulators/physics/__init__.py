"""Appliance physics, one module for each type; a new type is a new module that defines ``PHYSICS``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from simulators.physics.contract import Physics
from zerodistance.errors import SettingsError

__all__ = ["Physics", "physics_of", "simulated_types"]


@cache
def _all() -> dict[str, type[Physics]]:
    found: dict[str, type[Physics]] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        physics = getattr(module, "PHYSICS", None)
        if physics is not None:
            found[physics.TYPE] = physics
    return found


def simulated_types() -> list[str]:
    """Return the appliance types that can be simulated."""
    return sorted(_all())


def physics_of(appliance_type: str) -> type[Physics]:
    """Return the physics of a type.

    Raises:
        SettingsError: nobody has written it yet; names those that there are.
    """
    try:
        return _all()[appliance_type]
    except KeyError:
        raise SettingsError(
            f"There are no physics for {appliance_type!r}: choose of {', '.join(simulated_types())}."
        ) from None
