"""The home with all ten types: reproducible to the byte, within what the catalogue says, faults and truth."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import simulators
from simulators.faults import hours_until
from simulators.fleet import FleetPlan, load_fleet
from simulators.outward import event_json, readings, values_json
from simulators.physics import physics_of, simulated_types
from simulators.portraits import PORTRAITS, page
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us

START = datetime(2026, 6, 15, 16, tzinfo=UTC)
CYCLES = ("washing_machine", "dishwasher", "oven", "air_purifier")
SCALES = {"minutes": 1.0, "hours": 24.0, "days": 7 * 24.0, "weeks": 60 * 24.0, "months": 500 * 24.0}


@pytest.fixture(scope="module")
def plan(catalogue: Catalogue) -> FleetPlan:
    return load_fleet(Path(simulators.__file__).parent / "fleets" / "home.toml", catalogue)


def _said(plan: FleetPlan, catalogue: Catalogue, portion: timedelta, hours: int) -> str:
    """Return a digest of every byte that the home's appliances say."""
    fleet = FleetSimulation(plan, catalogue, START)
    said: dict[str, list[tuple[int, bytes]]] = {}
    until = START
    while until < START + timedelta(hours=hours):
        until += portion
        batches, reports = fleet.advance(to_us(until))
        for batch in batches:
            for one in readings(batch, catalogue.get_type(batch.type)):
                said.setdefault(one.device, []).append((one.time_us, values_json(one.values)))
        for report in reports:
            said.setdefault(report.device, []).append((report.time_us, event_json(report)))
    digest = hashlib.sha256()
    for device, sentences in sorted(said.items()):
        for time_us, payload in sorted(sentences):
            digest.update(f"{device} {time_us} ".encode() + payload)
    assert len(said) == 10
    return digest.hexdigest()


def test_same_seed_same_bytes_however_it_is_cut(plan: FleetPlan, catalogue: Catalogue) -> None:
    whole = _said(plan, catalogue, timedelta(hours=15), 15)
    assert whole == _said(plan, catalogue, timedelta(minutes=50), 15)


def test_a_healthy_week_stays_within_the_valid_and_the_usual(catalogue: Catalogue) -> None:
    groups = "".join(
        f'[[group]]\ntype = "{kind}"\ncount = 5\nprefix = "{kind}-"\nperiod_s = 300\n' for kind in CYCLES
    )
    fleet = FleetSimulation(load_fleet(f"seed = 5\nstep_s = 60\n{groups}", catalogue), catalogue, START)
    batches, reports = fleet.advance(to_us(START + timedelta(days=7)))
    seen: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
    for batch in batches:
        for name, values in batch.values.items():
            seen.setdefault((batch.type, name), []).append(values[np.isfinite(values)])
    for kind in CYCLES:
        for name, channel in catalogue.get_type(kind).channels.items():
            there = np.concatenate(seen[kind, name])
            assert there.min() >= channel.valid[0]
            assert there.max() <= channel.valid[1]
            if channel.normal is not None and name not in ("pm25", "vibration", "pump_power"):
                usual = (there >= channel.normal[0]) & (there <= channel.normal[1])
                assert usual.mean() > 0.97, (kind, name, there.min(), there.max())
    named = {report.happening.name for report in reports}
    assert {"programme_started", "programme_finished", "preheat_finished", "mode_changed"} <= named
    for report in reports:
        appliance = catalogue.get_type(fleet.type_of(report.device))
        if report.happening.kind == "event":
            assert set(report.happening.data) <= set(appliance.events[report.happening.name].data)
        else:
            assert "Empty" in report.happening.name  # salt and rinse aid; nothing is broken


@pytest.mark.parametrize("kind", CYCLES)
def test_every_fault_of_the_catalogue_can_be_had_and_takes_its_time(
    kind: str, catalogue: Catalogue, plan: FleetPlan
) -> None:
    appliance, laws = catalogue.get_type(kind), physics_of(kind).FAULTS
    assert set(laws) == set(appliance.faults)
    device = next(group.ids()[0] for group in plan.group if group.type == kind)
    fleet = FleetSimulation(plan, catalogue, START)
    for name, law in laws.items():
        scale = appliance.faults[name].time_scale
        longest = SCALES[scale]
        assert law.hours <= longest
        assert law.growth == "step" or law.hours >= longest / 30
        entry = fleet.start_fault(device, name)
        failure = entry.functional_failure_us()
        if law.functional_at <= 1.0:
            expected = hours_until(law.growth, law.functional_at, law.hours)
            assert failure == entry.onset_us + round(expected * 3.6e9)
        else:
            assert failure is None
    assert set(fleet.active_faults()[device]) == set(laws)
    fleet.advance(to_us(START + timedelta(hours=1)))
    assert len(fleet.clear_fault(device, None)) == len(laws)
    fleet.advance(to_us(START + timedelta(hours=2)))
    assert fleet.active_faults() == {}


def test_portraits_show_every_type_with_channels_that_it_has(catalogue: Catalogue) -> None:
    assert sorted(PORTRAITS) == simulated_types()
    for kind, portrait in PORTRAITS.items():
        channels = catalogue.get_type(kind).channels
        assert {name for panel in portrait.panels for name in panel} <= set(channels)
    text = page(catalogue, dict.fromkeys(PORTRAITS, 0.5), {kind: [0.25, 0.75] for kind in PORTRAITS})
    assert "| Oven | 0.50 | 0.50 (0.25–0.75) | 0.1–0.9 |" in text
    assert text.count("![") == 10
