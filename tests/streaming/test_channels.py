"""Channels abreast, each against its own past: alone or with others, whole or in pieces, in bounded state."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.streaming.channels import LAYERS, Channels
from models.streaming.news import EVENT_ROWS, News
from models.streaming.running import RunningTails
from models.streaming.score import score_series

DAY_ROWS = 288


def week(rows: int, seed: int, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return times five minutes apart and values with a daily rhythm."""
    random = np.random.default_rng(seed)
    time_s = 1.6e9 + 300.0 * np.arange(rows)
    rhythm = 10.0 * np.sin(2 * np.pi * time_s / 86_400)[:, None]
    return time_s, rhythm + random.normal(size=(rows, channels))


@given(st.integers(0, 1000), st.integers(1, 350), st.booleans())
@settings(max_examples=4, deadline=None)
def test_pieces_and_company_change_nothing(seed: int, cut: int, gaps: bool) -> None:
    time_s, values = week(351, seed, 3)
    if gaps:
        values[np.random.default_rng(seed).random(values.shape) < 0.1] = np.nan
    whole = Channels(3).surprise(time_s, values)
    pieces = Channels(3)
    first = pieces.surprise(time_s[:cut], values[:cut])
    np.testing.assert_array_equal(np.concatenate([first, pieces.surprise(time_s[cut:], values[cut:])]), whole)
    for place in range(3):
        alone = Channels(1).surprise(time_s, values[:, place : place + 1])
        np.testing.assert_allclose(alone[:, 0], whole[:, place], rtol=0, atol=1e-4)


def test_the_layers_add_up_and_later_rows_change_nothing() -> None:
    time_s, values = week(900, 1, 2)
    layers = Channels(2).layers(time_s, values)
    assert layers.shape == (900, len(LAYERS), 2)
    np.testing.assert_allclose(layers.sum(axis=1), Channels(2).surprise(time_s, values), atol=1e-5)
    values[600:] = 1e6
    np.testing.assert_array_equal(Channels(2).layers(time_s, values)[:600], layers[:600])


def test_the_time_of_the_day_is_known_and_a_night_in_the_day_is_strange() -> None:
    time_s, values = week(6 * DAY_ROWS, 2)
    begin = 5 * DAY_ROWS + 20
    values[begin : begin + 12] = -values[begin : begin + 12]
    channels = Channels(1)
    usual = channels.surprise(time_s[:begin], values[:begin])
    expected = channels.expected(time_s[begin : begin + 1])[0]
    assert abs(expected - 10.0 * np.sin(2 * np.pi * time_s[begin] / 86_400)) < 1.5
    strange = channels.surprise(time_s[begin : begin + 12], values[begin : begin + 12])
    assert strange.max() > usual[DAY_ROWS * 2 :].max()


def test_state_is_bounded_and_fits_the_budget() -> None:
    time_s, values = week(600, 3, 50)
    channels, news = Channels(50), News(50)
    news.told(channels.surprise(time_s[:100], values[:100]))
    before = channels.bytes_per_channel + news.bytes_per_series
    news.told(channels.surprise(time_s[100:], values[100:]))
    assert channels.bytes_per_channel + news.bytes_per_series == before <= 4096


def test_surprise_is_rare_where_nothing_happens_and_large_where_it_does() -> None:
    random = np.random.default_rng(4)
    tails = RunningTails.begin((200,))
    rows = np.abs(random.normal(size=(3000, 200))).astype(np.float32)
    found = np.array([tails.surprise(row) for row in rows])
    assert 0.002 < (found[1000:] > 2.0).mean() < 0.02  # one in a hundred
    assert (tails.surprise(np.full(200, 9.0, np.float32)) > 5.0).all()


def test_what_is_no_reading_is_neither_surprising_nor_learned() -> None:
    tails = RunningTails.begin((2,))
    there = np.array([True, False])
    for row in np.random.default_rng(5).normal(size=(500, 2)).astype(np.float32):
        found = tails.surprise(row, there)
        assert found[1] == 0.0
    assert tails.beyond[1] == 1.0
    assert tails.beyond[0] > 5.0


def test_what_recurs_becomes_a_habit_and_what_goes_on_is_an_echo() -> None:
    surprise = np.full((5000, 2), 0.5)
    surprise[::250, 0] = 9.0
    surprise[4750, 1] = 9.0
    surprise[4751:4760, 1] = 8.9
    told = News(2).told(surprise)
    assert told[4750, 1] == 9.0
    assert (told[4751:4760, 1] < 3.0).all()
    assert told[250, 0] > 8.0
    assert told[4750, 0] < 0.5 * told[250, 0]
    assert EVENT_ROWS < 250


def test_what_lasts_scores_above_the_everyday_and_below_its_beginning() -> None:
    random = np.random.default_rng(6)
    values = random.normal(size=(1200, 1))
    values[800:1000] += 6.0
    scores = score_series(np.arange(1200) * 60.0, values).score
    everyday = np.quantile(scores[200:800], 0.9)
    assert (scores[805:860] > everyday).mean() > 0.9
    assert scores[800:804].max() > 1.3 * scores[810:1000].max()
