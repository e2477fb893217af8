"""The dashboards as documents: what the SDK would write, nothing twice, nothing on top of another."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model

from dashboards.board import Board, uid_of
from dashboards.build import all_dashboards, render, write_dashboards
from dashboards.panels import stat_panel, unit_id
from dashboards.query import register
from zerodistance.catalogue import ApplianceType, Catalogue, Channel, load_catalogue
from zerodistance.errors import SettingsError

CATALOGUE = load_catalogue()
DASHBOARDS = all_dashboards(CATALOGUE)


def panels(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def test_there_is_one_for_each_type_and_three_more() -> None:
    assert set(DASHBOARDS) == {"fleet", "service", "pipeline"} | {f"type-{name}" for name in CATALOGUE}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_sdk_reads_and_writes_the_same(name: str) -> None:
    register_default_plugins()
    register()
    document = json.loads(render(DASHBOARDS[name]))
    annotations = document["annotations"].get("list", [])
    read = model.Dashboard.from_json(document)
    written = json.loads(json.dumps(read, cls=JSONEncoder))
    for annotation in annotations:
        # the SDK's model of an annotation's query knows Grafana's own data source only
        assert set(annotation.pop("target")) == {
            "datasource", "editorMode", "format", "rawQuery", "rawSql", "refId",
        }  # fmt: skip
    for annotation in written["annotations"].get("list", []):
        annotation.pop("target")
    assert written == document


def test_uids_are_unique_and_short_enough_whatever_the_type_is_called() -> None:
    uids = [document["uid"] for document in DASHBOARDS.values()]
    assert len(set(uids)) == len(uids)
    long = [uid_of("type-" + "x" * 47 + letter) for letter in "ab"]
    assert long[0] != long[1]
    for uid in [*uids, *long]:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_are_numbered_once_and_do_not_overlap(name: str) -> None:
    everything = DASHBOARDS[name]["panels"]
    ids = [panel["id"] for panel in everything]
    assert len(set(ids)) == len(ids)
    cells = [panel["gridPos"] for panel in everything]
    for cell in cells:
        assert cell["x"] >= 0
        assert cell["x"] + cell["w"] <= 24
        assert min(cell["w"], cell["h"]) >= 1
    for a, b in combinations(cells, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{a} lies over {b}"


def test_building_twice_gives_the_same_text() -> None:
    again = all_dashboards(Catalogue(reversed(CATALOGUE.items())))
    for name, document in DASHBOARDS.items():
        text = render(document)
        assert render(again[name]) == text
        assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        assert not re.search(r"\b20\d\d-\d\d-\d\d", text), "no moment of building"


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_channel_has_its_panel_with_unit_and_normal_range(name: str) -> None:
    by_title = {panel["title"]: panel for panel in panels(DASHBOARDS[f"type-{name}"])}
    for key, channel in CATALOGUE[name].channels.items():
        title = channel.title["en"]
        panel = by_title.get(title) or by_title[f"{title}: share of time"]
        defaults = panel["fieldConfig"]["defaults"]
        assert re.search(rf"\b{key}(_sum|_growth)?\b", panel["targets"][0]["rawSql"])
        assert channel.title["zh"] in panel["description"]
        if channel.kind == "gauge":
            assert defaults["unit"] == unit_id(channel.unit)
            values = [
                step["value"] for step in defaults["thresholds"]["steps"] if step.get("value") is not None
            ]
            assert values == list(channel.normal or [])
            assert defaults["custom"]["thresholdsStyle"]["mode"] == "dashed+area"


def test_a_new_type_has_its_dashboard_without_code() -> None:
    kettle = ApplianceType(
        type="kettle",
        title={"en": "Kettle"},
        ecosystem="food",
        version=1,
        period_s=10,
        channels={
            "water_temperature": Channel(
                title={"en": "Children's warning"}, unit="°C", valid=(0, 110), normal=(5, 100)
            )
        },
    )
    document = all_dashboards(Catalogue({"kettle": kettle}))["type-kettle"]
    titles = [panel["title"] for panel in panels(document)]
    assert "Children's warning" in titles
    latest = next(panel for panel in panels(document) if panel["title"] == "Latest readings")
    assert "'Children''s warning'" in latest["targets"][0]["rawSql"]


def test_variables_and_links_refer_to_what_exists() -> None:
    uids = {document["uid"] for document in DASHBOARDS.values()}
    for document in DASHBOARDS.values():
        names = {variable["name"] for variable in document["templating"].get("list", [])}
        text = render(document)
        used = set(re.findall(r"\$\{(\w+):sqlstring\}", text))
        assert used == names - ({"region"} - used), document["uid"]
        for linked in re.findall(r"THEN '(zd-[a-z0-9-]+)'", text):
            assert linked in uids
        assert document["editable"] is False


def test_a_panel_that_does_not_fit_goes_below() -> None:
    board = Board("b", "B", "", since="now-1h")
    for width, height in ((12, 4), (8, 6), (8, 2)):
        board.add(stat_panel("p", "SELECT 1"), width, height)
    board.row("next")
    cells = [tuple(p["gridPos"][k] for k in "xywh") for p in board.document()["panels"]]
    assert cells == [(0, 0, 12, 4), (12, 0, 8, 6), (0, 6, 8, 2), (0, 8, 24, 1)]


def test_files_are_written_and_those_of_types_that_are_gone_removed(tmp_path: Path) -> None:
    (tmp_path / "zd-type-gone.json").write_text("{}")
    (tmp_path / "mine.json").write_text("{}")
    paths = write_dashboards(DASHBOARDS, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["mine.json", *(path.name for path in paths)]
    )
    assert json.loads(paths[0].read_text(encoding="utf-8")) == DASHBOARDS["fleet"]
    assert paths[0].stat().st_mode & 0o777 == 0o644


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_dashboards(DASHBOARDS, taken / "below")
