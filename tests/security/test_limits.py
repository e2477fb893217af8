"""The bucket at ingest: what it lets through, what an outage adds, who is a flooder."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ingest.housekeeping import Housekeeping
from ingest.limits import GATEWAY_FACTOR, Flooder, FloodWatch, Limits
from ingest.sysinfo import BrokerWatch
from ingest.tally import Tally
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.log import open_log
from zerodistance.store import credentials
from zerodistance.store.database import Pool
from zerodistance.store.devices import register_device

TOPIC = "zd/v1/fridge-1/telemetry"
SECOND = 1_000_000


def _through(limits: Limits, count: int, now_us: int, topic: str = TOPIC, size: int = 200) -> int:
    return sum(limits.allows(topic, size, now_us) for _ in range(count))


def test_a_burst_then_the_rate() -> None:
    limits = Limits(rate=10, burst=50)
    assert _through(limits, 100, 0) == 50
    assert _through(limits, 100, SECOND) == 10
    assert _through(limits, 100, 100 * SECOND) == 50


def test_one_topic_spends_nothing_of_anothers_and_gateways_have_more() -> None:
    limits = Limits(rate=10, burst=50)
    assert _through(limits, 1000, 0) == 50
    assert _through(limits, 1000, 0, "zd/v1/fridge-2/telemetry") == 50
    assert _through(limits, 1000, 0, "zd/v1/gateway-1/children") == 50 * GATEWAY_FACTOR


def test_large_payloads_cost_more_and_zero_means_no_limit() -> None:
    limits = Limits(rate=10, burst=51)
    assert _through(limits, 100, 0, size=256 * 1024) == 3
    assert _through(Limits(rate=0, burst=20), 10_000, 0) == 10_000


@given(
    st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=200),
    st.integers(1, 50),
    st.integers(20, 60),
)
def test_never_more_than_burst_and_rate_over_any_stretch(pauses: list[int], rate: int, burst: int) -> None:
    limits = Limits(rate=rate, burst=burst)
    now, passed = 0, []
    for pause in pauses:
        now += pause
        if limits.allows(TOPIC, 100, now):
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - passed[first]) * rate / SECOND
            assert last - first + 1 <= allowed + 1


@given(st.lists(st.integers(100_000, 5 * SECOND), min_size=1, max_size=300))
def test_whoever_keeps_to_the_rate_is_never_refused(pauses: list[int]) -> None:
    limits = Limits(rate=10, burst=20)
    now = 0
    for pause in pauses:
        now += pause
        assert limits.allows(TOPIC, 100, now)


def test_what_waited_while_nobody_listened_comes_in_a_rush_and_passes() -> None:
    limits = Limits(rate=10, burst=20)
    limits.listening(True, 0)
    limits.listening(False, 1 * SECOND)
    limits.listening(False, 600 * SECOND)
    limits.listening(True, 600 * SECOND)  # ten minutes at ten a second wait at the broker
    assert _through(limits, 100_000, 600 * SECOND) in range(6000, 6022)
    limits.listening(True, 1300 * SECOND)
    limits.listening(True, 1301 * SECOND)
    assert _through(limits, 100_000, 1301 * SECOND) == 20  # and then it is over


def test_an_earlier_run_counts_as_listening() -> None:
    limits = Limits(rate=10, burst=20, heard_us=0)
    limits.listening(False, 100 * SECOND)
    assert _through(limits, 100_000, 100 * SECOND) == 1020
    fresh = Limits(rate=10, burst=20)
    fresh.listening(False, 100 * SECOND)
    assert _through(fresh, 100_000, 100 * SECOND) == 20


def test_short_gaps_while_the_rush_is_read_take_nothing_away() -> None:
    limits = Limits(rate=10, burst=20)
    limits.listening(True, 0)
    limits.listening(False, 600 * SECOND)
    limits.listening(True, 600 * SECOND)
    limits.listening(False, 600 * SECOND + 1000)
    limits.listening(True, 600 * SECOND + 1000)
    assert _through(limits, 100_000, 600 * SECOND + 1000) in range(6000, 6023)


def test_what_the_platform_itself_says_to_a_device_is_not_counted_against_it() -> None:
    """A gateway of a hundred appliances is sent fifty receipts a second; ingest hears them too."""
    limits = Limits(rate=10, burst=50)
    for channel in ("stored", "command"):
        assert _through(limits, 1000, 0, f"zd/v1/gateway-1/{channel}") == 1000
    assert _through(limits, 1000, 0, "tele/zd/v1/x/stored") == 50
    assert _through(limits, 1000, 0, "zd/v1/a/b/stored") == 50


def test_long_topics_share_an_allowance_and_take_little_memory() -> None:
    limits = Limits(rate=10, burst=50)
    long = [f"tele/{'x' * 60_000}/{number}" for number in range(60)]
    assert sum(limits.allows(topic, 10, 0) for topic in long) == 50
    assert len(limits) == 1


def test_invented_topics_do_not_fill_the_memory() -> None:
    limits = Limits(rate=10, burst=20, tracked=100)
    for number in range(5_000):
        limits.allows(f"zd/v1/x{number}/telemetry", 10, number * SECOND)
    assert len(limits) <= 200


def test_a_flooder_is_named_once_its_minutes_are_full() -> None:
    watch = FloodWatch(rate=1, minutes=3)
    for minute in range(3):
        assert watch.drain() == []
        for _ in range(100):
            watch.refused(TOPIC, minute * 60 * SECOND)
    assert watch.drain() == [Flooder("fridge-1", 60, 3)]


def test_refusals_with_a_pause_between_or_few_make_nobody_a_flooder() -> None:
    watch = FloodWatch(rate=1, minutes=2)
    for minute in (0, 2, 4, 6):
        for _ in range(100):
            watch.refused(TOPIC, minute * 60 * SECOND)
    for minute in range(10, 20):
        for _ in range(59):
            watch.refused(TOPIC, minute * 60 * SECOND)
    watch.refused("tele/plug/SENSOR", 30 * 60 * SECOND)
    assert watch.drain() == []
    never = FloodWatch(rate=1, minutes=0)
    for minute in range(5):
        for _ in range(100):
            never.refused(TOPIC, minute * 60 * SECOND)
    assert never.drain() == []


def test_a_flooder_is_disabled_with_its_reason(pool: Pool, catalogue: Catalogue, tmp_path: object) -> None:
    with pool.connection() as conn:
        register_device(conn, "fridge-1", "refrigerator")
    watch = FloodWatch(rate=1, minutes=1)
    for device in ("fridge-1", "nobody"):
        for _ in range(60):
            watch.refused(f"zd/v1/{device}/telemetry", 0)
    log = open_log(f"sqlite:///{tmp_path}/log.sqlite", client_id="test")
    clock = ManualClock(datetime(2026, 3, 2, tzinfo=UTC))
    try:
        Housekeeping(pool, log, catalogue, clock, Tally(), flood=watch).round()
    finally:
        log.close()
    with pool.connection() as conn:
        row = conn.execute("SELECT disabled_reason FROM device WHERE disabled_at IS NOT NULL").fetchall()
        assert row == [("flooded: over twice its rate for 1 minutes",)]
        (event,) = credentials.events(conn)
    assert (event.device_id, event.actor, event.action) == ("fridge-1", "ingest", "disabled")


def test_the_brokers_own_figures() -> None:
    watch = BrokerWatch(most_messages=100)
    said = [(b"5", 0), (b"7", 2), (b"nonsense", 0), (b"2", 2)]
    assert [watch.note("$SYS/broker/publish/messages/dropped", text) for text, _ in said] == [
        d for _, d in said
    ]
    assert watch.note("$SYS/broker/store/messages/count", b"90") == 0
    assert watch.note("$SYS/broker/uptime", b"9") == 0
