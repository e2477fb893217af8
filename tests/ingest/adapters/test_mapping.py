"""From readings to channels: names, units, classes, choices, and nothing where there is a doubt."""

from __future__ import annotations

import pytest

from ingest.adapters.contract import Reading
from ingest.adapters.guess import guess_type
from ingest.adapters.mapping import place
from zerodistance.catalogue import Catalogue
from zerodistance.units import convert


def placed(catalogue: Catalogue, type_name: str, *readings: Reading, **chosen: str) -> tuple[dict, dict]:  # type: ignore[type-arg]
    found = place(readings, catalogue[type_name], chosen)
    return found.values, found.aside


POWER = Reading("power", 83.0, "W", "power")


def test_a_plug_fits_every_type(catalogue: Catalogue) -> None:
    energy = Reading("energy", 1234.0, "Wh", "energy")
    for name in catalogue:
        assert placed(catalogue, name, POWER, energy) == ({"power": 83.0, "energy": 1.234}, {})


@pytest.mark.parametrize(
    ("reading", "values"),
    [
        (Reading("watts", 0.083, "kW", "power"), {"power": 83.0}),
        (Reading("electrical_power", 83.0, "W", ""), {"power": 83.0}),
        (Reading("energy", 60_000.0, "Wmin", "energy"), {"energy": 1.0}),
        (Reading("contact", 1.0, "", "door"), {"door_open": 1.0}),
        (Reading("lid", 1.0, "", "opening"), {"door_open": 1.0}),
        (
            Reading("freezer_temperature", 0.0, "°F", "temperature"),
            {"freezer_temperature": pytest.approx(-17.7778, abs=1e-3)},
        ),
        (Reading("left_freezer_temperature", -18.0, "°C", "temperature"), {"freezer_temperature": -18.0}),
        (Reading("humidity", 55.0, "%", "humidity"), {"humidity": 55.0}),
        (Reading("door_open", 1.0, "", "door"), {"door_open": 1.0}),
    ],
)
def test_what_leaves_no_doubt(catalogue: Catalogue, reading: Reading, values: dict[str, float]) -> None:
    assert placed(catalogue, "refrigerator", reading)[0] == values


@pytest.mark.parametrize(
    "reading",
    [
        Reading("temperature", 4.0, "°C", "temperature"),  # which of four?
        Reading("voltage", 230.0, "V", "voltage"),
        Reading("apparent_power", 110.0, "VA", "apparent_power"),
        Reading("battery", 90.0, "%", "battery"),
        Reading("set_point", 4.0, "°C", "temperature"),
    ],
)
def test_what_leaves_a_doubt_is_kept_aside(catalogue: Catalogue, reading: Reading) -> None:
    values, aside = placed(catalogue, "refrigerator", reading)
    assert values == {}
    assert list(aside.values()) == [reading.value]


def test_a_plugs_own_warmth_is_no_temperature_of_the_water(catalogue: Catalogue) -> None:
    warmth = Reading("plug_temperature", 47.0, "°C")
    assert placed(catalogue, "wine_cellar", warmth) == ({}, {})


def test_a_bare_number_is_nothing(catalogue: Catalogue) -> None:
    assert placed(catalogue, "refrigerator", Reading("power", 5.0)) == ({}, {})


def test_choices_come_first(catalogue: Catalogue) -> None:
    probe = Reading("ds18b20_temperature", -18.0, "°C", "temperature")
    bare = Reading("switch1", 1.0)
    values, aside = placed(
        catalogue,
        "refrigerator",
        probe,
        bare,
        POWER,
        ds18b20_temperature="freezer_temperature",
        switch1="door_open",
        power="",
    )
    assert values == {"freezer_temperature": -18.0, "door_open": 1.0}
    assert aside == {}


def test_two_for_one_channel(catalogue: Catalogue) -> None:
    other = Reading("pump_power", 30.0, "W", "power")
    values, aside = placed(catalogue, "refrigerator", other, POWER)
    assert values == {"power": 83.0}
    assert aside == {"pump_power": 30.0}
    assert placed(catalogue, "dishwasher", other, POWER)[0] == {"pump_power": 30.0, "power": 83.0}


def test_a_wrong_unit_is_never_taken_for_the_right_one(catalogue: Catalogue) -> None:
    wrong = Reading("power", 5.0, "kWh", "power")
    assert placed(catalogue, "refrigerator", wrong) == ({}, {"other_power": 5.0})


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        (1.0, "kWh", "kWh", 1.0),
        (1.0, "MJ", "kWh", 1 / 3.6),
        (300.0, "K", "°C", 26.85),
        (1.0, "m³/h", "L/min", 1000 / 60),
        (2.0, "bar", "kPa", 200.0),
        (5.0, "μg/m³", "µg/m³", 5.0),
        (1.0, "W", "°C", None),
        (1.0, "furlong", "mm", None),
    ],
)
def test_units(value: float, unit: str, wanted: str, expected: float | None) -> None:
    found = convert(value, unit, wanted)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Kitchen fridge", "refrigerator"),
        ("kuehlschrank", "refrigerator"),
        ("厨房冰箱", "refrigerator"),
        ("Geschirrspüler dishwasher", "dishwasher"),
        ("Boiler bathroom", "water_heater"),
        ("washing machine", "washing_machine"),
        ("plug 7", ""),
    ],
)
def test_a_name_gives_the_type_away(catalogue: Catalogue, label: str, expected: str) -> None:
    assert guess_type(label, catalogue) == expected
