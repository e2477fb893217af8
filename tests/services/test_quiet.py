"""Quiet hours, in every time zone and over the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messages.quiet import release, zone_of

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


def quiet(moment: datetime, zone: ZoneInfo, begin: time, end: time) -> bool:
    local = moment.astimezone(zone).time()
    return begin <= local < end if begin < end else begin != end and (local >= begin or local < end)


@given(moments, st.sampled_from(ZONES), times, times)
def test_the_release_is_the_first_moment_that_is_not_quiet(
    now: datetime, name: str, begin: time, end: time
) -> None:
    zone = ZoneInfo(name)
    released = release(now, zone, begin, end)
    assert released >= now
    assert released - now <= timedelta(hours=25)
    if not quiet(now, zone, begin, end):
        assert released == now
    else:
        # Clocks that go back may make a minute quiet again: at its local end, not before.
        assert released > now
        assert released.astimezone(zone).time() >= end or not quiet(released, zone, begin, end)


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2026-03-02T15:00:00+00:00", "Asia/Shanghai", "2026-03-02T23:00:00+00:00"),  # 23:00 there
        ("2026-03-02T22:30:00+00:00", "Asia/Shanghai", "2026-03-02T23:00:00+00:00"),  # 06:30 there
        ("2026-03-02T12:00:00+00:00", "Asia/Shanghai", "2026-03-02T12:00:00+00:00"),
        ("2026-03-29T00:00:00+00:00", "Europe/Berlin", "2026-03-29T05:00:00+00:00"),  # the short night
        ("2026-10-24T22:00:00+00:00", "Europe/Berlin", "2026-10-25T06:00:00+00:00"),  # the long night
    ],
)
def test_nights(now: str, zone: str, expected: str) -> None:
    released = release(datetime.fromisoformat(now), ZoneInfo(zone), time(22), time(7))
    assert released == datetime.fromisoformat(expected)


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../etc/passwd", "Europe/"])
def test_a_zone_that_nobody_knows_is_utc(name: str) -> None:
    assert zone_of(name).key == "UTC"
