"""Contiguity, against a set of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.receipts import MAX_RANGES, Settled, flatten, settle, unflatten

_batches = st.lists(
    st.tuples(st.lists(st.integers(-1, 30), max_size=8), st.none() | st.integers(0, 20)), max_size=10
)


@given(_batches)
def test_against_a_set(batches: list[tuple[list[int], int | None]]) -> None:
    state, known, given_up = Settled(), set[int](), set[int]()
    for numbers, oldest in batches:
        state = settle(state, numbers, oldest)
        known |= {number for number in numbers if number > 0}
        given_up |= set(range(1, oldest or 0)) - known
        known |= given_up
        assert state.given_up == len(given_up)
        through = 0
        while through + 1 in known:
            through += 1
        assert state.through == through
        covered = {n for first, last in state.ahead for n in range(first, last + 1)}
        assert covered == {n for n in known if n > through}
        assert all(a[1] + 1 < b[0] for a, b in zip(state.ahead, state.ahead[1:], strict=False)), "apart"
        assert unflatten(state.through, flatten(state), state.given_up) == state


@given(_batches, st.randoms(use_true_random=False))
def test_order_does_not_matter(batches: list[tuple[list[int], int | None]], random: object) -> None:
    forward, backward = Settled(), Settled()
    for numbers, oldest in batches:
        forward = settle(forward, numbers, oldest)
    for numbers, oldest in reversed(batches):
        backward = settle(backward, reversed(numbers), oldest)
    # what is given up does depend on it: a number may come after its device has said that it will not
    assert forward[:2] == backward[:2]


def test_again_changes_nothing() -> None:
    state = settle(Settled(), [1, 2, 4])
    assert settle(state, [1, 2, 4]) == state


def test_endless_gaps_are_bounded() -> None:
    """What lies farthest ahead is forgotten: the device sends it again."""
    state = settle(Settled(), range(2, 10 * MAX_RANGES, 2))
    assert len(state.ahead) == MAX_RANGES
    assert state.ahead[0] == (2, 2)
    assert settle(state, range(1, 100)).through == 100
