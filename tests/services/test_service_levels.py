"""The clock of service levels: it runs on working hours only, and never on hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.messages.texts import LANGUAGES
from services.policy import default_policy, load_policy
from services.sla import clock
from services.sla.calendar import WorkingCalendar, calendar_for
from services.tickets.levels import CLOCK_KINDS
from tests.services.world import World
from zerodistance.errors import SettingsError

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkingCalendar(
    BERLIN, frozenset(range(5)), time(8), time(18), frozenset({date(2026, 4, 3), date(2026, 4, 6)})
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=12))
calendars = st.builds(
    WorkingCalendar,
    zone=st.sampled_from([BERLIN, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/St_Johns")]),
    days=st.frozensets(st.integers(0, 6)),
    begin=st.sampled_from([time(0), time(2, 30), time(8)]),
    until=st.sampled_from([time(12), time(18), time(23, 59)]),
    closed=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
)


def minute_by_minute(calendar: WorkingCalendar, begin: datetime, end: datetime) -> timedelta:
    """Count the minutes in which the calendar is open, one by one: slow, and hard to get wrong."""
    total, step = timedelta(0), timedelta(minutes=1)
    while begin < end:
        here = begin.astimezone(calendar.zone)
        total += step * (
            here.weekday() in calendar.days
            and here.date() not in calendar.closed
            and calendar.begin <= here.time() < calendar.until
        )
        begin += step
    return total


@settings(max_examples=40, deadline=None)
@given(calendar=calendars.filter(lambda c: bool(c.days)), begin=moments, minutes=st.integers(0, 4000))
def test_running_time_counts_open_minutes(calendar: WorkingCalendar, begin: datetime, minutes: int) -> None:
    begin = begin.replace(second=0, microsecond=0)
    end = begin + timedelta(minutes=minutes)
    assert calendar.running(begin, end) == minute_by_minute(calendar, begin, end)


@settings(max_examples=200, deadline=None)
@given(calendar=calendars, begin=moments, span=spans)
def test_after_a_span_exactly_that_span_has_run(
    calendar: WorkingCalendar, begin: datetime, span: timedelta
) -> None:
    due = calendar.add(begin, span)
    assert due >= begin
    assert calendar.running(begin, due) == span
    assert calendar.running(begin, due - timedelta(microseconds=1)) <= span


@settings(max_examples=200, deadline=None)
@given(calendar=calendars, begin=moments, one=spans, other=spans)
def test_running_times_add_up(
    calendar: WorkingCalendar, begin: datetime, one: timedelta, other: timedelta
) -> None:
    middle, end = begin + one, begin + one + other
    assert calendar.running(begin, end) == calendar.running(begin, middle) + calendar.running(middle, end)


@settings(max_examples=200, deadline=None)
@given(
    calendar=calendars,
    begin=moments,
    holds=st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(hours=30)), spans), max_size=5),
)
def test_holds_nights_and_holidays_never_count(
    calendar: WorkingCalendar, begin: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    target = clock.Spans(timedelta(hours=20), timedelta(hours=60))
    at, now, ran = clock.start(calendar, target, begin), begin, timedelta(0)
    for working, held in holds:
        if at.resolve_by is None or now + working >= at.resolve_by:
            break
        ran += calendar.running(now, now + working)
        now += working
        at = clock.hold(calendar, at, now, responded=False)
        assert (at.respond_by, at.resolve_by, at.held) == (None, None, True)
        now += held  # whatever happens to the calendar meanwhile: nothing runs
        at = clock.resume(calendar, at, now)
    assert at.resolve_by is not None
    assert ran + calendar.running(now, at.resolve_by) == target.resolve


@settings(max_examples=100, deadline=None)
@given(calendar=calendars, begin=moments, later=spans)
def test_a_deadline_brought_forward_is_never_later(
    calendar: WorkingCalendar, begin: datetime, later: timedelta
) -> None:
    at = clock.start(calendar, clock.Spans(timedelta(hours=20), timedelta(hours=60)), begin)
    urgent = clock.Spans(timedelta(hours=4), timedelta(hours=24))
    sooner = clock.tighten(calendar, at, urgent, begin + later, responded=False)
    assert sooner.respond_by is not None
    assert sooner.resolve_by is not None
    assert at.respond_by is not None
    assert at.resolve_by is not None
    assert sooner.respond_by <= at.respond_by
    assert sooner.resolve_by <= at.resolve_by


def test_easter_and_the_night_do_not_count() -> None:
    thursday = datetime(2026, 4, 2, 17, 0, tzinfo=BERLIN)
    assert OFFICE.add(thursday, timedelta(hours=2)).astimezone(BERLIN) == datetime(
        2026, 4, 7, 9, 0, tzinfo=BERLIN
    )


def test_a_region_keeps_its_own_holidays() -> None:
    policy = default_policy()
    spring = datetime(2026, 2, 16, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # eve of the Chinese new year
    chinese = calendar_for(policy, "working", "Qingdao", ZoneInfo("Asia/Shanghai"))
    elsewhere = calendar_for(policy, "working", "", ZoneInfo("Asia/Shanghai"))
    assert elsewhere.running(spring, spring + timedelta(days=3)) == timedelta(hours=30)
    assert chinese.running(spring, spring + timedelta(days=3)) == timedelta(0)


def test_a_policy_of_ones_own_replaces_single_values(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[levels.soon]\nrespond_h = 2\n[scenarios.food_reminder]\ndays_before = 3\n")
    policy = load_policy(str(path))
    assert (policy.levels["soon"].respond_h, policy.levels["soon"].resolve_h) == (2, 30)
    assert policy.scenarios.food_reminder.days_before == 3
    for wrong, said in (
        ("[levels.soon]\nrespond_h = 'soon'", "respond_h"),
        ("[levels.soon]\ncalendar = 'mine'", "calendar"),
        ("[nonsense]\na = 1", "nonsense"),
        ("[calendars.working]\nfrom = '25:00'", "25:00"),
        ("[levels.urgent]\nrespond_h = 30", "urgent"),
        ("not toml", "read"),
    ):
        path.write_text(wrong)
        with pytest.raises(SettingsError, match=said):
            load_policy(str(path))


def test_a_hold_stops_the_clock_and_going_on_gives_back_what_was_left(world: World) -> None:
    world.find(cause="gasket_leak", urgency="urgent")
    opened = world.ticket()
    assert opened.resolve_by == world.clock.now() + timedelta(hours=24)
    world.pass_time(hours=3)
    held = world.move("on_hold", note="waits for a gasket")
    assert (held.respond_by, held.resolve_by) == (None, None)
    assert (held.respond_left_s, held.resolve_left_s) == (3600, 21 * 3600)
    world.pass_time(hours=100)
    assert world.ticket().escalation == 0, "nobody is late on hold"
    going = world.move("on_site")
    assert going.resolve_by == world.clock.now() + timedelta(hours=21)
    assert going.respond_by == world.clock.now() + timedelta(hours=1)


def test_people_are_warned_then_a_breach_goes_up_level_by_level(world: World) -> None:
    world.find(cause="gasket_leak", urgency="urgent")
    world.pass_time(hours=2, minutes=59)
    assert not _rung(world)
    world.pass_time(minutes=1)  # a quarter of the four hours is left
    assert _rung(world) == [{"engineer"}]
    world.pass_time(hours=1)
    assert world.ticket().escalation == 1
    assert _rung(world)[-1] == {"engineer", "dispatcher"}
    world.pass_time(hours=4)
    world.pass_time(hours=4)
    assert world.ticket().escalation == 3
    world.pass_time(hours=8)
    assert world.ticket().escalation == 3, "there is nobody above the highest level"
    assert len(_rung(world)) == 5, "each is told once; the fifth warns of the time to resolve"
    world.plan()
    world.pass_time(hours=12)  # the time to resolve is over by now
    assert world.ticket().responded_at is not None


def test_a_response_in_time_ends_its_warning(world: World) -> None:
    world.find(cause="gasket_leak", urgency="urgent")
    world.plan()
    world.pass_time(hours=6)
    assert not _rung(world)
    assert world.ticket().escalation == 0


def test_out_of_warranty_takes_longer(world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute("UPDATE device SET warranty_until = '2025-12-31'")
    world.find(cause="gasket_leak", urgency="urgent")
    ticket = world.ticket()
    assert not ticket.warranty
    assert ticket.resolve_by == world.clock.now() + timedelta(hours=36)


def test_a_finished_ticket_leaves_no_timer(world: World) -> None:
    world.find(cause="gasket_leak", urgency="urgent")
    world.clear(cause="gasket_leak")
    with world.pool.connection() as conn:
        left = conn.execute(
            "SELECT count(*) FROM timer WHERE done_at IS NULL AND kind = ANY(%s)", (list(CLOCK_KINDS),)
        ).fetchone()
    assert left == (0,)


def _rung(world: World) -> list[set[str]]:
    """Return the audiences of each event that the clock caused, the first one first."""
    events: dict[str, set[str]] = {}
    for message in world.messages():
        if message.event_id.startswith(message.ticket_id or "-"):
            assert set(message.body) == set(LANGUAGES)
            events.setdefault(message.event_id, set()).add(message.audience)
    return list(events.values())
