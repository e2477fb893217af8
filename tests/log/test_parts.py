"""The pure parts of the log: addresses, shares, the bounded window."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from zerodistance.errors import BackpressureError, LogError, SettingsError
from zerodistance.log import TopicPartition, open_log
from zerodistance.log.assignment import share_out
from zerodistance.log.opening import parse_kafka
from zerodistance.log.window import MAX_RECORD_BYTES, RECORD_OVERHEAD, Window

_HOSTS = st.lists(
    st.builds(
        "{}:{}".format, st.from_regex(r"[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True), st.integers(1, 65535)
    ),
    min_size=1,
    max_size=4,
)


@given(_HOSTS, st.from_regex(r"([a-z0-9][a-z0-9._-]{0,20})?", fullmatch=True))
def test_a_kafka_address_is_read_back(hosts: list[str], prefix: str) -> None:
    rest = ",".join(hosts) + (f"/{prefix}" if prefix else "")
    assert parse_kafka(f"kafka://{rest}", rest) == (hosts, prefix)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kafka",
        "kafka://",
        "kafka://host",
        "kafka://host:port",
        "kafka://host:9092,",
        "kafka://host:9092/a/b",
        "kafka://host:9092/with space",
        "sqlite://",
        "sqlite://relative.sqlite",
        "sqlite:/one",
        "redis://host:1",
        "kafka://host:9092?silence_s=0",
        "sqlite:///file?mode=ro",
    ],
)
def test_any_other_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(SettingsError, match="write kafka://host:port"):
        open_log(address)


def test_how_soon_others_take_over_is_said_in_the_address(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.sqlite'}?silence_s=2.5")
    try:
        log.create_topics(["t"], 1)
        assert (tmp_path / "log.sqlite").exists()
        assert log._lease_s == 2.5
    finally:
        log.close()


_TOPICS = st.dictionaries(st.sampled_from("tuv"), st.integers(1, 40), min_size=1)


@given(st.data(), _TOPICS, st.integers(1, 7))
def test_every_partition_has_one_reader_and_shares_are_even(
    data: st.DataObject, topics: dict[str, int], count: int
) -> None:
    members = [
        (f"m{number}", frozenset(data.draw(st.sets(st.sampled_from(sorted(topics)), min_size=1))))
        for number in range(count)
    ]
    shares = share_out(members, topics)
    for topic, partitions in topics.items():
        readers = [member for member, reads in members if topic in reads]
        given_out = [where for share in shares.values() for where in share if where.topic == topic]
        wanted = {TopicPartition(topic, number) for number in range(partitions)} if readers else set()
        assert len(given_out) == len(wanted)
        assert set(given_out) == wanted
        sizes = [sum(where.topic == topic for where in shares[reader]) for reader in readers]
        assert not sizes or max(sizes) - min(sizes) <= 1
    for member, reads in members:
        assert {where.topic for where in shares[member]} <= reads


@given(st.integers(1, 40), st.integers(1, 7))
def test_topics_of_one_size_are_shared_by_number(partitions: int, count: int) -> None:
    members = [(f"m{number}", frozenset("tu")) for number in range(count)]
    for share in share_out(members, {"t": partitions, "u": partitions}).values():
        assert {w.partition for w in share if w.topic == "t"} == {
            w.partition for w in share if w.topic == "u"
        }


class WindowMachine(RuleBasedStateMachine):
    """The window against a list of what is under way."""

    MOST_RECORDS = 5
    MOST_BYTES = 3 * RECORD_OVERHEAD + 1000

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(self.MOST_RECORDS, self.MOST_BYTES)
        self.under_way: list[int] = []

    def _bytes(self) -> int:
        return sum(size + RECORD_OVERHEAD for size in self.under_way)

    @rule(size=st.integers(0, 1500))
    def take(self, size: int) -> None:
        fits = len(self.under_way) < self.MOST_RECORDS and (
            not self.under_way or self._bytes() + size + RECORD_OVERHEAD <= self.MOST_BYTES
        )
        if fits:
            self.window.take(size)
            self.under_way.append(size)
        else:
            with pytest.raises(BackpressureError):
                self.window.take(size)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.under_way) - 1))
        self.window.give(self.under_way.pop(place))

    @invariant()
    def bounded(self) -> None:
        assert len(self.under_way) <= self.MOST_RECORDS
        assert len(self.under_way) <= 1 or self._bytes() <= self.MOST_BYTES


TestWindow = WindowMachine.TestCase


def test_a_failure_that_nobody_was_told_of_is_raised_once() -> None:
    window = Window()
    window.failed(LogError("first"))
    window.failed(LogError("second"))
    with pytest.raises(LogError, match="first"):
        window.raise_failure()
    window.raise_failure()


def test_the_largest_record_fits_an_empty_window_only() -> None:
    window = Window(10, 1000)
    window.take(MAX_RECORD_BYTES)
    with pytest.raises(BackpressureError):
        window.take(1)
    window.give(MAX_RECORD_BYTES)
    with pytest.raises(LogError, match="split it"):
        window.take(MAX_RECORD_BYTES + 1)
