"""A device with one channel only can never show two together: another standard holds for it."""

from __future__ import annotations

import numpy as np
import pytest

from models.engine import Engine
from models.plan import HOUR_US
from zerodistance.catalogue import Catalogue

DAYS = 30
START_US = 20_000 * 24 * HOUR_US


def _opened(catalogue: Catalogue, hours: int, channels: tuple[str, ...], *, until: int = DAYS) -> list[str]:
    """Return the causes told of a room that is 2.3 K too warm for so many hours after a month.

    Args:
        catalogue: all types.
        hours: how long.
        channels: what the air conditioner reports.
        until: day until which it reports another channel than the room's temperature.
    """
    engine = Engine(catalogue["air_conditioner"])
    row, noise = engine.row_of("room"), np.random.default_rng(5)
    hour = np.arange((DAYS + 3) * 24)
    warm = (hour >= DAYS * 24 + 8) & (hour < DAYS * 24 + 8 + hours)
    values = np.full((len(hour), len(engine.plan.channels)), np.nan, np.float32)
    values[:, engine.plan.channels.index("room_temperature")] = (
        21 + np.sin(2 * np.pi * hour / 24) + noise.normal(0, 0.2, len(hour)) + 2.3 * warm
    )
    for channel in channels:
        dust = np.where(hour < 24 * until, 12 + noise.normal(0, 1, len(hour)), np.nan)
        values[:, engine.plan.channels.index(channel)] = dust
    time_us = START_US + hour.astype(np.int64) * HOUR_US
    bad = np.zeros(values.shape, np.bool_)
    changes = engine.step(np.full(len(hour), row), time_us, values, bad).changes
    return [change.cause for change in changes if change.revision == 1]


@pytest.mark.parametrize(("hours", "told"), [(4, []), (12, ["unknown"])])
def test_the_only_channel_speaks_if_it_lasts(catalogue: Catalogue, hours: int, told: list[str]) -> None:
    assert _opened(catalogue, hours, ()) == told


@pytest.mark.parametrize("until", [DAYS + 3, DAYS - 1])
def test_one_of_two_channels_does_not(catalogue: Catalogue, until: int) -> None:
    """Nor does it when the second one has fallen silent: it was there, and may be again."""
    assert _opened(catalogue, 12, ("pm25",), until=until) == []
