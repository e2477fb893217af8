"""Electricity that is cheaper at night: who shifts what, and that nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulators.fleet import load_fleet
from simulators.simulation import FleetSimulation
from simulators.tariffs import TARIFFS, TariffHomes
from zerodistance.catalogue import Catalogue
from zerodistance.clock import to_us
from zerodistance.errors import SettingsError

START = datetime(2026, 3, 1, tzinfo=UTC)
COUNT, DAYS = 24, 4
KINDS = ("washing_machine", "dishwasher", "water_heater")
GROUPS = "".join(
    f'[[group]]\ntype = "{kind}"\ncount = {COUNT}\nprefix = "{kind}-"\nperiod_s = 300\n' for kind in KINDS
)


def _fleet(tariff: str, catalogue: Catalogue) -> FleetSimulation:
    text = f'seed = 5\nstep_s = 300\nlost = 0.0\nmissing = 0.0\ntariff = "{tariff}"\n{GROUPS}'
    return FleetSimulation(load_fleet(text, catalogue), catalogue, START)


class Seen:
    """What a fleet did in :data:`DAYS` days: kWh by type, home and hour of the day."""

    def __init__(self, tariff: str, catalogue: Catalogue) -> None:
        self.fleet = _fleet(tariff, catalogue)
        batches, self.reports = self.fleet.advance(to_us(START + timedelta(days=DAYS)))
        self.kwh = {kind: np.zeros((COUNT, 24)) for kind in KINDS}
        for batch in batches:
            hour = (batch.time_us // 3_600_000_000) % 24
            homes = np.array([int(device.rsplit("-", 1)[1]) - 1 for device in batch.devices])
            who = np.broadcast_to(homes, hour.shape)
            np.add.at(self.kwh[batch.type], (who, hour), np.nan_to_num(batch.values["power"]) / 12_000.0)


@pytest.fixture(scope="module")
def flat(catalogue: Catalogue) -> Seen:
    return Seen("flat", catalogue)


@pytest.fixture(scope="module")
def shanghai(catalogue: Catalogue) -> Seen:
    return Seen("shanghai", catalogue)


def test_those_who_shift_use_their_electricity_when_it_is_cheap(flat: Seen, shanghai: Seen) -> None:
    homes = TariffHomes("shanghai", COUNT, 5)
    assert 6 <= homes.delays.sum() <= 18
    assert 6 <= homes.timed.sum() <= 20
    night = [22, 23, *range(6)]
    for kind in KINDS:
        shifts = (homes.timed if kind == "water_heater" else homes.delays) > 0
        before, after = flat.kwh[kind][shifts], shanghai.kwh[kind][shifts]
        share = after[:, night].sum() / after.sum()
        assert share > {"washing_machine": 0.9, "dishwasher": 0.9, "water_heater": 0.5}[kind], (kind, share)
        assert share > before[:, night].sum() / before.sum() + 0.2
        # It is shifted, not saved: as many washes, but for the last one's being tomorrow.
        assert after.sum() == pytest.approx(before.sum(), rel=0.15)
        # Who does not shift lives as before, to the bit.
        assert (shanghai.kwh[kind][~shifts] == flat.kwh[kind][~shifts]).all()


def test_a_delayed_machine_starts_with_the_cheap_hours_or_when_told(
    shanghai: Seen, catalogue: Catalogue
) -> None:
    homes = TariffHomes("shanghai", COUNT, 5)
    begun = [
        (report.time_us // 60_000_000) % 1440 / 60
        for report in shanghai.reports
        if report.happening.name == "programme_started"
        and homes.delays[int(report.device.rsplit("-", 1)[1]) - 1] > 0
    ]
    assert len(begun) > 10
    assert all(hour >= 22 or hour < 6.7 for hour in begun)
    assert np.mean([22 <= hour < 22.7 for hour in begun]) > 0.6
    fleet = _fleet("shanghai", catalogue)
    machines = fleet.populations[0].physics
    until = START
    while not machines.state["delayed"].any():
        until += timedelta(minutes=30)
        fleet.advance(to_us(until))
        assert until < START + timedelta(days=7)
    device = f"washing_machine-{int(np.flatnonzero(machines.state['delayed'])[0]) + 1:02d}"
    assert fleet.command(device, "start", {"programme": "quick"}).outcome == "done"
    assert fleet.command(device, "start", {"programme": "quick"}).outcome == "refused"


def test_cheap_hours_go_over_midnight_and_through_weekends() -> None:
    hour = np.arange(24) + 0.5
    for name, tariff in TARIFFS.items():
        cheap = TariffHomes(name, 200, 1).cheap(hour, weekend=False)
        length = (tariff.ends - tariff.begins) % 24 or 24
        assert cheap.mean() * 24 == pytest.approx(length, abs=0.1)
        assert TariffHomes(name, 3, 1).cheap(hour, weekend=True).all() == (name in ("flat", "fasce"))
    assert not TariffHomes("flat", 50, 1).delays.any()
    with pytest.raises(SettingsError, match="choose of flat, shanghai"):
        TariffHomes("free", 1, 1)


def test_a_fleet_file_names_a_tariff_that_is_known(catalogue: Catalogue) -> None:
    with pytest.raises(SettingsError, match="tariff 'free' is not known"):
        _fleet("free", catalogue)
