"""Export: whatever stops it, the file ends up the same; nothing is written over or left half-written."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.fixtures.postgres import made_database
from tests.store.samples import START, sample
from zerodistance.catalogue import Catalogue
from zerodistance.cli.export import app
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.store import export as exporting
from zerodistance.store import series
from zerodistance.store.database import Pool, connect, pool_of
from zerodistance.store.devices import register_device, register_household
from zerodistance.store.export import Figures, export
from zerodistance.store.formats import csv_text
from zerodistance.store.telemetry import write_samples

DEVICES = [f"fridge-{n}" for n in range(1, 6)]  # the last one never sent anything
ROWS = 300


@pytest.fixture(scope="module")
def filled(postgres_server: str, template_database: str, catalogue: Catalogue) -> Iterator[str]:
    with made_database(postgres_server, template=template_database) as address:
        with connect(address) as conn:
            register_household(conn, "home-1", time_zone="Europe/Madrid")
            for name in DEVICES:
                register_device(conn, name, "refrigerator", household_id="home-1")
            register_device(conn, "air-1", "air_conditioner")
            write_samples(conn, catalogue, [sample(m, name) for name in DEVICES[:4] for m in range(ROWS)])
        yield address


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "_SLICE_ROWS", 50)
    monkeypatch.setattr(exporting, "_PART_ROWS", 120)


@pytest.fixture
def run(filled: str, catalogue: Catalogue) -> Iterator[Callable[..., Figures]]:
    pool = pool_of(filled)
    yield lambda *args, **more: _run(pool, catalogue, *args, **more)
    pool.close()


def _run(
    pool: Pool, catalogue: Catalogue, target: Path, format: str, stop_at: int | None = None, **asked: Any
) -> Figures:
    question = series.ask(
        catalogue["refrigerator"],
        **{"channels": ["power", "energy"], "since": START, "until": START + timedelta(days=1), **asked},
    )
    stop = threading.Event()

    def told(_share: float, rows: int) -> None:
        if stop_at is not None and rows >= stop_at:
            stop.set()

    return export(pool.connection, question, DEVICES, target, format, stop, told)


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.usefixtures("small_pieces")
def test_stopped_anywhere_it_ends_as_if_it_never_was(
    run: Callable[..., Figures], tmp_path: Path, format: str
) -> None:
    whole = run(tmp_path / f"whole.{format}", format)
    assert (whole.complete, whole.resumed, whole.rows) == (True, False, 4 * ROWS)
    target = tmp_path / f"stopped.{format}"
    for stop_at in (50, 170, 300, 700, 1190):
        figures = run(target, format, stop_at)
        assert not figures.complete
        assert not target.exists()
    assert run(target, format).resumed
    assert not target.with_name(target.name + ".parts").exists()
    if format == "csv":
        assert target.read_bytes() == (tmp_path / "whole.csv").read_bytes()
        lines = target.read_text().splitlines()
        assert lines[0] == "time,device_id,power [W],energy [kWh]"
        assert lines[1] == "2026-03-01T00:00:00Z,fridge-1,80.0,10.0"
        assert len(lines) == 1 + 4 * ROWS
    else:
        table = parquet.read_table(target)
        assert table.equals(parquet.read_table(tmp_path / "whole.parquet"))
        assert table.column("device_id").to_pylist() == [name for name in DEVICES[:4] for _ in range(ROWS)]


def test_a_part_that_was_being_written_is_written_again(
    run: Callable[..., Figures], tmp_path: Path, small_pieces: None
) -> None:
    target = tmp_path / "a.csv"
    run(target, "csv", 50)
    parts = target.with_name("a.csv.parts")
    before = (parts / "state.json").read_text()
    run(target, "csv", 170)
    (parts / "state.json").write_text(before)  # killed: the second part is written, but not on record
    (parts / "000001.csv").write_text("half a li")
    (parts / "000002.tmp").write_text("noise")
    run(target, "csv")
    run(tmp_path / "whole.csv", "csv")
    assert target.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_nothing_is_written_over_and_parts_of_another_export_are_not_taken(
    run: Callable[..., Figures], tmp_path: Path, small_pieces: None
) -> None:
    target = tmp_path / "a.csv"
    run(target, "csv", 60)
    with pytest.raises(SettingsError, match="another export \\(columns differ\\)"):
        run(target, "csv", channels=["power"])
    run(target, "csv")
    with pytest.raises(SettingsError, match="is there already"):
        run(target, "csv")
    with pytest.raises(SettingsError, match="cannot be written"):
        run(Path("/proc/a.csv"), "csv")


def command(database: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        app, list(arguments), env={"ZD_DATABASE": database, "ZD_CLOCK": "2026-03-01T12:00:00Z@1"}
    )
    if isinstance(result.exception, Exception):
        return 1, str(result.exception)
    return result.exit_code, result.output


def test_as_its_user_runs_it(filled: str, tmp_path: Path) -> None:
    target = tmp_path / "fridges.csv"
    arguments = [
        "--type",
        "refrigerator",
        "--since",
        "2026-03-01",
        "--time-zone",
        "home",
        "--out",
        str(target),
    ]
    code, said = command(filled, *arguments, "--resolution", "5m", "--channel", "power", "--json")
    assert (code, json.loads(said)["complete"]) == (0, True), said
    header = "time,device_id,power_mean [W],power_min [W],power_max [W]\r\n"
    assert target.read_bytes().decode().startswith(header)
    rows = tmp_path / "rows.csv"
    code, said = command(
        filled, "--device", "fridge-2", "--device", "fridge-1", "--since", "2026-03-01T01:00",
        "--out", str(rows), "--include", "skew", "--channel", "power", "--time-zone", "home",
    )  # fmt: skip
    assert code == 0, said
    assert rows.read_text().splitlines()[:2] == [
        "time,device_id,power [W],skew_ms [ms]",
        "2026-03-01T01:00:00+01:00,fridge-2,80.0,500",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--type", "refrigerator", "--out", "a.txt"], "--format csv or parquet"),
        (["--out", "a.csv"], "--device ID"),
        (["--type", "refrigerator", "--device", "fridge-1", "--out", "a.csv"], "--device ID"),
        (["--type", "spaceship", "--out", "a.csv"], "spaceship"),
        (["--type", "washing_machine", "--out", "a.csv"], "No device of type washing_machine"),
        (["--device", "nobody", "--out", "a.csv"], "There is no device 'nobody'"),
        (["--device", "fridge-1", "--device", "air-1", "--out", "a.csv"], "different types"),
        (["--device", "fridge-1", "--out", "a.csv", "--channel", "colour"], "no channel 'colour'"),
        (["--device", "fridge-1", "--out", "a.csv", "--until", "2025-01-01"], "later than since"),
        (["--device", "fridge-1", "--out", "a.csv", "--resolution", "auto"], "choose the resolution"),
        (["--device", "fridge-1", "--out", "/nowhere/at/all/a.csv"], "cannot be written"),
    ],
)
def test_a_wrong_command_is_told_what_is_wrong(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if "/nowhere" in arguments[-1]:
        (tmp_path / "file").write_text("")
        arguments = [*arguments[:-1], str(tmp_path / "file" / "a.csv")]
    code, said = command(filled, "--since", "2026-03-01", *arguments)
    assert code != 0
    assert says in " ".join(said.replace("│", " ").split())
    assert not list(tmp_path.glob("*.csv"))


@given(st.text(max_size=20))
def test_no_text_becomes_a_formula_and_every_text_is_one_field(text: str) -> None:
    import csv

    written = csv_text(text)
    bare = written[1:] if written.startswith('"') else written
    assert not bare.startswith(("=", "+", "-", "@", "\t", "\r"))
    if "\0" not in text:
        (fields,) = csv.reader([written + ",end"]) if "\n" not in text and "\r" not in text else [[text, ""]]
        assert fields[0].removeprefix("'") == text.removeprefix("'")


def test_an_end_that_was_not_given_is_the_first_runs_now(
    run: Callable[..., Figures], tmp_path: Path, small_pieces: None
) -> None:
    target = tmp_path / "a.csv"
    assert exporting.recorded_until(target) is None
    run(target, "csv", 60)
    assert exporting.recorded_until(target) == START + timedelta(days=1)


def test_what_does_not_go_together_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidMessageError, match="later than since"):
        series.ask(catalogue["refrigerator"], since=START, until=START)
