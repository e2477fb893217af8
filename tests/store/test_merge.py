"""The merge rule: two samples of one instant, against the simplest model there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.store.samples import sample
from zerodistance.messages import Sample
from zerodistance.store.merge import as_stored, merge

_CHANNELS = ("power", "energy", "door_open")
_values = st.dictionaries(st.sampled_from(_CHANNELS), st.sampled_from([0.0, 1.0, 2.5]))
_ages = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(0, 9))


@st.composite
def _samples(draw: st.DrawFn) -> Sample:
    values: dict[str, float | None] = dict(draw(_values))
    quality = {c: draw(st.integers(1, 3)) for c in _CHANNELS if c not in values and draw(st.booleans())}
    boot, seq, received = draw(_ages)
    return sample(
        values={**values, **dict.fromkeys(quality)}, quality=quality, boot=boot, seq=seq, received_us=received
    )


def _age(one: Sample) -> tuple[int, int, int]:
    return one.boot or 0, one.seq or 0, one.received_us


@given(_samples(), _samples())
def test_against_the_model(stored: Sample, new: Sample) -> None:
    result = merge(stored, new)
    later, earlier = (new, stored) if _age(new) >= _age(stored) else (stored, new)
    for channel in _CHANNELS:
        first, second = later.values.get(channel), earlier.values.get(channel)
        expected = second if first is None else first
        assert result.sample.values.get(channel) == expected
        if expected is not None:
            assert channel not in result.sample.quality
        else:
            codes = (stored.quality.get(channel), new.quality.get(channel))
            assert result.sample.quality.get(channel) in codes
    differing = {
        channel
        for channel in _CHANNELS
        if None not in (stored.values.get(channel), new.values.get(channel))
        and stored.values[channel] != new.values[channel]
    }
    assert {conflict.channel for conflict in result.conflicts} == differing
    assert (result.outcome == "conflict") == bool(differing)


@given(_samples(), _samples())
def test_again_changes_nothing(stored: Sample, new: Sample) -> None:
    if _age(stored) == _age(new):
        return  # the later arrival wins, each time anew
    once = merge(stored, new).sample
    for again in (new, stored):
        twice = merge(once, again)
        assert _readings(twice.sample) == _readings(once)


@given(_samples(), _samples())
def test_order_of_arrival_does_not_matter(one: Sample, other: Sample) -> None:
    if _age(one) == _age(other):
        return  # the same message counter twice: the later arrival wins by definition
    assert _readings(merge(one, other).sample) == _readings(merge(other, one).sample)


def _readings(one: Sample) -> tuple[dict[str, float], dict[str, int]]:
    return {c: v for c, v in one.values.items() if v is not None}, one.quality


@given(st.floats(-1e6, 1e6))
def test_rounding_is_stable(value: float) -> None:
    for kind in ("float4", "float8", "int4", "bool"):
        stored = as_stored(value, kind)
        assert as_stored(stored, kind) == stored
