"""A household freezer, chest or upright, with its evaporator in the walls and defrosted by hand.

Model: :class:`~simulators.physics.cold_box.ColdBox` with frost on the walls. What moisture enters freezes
and stays; frost insulates the coil; people scrape it off when it has grown thick. Frozen food has a heat
capacity that rises long before 0 °C, as a part of its water melts (effective values after Heldman and
Singh, "Introduction to Food Engineering": most of the melting lies between −8 and −1 °C).

Magnitudes: −18 °C or colder (IEC 62552-1, four stars), duty 25–45 % at 25 °C, 180–300 kWh a year as on
European labels of 180–250 L (Regulation (EU) 2019/2016: some 0.5–0.8 kWh a day). Lid openings are few,
a tenth of a refrigerator's. Conductances and capacities are engineering estimates.

Faults at severity 1: ``door_ajar`` air 6–14 K warmer in two hours, compressor flat out;
``compressor_failed`` no compressor power, −18 to −9 °C in half a day or more; ``condenser_fan_stopped``
power +10–25 %, duty +30–70 %; ``refrigerant_leak`` most of the charge gone (NREL's law up to 30 %);
``gasket_leak`` a gap that adds a third or more to the running time and grows frost; ``thermistor_open``
reads −127 °C and the compressor runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.cold_box import (
    DOOR_ALARM_S,
    BoxFigures,
    ColdBox,
    code_changes,
)
from simulators.physics.contract import Array, Happening, Mask, Noise, around
from simulators.physics.psychrometrics import AIR_J_PER_KG_K, SUBLIMATION_J_PER_KG, saturation

_FROST_HALVES_KG = 3.5  # frost that halves the walls' conductance
_SCRAPED_AT_KG = 2.0
_SCRAPED_TO_KG = 0.15
_ITEMS = ("ice cream", "peas", "bread", "fish", "chicken", "dumplings", "berries", "pizza")


class Freezer(ColdBox):
    """Vectorised freezers; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "freezer"
    COMPARTMENT: ClassVar[str] = "freezer_temperature"
    BOX: ClassVar[BoxFigures] = BoxFigures(
        open_door=12.0,
        ajar=4.2,
        gasket=0.34,
        evaporating=-27.0,
        rest=0.9,
        restart_s=300.0,
        leak_at_full=0.85,
        contents_per_opening=0.03,
        contents_per_shopping=0.1,
    )
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "freezer_temperature": Noise(0.1, 0.2, 0.05),
        "evaporator_temperature": Noise(0.15, 0.3, 0.05),
        "ambient_temperature": Noise(0.1, 0.3, 0.05),
        "power": Noise(0.6, 0.3, 0.1),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "door_ajar": FaultLaw("step", 0.0, 0.3),
        "compressor_failed": FaultLaw("step", 0.0, 0.5),
        "condenser_fan_stopped": FaultLaw("step", 0.0, 1.1),
        "refrigerant_leak": FaultLaw("linear", 24.0 * 28, 0.9),
        "gasket_leak": FaultLaw("accelerating", 24.0 * 35, 1.1),
        "thermistor_open": FaultLaw("step", 0.0, 0.5),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"gives_way"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Freezer:
        """Draw and commission ``devices`` freezers at 25 °C room temperature."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        set_point = rng.choice([-20.0, -18.0, -18.0, -18.0], devices)
        ua, usage = draw(0.7), 2.5
        capacity = (ua * (25.0 + 18.0) + usage) / draw(0.34, 0.5)
        parameters = {
            "ua": ua,
            "coil_w": capacity / draw(9.0, 0.5),
            "coil": draw(9e3),
            "capacity": capacity,
            "power": capacity / draw(1.5, 0.6),
            "fan": draw(3.0),
            "standby": draw(1.5),
            "air": draw(26e3),
            "contents": draw(170e3, 2.0),
            "contents_w": draw(9.0),
            "hysteresis": draw(1.5, 0.5),
            "openings_per_hour": draw(0.35, 3.0),
            "gives_way": rng.uniform(0.8, 1.2, devices),  # how much frost people put up with
        }
        state = cls.box_state(set_point, set_point - 1.0, rng)
        state["frost"] = rng.uniform(0.2, 1.2, devices)
        state["stored"] = np.zeros(devices)
        state["alarm_cold"] = np.zeros(devices, dtype=bool)
        return cls(parameters, state)

    @property
    def shopping_open(self) -> float:
        """Frozen goods go in at once: the lid is up for a third of the time of putting things away."""
        return 0.35

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Draw lid openings, and which goods are put in."""
        row = super().inputs(homes, rng)
        row["item"] = rng.integers(0, len(_ITEMS), homes.people.shape).astype(np.float64)
        return row

    def coil_reach(self, severity: Severities) -> Array:
        """Frost insulates the walls."""
        return 1.0 / (1.0 + self.state["frost"] / _FROST_HALVES_KG)

    def water(self, row: Mapping[str, Array], gap: Array, running: Mask, seconds: float) -> Array:
        """Let what moisture enters freeze on the walls; scrape the walls when it is time."""
        s = self.state
        damp = np.maximum(row["room_vapour"] - saturation(s["evaporator"]), 0.0)
        inward = 0.5 * gap / AIR_J_PER_KG_K * damp  # kg/s; half of it meets a wall
        s["frost"] = s["frost"] + inward * seconds
        scraped = (s["frost"] > _SCRAPED_AT_KG * self.parameters["gives_way"]) & (row["door"] > 0)
        s["frost"] = np.where(scraped, _SCRAPED_TO_KG, s["frost"])
        return SUBLIMATION_J_PER_KG * inward

    def blind(self, seconds: float) -> Mask:
        """Run on: safe for the food."""
        return np.ones(self.devices, dtype=bool)

    def heat_of_contents(self) -> Array:
        """Frozen food melts in part from −12 °C on; near −2 °C it takes up eight times the heat."""
        warm = self.state["contents"]
        melting = 7.0 * np.exp(-(((warm + 2.0) / 2.2) ** 2))
        result: Array = self.parameters["contents"] * (1.0 + melting + np.where(warm > 0.5, 0.6, 0.0))
        return result

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every freezer by ``seconds``."""
        super().step(row, severity, seconds)
        s = self.state
        for i in np.flatnonzero((row["shopping"] > 0) & (s["stored"] == 0)):
            goods = {"item": _ITEMS[int(row["item"][i])], "quantity": 1 + int(row["item"][i]) % 3}
            self.happenings.append(Happening(0.0, int(i), "event", "item_stored", goods))
        s["stored"] = row["shopping"].copy()
        too_warm = np.where(s["alarm_cold"], s["cabinet"] > -12.0, s["cabinet"] > -9.0)
        self.happenings += code_changes(
            s,
            {
                "alarm_door": (
                    "Refrigeration.FridgeFreezer.Event.DoorAlarmFreezer",
                    s["ajar_s"] >= DOOR_ALARM_S,
                ),
                "alarm_cold": ("Refrigeration.FridgeFreezer.Event.TemperatureAlarmFreezer", too_warm),
            },
        )


PHYSICS = Freezer
