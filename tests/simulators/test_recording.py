from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.recording import Mapping, Row, parse_mappings, read_recording, shift_to
from simulators.units import converter, seconds_of
from tests.fixtures.skips import missing
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.errors import SettingsError

NAB = Path(__file__).parents[3] / "shared" / "datasets" / "nab" / "realKnownCause"


def test_units_convert_both_ways() -> None:
    for given_unit, wanted, value, result in (
        ("degF", "°C", 69.88083514, 21.0449084),
        ("K", "°C", 300.0, 26.85),
        ("kW", "W", 1.5, 1500.0),
        ("Wh", "kWh", 250.0, 0.25),
        ("", "W", 3.0, 3.0),
    ):
        factor, offset = converter(given_unit, wanted)
        assert value * factor + offset == pytest.approx(result)
    for given_unit in ("W", "parsec"):
        with pytest.raises(SettingsError, match="cannot be converted"):
            converter(given_unit, "°C")
    assert seconds_of("5min") == 300
    for text in ("", "h", "-1h", "1 week", "inf"):
        with pytest.raises(SettingsError, match="duration"):
            seconds_of(text)


@given(st.integers(0, 4000), st.integers(1, 5000))
def test_shifting_keeps_the_hour_and_the_weekday(days: int, hours: int) -> None:
    first = datetime(2013, 7, 4, 3, 17, tzinfo=UTC) + timedelta(days=days)
    rows = [Row(first, {"power": 1.0}), Row(first + timedelta(hours=hours), {"power": 2.0})]
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    moved = shift_to(rows, now)
    assert timedelta() <= now - moved[-1].time < timedelta(weeks=1)
    assert moved[1].time - moved[0].time == timedelta(hours=hours)
    assert (moved[0].time.weekday(), moved[0].time.time()) == (first.weekday(), first.time())


def test_odd_rows_are_left_out_and_counted(tmp_path: Path, catalogue: Catalogue) -> None:
    appliance = catalogue["air_conditioner"]
    path = tmp_path / "series.csv"
    path.write_text(
        "timestamp,value,watts\n2026-01-01 01:00:00,68,1.2\n2026-01-01T00:00:00+01:00,50,\n"
        "yesterday,68,1\n2026-01-01 02:00:00,NaN,x\n1767232800000,86,0.5\n2026-01-01 01:10:00,70,1\n"
    )
    mappings = parse_mappings(["value=room_temperature", "watts=power"], ["degF", "kW"], appliance)
    recording = read_recording(path, mappings, appliance, period_s=3600)
    assert [row.time.isoformat() for row in recording.rows] == [
        "2025-12-31T23:00:00+00:00", "2026-01-01T01:00:00+00:00", "2026-01-01T02:00:00+00:00",
    ]  # fmt: skip
    assert recording.rows[0].values == {"room_temperature": pytest.approx(10.0)}
    assert recording.rows[1].values == {"room_temperature": pytest.approx(20.0), "power": 1200.0}
    assert recording.skipped == 3


def test_wrong_options_say_what_is_wrong(tmp_path: Path) -> None:
    appliance = load_catalogue()["air_conditioner"]
    path = tmp_path / "series.csv"
    path.write_text("timestamp,value\n")
    for channels, units, says in (
        ([], [], "--channel"),
        (["value"], [], "COLUMN=CHANNEL"),
        (["value=warmth"], [], "no channel 'warmth'"),
        (["value=power"], ["degF"], "cannot be converted"),
        (["a=power", "b=energy", "c=humidity"], ["W", "kWh"], "2 --unit"),
    ):
        with pytest.raises(SettingsError, match=says):
            parse_mappings(channels, units, appliance)
    with pytest.raises(SettingsError, match="no column 'watts'"):
        read_recording(path, [Mapping("watts", "power")], appliance)
    with pytest.raises(SettingsError, match="no row"):
        read_recording(path, [Mapping("value", "power")], appliance)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_recording(tmp_path / "none.csv", [Mapping("value", "power")], appliance)


@pytest.mark.datasets
def test_the_recorded_room_is_read_whole(catalogue: Catalogue) -> None:
    path = NAB / "ambient_temperature_system_failure.csv"
    if not path.exists():
        missing("datasets", f"{path.name} is not beside the repository")
    appliance = catalogue["air_conditioner"]
    mappings = parse_mappings(["value=room_temperature"], ["degF"], appliance)
    recording = read_recording(path, mappings, appliance, period_s=3600)
    assert len(recording.rows) == 7267
    temperatures = [row.values["room_temperature"] for row in recording.rows]
    assert 13 < min(temperatures) < max(temperatures) < 31
