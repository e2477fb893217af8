"""Samples to arrays, and how fast the whole way from record to finding is."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine import Engine
from stream.diagnose_arrays import to_arrays
from tests.models.series import refrigerator
from zerodistance.catalogue import Catalogue
from zerodistance.messages import Quality, Sample, decode_samples, encode_samples

_names = st.sampled_from(["a", "b", "c", "other"])
_sample = st.builds(
    Sample,
    st.just(1),
    st.sampled_from(["d1", "d2"]),
    st.just("tester"),
    st.integers(0, 2**50),
    st.just(0),
    st.none(),
    st.none(),
    st.none(),
    st.dictionaries(_names, st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))),
    st.dictionaries(_names, st.sampled_from([1, 2, 3])),
    st.just({}),
)


@settings(max_examples=60, deadline=None)
@given(samples=st.lists(_sample, max_size=30))
def test_every_reading_lands_in_its_column(samples: list[Sample]) -> None:
    channels = ("c", "a")
    rows = {"d1": 0, "d2": 1}
    arrays = to_arrays(samples, channels, rows.__getitem__)
    assert arrays.values.shape == (len(samples), 2)

    def line(device: int, at: int, values: list[float], bad: list[bool]) -> tuple[object, ...]:
        return device, at, *(None if v != v else v for v in values), *bad

    impossible = (Quality.BELOW_VALID, Quality.ABOVE_VALID)
    want = [
        line(
            rows[s.device],
            s.time_us,
            [np.nan if (v := s.values.get(c)) is None else v for c in channels],
            [s.quality.get(c) in impossible for c in channels],
        )
        for s in samples
    ]
    got = [
        line(int(d), int(t), v.tolist(), b.tolist())
        for d, t, v, b in zip(arrays.device, arrays.time_us, arrays.values, arrays.bad, strict=True)
    ]
    assert sorted(got, key=repr) == sorted(want, key=repr)


@pytest.mark.soak
def test_two_weeks_of_forty_appliances_pass_in_time(catalogue: Catalogue) -> None:
    """806,400 samples from record to finding in less than 25 s on one core."""
    engine = Engine(catalogue["refrigerator"])
    series = refrigerator(14)
    names = list(series.values)
    columns = np.stack([series.values[name] for name in names], axis=1).round(2).tolist()
    records = []
    for start in range(0, len(columns), 60):
        for device in range(40):
            part = zip(series.time_us[start : start + 60], columns[start : start + 60], strict=True)
            records.append(
                encode_samples(
                    [
                        Sample(1, f"f{device}", "refrigerator", int(at), int(at), 1, 1, None,
                               dict(zip(names, row, strict=True)), {}, {})
                        for at, row in part
                    ]
                )
            )  # fmt: skip
    began = time.process_time()
    held: list[Sample] = []
    for record in records:
        held += decode_samples(record)
        if len(held) >= 40_000:
            engine.step(*to_arrays(held, engine.plan.channels, engine.row_of))
            held.clear()
    engine.step(*to_arrays(held, engine.plan.channels, engine.row_of))
    used = time.process_time() - began
    print(f"{40 * len(columns)} samples in {used:.1f} s of processor time")
    assert used < 25
