"""``zerodistance catalogue check | show | docs``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.catalogue.test_loader import MINIMAL
from zerodistance.catalogue import Catalogue
from zerodistance.cli.catalogue import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kettle.toml").write_text(MINIMAL, encoding="utf-8")
    monkeypatch.setenv("ZD_CATALOGUE_PATH", str(tmp_path))
    return tmp_path


def test_check_says_what_each_file_is(folder: Path, catalogue: Catalogue) -> None:
    result = runner.invoke(app, ["check", "--json"])
    said = json.loads(result.stdout)
    assert (result.exit_code, said["ok"]) == (0, True)
    assert len(said["files"]) == len(catalogue) + 1
    (folder / "kettle.toml").write_text(
        MINIMAL.replace('channel = "power"', 'channel = "x"'), encoding="utf-8"
    )
    (folder / "broken.toml").write_text("=", encoding="utf-8")
    result = runner.invoke(app, ["check", str(folder)])
    assert result.exit_code == 1
    assert f"{folder / 'kettle.toml'}:16: features.power_mean.channel" in result.stdout
    assert f"{folder / 'broken.toml'}:1: is not TOML" in result.stdout


def test_show_lists_types_or_describes_one() -> None:
    assert "kettle" in runner.invoke(app, ["show"]).stdout
    described = json.loads(runner.invoke(app, ["show", "kettle", "--json"]).stdout)
    assert described["channels"]["power"]["unit"] == "W"
    assert "element_open" in runner.invoke(app, ["show", "kettle"]).stdout
    assert "水壶" in runner.invoke(app, ["show", "--language", "zh"]).stdout


def test_docs_describe_every_type_channel_and_fault(folder: Path, catalogue: Catalogue) -> None:
    output = folder / "out" / "types.md"
    assert runner.invoke(app, ["docs", "-o", str(output)]).exit_code == 0
    text = output.read_text(encoding="utf-8")
    for appliance in catalogue.values():
        assert f"## {appliance.type}\n" in text
        for name in (*appliance.channels, *appliance.faults, *appliance.commands, *appliance.fault_codes):
            assert f"| `{name}` |" in text
    assert "## kettle" in text
    widths = {line.count("|") for line in text.split("### Channels")[1].split("###")[0].strip().splitlines()}
    assert len(widths) == 1  # a table that renders
