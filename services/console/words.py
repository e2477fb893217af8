"""The console's texts: one data file a language, read once, looked up by key.

A key is ``section.name``; both files have the same keys and placeholders (tests/browser/test_words.py holds
them to it).
What comes from outside only ever fills a placeholder, and the templates escape it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib import resources

LANGUAGES = {"en": "English", "zh": "中文"}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Words:
    """Everything that the console says in one language.

    >>> Words("en")("time.minutes", n=5), Words("zh")("time.minutes", n=5)
    ('5 min', '5分钟')
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = LOCALES[language]
        self._sections = read_texts(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key with its placeholders filled.

        Raises:
            KeyError: there is no such text: a mistake in the program, which a test finds.
        """
        section, _, name = key.partition(".")
        text = self._sections[section][name]
        return text.format(**values) if values else text

    def count(self, key: str, /, n: int, **values: object) -> str:
        """Return ``key_one`` or ``key_many`` with ``n`` filled in.

        >>> Words("en").count("fleet.open", 1), Words("en").count("fleet.open", 3)
        ('1 open ticket', '3 open tickets')
        """
        return self(f"{key}_{'one' if n == 1 else 'many'}", n=n, **values)

    def named(self, section: str, name: str) -> str:
        """Return what a code is called; one of a newer API keeps its own name.

        >>> Words("en").named("state", "on_hold"), Words("en").named("state", "brand_new")
        ('On hold', 'brand new')
        """
        return self._sections[section].get(name) or name.replace("_", " ")

    def knows(self, key: str) -> bool:
        """Return whether there is a text of that key."""
        section, _, name = key.partition(".")
        return name in self._sections.get(section, {})

    def section(self, section: str) -> Mapping[str, str]:
        """Return all texts of a section, for the scripts."""
        return self._sections[section]

    def say(self, text: Mapping[str, str]) -> str:
        """Return a text that the API gives by language; in English where this one is missing."""
        return text.get(self.language) or text.get("en") or next(iter(text.values()), "")

    def problem(self, code: str, detail: str) -> str:
        """Return an error's sentence: the API speaks English; elsewhere its code is said first.

        >>> Words("en").problem("conflict", "It has changed.")
        'It has changed.'
        """
        if self.language == "en":
            return detail or self("problem.other")
        known = self._sections["problem"].get(code) or self("problem.other")
        return f"{known}（{detail}）" if detail else known

    def actor(self, actor: str) -> str:
        """Return who acted, without the prefix that tells staff from owners.

        >>> Words("en").actor("platform"), Words("en").actor("staff:Wang.Wei")
        ('the platform', 'Wang.Wei')
        """
        kind, _, name = actor.partition(":")
        if kind == "owner":
            return self("actor.owner")
        return name or self.named("actor", kind)

    def date(self, moment: datetime) -> str:
        """Return a day without its year.

        >>> Words("en").date(datetime(2026, 3, 2)), Words("zh").date(datetime(2026, 3, 2))
        ('2 Mar', '3月2日')
        """
        if self.language == "zh":
            return f"{moment.month}月{moment.day}日"
        return f"{moment.day} {_MONTHS[moment.month - 1]}"

    def day(self, moment: datetime, *, year: bool = False) -> str:
        """Return a day with its weekday.

        >>> Words("en").day(datetime(2026, 3, 2)), Words("zh").day(datetime(2026, 3, 2), year=True)
        ('Mon 2 Mar', '2026年3月2日 周一')
        """
        weekday = _WEEKDAYS[self.language][moment.weekday()]
        if self.language == "zh":
            return f"{f'{moment.year}年' if year else ''}{self.date(moment)} {weekday}"
        return f"{weekday} {self.date(moment)}{f' {moment.year}' if year else ''}"


def read_texts(language: str) -> dict[str, dict[str, str]]:
    """Return the texts of a language by section."""
    path = resources.files("services.console").joinpath("texts", f"{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


WORDS: dict[str, Words] = {language: Words(language) for language in LANGUAGES}
ENGLISH = WORDS["en"]
