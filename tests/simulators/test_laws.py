from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import FaultBook, FaultLaw, grown, hours_until
from simulators.physics.psychrometrics import relative_humidity, saturation, wet_bulb
from simulators.physics.vapour_compression import CONDENSER_AIRFLOW, INDOOR_AIRFLOW, UNDERCHARGE, FaultMeasure
from zerodistance.errors import SettingsError


@pytest.mark.parametrize(
    ("law", "intensities", "capacity", "power"),
    [
        (UNDERCHARGE, (0.1, 0.2, 0.3), (0.948, 0.881, 0.800), (0.963, 0.936, 0.918)),
        (INDOOR_AIRFLOW, (0.1, 0.2, 0.3), (0.914, 0.862, 0.837), (0.977, 0.957, 0.946)),
        (CONDENSER_AIRFLOW, (0.1, 0.25, 0.5), (1.0, 1.0, 0.963), (1.03, 1.07, 1.22)),
    ],
)
def test_the_laws_give_the_published_ratios(
    law: FaultMeasure, intensities: tuple[float, ...], capacity: tuple[float, ...], power: tuple[float, ...]
) -> None:
    q, w = law.ratios(np.array(intensities))
    assert q == pytest.approx(capacity, abs=0.006)
    assert w == pytest.approx(power, abs=0.006)


@given(st.floats(0, 1), st.floats(10, 26), st.floats(10, 50))
def test_ratios_stay_physical_for_any_intensity(f: float, bulb: float, outdoor: float) -> None:
    for law in (UNDERCHARGE, INDOOR_AIRFLOW, CONDENSER_AIRFLOW):
        q, w = law.ratios(np.array([0.0, f]), bulb, outdoor)
        assert q[0] == w[0] == 1.0
        assert 0.0 <= q[1] <= 1.15
        assert 0.4 <= w[1] <= 1.6


def test_moist_air_agrees_with_tables() -> None:
    assert saturation(np.array([4.0, 25.0])) == pytest.approx([0.00501, 0.0201], rel=0.02)
    assert relative_humidity(np.array([0.01]), np.array([25.0])) == pytest.approx([50.0], abs=1.0)
    assert wet_bulb(np.array([26.7]), np.array([50.0])) == pytest.approx([19.4], abs=0.5)


@given(st.sampled_from(["linear", "accelerating"]), st.floats(0.01, 1.0), st.floats(0.5, 5000.0))
def test_growth_can_be_inverted(growth: str, share: float, full: float) -> None:
    hours = hours_until(growth, share, full)  # type: ignore[arg-type]
    assert grown(growth, hours, full) == pytest.approx(share, abs=1e-9)  # type: ignore[arg-type]
    assert grown(growth, hours / 2, full) < share  # type: ignore[arg-type]


def test_a_book_knows_severity_failure_and_cure() -> None:
    book = FaultBook({"leak": FaultLaw("linear", 10.0, 0.5)}, 3)
    entry = book.plan(1, "fridge-2", "leak", 0, severity=0.8)
    hour = 3_600_000_000
    assert list(book.at(5 * hour)["leak"]) == pytest.approx([0.0, 0.4, 0.0])
    assert entry.functional_failure_us() == pytest.approx(6.25 * hour)
    assert book.clear(1, None, 6 * hour) == [entry]
    assert "leak" not in book.at(6 * hour)
    assert entry.functional_failure_us() is None
    with pytest.raises(SettingsError, match="choose of leak"):
        book.plan(0, "fridge-1", "nonsense", 0)
    with pytest.raises(SettingsError, match="severity"):
        book.plan(0, "fridge-1", "leak", 0, severity=1.5)


def test_a_planned_end_is_kept_to_the_step() -> None:
    book = FaultBook({"door": FaultLaw("step", 0.0, 0.5)}, 1)
    entry = book.plan(0, "fridge-1", "door", 1_000_000)
    entry.cleared_us = 3_000_000
    book.changed()
    assert ["door" in book.at(second * 1_000_000) for second in range(5)] == [False, True, True, False, False]
