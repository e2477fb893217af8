from __future__ import annotations

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulators.delivery import Delivery


def sent(delivery: Delivery, now: float, most: int = 10) -> list[dict[str, int]]:
    found = []
    for payload in delivery.due(now, most):
        document = json.loads(payload)
        found += document if isinstance(document, list) else [document]
    return found


def filled(count: int, **options: float) -> Delivery:
    delivery = Delivery(3, **options)  # type: ignore[arg-type]
    for number in range(count):
        delivery.take(number * 1000, b'{"power":%d}' % number)
    return delivery


def test_one_sample_is_an_object_and_more_are_an_array() -> None:
    delivery = filled(1)
    assert delivery.due(0.0) == [b'{"ts":0,"boot":3,"seq":1,"values":{"power":0},"oldest":1}']
    assert delivery.due(1.0) == []
    delivery.take(5, b"{}")
    delivery.take(6, b"{}")
    assert [one["seq"] for one in json.loads(delivery.due(2.0)[0])] == [2, 3]


def test_what_has_no_receipt_is_sent_again_and_rests_longer_each_time() -> None:
    delivery = filled(2, timeout_s=10.0)
    assert len(sent(delivery, 0.0)) == 2
    assert sent(delivery, 9.9) == []
    assert [one["seq"] for one in sent(delivery, 10.0)] == [1, 2]
    assert sent(delivery, 29.9) == []
    assert len(sent(delivery, 30.0)) == 2
    delivery.stored(3, 1)
    assert [one["seq"] for one in sent(delivery, 100.0)] == [2]
    assert delivery.resent == 5


def test_a_reconnection_sends_everything_kept_oldest_first_in_batches() -> None:
    delivery = filled(250)
    assert len(delivery.due(0.0)) == 3
    delivery.stored(3, 30)
    delivery.reconnected()
    again = sent(delivery, 1.0)
    assert [one["seq"] for one in again] == list(range(31, 251))
    assert {one["oldest"] for one in again} == {31}


def test_a_full_buffer_gives_up_the_oldest_and_says_so() -> None:
    delivery = filled(12, limit=10)
    assert delivery.given_up == 2
    assert {(one["seq"], one["oldest"]) for one in sent(delivery, 0.0)} == {(n, 3) for n in range(3, 13)}


def test_receipts_of_other_boots_leave_the_rest_alone() -> None:
    earlier = filled(3)
    delivery = Delivery(4)
    delivery.owe(earlier.save())
    delivery.take(9, b"{}")
    assert [(one["boot"], one["seq"], one["oldest"]) for one in sent(delivery, 0.0)] == [
        (3, 1, 1), (3, 2, 1), (3, 3, 1), (4, 1, 1),
    ]  # fmt: skip
    assert delivery.stored(4, 1) == 1
    assert delivery.stored(2, 99) == 0
    assert delivery.stored(3, 2) == 2
    assert delivery.kept == 1


class Promise(RuleBasedStateMachine):
    """A platform that loses messages: whatever it never stored is still kept, or was given up."""

    def __init__(self) -> None:
        super().__init__()
        self.delivery = Delivery(1, limit=50, timeout_s=5.0)
        self.now = 0.0
        self.taken = 0
        self.arrived: set[int] = set()
        self.through = 0

    @rule(count=st.integers(1, 30))
    def sample(self, count: int) -> None:
        for _ in range(count):
            self.delivery.take(0, b"{}")
            self.taken += 1

    @rule(seconds=st.floats(0, 100), lost=st.booleans())
    def send(self, seconds: float, lost: bool) -> None:
        self.now += seconds
        for one in sent(self.delivery, self.now):
            if not lost:
                self.arrived.add(one["seq"])
                self.through = max(self.through, one["oldest"] - 1)
        while self.through + 1 in self.arrived:
            self.through += 1

    @rule()
    def receipt(self) -> None:
        self.delivery.stored(1, self.through)

    @rule()
    def reconnect(self) -> None:
        self.delivery.reconnected()

    @invariant()
    def nothing_is_forgotten(self) -> None:
        kept = {one.seq for one in self.delivery.save()}
        assert len(kept) <= 50
        missing = set(range(1, self.taken + 1)) - self.arrived - kept
        assert len(missing) <= self.delivery.given_up
        assert self.delivery.settled + self.delivery.given_up + self.delivery.kept == self.taken

    def teardown(self) -> None:
        for _ in range(20):
            self.send(1000.0, lost=False)
            self.receipt()
        assert self.delivery.kept == 0


TestPromise = Promise.TestCase
TestPromise.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
