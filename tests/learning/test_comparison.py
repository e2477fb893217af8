"""Champion against challenger: who is better is said only when tickets have shown it."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from models.learning.comparison import LEAST_TICKETS, Pair, compare, flip_test, sign_test
from models.plan import UNKNOWN


def _pairs(kinds: str, first: int = 0) -> list[Pair]:
    """One ticket a letter: both are right, only the challenger, only the champion (h)."""
    said = {
        "b": ("leak", "leak", 0.8, 0.8),
        "c": ("fan", "leak", 0.2, 0.7),
        "h": ("leak", "fan", 0.7, 0.2),
    }
    return [Pair(f"t{n}", f"d{n}", n, "leak", *said[kind]) for n, kind in enumerate(kinds, start=first)]


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        ("c" * (LEAST_TICKETS - 1), "too few tickets"),
        ("c" * 6 + "b" * 24, "better"),
        ("h" * 6 + "b" * 24, "worse"),
        ("b" * 60, "no difference"),
        ("c" * 6 + "h" * 6 + "b" * 48, "no difference"),
        ("ch" + "b" * 40, "no difference"),
        ("", "too few tickets"),
    ],
)
def test_verdicts(kinds: str, verdict: str) -> None:
    assert compare(_pairs(kinds))["verdict"] == verdict


def test_surer_of_what_was_found_is_better_though_both_name_it() -> None:
    pairs = [Pair(f"t{n}", f"d{n}", n, "leak", "leak", "leak", 0.5, 0.9) for n in range(40)]
    found = compare(pairs)
    assert found["verdict"] == "better"
    assert found["only_challenger_right"] == found["only_champion_right"] == 0


def test_more_wrong_causes_are_never_better() -> None:
    """Right more often than an unsure champion, but at the price of wrong parts in the van."""
    pairs = [Pair(f"t{n}", f"d{n}", n, "leak", UNKNOWN, "leak", 0.3, 0.8) for n in range(30)]
    assert compare(pairs)["verdict"] == "better"
    bold = [Pair(f"w{n}", f"w{n}", n, "leak", UNKNOWN, "fan", 0.3, 0.1) for n in range(5)]
    found = compare([*pairs, *bold])
    assert (found["wrong"]["challenger"], found["wrong"]["champion"]) == (5, 0)
    assert found["verdict"] != "better"


def test_of_a_device_only_the_last_ticket_counts() -> None:
    again = [Pair(f"t{n}", "one device", n, "leak", "fan", "leak", 0.1, 0.9) for n in range(50)]
    found = compare(again)
    assert (found["tickets"], found["left_out"], found["verdict"]) == (1, 49, "too few tickets")


def test_the_sign_test_is_the_binomial_tail() -> None:
    for won, lost in ((8, 2), (5, 5), (0, 4)):
        size = won + lost
        by_hand = sum(comb(size, k) for k in range(won, size + 1)) / 2**size
        assert sign_test(won, lost) == pytest.approx(by_hand)
        # both tails together count the middle twice
        assert sign_test(won, lost) + sign_test(lost, won) == pytest.approx(1 + comb(size, won) / 2**size)


def test_the_flip_test_keeps_its_promise_where_there_is_nothing() -> None:
    rng = np.random.default_rng(0)
    chances = [flip_test(rng.normal(size=40)) for _ in range(60)]
    assert np.mean(np.array(chances) <= 0.2) < 0.4
    assert flip_test(np.zeros(9)) == 1.0
    assert flip_test(np.full(40, 0.1)) < 0.001
