"""Hot water in the homes of a fleet: showers, basins and the kitchen, with litres and time of day.

A day's draws are made once per home and day. They are of mixed water at 40 °C, as people feel it: how much
of it comes out of the heater depends on how hot the heater is. Lengths and flows are engineering estimates
near the draws of the European tapping profile M (Regulation (EU) No 814/2013, 5.845 kWh a day): a shower
of 6–7 minutes at 6–7 L/min, many small draws of a litre or two, dishes after dinner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.randomness import keyed

Array = NDArray[np.float64]
MIXED_C = 40.0
_PERSONS = 5
_BASINS = 9


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one day: arrays (draws, homes).

    Attributes:
        start: local hour.
        minutes: how long; 0: there is no such draw.
        flow: L/min of mixed water.
        person: who must be there for it: the draw takes place while more people are at home than this.
    """

    start: Array
    minutes: Array
    flow: Array
    person: Array


def draw_day(seed: int, day: int, habits: Mapping[str, Array], people: Array) -> Draws:
    """Draw one day's use.

    Args:
        seed: of the fleet.
        day: days since 1970, local.
        habits: hours of the day's life: wakes, sleeps, breakfast, dinner, (homes,).
        people: who live there, (homes,).
    """
    rng = keyed(seed, "hot water", day)
    n = len(people)
    person = np.arange(_PERSONS, dtype=np.float64)[:, None]
    lives = person < people
    # Half of the people shower in the morning, half in the evening, one after the other.
    morning = rng.random((_PERSONS, n)) < 0.45
    turn = rng.uniform(0.15, 0.35, (_PERSONS, n)).cumsum(axis=0)
    shower_at = np.where(morning, habits["wakes"] + turn, habits["sleeps"] - 2.2 + turn)
    showers = lives & (rng.random((_PERSONS, n)) < 0.8)
    shower_min = np.clip(rng.lognormal(1.85, 0.3, (_PERSONS, n)), 3.0, 15.0) * showers
    shower_flow = rng.normal(6.6, 0.6, (_PERSONS, n))
    # Basins: hands and faces, all the time that somebody is up.
    up = np.maximum(habits["sleeps"] - habits["wakes"], 4.0)
    basin_at = habits["wakes"] + rng.random((_BASINS, n)) * up
    basins = rng.random((_BASINS, n)) < 0.25 + 0.14 * people
    basin_min = rng.uniform(0.3, 1.0, (_BASINS, n)) * basins
    basin_flow = rng.normal(3.5, 0.4, (_BASINS, n))
    # The kitchen after breakfast and dinner.
    kitchen_at = np.stack([habits["breakfast"] + 0.4, habits["dinner"] + 0.7])
    kitchen_min = rng.uniform(1.0, 2.5, (2, n)) * (0.7 + 0.12 * people)
    kitchen_flow = rng.normal(4.5, 0.4, (2, n))
    return Draws(
        np.concatenate([shower_at, basin_at, kitchen_at]),
        np.concatenate([shower_min, basin_min, kitchen_min]),
        np.maximum(np.concatenate([shower_flow, basin_flow, kitchen_flow]), 1.0),
        np.concatenate([np.broadcast_to(person, (_PERSONS, n)), np.zeros((_BASINS + 2, n))]),
    )


def mixed_flow(draws: Draws, hour: Array, step_s: float, people: Array) -> Array:
    """Return the mixed water wanted, L/min on the average of each step: (steps, homes).

    Args:
        draws: of the day.
        hour: local hour at the middle of each step, (steps,).
        step_s: length of a step.
        people: at home in each step, (steps, homes).
    """
    half = step_s / 7200.0
    begin = draws.start * 60.0
    overlap = np.minimum((hour + half)[:, None, None] * 60.0, begin + draws.minutes) - np.maximum(
        (hour - half)[:, None, None] * 60.0, begin
    )
    share = np.clip(overlap, 0.0, None) / (step_s / 60.0)
    flow: Array = (share * draws.flow * (people[:, None, :] > draws.person)).sum(axis=1)
    return flow
