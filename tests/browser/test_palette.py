"""WCAG AA for the palettes of both stylesheets, light and dark, computed from the files themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import services

_ROOT = Path(services.__file__).parent
_TOKEN = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2, success criteria 1.4.3 and 1.4.11

CONSOLE = [
    *(
        (text, ground, TEXT)
        for text in ("text", "muted")
        for ground in ("canvas", "surface", "raised", "hover")
    ),
    *((text, "selected", TEXT) for text in ("text", "muted")),
    *((tone, "surface", TEXT) for tone in ("accent", "critical", "warn", "ok", "info")),
    *((tone, f"{tone}-soft", TEXT) for tone in ("accent", "critical", "warn", "ok", "info")),
    *(("text", f"{tone}-soft", TEXT) for tone in ("accent", "critical", "warn", "ok", "info", "neutral")),
    ("warn", "info-soft", TEXT),
    ("critical", "info-soft", TEXT),
    ("critical", "hover", TEXT),
    ("critical", "selected", TEXT),
    ("warn", "hover", TEXT),
    ("muted", "ok-soft", TEXT),
    ("muted", "neutral-soft", TEXT),
    ("muted", "accent-soft", TEXT),
    ("accent", "canvas", TEXT),
    ("accent", "hover", TEXT),
    ("warn", "canvas", TEXT),
    ("critical", "canvas", TEXT),
    ("on-accent", "accent", TEXT),
    ("line-strong", "surface", SHAPE),
    ("line-strong", "canvas", SHAPE),
    ("plot-line", "plot-band", SHAPE),
    ("plot-line", "surface", SHAPE),
    ("critical", "plot-band", SHAPE),
    ("muted", "plot-band", SHAPE),
]
OWNER = [
    *((text, ground, TEXT) for text in ("text", "muted") for ground in ("canvas", "surface", "soft")),
    ("accent", "soft", TEXT),
    ("accent", "surface", TEXT),
    ("on-accent", "accent", TEXT),
    ("attention", "attention-soft", TEXT),
    ("attention", "surface", SHAPE),
    ("ok", "ok-soft", TEXT),
    ("text", "ok-soft", TEXT),
    ("text", "track", TEXT),
    ("line-strong", "surface", SHAPE),
]
_SHEETS = {"console": _ROOT / "console/static/console.css", "owner": _ROOT / "owner/static/owner.css"}


def tokens(sheet: str) -> dict[str, tuple[str, str]]:
    text = _SHEETS[sheet].read_text(encoding="utf-8")
    return {name: (light, dark) for name, light, dark in _TOKEN.findall(text)}


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("sheet", "front", "ground", "least"),
    [("console", *row) for row in CONSOLE] + [("owner", *row) for row in OWNER],
)
def test_contrast(sheet: str, front: str, ground: str, least: float, scheme: int) -> None:
    palette = tokens(sheet)
    found = contrast(palette[front][scheme], palette[ground][scheme])
    assert found >= least, f"{front} on {ground}: {found:.2f}, needs {least}"


@pytest.mark.parametrize("sheet", list(_SHEETS))
def test_colours_are_named_once_and_nowhere_else(sheet: str) -> None:
    text = _SHEETS[sheet].read_text(encoding="utf-8")
    rules = text[text.index("*, *::before") :]
    assert not re.search(r"#[0-9a-f]{3,8}\b", rules), "a colour outside the tokens would miss dark mode"
