"""``zerodistance score-csv`` as its user runs it: files as they come, sentences that help."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from zerodistance.cli.score_csv import app
from zerodistance.errors import SettingsError


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """600 rows with a fault in ``b`` in the last 100, the truth beside them, ; and decimal commas."""
    random = np.random.default_rng(0)
    a = random.normal(size=600)
    b = a + 0.1 * random.normal(size=600)
    b[500:] += 3.0
    lines = ["datetime;a;b;state;anomaly"]
    for row in range(600):
        time = f"2020-03-09 {10 + row // 3600:02d}:{row // 60 % 60:02d}:{row % 60:02d}"
        lines.append(f"{time};{a[row]:.4f};{b[row]:.4f};on;{int(row >= 500)}".replace(".", ","))
    return written(tmp_path / "plant.csv", lines)


def test_a_row_for_each_row_and_the_channel_at_fault(plant: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = run(plant, "--time", "datetime", "--sep", ";", "--train-rows", 300, "--out", out, "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["rows"] == 600
    assert "anomaly" not in said["columns"]
    assert "truth" in said["remarks"][0]
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert list(rows[0]) == ["time", "anomaly_score", "alarm", "top_channel"]
    assert [row["time"] for row in rows[:2]] == ["2020-03-09 10:00:00", "2020-03-09 10:00:01"]
    assert all(0 <= float(row["anomaly_score"]) <= 1 for row in rows)
    alarms = np.array([int(row["alarm"]) for row in rows])
    assert not alarms[:300].any()
    assert alarms[500:].mean() > 0.9
    assert alarms[300:500].mean() <= 0.02
    assert {row["top_channel"] for row in rows[520:]} <= {"a", "b"}
    assert not list(tmp_path.glob("*.partial"))


def test_gaps_repeats_and_odd_cells_are_said_and_survived(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    lines = ["\ufefftime,x,constant,empty"]
    for row in range(400):
        cell = (
            "n/a"
            if row % 50 == 7
            else "#VALUE!"
            if row == 99
            else ""
            if row == 100
            else f"{random.normal():.3f}"
        )
        lines.append(f"{1_600_000_000 + 60 * (row - (row == 200))},{cell},5,")
    file = written(tmp_path / "odd.csv", lines)
    result = run(file, "--time", "time", "--out", tmp_path / "out.csv", "--json")
    said = json.loads(result.stdout)
    assert said["rows"] == 400
    remarks = " ".join(said["remarks"])
    assert "missing" in remarks
    assert "1 values are no numbers" in remarks
    assert "1 rows repeat the time" in remarks


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--time", "when"), "has no column 'when'"),
        (("--time", "t", "--values", "x,nothing"), "has no column 'nothing'"),
        (("--time", "t", "--values", "t"), "leave it out"),
        (("--time", "t", "--false-alarm-rate", "0"), "between 0 and 0.5"),
        (("--time", "t", "--train-rows", "5"), "fault-free rows are needed"),
        (("--time", "t", "--train-rows", "90"), "nothing is left to judge"),
        (("--time", "word"), "cannot be read, for example"),
        (("--time", "t", "--sep", ";;"), "one character"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    file = written(tmp_path / "x.csv", ["t,x,word", *(f"{row},{row * 3 % 7},abc" for row in range(80))])
    out = tmp_path / "out.csv"
    with pytest.raises(SettingsError, match=sentence):
        run(file, *arguments, "--out", out)
    assert not list(tmp_path.glob("out*"))


def test_a_wrong_separator_and_an_unsorted_file_are_recognised(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    semicolons = written(tmp_path / "s.csv", ["t;x", *(f"{row};1" for row in range(80))])
    with pytest.raises(SettingsError, match="separated by ';'"):
        run(semicolons, "--time", "t", "--out", out)
    falling = written(tmp_path / "f.csv", ["t,x", *(f"{80 - row},1" for row in range(80))])
    with pytest.raises(SettingsError, match="sort the file"):
        run(falling, "--time", "t", "--out", out)
    empty = written(tmp_path / "e.csv", ["t,x"])
    with pytest.raises(SettingsError, match=r"no column of numbers|no rows"):
        run(empty, "--time", "t", "--out", out)
    with pytest.raises(SettingsError, match="cannot be read"):
        run(tmp_path / "none.csv", "--time", "t", "--out", out)
