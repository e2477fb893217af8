"""The insight job on a real database: rollups in, insights out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest

from services.insights import job
from services.insights.energy import KIND
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us
from zerodistance.messages.records import Sample
from zerodistance.store import devices, rollups
from zerodistance.store.database import Connection, connect
from zerodistance.store.telemetry import write_samples
from zerodistance.store.usage import days_of_use, home_zones, midnight

DAY = date(2026, 3, 17)  # a Tuesday
SHANGHAI, KOLKATA = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kolkata")
_STEP = timedelta(minutes=30)
_FOUR_HOURS = timedelta(hours=4)


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


def home(conn: Connection, name: str, zone: str, *appliances: tuple[str, str]) -> None:
    devices.register_household(conn, name, time_zone=zone)
    for device_id, appliance_type in appliances:
        devices.register_device(conn, device_id, appliance_type, household_id=name)


def run_up(
    conn: Connection,
    catalogue: Catalogue,
    device_id: str,
    appliance_type: str,
    zone: ZoneInfo,
    watts: Callable[[date], float],
    *,
    days: int = 29,
    also: Callable[[date], dict[str, float | None]] = lambda day: {},
    until: date = DAY + timedelta(days=1),
) -> None:
    """Write half-hourly samples of an appliance that draws ``watts`` all through each of its home's days."""
    moment = midnight(until - timedelta(days=days), zone)
    end = midnight(until, zone)
    samples, energy, number = [], 0.0, 0
    while moment <= end:
        number += 1
        day = (moment - _STEP).astimezone(zone).date()
        energy += watts(day) / 1000 * (_STEP / timedelta(hours=1)) if number > 1 else 0.0
        values: dict[str, float | None] = {"energy": energy, "power": watts(day), **also(day)}
        us = to_us(moment)
        samples.append(Sample(1, device_id, appliance_type, us, us, 1, number, 1, values, {}, {}))
        moment += _STEP
    for _, one_day in groupby(samples, key=lambda sample: sample.time_us // 86_400_000_000):
        write_samples(conn, catalogue, list(one_day))


def settle(conn: Connection, catalogue: Catalogue) -> None:
    conn.commit()
    conn.autocommit = True
    while rollups.refresh(conn, catalogue, datetime(2026, 3, 20, tzinfo=UTC)):
        pass
    conn.autocommit = False


def told(conn: Connection) -> list[tuple[str, date, dict[str, str], dict[str, float]]]:
    return conn.execute(
        "SELECT device_id, day, body, figures FROM insight ORDER BY day, device_id"
    ).fetchall()


def more_on(day: date, usual: float = 50.0, then: float = 100.0) -> Callable[[date], float]:
    return lambda d: then if d == day else usual


def local(zone: ZoneInfo, day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


def door(day: date) -> dict[str, float | None]:
    return {"door_open": 1.0 if day == DAY else 0.0}


def test_a_day_of_the_home_is_told_once_the_night_has_settled(conn: Connection, catalogue: Catalogue) -> None:
    home(conn, "h", "Asia/Shanghai", ("fridge", "refrigerator"))
    run_up(conn, catalogue, "fridge", "refrigerator", SHANGHAI, more_on(DAY), also=door)
    settle(conn, catalogue)
    after = DAY + timedelta(days=1)
    assert job.run_once(conn, catalogue, local(SHANGHAI, DAY, 23)) == 0  # the day is not over
    assert job.run_once(conn, catalogue, local(SHANGHAI, after, 1)) == 0  # late samples may come
    assert job.run_once(conn, catalogue, local(SHANGHAI, after, 3)) == 1
    assert job.run_once(conn, catalogue, local(SHANGHAI, after, 4)) == 0  # nothing twice
    ((device, day, body, figures),) = told(conn)
    assert (device, day) == ("fridge", DAY)
    # 100 W on the home's own day but for its first half hour, read at midnight; 50 W on the others
    assert figures["kwh"] == pytest.approx(2.375, abs=0.001)
    assert figures["usual_kwh"] == pytest.approx(1.2, abs=0.001)
    assert figures["reason"] == "door"
    assert "On Tuesday your refrigerator used 2.4 kWh" in body["en"]
    assert "冰箱用电2.4度" in body["zh"]


def test_the_same_appliance_is_left_alone_for_a_week(conn: Connection, catalogue: Catalogue) -> None:
    home(conn, "h", "Asia/Shanghai", ("fridge", "refrigerator"))
    wasteful = {DAY, DAY + timedelta(days=1), DAY + timedelta(days=7)}
    run_up(
        conn, catalogue, "fridge", "refrigerator", SHANGHAI,
        lambda day: 90.0 if day in wasteful else 50.0, days=37, until=DAY + timedelta(days=8),
    )  # fmt: skip
    settle(conn, catalogue)
    written = {
        n: job.run_once(conn, catalogue, local(SHANGHAI, DAY + timedelta(days=n + 1), 3)) for n in range(8)
    }
    assert {n for n, count in written.items() if count} == {0, 7}
    assert [row[1] for row in told(conn)] == [DAY, DAY + timedelta(days=7)]


def test_a_home_hears_the_two_that_save_most(conn: Connection, catalogue: Catalogue) -> None:
    names = [f"fridge-{n}" for n in range(3)]
    home(conn, "h", "Asia/Shanghai", *((name, "refrigerator") for name in names))
    home(conn, "other", "Asia/Shanghai", ("fridge-x", "refrigerator"))
    for then, name in zip((90.0, 120.0, 110.0), names, strict=True):
        run_up(conn, catalogue, name, "refrigerator", SHANGHAI, more_on(DAY, then=then))
    run_up(conn, catalogue, "fridge-x", "refrigerator", SHANGHAI, more_on(DAY))
    settle(conn, catalogue)
    assert job.run_once(conn, catalogue, local(SHANGHAI, DAY + timedelta(days=1), 3)) == 3
    assert [row[0] for row in told(conn)] == ["fridge-1", "fridge-2", "fridge-x"]


def test_an_air_conditioner_set_too_cold_is_told_about_26_degrees(
    conn: Connection, catalogue: Catalogue
) -> None:
    home(conn, "h", "Asia/Shanghai", ("ac", "air_conditioner"))

    def summer(day: date) -> dict[str, float | None]:
        return {"running": 1.0, "set_point": 23.0 if day == DAY else 26.0, "outdoor_temperature": 33.0}

    run_up(conn, catalogue, "ac", "air_conditioner", SHANGHAI, more_on(DAY, 400.0, 700.0), also=summer)
    settle(conn, catalogue)
    assert job.run_once(conn, catalogue, local(SHANGHAI, DAY + timedelta(days=1), 3)) == 1
    ((_, _, body, figures),) = told(conn)
    assert figures["reason"] == "room_setting"
    assert figures["saving_kwh_day"] == pytest.approx(0.18 * figures["kwh"], rel=0.03)
    assert "26 °C" in body["en"]


def test_two_weeks_are_needed(conn: Connection, catalogue: Catalogue) -> None:
    home(conn, "h", "Asia/Shanghai", ("fridge", "refrigerator"))
    run_up(conn, catalogue, "fridge", "refrigerator", SHANGHAI, more_on(DAY), days=13)
    settle(conn, catalogue)
    assert job.run_once(conn, catalogue, local(SHANGHAI, DAY + timedelta(days=1), 3)) == 0


def test_a_misspelt_zone_does_not_silence_the_others(conn: Connection, catalogue: Catalogue) -> None:
    home(conn, "lost", "Europe/Qingdao", ("fridge-lost", "refrigerator"))
    home(conn, "h", "Asia/Shanghai", ("fridge", "refrigerator"))
    for name in ("fridge", "fridge-lost"):
        run_up(conn, catalogue, name, "refrigerator", SHANGHAI, more_on(DAY))
    settle(conn, catalogue)
    assert home_zones(conn) == ["Asia/Shanghai", "Europe/Qingdao"]
    assert job.run_once(conn, catalogue, local(SHANGHAI, DAY + timedelta(days=1), 3)) == 1


def test_retired_and_homeless_appliances_are_not_looked_at(conn: Connection, catalogue: Catalogue) -> None:
    home(conn, "h", "Asia/Shanghai", ("gone", "refrigerator"), ("here", "refrigerator"))
    devices.register_device(conn, "nobody", "refrigerator")
    for name in ("gone", "here", "nobody"):
        run_up(conn, catalogue, name, "refrigerator", SHANGHAI, more_on(DAY))
    conn.execute("UPDATE device SET retired_at = now() WHERE id = 'gone'")
    settle(conn, catalogue)
    assert job.run_once(conn, catalogue, local(SHANGHAI, DAY + timedelta(days=1), 3)) == 1
    assert [row[0] for row in told(conn)] == ["here"]


@pytest.mark.parametrize("zone", [SHANGHAI, KOLKATA, ZoneInfo("America/New_York")])
def test_days_begin_at_the_homes_midnight(conn: Connection, catalogue: Catalogue, zone: ZoneInfo) -> None:
    """New York's clocks change on 8 March 2026: a day of 23 hours."""
    home(conn, "h", zone.key, ("fridge", "refrigerator"))
    run_up(conn, catalogue, "fridge", "refrigerator", zone, lambda d: 100.0 + d.day, days=12, also=door)
    settle(conn, catalogue)
    found = days_of_use(
        conn, catalogue["refrigerator"], "energy", ["door_open", "humidity"], zone,
        DAY - timedelta(days=10), DAY + timedelta(days=1),
    )  # fmt: skip
    assert [use.day for use in found] == [DAY - timedelta(days=n) for n in range(10, -1, -1)]
    for use in found:
        hours = (midnight(use.day + timedelta(days=1), zone) - midnight(use.day, zone)) / timedelta(hours=1)
        # a step across midnight counts to the day in which it was read: at most half an hour of power
        assert use.kwh == pytest.approx((100 + use.day.day) / 1000 * hours, abs=0.06)
        assert use.coverage == pytest.approx(1.0)
        assert set(use.means) == {"door_open"}  # humidity was never reported
    assert found[-1].means["door_open"] > 0.9
    assert found[0].means["door_open"] == 0.0


def test_a_restart_of_the_counter_costs_nothing(conn: Connection, catalogue: Catalogue) -> None:
    home(conn, "h", "UTC", ("fridge", "refrigerator"))
    start = datetime(2026, 3, 17, tzinfo=UTC)
    readings = [0.0, 0.5, 1.0, 0.1, 0.6, 1.1]
    samples = [
        Sample(1, "fridge", "refrigerator", to_us(at), 0, 1, None, None, {"energy": kwh}, {}, {})
        for at, kwh in zip((start + n * _FOUR_HOURS for n in range(6)), readings, strict=True)
    ]
    write_samples(conn, catalogue, samples)
    settle(conn, catalogue)
    (use,) = days_of_use(
        conn, catalogue["refrigerator"], "energy", [], ZoneInfo("UTC"), DAY, DAY + timedelta(days=1)
    )
    assert use.kwh == pytest.approx(1.0 + 0.1 + 1.0)
    assert use.coverage == pytest.approx(6 / 24)


def test_the_kind_is_stable() -> None:
    assert KIND == "energy_day"


def test_each_homes_day_is_read_once_and_again_only_after_a_failure(
    conn: Connection, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(conn, "east", "Asia/Shanghai", ("fridge-east", "refrigerator"))
    home(conn, "south", "Asia/Kolkata", ("fridge-south", "refrigerator"))
    conn.commit()
    read: list[tuple[str, date]] = []

    def find(_conn: Connection, _catalogue: Catalogue, zone: ZoneInfo, day: date) -> list[object]:
        read.append((zone.key, day))
        if len(read) == 1:
            raise RuntimeError("it ran out of something")
        return []

    monkeypatch.setattr(job, "_find", find)
    start = local(SHANGHAI, DAY, 0)
    with pytest.raises(RuntimeError):
        job.run_once(conn, catalogue, start + timedelta(hours=2))
    conn.rollback()
    due = set()
    for hour in range(2, 50):
        now = start + timedelta(hours=hour)
        job.run_once(conn, catalogue, now)
        conn.commit()
        for zone in (SHANGHAI, KOLKATA):
            if now.astimezone(zone).hour >= 2:
                due.add((zone.key, now.astimezone(zone).date() - timedelta(days=1)))
    assert len(due) == 5
    assert sorted(read[1:]) == sorted(due)
    assert read[0] in due, "what failed was tried again"
