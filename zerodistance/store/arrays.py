"""Long lists as PostgreSQL's array literals: the driver, element by element, takes several times as long.

For parameters with a cast: ``unnest(%s::text[], %s::bigint[])``. Syntax: PostgreSQL documentation, "Array
Value Input".
"""

from __future__ import annotations

from collections.abc import Iterable


def text_array(values: Iterable[str]) -> str:
    r"""Return texts as an array literal.

    >>> text_array(["fridge-1", 'say "no"', "NULL", "a\\b", ""])
    '{"fridge-1","say \\"no\\"","NULL","a\\\\b",""}'
    """
    listed = list(values)
    joined = '","'.join(listed)
    if joined.count('"') != 2 * max(0, len(listed) - 1) or "\\" in joined:
        joined = '","'.join(value.replace("\\", "\\\\").replace('"', '\\"') for value in listed)
    return f'{{"{joined}"}}' if listed else "{}"


def int_array(values: Iterable[int]) -> str:
    """Return whole numbers as an array literal.

    >>> int_array([1, -2])
    '{1,-2}'
    """
    return "{" + ",".join(map(str, values)) + "}"
