"""Cycles on the simulator: a compressor that short-cycles; refrigerators of which a plug knows the power."""

from __future__ import annotations

import pytest

from models.incidents import Change
from tests.models.fleets import findings, fleet_file
from zerodistance.catalogue import Catalogue


def _told(
    catalogue: Catalogue, fleet: str, days: int, channels: list[str] | None = None
) -> dict[str, list[tuple[float, Change]]]:
    told: dict[str, list[tuple[float, Change]]] = {}
    for device, day, change in findings(catalogue, fleet, days, channels):
        told.setdefault(device, []).append((day, change))
    return told


def test_a_compressor_that_short_cycles_is_found_and_named(catalogue: Catalogue) -> None:
    ill = {f"air_conditioner-{n:02d}": ("short_cycling", 6.4) for n in (2, 5)}
    told = _told(catalogue, fleet_file(41, "tropical", {"air_conditioner": 8}, ill), days=8)
    assert set(told) == set(ill)
    for changes in told.values():
        day, first = changes[0]
        assert first.cause == "short_cycling"
        assert 6.4 < day < 7.5
        assert {item.feature for item in first.evidence} >= {"starts", "run_time"}


def test_a_stopped_condenser_fan_shows_in_the_power_alone(catalogue: Catalogue) -> None:
    """Hour by hour a compressor's power varies as much; from day to day it does not."""
    ill = {f"refrigerator-{n:02d}": ("condenser_fan_stopped", 13.3) for n in (3, 6)}
    fleet = fleet_file(42, "temperate", {"refrigerator": 9}, ill, step_s=120, period_s=600)
    told = _told(catalogue, fleet, 17, ["power"])
    assert set(told) == set(ill)
    for changes in told.values():
        day, first = changes[0]
        assert first.cause == "condenser_fan_stopped"
        assert 13.3 < day <= 16.0


@pytest.mark.soak
def test_missed_defrosts_and_leaks_show_in_the_power_alone(catalogue: Catalogue) -> None:
    ill = {
        "refrigerator-02": ("defrost_heater_open", 20.3),
        "refrigerator-05": ("refrigerant_leak", 20.3),
        "refrigerator-08": ("defrost_heater_open", 22.3),
        "refrigerator-11": ("refrigerant_leak", 22.3),
    }
    fleet = fleet_file(43, "temperate", {"refrigerator": 14}, ill, period_s=300)
    told = _told(catalogue, fleet, 46, ["power"])
    assert set(told) == set(ill)
    for device, (fault, onset) in ill.items():
        named = [day for day, change in told[device] if change.cause == fault]
        assert named, (device, fault)
        # a heater's absence shows at the next defrost that fails to come; the leak is lost after 25 days
        assert onset < named[0] < onset + (8 if fault == "defrost_heater_open" else 18)
