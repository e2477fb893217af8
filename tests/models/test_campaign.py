"""Fleet-wide causes are recognised by who deviates together."""

from __future__ import annotations

import time
from math import comb

import numpy as np
import pytest

from models.campaign import _fisher, recognise
from tests.models.test_creeping import DEVICES as FLEET
from tests.models.test_creeping import Days
from zerodistance.catalogue import Catalogue

RNG = np.random.default_rng(5)
DEVICES = 60
NEW = np.arange(DEVICES) % 3 == 0
COHORTS = {"firmware 2": NEW, "firmware 1": ~NEW}


def _quiet() -> np.ndarray:
    return RNG.normal(size=(DEVICES, 3))


def test_a_firmware_that_moves_its_devices_is_one_campaign() -> None:
    z = _quiet()
    z[NEW, 1] -= 7.0
    (one,) = recognise(z, COHORTS)
    assert (one.cohort, one.feature, one.direction) == ("firmware 2", 1, -1)
    assert set(one.devices) == set(np.flatnonzero(NEW).tolist())


def test_a_healthy_fleet_and_single_faults_are_none() -> None:
    z = _quiet()
    z[[3, 8, 20], 0] = 12.0
    assert recognise(z, COHORTS) == []


def test_what_moves_everybody_is_no_cohorts_matter() -> None:
    assert recognise(_quiet() + 8.0, COHORTS) == []


def test_the_residuals_of_a_running_fleet_tell_it(catalogue: Catalogue) -> None:
    """New firmware lets seven of twenty run at a higher speed."""
    fleet = Days(catalogue)
    fleet.run(25)
    new = np.arange(FLEET) < 7
    fleet.run(4, running_power=np.where(new, 3.0, 0.0))
    z = fleet.creeping.reference.standing_z()
    (one,) = recognise(z, {"firmware 3": new, "firmware 2": ~new})
    assert one.cohort == "firmware 3"
    assert fleet.plan.features[one.feature] == "running_power"


def test_devices_that_do_not_report_count_neither_way() -> None:
    z = _quiet()
    z[NEW, 1] += 7.0
    z[NEW & (np.arange(DEVICES) > 20), 1] = np.nan
    (one,) = recognise(z, COHORTS)
    assert len(one.devices) == one.share * 7
    assert recognise(np.full((DEVICES, 3), np.nan), COHORTS) == []


def test_a_region_of_a_hundred_thousand_is_judged_in_no_time() -> None:
    """A heatwave in half of the fleet: chance is worked out by logarithms, and is what exact numbers say."""
    small = _fisher(8, 12, 3, 28)
    exact = sum(comb(12, k) * comb(28, 11 - k) for k in range(8, 12)) / comb(40, 11)
    assert small == pytest.approx(exact)
    began = time.process_time()
    assert _fisher(30_000, 50_000, 100, 50_000) < 1e-100
    assert time.process_time() - began < 0.5
