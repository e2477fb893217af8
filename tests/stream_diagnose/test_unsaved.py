"""Whose state is saved next, and from where the log is read again."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.unsaved import READ_AGAIN, SAMPLES_A_STATE, Pace, Unsaved


def test_the_one_that_waited_longest_goes_first_whatever_its_partition() -> None:
    unsaved = Unsaved()
    unsaved.note(1, ["a", "b"], 10, "oven")
    unsaved.taken = 5
    unsaved.note(0, ["c"], 70, "oven")
    unsaved.taken = 9
    unsaved.note(1, ["b", "d"], 11, "freezer")
    assert unsaved.begin(1, 12) == 10
    assert [device for device, _, _ in unsaved.choose(3)] == ["a", "b", "c"]
    assert (unsaved.begin(0, 71), unsaved.begin(1, 12)) == (71, 11)
    assert unsaved.choose(9) == [("d", 1, "freezer")]
    assert (len(unsaved), unsaved.begin(1, 12)) == (0, 12)


def test_who_was_spoken_of_goes_at_once() -> None:
    unsaved = Unsaved()
    unsaved.note(0, ["a", "b"], 3, "oven")
    unsaved.hurry(0, "b", "oven")
    unsaved.hurry(2, "z", "freezer")  # of a fault code alone
    assert unsaved.choose(0) == [("b", 0, "oven"), ("z", 2, "freezer")]
    assert unsaved.choose(2) == [("a", 0, "oven")]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.integers(1, 60), st.integers(0, 2**32))
def test_what_is_read_again_is_bounded(devices: int, batch: int, seed: int) -> None:
    """Whichever devices speak, none waits for longer than the bound."""
    random, unsaved, pace = Random(seed), Unsaved(), Pace()
    bound = 2 * SAMPLES_A_STATE * devices
    for offset in range(0, 3 * bound, batch):  # a record a sample
        some = {f"d{random.randrange(devices)}" for _ in range(batch)}
        unsaved.note(0, sorted(some), offset, "oven")
        unsaved.taken += batch
        # as many devices as make the pace the fastest, of which these are heard
        unsaved.choose(pace.states(READ_AGAIN, batch, 0.0))
        assert offset + batch - unsaved.begin(0, offset + batch) <= bound


def test_the_pace_follows_the_samples_up_to_a_share_of_them() -> None:
    def pace(devices: int, samples: int, seconds: float = 0.0) -> float:
        one = Pace()
        return sum(one.states(devices, samples, seconds) for _ in range(1_000)) / 1_000

    assert abs(pace(1_000, 10_000) - 10_000 * 1_000 / READ_AGAIN) < 1
    assert abs(pace(1_000_000, 10_000) - 10_000 / SAMPLES_A_STATE) < 1
    assert pace(10, 1) == 1  # one at each checkpoint at the least
    assert abs(pace(10, 0, seconds=1.0) - 16) < 1
