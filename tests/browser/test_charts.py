"""Charts as text: what is drawn where, gaps, bands, axes, and nothing that could be markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.charts import chart, sparkline
from services.console.scales import decimals, time_ticks, value_ticks
from services.schemas import Series

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def series(
    observed: Sequence[float | None],
    *,
    band: tuple[float, float] | None = None,
    step_min: float = 5,
    **more: object,
) -> Series:
    count = len(observed)
    fields: dict[str, object] = {
        "channel": "fresh_food_temperature",
        "title": {"en": "Fresh-food temperature", "zh": "冷藏室温度"},
        "unit": "°C",
        "time": [START + timedelta(minutes=5 * i) for i in range(count)],
        "observed": observed,
        "expected": [sum(band) / 2] * count if band else [None] * count,
        "low": [band[0] if band else None] * count,
        "high": [band[1] if band else None] * count,
        **more,
    }
    return Series.model_validate(fields)


def parts(drawing: str, kind: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(drawing).iter() if e.get("class") == kind]


def points(element: ET.Element) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in element.get("points", "").split()]  # type: ignore[misc]


def test_the_line_stands_inside_its_band_and_leaves_it_where_it_is_outside() -> None:
    drawn = chart(series([4.0] * 20 + [5.0, 9.0, 9.5], band=(3.0, 6.0)), zone=SHANGHAI)
    (band,) = parts(drawn, "chart-band")
    ys = [y for _, y in points(band)]
    (line,) = parts(drawn, "chart-observed")
    assert all(min(ys) < y < max(ys) for _, y in points(line)[:20])
    assert points(line)[-1][1] < min(ys), "9.5 is drawn above the band"
    (outside,) = parts(drawn, "chart-outside")
    assert points(outside) == points(line)[-2:]


def test_a_gap_is_a_gap_and_not_a_line() -> None:
    readings: list[float | None] = [4.0] * 10 + [None] * 12 + [4.2] * 10
    lines = parts(chart(series(readings), zone=SHANGHAI), "chart-observed")
    assert [len(points(line)) for line in lines] == [10, 10]


def test_a_single_missing_reading_does_not_break_the_line() -> None:
    assert len(parts(chart(series([4.0, 4.0, None, 4.0, 4.0]), zone=SHANGHAI), "chart-observed")) == 1


def test_a_lone_reading_between_gaps_is_a_dot() -> None:
    readings: list[float | None] = [4.0, 4.1] + [None] * 9 + [5.0] + [None] * 9 + [4.0, 4.1]
    assert len(parts(chart(series(readings), zone=SHANGHAI), "chart-observed-dot")) == 1


def test_a_switch_jumps() -> None:
    (line,) = parts(chart(series([0.0, 0.0, 1.0, 1.0]), zone=SHANGHAI), "chart-observed")
    steps = points(line)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(steps))


def test_the_onset_is_marked_at_its_time_and_said_in_local_time() -> None:
    onset = START + timedelta(minutes=50)
    drawn = chart(series([4.0] * 21, onset_at=onset), zone=SHANGHAI)
    (mark,) = parts(drawn, "chart-onset")
    (line,) = parts(drawn, "chart-observed")
    assert float(mark.get("x1", "0")) == pytest.approx(points(line)[10][0], abs=0.1)
    assert parts(drawn, "chart-onset-text")[0].text == "Onset 16:50"


def test_an_onset_outside_the_window_is_not_drawn() -> None:
    drawn = chart(series([4.0] * 5, onset_at=START - timedelta(days=1)), zone=SHANGHAI)
    assert not parts(drawn, "chart-onset")


def test_title_and_description_are_there_for_those_who_do_not_see_it() -> None:
    drawn = chart(series([4.0, 9.0], band=(3.0, 6.0)), zone=SHANGHAI, ident="a")
    root = ET.fromstring(drawn)
    ids = {e.get("id"): e.text for e in root.iter() if e.get("id")}
    assert [ids[i] for i in root.get("aria-labelledby", "").split()] == [
        "Fresh-food temperature",
        "From 1 Mar 16:00 to 1 Mar 16:05: observed between 4 and 9 °C, last 9 °C. Expected at the end "
        "between 3 and 6 °C. 1 of 2 readings lie outside the expected band.",
    ]


@pytest.mark.parametrize("readings", [[], [None, None], [4.0]])
def test_too_little_to_draw_says_so(readings: list[float | None]) -> None:
    assert "No readings in this time" in chart(series(readings), zone=SHANGHAI)
    assert sparkline(series(readings)).startswith("<svg")


def test_nothing_from_outside_becomes_markup() -> None:
    evil = '"><script>alert(1)</script>'
    drawn = chart(series([1.0, 2.0], title={"en": evil}, unit=evil, channel=evil), zone=SHANGHAI)
    assert "<script" not in drawn
    ET.fromstring(drawn)


def test_no_colour_and_no_style_is_written_into_the_drawing() -> None:
    drawn = chart(series([4.0] * 20 + [9.0] * 3, band=(3.0, 6.0), onset_at=START), zone=SHANGHAI)
    assert not re.search(r"#[0-9a-f]{3,8}\b|style=|fill=|stroke=", drawn)


@given(
    st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40),
    st.none() | st.tuples(st.floats(-1e6, 0), st.floats(1, 1e6)),
)
def test_any_series_gives_a_drawing_inside_its_box(
    readings: list[float | None], band: tuple[float, float] | None
) -> None:
    drawn = chart(series(readings, band=band), zone=SHANGHAI, width=400, height=200)
    for element in ET.fromstring(drawn).iter():
        for x, y in points(element):
            assert -0.01 <= x <= 400.01
            assert -0.01 <= y <= 200.01


def test_hours_are_round_where_the_reader_lives() -> None:
    ticks = time_ticks(START, START + timedelta(hours=24), ZoneInfo("Asia/Kathmandu"))  # +05:45
    assert [t.label for t in ticks] == ["18:00", "2 Mar", "06:00", "12:00"]
    assert [t.strong for t in ticks] == [False, True, False, False]


def test_hours_stay_round_over_the_change_to_summer_time() -> None:
    start = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
    labels = [t.label for t in time_ticks(start, start + timedelta(hours=12), ZoneInfo("Europe/Berlin"), 12)]
    assert "02:00" not in labels, "02:00 does not exist on that night"
    assert {"01:00", "03:00"} <= set(labels)


def test_long_times_are_cut_into_days() -> None:
    ticks = time_ticks(START, START + timedelta(days=30), SHANGHAI)
    assert 3 <= len(ticks) <= 7
    assert all(re.fullmatch(r"\d{1,2} (Mar|Apr)", t.label) for t in ticks)


@given(st.floats(-1e5, 1e5), st.floats(0.01, 1e5))
def test_value_ticks_are_round_inside_and_few(low: float, span: float) -> None:
    ticks = value_ticks(low, low + span)
    assert 1 <= len(ticks) <= 9
    assert all(low - span * 1e-6 <= t <= low + span * (1 + 1e-6) for t in ticks)
    assert len({f"{t:.{decimals(ticks)}f}" for t in ticks}) == len(ticks)
