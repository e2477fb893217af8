"""The catalogue's loader: what is wrong is named by file, line and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zerodistance.catalogue import Catalogue, load_catalogue, load_file
from zerodistance.errors import CatalogueError, NotFoundError

MINIMAL = """\
type = "kettle"
title = { en = "Kettle", zh = "水壶" }
ecosystem = "water"
version = 1
period_s = 30

[channels.power]
title = { en = "Power" }
unit = "W"
valid = [0, 3000]
normal = [0, 2500]

[features.power_mean]
title = { en = "mean power" }
kind = "mean"
channel = "power"
corrected_for = ["power"]

[parts.element]
title = { en = "Element" }
life_years = 8
skill = "electric"

[fault_codes.E1]
title = { en = "Too hot" }
fault = "element_open"

[faults.element_open]
title = { en = "Element open" }
part = "element"
urgency = "soon"
remedy = "visit"
time_scale = "minutes"
signature = { power_mean = "down" }
advice = { en = "Replace the element." }

[faults.element_open.question]
text = { en = "Is it plugged in?" }
answers = { fixed = { en = "It was not" } }
deadline_minutes = 60
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kettle.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    return path


def test_a_complete_file_loads(file: Path) -> None:
    kettle = load_file(file)
    assert kettle.table == "telemetry_kettle"
    assert kettle.channels["power"].valid == (0.0, 3000.0)
    assert kettle.faults["element_open"].question is not None


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ('type = "kettle"', 'type = "Kettle"', 1, "type"),
        ('type = "kettle"', 'type = "teapot"', 1, "type"),
        ('ecosystem = "water"', 'ecosystem = "drinks"', 3, "ecosystem"),
        ("version = 1", 'version = "one"', 4, "version"),
        ("period_s = 30", "period_s = 0", 5, "period_s"),
        ("period_s = 30", "periods = 30", 5, "periods"),
        ("[channels.power]", "[channels.seq]", 7, "channels.seq"),
        ("[channels.power]", "[channels.Power]", 7, "channels.Power"),
        ('title = { en = "Power" }', 'title = { zh = "功率" }', 8, "channels.power.title"),
        ('unit = "W"', "unit = 5", 9, "channels.power.unit"),
        ('unit = "W"', 'units = "W"', 9, "channels.power.units"),
        ("valid = [0, 3000]", "valid = [0]", 10, "channels.power.valid"),
        ("valid = [0, 3000]", 'valid = [0, "many"]', 10, "channels.power.valid[1]"),
        ("valid = [0, 3000]", "valid = [3000, 0]", 10, "channels.power.valid"),
        ("valid = [0, 3000]", "valid = [0, inf]", 10, "channels.power.valid"),
        ("valid = [0, 3000]", "", 7, "channels.power"),
        ("normal = [0, 2500]", "normal = [0, 3500]", 11, "channels.power.normal"),
        ('kind = "mean"', 'kind = "median"', 15, "features.power_mean.kind"),
        ('channel = "power"', 'channel = "powr"', 16, "features.power_mean.channel"),
        ('corrected_for = ["power"]', 'corrected_for = ["x"]', 17, "features.power_mean.corrected_for"),
        ("life_years = 8", 'life_years = "long"', 21, "parts.element.life_years"),
        ('fault = "element_open"', 'fault = "burst"', 26, "fault_codes.E1.fault"),
        ('part = "element"', 'part = "lid"', 30, "faults.element_open.part"),
        ('urgency = "soon"', 'urgency = "now"', 31, "faults.element_open.urgency"),
        ('power_mean = "down"', 'power_mean = "left"', 34, "faults.element_open.signature"),
        ('power_mean = "down"', 'powr_mean = "down"', 34, "faults.element_open.signature"),
        (
            'answers = { fixed = { en = "It was not" } }',
            "answers = {}",
            39,
            "faults.element_open.question.answers",
        ),
        ("deadline_minutes = 60", "deadline = 60", 40, "faults.element_open.question.deadline"),
        ("version = 1", "version = 1\nversion = 2", 5, "is not TOML"),
        ("version = 1", "version = ", 4, "is not TOML"),
    ],
)
def test_errors_name_file_line_and_field(file: Path, old: str, new: str, line: int, field: str) -> None:
    assert MINIMAL.count(old) == 1
    file.write_text(MINIMAL.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_file(file)
    said = str(caught.value)
    assert said.startswith(f"{file}:{line}: {field}"), said
    assert said.endswith(".")


def test_a_file_that_is_not_text_is_named(file: Path) -> None:
    file.write_bytes(b"type = \xff")
    with pytest.raises(CatalogueError, match=re.escape(f"{file}: is not UTF-8")):
        load_file(file)
    with pytest.raises(CatalogueError, match="cannot be read"):
        load_file(file.with_name("missing.toml"))


def test_a_folder_of_the_users_adds_types_and_replaces_them(file: Path) -> None:
    catalogue = load_catalogue([file.parent])
    assert {"kettle", "refrigerator", "air_conditioner"} <= set(catalogue)
    file.write_text(MINIMAL.replace("3000", "2800"), encoding="utf-8")
    assert load_catalogue([file.parent])["kettle"].channels["power"].valid == (0.0, 2800.0)
    with pytest.raises(CatalogueError, match="is not a folder"):
        load_catalogue([file])


def test_an_unknown_type_is_answered_with_those_that_exist(catalogue: Catalogue) -> None:
    with pytest.raises(NotFoundError, match="refrigerator"):
        catalogue.get_type("toaster_oven_deluxe")


def test_the_built_in_types_speak_both_languages(catalogue: Catalogue) -> None:
    for appliance in catalogue.values():
        titles = [
            appliance.title,
            *(channel.title for channel in appliance.channels.values()),
            *(fault.title for fault in appliance.faults.values()),
            *(fault.advice for fault in appliance.faults.values()),
            *(fault.question.text for fault in appliance.faults.values() if fault.question),
        ]
        assert all(title.get("en") and title.get("zh") for title in titles), appliance.type
