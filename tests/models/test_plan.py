"""What the catalogue says is what the arrays hold; what it may not say is refused with the place."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models import baseline
from models.plan import make_plan
from models.state import State
from zerodistance.catalogue import Catalogue
from zerodistance.catalogue.loader import load_file
from zerodistance.errors import CatalogueError


def test_signatures_become_rows_of_ones(catalogue: Catalogue) -> None:
    plan = make_plan(catalogue["refrigerator"])
    fault = plan.faults.index("compressor_failed")
    row = dict(zip(plan.features, plan.signature[fault], strict=True))
    assert (row["duty"], row["off_time"], row["door_share"]) == (-1, 1, 0)
    assert plan.steady[fault, plan.features.index("door_share")]
    assert plan.necessary[fault].sum() == 1
    assert plan.codes["Er CF"] == plan.faults.index("condenser_fan_stopped")
    assert plan.codes["Refrigeration.FridgeFreezer.Event.TemperatureAlarmFreezer"] == -1


def test_every_type_compiles_and_its_version_changes_with_its_features(catalogue: Catalogue) -> None:
    plans = [make_plan(appliance) for appliance in catalogue.values()]
    assert len({plan.version for plan in plans}) == len(plans)
    assert make_plan(catalogue["refrigerator"]).version == make_plan(catalogue["refrigerator"]).version


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('necessary = ["off_time"]', 'necessary = ["door_share"]', "faults.compressor_failed.necessary"),
        ('invalid = ["fresh_food_temperature"', 'invalid = ["nobody"', "faults.thermistor_open.invalid"),
        ('relative_to = "set_point"', 'relative_to = "nobody"', "features.fresh_food_mean"),
        ('kind = "slope"', 'kind = "ratio"', "features.fresh_food_slope.over"),
        ('kind = "slope"', 'kind = "slope"\nover = "humidity"', "features.fresh_food_slope.over"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    text = (resources.files("zerodistance.catalogue") / "refrigerator.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "refrigerator.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError, match=place):
        load_file(path)


def test_more_corrections_than_the_models_take_are_refused(catalogue: Catalogue) -> None:
    appliance = catalogue["refrigerator"]
    feature = msgspec.structs.replace(
        appliance.features["duty"], corrected_for=("ambient_temperature", "humidity", "set_point")
    )
    with pytest.raises(CatalogueError, match="name fewer"):
        make_plan(msgspec.structs.replace(appliance, features={**appliance.features, "duty": feature}))


def test_nothing_impossible_is_expected(catalogue: Catalogue) -> None:
    """A line learned in mild weather says 130 % of running time in a cold snap: 100 % is as expected."""
    plan = make_plan(catalogue["air_conditioner"])
    state = State(plan)
    row = np.array([state.add()])
    state.moments[row, :, 0] = 10.0
    duty, room = plan.features.index("duty_heat"), plan.features.index("room_heat")
    state.coefficients[row, duty, 0] = 1.3
    state.coefficients[row, room, 0] = -130.0  # a difference from the set-point
    x = baseline.regressors(plan, np.array([0]), np.full((1, *plan.context.shape), np.nan))
    value = np.where(np.arange(len(plan.features)) == duty, 1.0, np.nan)[None, :]
    expected, _, z = baseline.judge(plan, state, row, x, value)
    assert (expected[0, duty], z[0, duty], expected[0, room]) == (1.0, 0.0, -130.0)
