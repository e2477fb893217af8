"""Home Assistant's value templates, as far as they are paths into a payload. Nothing here is ever executed.

A discovery message comes from whoever may publish to the broker, and a Jinja template is a program. So a
template is taken apart by a small grammar of its own: ``value`` or ``value_json`` with ``.name``,
``['name']`` and ``[0]``; after it filters that do not change a number (``float``, ``int``, ``round``,
``default`` …) and one multiplication or division by a constant. Whatever else it holds, it is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

_LONGEST = 300
_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_]\w*)|\[\s*(?:'(?P<one>[^'\\]*)'|"(?P<two>[^"\\]*)"|(?P<index>\d{1,4}))\s*\]"""
)
_HARMLESS = re.compile(
    r"\s*\|\s*(?:float|int|round|default|is_defined|string|trim|lower|upper)(?:\([^(){}|]{0,40}\))?"
)
_FACTOR = re.compile(r"\s*(?P<sign>[*/])\s*(?P<number>\d+(?:\.\d+)?)")
_HEAD = re.compile(r"(?P<what>value_json|value)(?![\w])")


class Template(NamedTuple):
    """What a template asks for: ``path`` into the JSON (None: the plain payload), times ``factor``."""

    path: tuple[str | int, ...] | None
    factor: float = 1.0


def parse_template(text: str) -> Template | None:
    """Return what a template asks for, None where it is more than a path.

    >>> parse_template("{{ value_json.ENERGY['Power'] | float }}")
    Template(path=('ENERGY', 'Power'), factor=1.0)
    >>> parse_template("{{ value_json.energy / 1000 }}")
    Template(path=('energy',), factor=0.001)
    >>> parse_template("{{ states('sensor.x') }}") is None
    True
    """
    text = text.strip()
    if not text:
        return Template(None)
    if len(text) > _LONGEST or not (text.startswith("{{") and text.endswith("}}")):
        return None
    body = text[2:-2].strip("-").strip()
    while body.startswith("(") and body.endswith(")"):
        body = body[1:-1].strip()
    if body.startswith("("):  # ({{ (value_json.a | float) / 1000 }}
        inner, closed, rest = body[1:].partition(")")
        if not closed or "(" in inner:
            return None
        body = inner.strip() + rest
    head = _HEAD.match(body)
    if head is None:
        return None
    at = head.end()
    path: list[str | int] = []
    while (step := _STEP.match(body, at)) is not None:
        index = step["index"]
        path.append(int(index) if index is not None else step["name"] or step["one"] or step["two"] or "")
        at = step.end()
    factor = 1.0
    seen_factor = False
    while at < len(body):
        harmless, scaled = _HARMLESS.match(body, at), _FACTOR.match(body, at)
        if harmless is not None:
            at = harmless.end()
        elif scaled is not None and not seen_factor and float(scaled["number"]):
            constant = float(scaled["number"])
            factor = constant if scaled["sign"] == "*" else 1 / constant
            seen_factor = True
            at = scaled.end()
        else:
            return None
    if head["what"] == "value":
        return None if path else Template(None, factor)
    return Template(tuple(path), factor)


def look_up(path: tuple[str | int, ...] | None, plain: str, parsed: Callable[[], Any]) -> Any:
    """Return what stands at a path, None if nothing does.

    Args:
        path: of a :class:`Template`.
        plain: the payload as text.
        parsed: gives the payload as JSON.
    """
    if path is None:
        return plain
    value = parsed()
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        elif not isinstance(value, dict) or step not in value:
            return None
        else:
            value = value[step]
    return value
