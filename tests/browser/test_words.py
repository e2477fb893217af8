"""The console's texts: both languages say the same things, and no template says anything by itself."""

from __future__ import annotations

import re
import string
from importlib import resources
from pathlib import Path

import pytest

import services.console
from services.console.words import LANGUAGES, WORDS, read_texts
from services.tickets.lifecycle import MOVES, Role, State

FOLDER = Path(str(resources.files("services.console")))
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
# The maker's name and what is the same in every language.
_NAMES = {"Zero", "Distance", "fridge"}
_USED = re.compile(r"""\bt(?:\.count)?\(\s*'([a-z_]+\.[a-z_]+)'""")
_NAMED = re.compile(r"""\bt\.named\(\s*'([a-z_]+)'""")
_IN_CODE = re.compile(r"""\bwords(?:\.count)?\(\s*"([a-z_]+\.[a-z_]+)\"""")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def keys(language: str) -> dict[str, str]:
    sections = read_texts(language)
    return {f"{section}.{name}": text for section, texts in sections.items() for name, text in texts.items()}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = keys("en"), keys("zh")
    assert list(english) == list(chinese)
    for key, text in english.items():
        assert fields(text) == fields(chinese[key]), key
        assert text.strip(), key
        assert chinese[key].strip(), key


def test_chinese_is_chinese() -> None:
    same = {"inbox.of", "ticket.quote", "campaign.members_one", "time.window"}
    for key, text in keys("zh").items():
        latin = re.findall(r"[A-Za-z]{3,}", re.sub(r"\{\w+\}", "", text))
        assert key in same or re.search(r"[\u4e00-\u9fff]", text) or not latin, f"{key}: {text}"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_sentence_of_its_own(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
    spoken = re.findall(r"""(?:placeholder|title|aria-label|alt)="([^"]*)\"""", text)
    text = re.sub(r"<(script|style|kbd)\b.*?</\1>|<[^>]*>|&[a-z]+;", " ", text, flags=re.DOTALL)
    found = {word for part in (text, *spoken) for word in re.findall(r"[A-Za-z]{4,}", part)} - _NAMES
    assert not found, f"these words belong into texts/: {sorted(found)}"


def test_every_text_that_is_asked_for_is_there() -> None:
    known = keys("en")
    pages = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    for key in {*_USED.findall(pages), *_IN_CODE.findall(code)}:
        # What ends in an underscore is put together with a code.
        there = any(one.startswith(key) for one in known) if key.endswith("_") else key in known
        assert there or f"{key}_one" in known, key
    assert set(_NAMED.findall(pages)) <= {key.partition(".")[0] for key in known}
    scripts = "".join(path.read_text(encoding="utf-8") for path in (FOLDER / "static").glob("*.js"))
    for name in re.findall(r'\bsay\("(\w+)"', scripts):
        assert f"script.{name}" in known or f"time.{name}" in known, name


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_move_that_staff_can_make_has_words(language: str) -> None:
    words = WORDS[language]
    for (source, target), move in MOVES.items():
        if source is not None and move.who & {Role.ENGINEER, Role.DISPATCHER}:
            known = words.knows(f"move.{source.value}_{target.value}") or words.knows(f"move.{target.value}")
            assert known, f"{source} → {target}"
    for state in State:
        assert words.knows(f"state.{state.value}")


def test_an_unknown_code_keeps_its_name_and_braces_in_data_are_text() -> None:
    words = WORDS["zh"]
    assert words.named("state", "brand_new") == "brand new"
    assert words("ticket.quote", text="{n} {0} {") == "“{n} {0} {”"
    assert words.say({"en": "Door"}) == "Door"
    assert services.console is not None
