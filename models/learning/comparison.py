"""Champion against challenger, on the tickets that were closed since both looked at the same incidents.

Paired: each ticket is judged by both, so a hard month harms neither. A challenger is better if it is right
more often (exact test of the tickets on which they differ) or gives what was found more probability without
being right less often (sign-flip test of the log scores), and names a wrong cause no more often. Two tests
are made, so each has half of the chance of error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, Literal

import numpy as np

from models.plan import UNKNOWN, Floats

LEAST_TICKETS = 30
CHANCE = 0.025
"""For each of the two tests."""
FLIPS = 20_000
SMALLEST = 1e-4
_SEED = 17

Verdict = Literal["better", "worse", "no difference", "too few tickets"]


@dataclass(frozen=True)
class Pair:
    """One closed ticket: what was found, and what both had said a day after the finding was opened.

    Attributes:
        truth: the fault, or ``unknown`` where there was none of the catalogue's.
        champion, challenger: the causes named.
        champion_p, challenger_p: the probabilities that each gave to the truth.
    """

    ticket: str
    device: str
    closed_us: int
    truth: str
    champion: str
    challenger: str
    champion_p: float
    challenger_p: float


def compare(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return the verdict on the challenger, and the figures that it rests on, as JSON values.

    Of a device only the ticket closed last counts: its tickets are alike.
    """
    last: dict[str, Pair] = {}
    for pair in sorted(pairs, key=lambda one: (one.closed_us, one.ticket)):
        last[pair.device] = pair
    kept = list(last.values())
    ours = [pair.challenger == pair.truth for pair in kept]
    theirs = [pair.champion == pair.truth for pair in kept]
    won = sum(a and not b for a, b in zip(ours, theirs, strict=True))
    lost = sum(b and not a for a, b in zip(ours, theirs, strict=True))
    gains = np.log(
        [max(p.challenger_p, SMALLEST) / max(p.champion_p, SMALLEST) for p in kept], dtype=np.float64
    )
    wrong = {
        name: sum(getattr(pair, name) not in (pair.truth, UNKNOWN) for pair in kept)
        for name in ("champion", "challenger")
    }
    chances = {
        "more_often_right": sign_test(won, lost),
        "less_often_right": sign_test(lost, won),
        "more_probable": flip_test(gains),
        "less_probable": flip_test(-gains),
    }
    return {
        "verdict": _verdict(len(kept), won, lost, wrong, chances),
        "tickets": len(kept),
        "tickets_needed": LEAST_TICKETS,
        "left_out": len(pairs) - len(kept),
        "right": {"champion": sum(theirs), "challenger": sum(ours)},
        "wrong": wrong,
        "unknown": {
            "champion": sum(pair.champion == UNKNOWN != pair.truth for pair in kept),
            "challenger": sum(pair.challenger == UNKNOWN != pair.truth for pair in kept),
        },
        "only_challenger_right": won,
        "only_champion_right": lost,
        "log_score_gain": round(float(gains.mean()), 4) if kept else None,
        "chances": {name: float(f"{chance:.4g}") for name, chance in chances.items()},
    }


def sign_test(won: int, lost: int) -> float:
    """Return the chance of at least ``won`` wins if both were equally good (McNemar, exact, one-sided).

    >>> sign_test(5, 0), sign_test(0, 0)
    (0.03125, 1.0)
    """
    size = won + lost
    return float(sum(comb(size, k) for k in range(won, size + 1)) / 2**size)


def flip_test(gains: Floats) -> float:
    """Return the chance of so large a mean if the sign of each gain were a coin's (one-sided, repeatable).

    >>> flip_test(np.ones(4)) < 0.1
    True
    """
    if not len(gains) or not gains.any():
        return 1.0
    flips = np.random.default_rng(_SEED).choice([-1.0, 1.0], size=(FLIPS, len(gains)))
    reached = int((flips @ gains >= gains.sum() - 1e-12).sum())
    return (reached + 1) / (FLIPS + 1)


def _verdict(tickets: int, won: int, lost: int, wrong: dict[str, int], chances: dict[str, float]) -> Verdict:
    if tickets < LEAST_TICKETS:
        return "too few tickets"
    sound = wrong["challenger"] <= wrong["champion"] and won >= lost
    if sound and min(chances["more_often_right"], chances["more_probable"]) <= CHANCE:
        return "better"
    if min(chances["less_often_right"], chances["less_probable"]) <= CHANCE:
        return "worse"
    return "no difference"
