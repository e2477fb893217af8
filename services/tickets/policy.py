"""What is pressing before what. The times are policy, as data: services/policy/default.toml."""

from __future__ import annotations

URGENCIES = ("urgent", "soon", "routine")  # the most pressing first


def more_pressing(one: str, other: str) -> str:
    """Return the more pressing of two urgencies.

    >>> more_pressing("routine", "soon")
    'soon'
    """
    return min(one, other, key=URGENCIES.index)
