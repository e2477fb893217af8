"""docs/dependencies.md against pyproject.toml and against what the packages say of themselves."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, metadata

import pytest

from tests.dashboards.compose import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# How packages that state no SPDX expression write their licence.
_SPELLINGS = {
    "Python Software Foundation License": "PSF-2.0",
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def _table(section: str) -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    part = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert part is not None
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part[1].splitlines()
        if line.startswith("|")
    ][2:]
    assert len({row[0] for row in rows}) == len(rows), "a package is listed twice"
    return {row[0]: (row[1], row[2]) for row in rows}


def _licence(package: str) -> str:
    about = metadata(package)
    expression = about.get("License-Expression")
    if expression:
        return expression
    stated = (about.get("License") or "").strip()
    if stated and "\n" not in stated and len(stated) < 40:
        return _SPELLINGS.get(stated, stated)
    classes = [c.split(" :: ")[-1] for c in about.get_all("Classifier", []) if c.startswith("License ::")]
    if classes == ["OSI Approved"]:  # which of them stands in the licence's first line alone
        classes = [(distribution(package).read_text("licenses/LICENSE") or "").splitlines()[0].split(" (")[0]]
    return " OR ".join(_SPELLINGS.get(c, c) for c in classes)


SECTIONS = {
    "Runtime": {_name(d) for d in _PROJECT["project"]["dependencies"]},
    "Development": {_name(d) for d in _PROJECT["dependency-groups"]["dev"]},
}


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_every_dependency_is_listed_once_with_a_reason(section: str) -> None:
    table = _table(section)
    assert set(table) == SECTIONS[section]
    for package, (_, reason) in table.items():
        assert len(reason) > 5, f"{package} needs a reason"


@pytest.mark.parametrize(
    ("section", "package"), [(s, p) for s, packages in sorted(SECTIONS.items()) for p in sorted(packages)]
)
def test_the_licence_is_the_packages_own(section: str, package: str) -> None:
    assert _table(section)[package][0] == _licence(package)


def _locked(name: str) -> set[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {_name(line) for line in lines if re.match(r"[A-Za-z]", line)}


def test_nothing_in_the_runtime_is_under_the_gpl() -> None:
    seen = 0
    for package in sorted(_locked("requirements-runtime.lock")):
        try:
            licence = _licence(package)
        except PackageNotFoundError:
            continue  # for another operating system
        seen += 1
        words = set(re.findall(r"[A-Za-z]+", licence))
        assert not words & {"GPL", "AGPL", "SSPL"}, f"{package}: {licence}"
        lesser = "LGPL" in words or "Lesser" in licence
        assert not lesser or package.split("-")[0] in {"psycopg", "crc32c"}, (
            f"{package} is under the LGPL too: say in docs/dependencies.md why that is acceptable"
        )
    assert seen > 40
